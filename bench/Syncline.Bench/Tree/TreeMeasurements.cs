using System.Buffers;
using System.Globalization;

using System.Text.Json;
using Syncline.Bench.Harness;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Bench.Tree;

/// <summary>Our side of the tree workloads; the peers' is bench/peers/tree/worker.mjs.</summary>
internal static class TreeMeasurements
{
    private const int BaseVertices = 10_000;
    private const int BatchSize = 50;
    private const int JsonNumberLengthMax = 6;
    private static readonly ActorId Local = new("a");
    private static readonly JsonText Created = JsonText.From("\"2026-01-01T00:00:00.000Z\"");
    private static readonly string[] BothPeers = ["a", "b"];

    public static Sample Measure(string workload, int? size) => workload switch
    {
        "T1" => Create(TreeWorkloads.Parents(size ?? 100_000)),
        "T1w" => Create(new int[(size ?? 5_000) + 1]),
        "T2a" => InOrder(size ?? 50_000),
        "T2i" => Alternating(size ?? 10_000),
        "T2b" => Late(size ?? 50_000, int.MaxValue),
        "T2c" => Late(size ?? 10_000, BatchSize),
        "T3a" => LocalSets(size ?? 200_000),
        "T3b" => MergedSets(size ?? 100_000),
        "T4g" or "T4c" => Missing(workload == "T4g", size ?? 100_000),
        "T5" => ColdLoad(size ?? 100_000),
        "T5snapshot" => LoadSnapshot(size ?? 100_000),
        _ => throw new ArgumentException(workload, nameof(workload)),
    };

    // Local edits: each vertex is made and named, and each is a change of its own. As with the peers, what is made is the operation, not yet
    // its encoding for the wire.
    private static Sample Create(int[] parents)
    {
        Random random = new();
        int count = parents.Length - 1;
        string[] ids = new string[count + 1];
        ids[0] = NewId(random);
        TreeReplica replica = new(ids[0]);
        long clock = 1;
        replica.Merge([replica.Move(clock, Local.Value, ids[0], null)]);
        Stage stage = Stage.Begin();
        for (int i = 1; i <= count; i++)
        {
            ids[i] = NewId(random);
            Make(new TreeOperation.Move(ids[i], ids[parents[i]]));
            Make(new TreeOperation.SetProperty(ids[i], "name", Name(i)));
            replica.State.Commit();
        }

        int shown = replica.Tree.CountVertices(includeDeleted: false);
        return stage.End(count) with { Check = shown == count + 1 ? "ok" : $"{shown} vertices" };

        void Make(TreeOperation content)
        {
            replica.Apply(replica.Logged(++clock, Local, content, default));
        }
    }

    private static Sample InOrder(int count)
    {
        MoveRun run = new(count);
        LoggedOperation[] both = [.. Enumerable.Range(0, count).SelectMany(i => new[] { run.First[i], run.Second[i] })];
        Stage stage = Stage.Begin();
        run.Replica.Merge(both);
        run.Look(both[^1]);
        return run.Check(stage.End(both.Length));
    }

    private static Sample Alternating(int count)
    {
        MoveRun run = new(count);
        Stage stage = Stage.Begin();
        for (int i = 0; i < count; i += BatchSize)
        {
            run.MergeAndLook(run.First.AsSpan(i, BatchSize));
            run.MergeAndLook(run.Second.AsSpan(i, BatchSize));
        }

        return run.Check(stage.End(2 * count));
    }

    // The tree is brought up to date and read after each batch: the place of every vertex that the batch moved.
    private static Sample Late(int count, int batchSize)
    {
        MoveRun run = new(count);
        run.MergeAndLook(run.First);
        Stage stage = Stage.Begin();
        for (int i = 0; i < count; i += batchSize)
            run.MergeAndLook(run.Second.AsSpan(i, Math.Min(batchSize, count - i)));
        return run.Check(stage.End(count));
    }

    private static Sample LocalSets(int count)
    {
        TreeReplica replica = TreeReplica.WithBase(TreeWorkloads.Parents(BaseVertices));
        (int Target, int Key, int Value)[] sets = TreeWorkloads.Sets(BaseVertices, count, 31);
        string[] ids = VertexIds(BaseVertices);
        string[] keys = Keys();
        long clock = BaseVertices + 2;
        Stage stage = Stage.Begin();
        foreach ((int target, int key, int value) in sets)
        {
            replica.Apply(replica.Set(++clock, Local.Value, ids[target], keys[key], JsonNumber(value)));
            replica.State.Commit();
        }

        return CheckSets(stage.End(count), replica, [sets]);
    }

    private static Sample MergedSets(int count)
    {
        TreeReplica replica = TreeReplica.WithBase(TreeWorkloads.Parents(BaseVertices));
        (int Target, int Key, int Value)[][] sets = [TreeWorkloads.Sets(BaseVertices, count, 31), TreeWorkloads.Sets(BaseVertices, count, 32)];
        string[] ids = VertexIds(BaseVertices);
        string[] keys = Keys();
        LoggedOperation[][] operations = new LoggedOperation[2][];
        for (int side = 0; side < operations.Length; side++)
        {
            // A page's values are parts of one text.
            Memory<byte> text = new byte[count * JsonNumberLengthMax];
            operations[side] = new LoggedOperation[count];
            for (int i = 0; i < count; i++)
            {
                (int target, int key, int value) = sets[side][i];
                operations[side][i] = replica.Set(BaseVertices + 3 + i, BothPeers[side], ids[target], keys[key], JsonNumber(value, ref text));
            }
        }

        Stage stage = Stage.Begin();
        foreach (LoggedOperation[] one in operations)
            replica.Merge(one);
        return CheckSets(stage.End(2 * count), replica, sets);
    }

    private static Sample Missing(bool gappy, int count)
    {
        const int Peers = 100;
        const int Vertices = 1_000;
        int each = count / Peers;
        int[] authors = gappy ? TreeWorkloads.Authors(count, Peers) : [.. Enumerable.Range(0, count).Select(i => i / each)];
        (int Target, int Key, int Value)[] sets = TreeWorkloads.Sets(Vertices, count, 41);
        TreeReplica replica = TreeReplica.WithBase(TreeWorkloads.Parents(Vertices));
        StateVector held = new();
        held.Add(new ActorId("base"), 2, Vertices + 2);
        string[] ids = VertexIds(Vertices);
        string[] keys = Keys();
        LoggedOperation[] operations = new LoggedOperation[count];
        HashSet<Stamp> wanted = [];
        for (int i = 0; i < count; i++)
        {
            string actor = string.Create(CultureInfo.InvariantCulture, $"p{authors[i]}");
            (int target, int key, int value) = sets[i];
            operations[i] = replica.Set(Vertices + 3 + i, actor, ids[target], keys[key], JsonNumber(value));
            bool isHeld = gappy ? i < count - 1_000 : i % each < each - 10;
            if (isHeld)
                held.Add(operations[i].Operation.Id.Stamp);
            else
                wanted.Add(operations[i].Operation.Id.Stamp);
        }

        Stage ingest = Stage.Begin();
        for (int i = 0; i < count; i += 1_000)
            replica.Merge(operations.AsSpan(i, Math.Min(1_000, count - i)));
        Sample ingested = ingest.End(count);

        byte[] compact = Compact(held);
        byte[] json = VectorJson(held);
        Stage encoding = Stage.Begin();
        byte[] own = Compact(replica.Tree.Stored);
        Sample encoded = encoding.End(1);
        Sample[] calls = Calls(() => Expand(replica.Tree.Stored.Except(held)), out List<Stamp> missing);
        Sample[] compactCalls = Calls(() => Expand(replica.Tree.Stored.Except(StateVector.FromCompact(compact))), out List<Stamp> missingByCompact);
        Sample[] jsonCalls = Calls(() => Expand(replica.Tree.Stored.Except(FromJson(json))), out List<Stamp> missingByJson);
        Sample[] worthCalls = Calls(() => [.. replica.Tree.Sendable.WorthSending(StateVector.FromCompact(compact))], out _);
        Stage keeping = Stage.Begin();
        StateVector kept = new();
        foreach (LoggedOperation operation in operations)
            kept.Add(operation.Operation.Id.Stamp);
        Sample vectorOnly = keeping.End(count);
        return calls[calls.Length / 2] with
        {
            Check = wanted.SetEquals(missing) && wanted.SetEquals(missingByCompact) && wanted.SetEquals(missingByJson) ? "ok" : $"{missing.Count} missing",
            More = new()
            {
                ["bytes"] = Sample.Number(own.Length),
                ["msCompact"] = Sample.Number(compactCalls[compactCalls.Length / 2].Milliseconds),
                ["msWorth"] = Sample.Number(worthCalls[worthCalls.Length / 2].Milliseconds),
                ["msJson"] = Sample.Number(jsonCalls[jsonCalls.Length / 2].Milliseconds),
                ["jsonBytes"] = Sample.Number(json.Length),
                ["msIngest"] = Sample.Number(ingested.Milliseconds),
                ["msVector"] = Sample.Number(vectorOnly.Milliseconds),
                ["msEncode"] = Sample.Number(encoded.Milliseconds),
            },
        };
    }

    // The peers' harness takes the median of a few calls too; the first ones compile.
    private static Sample[] Calls(Func<List<Stamp>> call, out List<Stamp> answer)
    {
        const int Times = 15;
        answer = [];
        Sample[] samples = new Sample[Times];
        for (int i = 0; i < Times; i++)
        {
            Stage stage = new();
            answer = call();
            samples[i] = stage.End(1);
        }

        return [.. samples.OrderBy(sample => sample.Milliseconds)];
    }

    // From the payloads as the log holds them, RepTree's JSON of three operations for each vertex, to a tree whose vertices are counted.
    private static Sample ColdLoad(int count)
    {
        (_, byte[][] payloads, string rootId) = Written(count);
        TreeModel model = new(new TreeLimits());
        TreeReplica replica = new(rootId);
        Stage stage = Stage.Begin();
        for (int i = 0; i < payloads.Length; i++)
        {
            OperationId id = new(TreeModel.Scope, new ResourceId(rootId), Local, i + 1);
            JsonText payload = new(payloads[i]);
            replica.Apply(replica.Logged(id.Clock, Local, (TreeOperation)model.ReadContent(id, payload)!, payload));
            if (i % 1_000 == 0)
                replica.State.Commit();
        }

        replica.State.Commit();
        int shown = replica.Tree.CountVertices(includeDeleted: false);
        return stage.End(count) with { Check = shown == count + 1 ? "ok" : $"{shown} vertices" };
    }

    // From the bytes of our snapshot to the same.
    private static Sample LoadSnapshot(int count)
    {
        (TreeReplica replica, _, string rootId) = Written(count);
        Stage writing = Stage.Begin();
        byte[] snapshot = TreeSnapshot.Write(replica.Tree);
        Sample written = writing.End(count);

        TreesState loaded = (TreesState)new TreeModel(new TreeLimits()).CreateState();
        Stage stage = Stage.Begin();
        if (!loaded.TryLoad(snapshot, out string? problem))
            throw new InvalidOperationException(problem);
        int shown = loaded.Trees[new ResourceId(rootId)].CountVertices(includeDeleted: false);
        return stage.End(count) with
        {
            Check = shown == count + 1 ? "ok" : $"{shown} vertices",
            More = new() { ["bytes"] = Sample.Number(snapshot.Length), ["msWrite"] = Sample.Number(written.Milliseconds) },
        };
    }

    // T1 as the peers' workers make it before they load it, in the same process: by local edits, and then written as JSON.
    private static (TreeReplica Replica, byte[][] Payloads, string RootId) Written(int count)
    {
        Random random = new();
        int[] parents = TreeWorkloads.Parents(count);
        string[] ids = [.. Enumerable.Range(0, count + 1).Select(_ => NewId(random))];
        TreeReplica replica = new(ids[0]);
        byte[][] payloads = new byte[(3 * count) + 1][];
        int written = 0;
        using RepTreeJson json = new();
        Add(new TreeOperation.Move(ids[0], null));
        for (int i = 1; i <= count; i++)
        {
            Add(new TreeOperation.Move(ids[i], ids[parents[i]]));
            Add(new TreeOperation.SetProperty(ids[i], "_c", Created));
            Add(new TreeOperation.SetProperty(ids[i], "name", Name(i)));
            replica.State.Commit();
        }

        return (replica, payloads, ids[0]);

        void Add(TreeOperation content)
        {
            Stamp stamp = new(written + 1, Local);
            payloads[written++] = json.Write(stamp, content).Utf8.ToArray();
            replica.Apply(replica.Logged(stamp.Clock, Local, content, default));
        }
    }

    private static Sample CheckSets(Sample sample, TreeReplica replica, (int Target, int Key, int Value)[][] sets)
    {
        Dictionary<(int, int), int> expected = [];
        for (int i = 0; i < sets[0].Length; i++)
        {
            foreach ((int Target, int Key, int Value)[] side in sets)
                expected[(side[i].Target, side[i].Key)] = side[i].Value;
        }

        bool same = expected.GroupBy(one => one.Key.Item1).All(vertex =>
        {
            Dictionary<string, string> shown = replica.Tree.Find(TreeReplica.VertexId(vertex.Key))!.Properties
                .ToDictionary(property => property.Key, property => property.Value.ToString(), StringComparer.Ordinal);
            return shown.Count == vertex.Count()
                && vertex.All(one => shown[Keys()[one.Key.Item2]] == one.Value.ToString(CultureInfo.InvariantCulture));
        });
        return sample with { Check = same ? "ok" : "other values" };
    }

    private static List<Stamp> Expand(StateVector vector)
    {
        List<Stamp> stamps = [];
        foreach ((ActorId actor, ClockRanges ranges) in vector.Actors)
        {
            foreach (ClockRange range in ranges)
            {
                for (long clock = range.First; clock <= range.Last; clock++)
                    stamps.Add(new Stamp(clock, actor));
            }
        }

        return stamps;
    }

    private static StateVector FromJson(byte[] json)
    {
        Utf8JsonReader reader = new(json);
        reader.Read();
        return StateVector.Read(ref reader, out _)!;
    }

    private static byte[] Compact(StateVector vector)
    {
        ArrayBufferWriter<byte> buffer = new();
        vector.WriteCompact(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] VectorJson(StateVector vector)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
            vector.Write(writer);
        return buffer.WrittenSpan.ToArray();
    }

    private static JsonText Name(int number)
    {
        Span<byte> text = stackalloc byte[16];
        System.Text.Unicode.Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"\"v{number}\"", out int length);
        return new JsonText(text[..length].ToArray());
    }

    private static string NewId(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static string[] VertexIds(int count) => [.. Enumerable.Range(0, count + 1).Select(TreeReplica.VertexId)];

    private static string[] Keys() => [.. Enumerable.Range(0, 8).Select(key => string.Create(CultureInfo.InvariantCulture, $"k{key}"))];

    private static JsonText JsonNumber(int value, ref Memory<byte> text)
    {
        value.TryFormat(text.Span, out int length, provider: CultureInfo.InvariantCulture);
        JsonText number = new(text[..length]);
        text = text[length..];
        return number;
    }

    private static JsonText JsonNumber(int value)
    {
        Span<byte> digits = stackalloc byte[11];
        value.TryFormat(digits, out int length, provider: CultureInfo.InvariantCulture);
        return new JsonText(digits[..length].ToArray());
    }

    // Two peers that moved the same 10,000 vertices, and one that merges both.
    private sealed class MoveRun
    {
        private readonly int[] _expected;

        public MoveRun(int count)
        {
            int[] parents = TreeWorkloads.Parents(BaseVertices);
            (int Target, int Parent)[] first = TreeWorkloads.Moves(parents, count, 21);
            (int Target, int Parent)[] second = TreeWorkloads.Moves(parents, count, 22);
            _expected = TreeWorkloads.Merged(parents, first, second);
            Replica = TreeReplica.WithBase(parents);
            First = Operations(first, "a");
            Second = Operations(second, "b");
        }

        public TreeReplica Replica { get; }

        public LoggedOperation[] First { get; }

        public LoggedOperation[] Second { get; }

        public void MergeAndLook(ReadOnlySpan<LoggedOperation> operations)
        {
            Replica.Merge(operations);
            foreach (LoggedOperation operation in operations)
                Look(operation);
        }

        public void Look(LoggedOperation operation) => Replica.Tree.Find(((TreeOperation)operation.Operation.Content!).TargetId);

        public Sample Check(Sample sample)
        {
            int[] places = [.. VertexIds(BaseVertices).Select(id => Replica.Tree.Find(id)!.ParentId is { } parent ? int.Parse(parent.AsSpan(1), CultureInfo.InvariantCulture) : -1)];
            return sample with { Check = places.SequenceEqual(_expected) ? "ok" : "other places" };
        }

        private LoggedOperation[] Operations((int Target, int Parent)[] moves, string actor)
        {
            string[] ids = VertexIds(BaseVertices);
            return [.. moves.Select((move, i) => Replica.Move(BaseVertices + 3 + i, actor, ids[move.Target], ids[move.Parent]))];
        }
    }
}
