namespace Syncline.Bench.Tree;

/// <summary>
/// The inputs of the tree workloads, drawn exactly as bench/peers/tree/workload.mjs draws them; <see cref="TreeArea"/> holds both sides against
/// the published hashes before it measures anything.
/// </summary>
internal static class TreeWorkloads
{
    /// <summary>Mulberry32.</summary>
    public static Func<uint> Numbers(int seed)
    {
        uint state = unchecked((uint)seed);
        return () => unchecked(Next(ref state));
    }

    /// <summary>The parent of each vertex from 1; vertex 0 is the root.</summary>
    public static int[] Parents(int count, int seed = 1)
    {
        Func<uint> next = Numbers(seed);
        int[] parents = new int[count + 1];
        parents[0] = -1;
        for (int i = 1; i <= count; i++)
            parents[i] = Below(next, i);
        return parents;
    }

    /// <summary>Moves, each valid in the tree of the replica that makes them at that time.</summary>
    public static (int Target, int Parent)[] Moves(int[] parents, int count, int seed)
    {
        int[] places = [.. parents];
        Func<uint> next = Numbers(seed);
        (int Target, int Parent)[] moves = new (int, int)[count];
        for (int i = 0; i < count; i++)
        {
            int target;
            int parent;
            do
            {
                target = 1 + Below(next, places.Length - 1);
                parent = Below(next, places.Length);
            }
            while (IsAtOrAbove(places, target, parent));
            places[target] = parent;
            moves[i] = (target, parent);
        }

        return moves;
    }

    /// <summary>Writes of eight properties of each vertex.</summary>
    public static (int Target, int Key, int Value)[] Sets(int vertices, int count, int seed)
    {
        Func<uint> next = Numbers(seed);
        (int, int, int)[] sets = new (int, int, int)[count];
        for (int i = 0; i < count; i++)
            sets[i] = (1 + Below(next, vertices), Below(next, 8), Below(next, 1_000_000));
        return sets;
    }

    /// <summary>Who wrote each operation, at random.</summary>
    public static int[] Authors(int count, int peers, int seed = 4)
    {
        Func<uint> next = Numbers(seed);
        int[] authors = new int[count];
        for (int i = 0; i < count; i++)
            authors[i] = Below(next, peers);
        return authors;
    }

    /// <summary>Both peers' moves in the order of merging; one that would make a cycle does nothing.</summary>
    public static int[] Merged(int[] parents, (int Target, int Parent)[] first, (int Target, int Parent)[] second)
    {
        int[] places = [.. parents];
        for (int i = 0; i < first.Length; i++)
        {
            foreach ((int target, int parent) in new[] { first[i], second[i] })
            {
                if (!IsAtOrAbove(places, target, parent))
                    places[target] = parent;
            }
        }

        return places;
    }

    /// <summary>FNV-1a over the bytes of each number, least significant first.</summary>
    public static string Hash(IEnumerable<int> numbers)
    {
        uint hash = 0x811c9dc5;
        foreach (int number in numbers)
        {
            for (int shift = 0; shift < 32; shift += 8)
                hash = unchecked((hash ^ (byte)(number >> shift)) * 0x01000193);
        }

        return hash.ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
    }

    private static int Below(Func<uint> next, int count) => (int)(next() % (uint)count);

    private static bool IsAtOrAbove(int[] places, int vertex, int other)
    {
        for (; other >= 0; other = places[other])
        {
            if (other == vertex)
                return true;
        }

        return false;
    }

    private static uint Next(ref uint state)
    {
        unchecked
        {
            state += 0x6D2B79F5;
            uint t = (state ^ (state >> 15)) * (1 | state);
            t = (t + ((t ^ (t >> 7)) * (61 | t))) ^ t;
            return t ^ (t >> 14);
        }
    }
}
