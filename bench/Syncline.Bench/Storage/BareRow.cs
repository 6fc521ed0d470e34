namespace Syncline.Bench.Storage;

/// <summary>One row of the log's table with everything worked out beforehand: nothing is left to do but to bind it.</summary>
internal readonly record struct BareRow(
    long Seq,
    long Resource,
    long Actor,
    long Clock,
    long Hash,
    long Digest,
    long User,
    long ReceivedAt,
    byte[] Payload)
{
    /// <summary>Rows from <paramref name="first"/> on, by so many actors in turns, with a payload of some 120 bytes.</summary>
    public static BareRow[] Make(long first, int count, int actors)
    {
        BareRow[] rows = new BareRow[count];
        for (int i = 0; i < count; i++)
            rows[i] = Make(first + i, actors);
        return rows;
    }

    /// <summary>One such row.</summary>
    public static BareRow Make(long seq, int actors) => new(
        seq,
        Resource: 1,
        Actor: (seq % actors) + 1,
        Clock: seq,
        Hash: unchecked(seq * (long)0x9E3779B97F4A7C15),
        Digest: unchecked(seq * (long)0xC2B2AE3D27D4EB4F),
        User: 1,
        ReceivedAt: 1_790_000_000_000 + (seq / 50),
        Workload.Payload(seq));
}
