using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>Makes up operations, from a seed.</summary>
internal static class TreeWorkload
{
    private static readonly string[] Keys = ["_c", "name", "", "a.b \"c\""];

    private static readonly string?[] Values =
    [
        null, "null", "1", "\"text\"", "[1,{\"a\":null}]", "\"2026-01-01T00:00:00.001Z\"", "\"2026-01-01T00:00:00Z\"", "\"2026-01-01\"",
        "\"2025-12-31T23:30:00.5-01:00\"", "\"2026-01-01T00:00\"", "\"yesterday\"", "\"2026-13-01\"",
    ];

    /// <summary>What honest peers write: each builds on what it has seen, and they exchange now and then.</summary>
    public static List<TreeOp> Causal(Random random, int count)
    {
        Peer[] peers = [.. Enumerable.Range(0, random.Next(1, 5)).Select(n => new Peer($"p{n}"))];
        List<TreeOp> all = [];
        peers[0].Write(all, clock => TreeOp.Move(clock, peers[0].Id, TreeOp.TreeId, null));
        foreach (Peer peer in peers)
        {
            peer.Learn(peers[0]);
            peer.Write(all, clock => TreeOp.Move(clock, peer.Id, TreeModel.TrashId, null));
        }

        while (all.Count < count)
        {
            Peer peer = random.Pick(peers);
            string any = random.Pick(peer.Vertices);
            string movable = random.Pick(peer.Vertices.Count > 2 ? peer.Vertices.GetRange(2, peer.Vertices.Count - 2) : ["first"]);
            switch (random.Next(100))
            {
                case < 25:
                    string added = $"v{all.Count}";
                    peer.Write(all, clock => TreeOp.Move(clock, peer.Id, added, any));
                    break;
                case < 50:
                    peer.Write(all, clock => TreeOp.Move(clock, peer.Id, movable, any));
                    break;
                case < 57:
                    peer.Write(all, clock => TreeOp.Move(clock, peer.Id, movable, TreeModel.TrashId));
                    break;
                case < 60:
                    peer.Skip(random.Next(1, 5));
                    break;
                case < 85:
                    peer.Write(all, clock => TreeOp.Set(clock, peer.Id, any, random.Pick(Keys), random.Pick(Values)));
                    break;
                default:
                    peer.Learn(random.Pick(peers));
                    break;
            }
        }

        return all;
    }

    /// <summary>What a log may hold all the same: any clocks, vertices that nobody made, children older than their parents.</summary>
    public static List<TreeOp> Wild(Random random, int count)
    {
        string[] peers = [.. Enumerable.Range(0, random.Next(1, 4)).Select(n => $"p{n}")];
        string[] vertices = [TreeOp.TreeId, TreeModel.TrashId, .. Enumerable.Range(0, random.Next(1, 15)).Select(n => $"v{n}")];
        int clockMax = count + random.Next(count);
        HashSet<Stamp> used = [];
        List<TreeOp> all = [];
        int tops = random.Next(1, 6);
        while (all.Count < count)
        {
            long clock = random.Next(1, all.Count < tops && random.Chance(80) ? Math.Max(2, clockMax / 20) : clockMax + 1);
            string peer = random.Pick(peers);
            if (!used.Add(new Stamp(clock, new ActorId(peer))))
                continue;
            if (all.Count < tops)
                all.Add(TreeOp.Move(clock, peer, vertices[random.Next(2)], null));
            else if (random.Chance(60))
                all.Add(TreeOp.Move(clock, peer, vertices[random.Next(2, vertices.Length)], random.Pick(vertices)));
            else
                all.Add(TreeOp.Set(clock, peer, random.Pick(vertices), random.Pick(Keys), random.Pick(Values)));
        }

        return all;
    }

    /// <summary>Many writes of few properties, by one busy peer and some others.</summary>
    public static List<TreeOp> Writes(Random random, int count)
    {
        List<TreeOp> all = [TreeOp.Move(1, "p0", TreeOp.TreeId, null), TreeOp.Move(2, "p0", "v", TreeOp.TreeId)];
        while (all.Count < count)
        {
            string target = random.Chance(50) ? "v" : TreeOp.TreeId;
            string key = random.Chance(90) ? random.Pick(Keys) : $"k{random.Next(20)}";
            all.Add(TreeOp.Set(all.Count + 1, random.Chance(70) ? "p0" : $"p{random.Next(1, 4)}", target, key, random.Pick(Values)));
        }

        return all;
    }

    public static List<TreeOp> Shuffled(Random random, List<TreeOp> operations)
    {
        TreeOp[] shuffled = [.. operations];
        switch (random.Next(4))
        {
            case 0:
                Array.Reverse(shuffled);
                break;
            case 1:
                Array.Sort(shuffled, (left, right) => left.Stamp.CompareTo(right.Stamp));
                break;
            default:
                random.Shuffle(shuffled);
                break;
        }

        return [.. shuffled];
    }

    public static StateVector Vector(Random random, List<TreeOp> operations)
    {
        StateVector vector = new();
        long last = operations.Max(operation => operation.Stamp.Clock);
        foreach (ActorId actor in operations.Select(operation => operation.Stamp.Actor).Append(new ActorId("stranger")).Distinct())
        {
            for (int ranges = random.Next(5); ranges > 0; ranges--)
            {
                long from = random.NextInt64(1, last + 3);
                vector.Add(actor, from, from + random.NextInt64(last / 2));
            }
        }

        return vector;
    }

    private sealed class Peer(string id)
    {
        private long _clock;

        public string Id => id;

        public List<string> Vertices { get; } = [];

        public void Learn(Peer other)
        {
            _clock = Math.Max(_clock, other._clock);
            foreach (string vertex in other.Vertices.Where(vertex => !Vertices.Contains(vertex)).ToArray())
                Vertices.Add(vertex);
        }

        public void Skip(int clocks) => _clock += clocks;

        public void Write(List<TreeOp> all, Func<long, TreeOp> make)
        {
            TreeOp operation = make(++_clock);
            if (!Vertices.Contains(operation.Content.TargetId))
                Vertices.Add(operation.Content.TargetId);
            all.Add(operation);
        }
    }
}
