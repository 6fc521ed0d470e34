using System.Globalization;
using System.Text;
using Syncline.Client.Storage;
using Syncline.Core.Operations;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance;

/// <summary>Random writes that a local store takes, and a store as text, to compare two of them.</summary>
internal sealed class RandomLocalWrites
{
    private static readonly SpaceId[] Spaces = [new("space-1"), new("space-2"), new("space-3")];
    private static readonly string[] Scopes = ["note", "tree", "list"];
    private static readonly OwnOperationState[] States = Enum.GetValues<OwnOperationState>();

    // What is known of a store while one transaction of it is made up.
    private readonly Dictionary<SpaceId, long> _lastSeqs = [];
    private readonly HashSet<SpaceId> _there = [];
    private long _nextNumber;
    private long _nextClock;

    /// <summary>A transaction that contradicts nothing in the store.</summary>
    /// <param name="store">The store as it is.</param>
    /// <param name="random">What is chosen.</param>
    public static async Task<LocalWrite[]> NextAsync(ILocalStore store, Random random)
    {
        RandomLocalWrites writes = new();
        writes._nextNumber = (await store.ReadDeviceAsync(default)).NextNumber;
        foreach (LocalSpace space in await store.ReadSpacesAsync(default))
        {
            writes._there.Add(space.Id);
            IReadOnlyList<LoggedOperation> received = await store.ReadOperationsAsync(space.Id, 0, int.MaxValue, default);
            writes._lastSeqs[space.Id] = received.Count == 0 ? 0 : received[^1].Seq;
            writes._nextClock = Math.Max(writes._nextClock, space.ClockMax + 1);
        }

        return [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => writes.Next(random))];
    }

    /// <summary>All that a store says.</summary>
    public static async Task<string> DumpAsync(ILocalStore store)
    {
        StringBuilder text = new();
        LocalDevice device = await store.ReadDeviceAsync(default);
        text.AppendLine(CultureInfo.InvariantCulture, $"next {device.NextNumber}, {device.Account}, {device.RefreshToken}");
        foreach (LocalSpace space in await store.ReadSpacesAsync(default))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{space}");
            foreach (OwnOperation own in await store.ReadOutboxAsync(space.Id, default))
                text.AppendLine(CultureInfo.InvariantCulture, $"own {own}");
            foreach (LoggedOperation logged in await store.ReadOperationsAsync(space.Id, 0, int.MaxValue, default))
                text.AppendLine(CultureInfo.InvariantCulture, $"received {logged}");
            await foreach (LocalSnapshot snapshot in store.ReadSnapshotsAsync(space.Id, default))
            {
                string state = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(snapshot.Resource.State.Span));
                text.AppendLine(CultureInfo.InvariantCulture, $"{snapshot.Format} {snapshot.Resource.Scope} {snapshot.Resource.ResourceId} {state}");
            }
        }

        return text.ToString();
    }

    private LocalWrite Next(Random random)
    {
        SpaceId space = Spaces[random.Next(Spaces.Length)];
        if (_there.Add(space))
        {
            _lastSeqs[space] = 0;
            return new LocalWrite.AddSpace(space);
        }

        int choice = random.Next(100);
        if (choice < 30) return new LocalWrite.AddOwn(space, [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Made(random))]);
        if (choice < 55) return Receive(space, random);
        if (choice < 70) return SetOwn(space, random);
        if (choice < 80) return ReplaceSnapshots(space, random);
        if (choice < 84) return new LocalWrite.RemoveOwn(space, [SomeNumber(random), SomeNumber(random)]);
        if (choice < 89) return new LocalWrite.PutBack(space, random.NextInt64(_lastSeqs[space] + 1));
        if (choice < 92) return new LocalWrite.SetLastSuccess(space, Now.AddSeconds(random.Next(1_000)));
        if (choice < 94) return new LocalWrite.ForgetReceivedOwn(Now.AddSeconds(random.Next(1_000)));
        if (choice < 96) return new LocalWrite.SetRefreshToken(random.Next(3) == 0 ? null : $"token-{random.Next(100)}");
        if (choice < 97) return new LocalWrite.SetAccount(new LocalAccount("https://sync.example", new UserId($"user-{random.Next(9)}")));
        if (choice < 98) return Remove(space);
        _lastSeqs[space] = 0;
        return new LocalWrite.StartAnew(space, random.Next(3) == 0 ? long.MaxValue : random.NextInt64(20));
    }

    private LocalWrite.RemoveSpace Remove(SpaceId space)
    {
        _there.Remove(space);
        return new LocalWrite.RemoveSpace(space);
    }

    private OwnOperation Made(Random random) => new(
        _nextNumber++,
        Logged(Id($"own-{random.Next(2)}", _nextClock++, $"r{random.Next(3)}", Scopes[random.Next(3)]), Payload(random), hash: (ulong)_nextClock).Operation,
        States[random.Next(2)],
        0,
        null,
        Now.AddSeconds(random.Next(1_000)));

    // Now and then one of our own comes back: clocks are small numbers, and own actors are among the names.
    private LocalWrite.Receive Receive(SpaceId space, Random random)
    {
        LoggedOperation[] operations = new LoggedOperation[random.Next(6)];
        for (int i = 0; i < operations.Length; i++)
        {
            long seq = _lastSeqs[space] += random.Next(1, 3);
            string actor = random.Next(2) == 0 ? $"own-{random.Next(2)}" : $"actor-{random.Next(20)}";
            OperationId id = Id(actor, random.NextInt64(_nextClock + 1), $"r{random.Next(3)}", Scopes[random.Next(3)]);
            operations[i] = Logged(id, Payload(random), $"user-{random.Next(3)}") with { Seq = seq, GroupEnd = seq };
        }

        LocalCursor? cursor = random.Next(4) == 0 ? null : At(_lastSeqs[space], random);
        return new LocalWrite.Receive(space, operations, cursor, random.NextInt64(_nextClock + 1));
    }

    private LocalWrite.SetOwn SetOwn(SpaceId space, Random random) => new(
        space,
        [
            .. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(3) switch
            {
                0 => new OwnOperationChange(SomeNumber(random), OwnOperationState.Refused, 0, new Refusal("code", $"Detail {random.Next(9)}.")),
                1 => new OwnOperationChange(SomeNumber(random), OwnOperationState.Stored, random.Next(1, 40), null),
                _ => new OwnOperationChange(SomeNumber(random), OwnOperationState.Sent, 0, null),
            }),
        ]);

    private LocalWrite.ReplaceSnapshots ReplaceSnapshots(SpaceId space, Random random)
    {
        LocalSnapshot[] snapshots = new LocalSnapshot[random.Next(3)];
        for (int i = 0; i < snapshots.Length; i++)
        {
            byte[] state = new byte[random.Next(5) == 0 ? random.Next(700_000) : random.Next(3_000)];
            random.NextBytes(state);
            snapshots[i] = new LocalSnapshot(random.Next(3), new ResourceSnapshot(new Scope(Scopes[1 + i]), new ResourceId($"r{random.Next(3)}"), state));
        }

        Scope[] scopes = [.. Scopes.Where(_ => random.Next(2) == 0).Select(scope => new Scope(scope))];
        return new LocalWrite.ReplaceSnapshots(
            space, At(random.NextInt64(_lastSeqs[space] + 1), random), snapshots, scopes, random.NextInt64(_nextClock + 1));
    }

    private long SomeNumber(Random random) => random.NextInt64(Math.Max(1, _nextNumber - 20), _nextNumber + 1);

    private static LocalCursor At(long seq, Random random) =>
        new(new Epoch($"epoch-{random.Next(2)}"), seq, new OperationDigest((uint)random.Next(), (uint)random.Next()));

    private static string Payload(Random random) => $"\"{new string('x', random.Next(random.Next(20) == 0 ? 9_000 : 200))}\"";
}
