using System.Globalization;
using System.Text;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Storage;

/// <summary>The operations that are stored: one resource, actors in turns, a payload of some 120 bytes; as <see cref="BareRow"/> has them.</summary>
internal static class Workload
{
    public static readonly UserId User = new("alice");
    public static readonly Scope Scope = new("note");
    public static readonly ResourceId Resource = new("5a3d7c52-91f0-4f1d-8d5a-0c6d1c2b3a4f");
    public static readonly DateTimeOffset ReceivedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);

    /// <summary>A property's write, as a client sends it.</summary>
    public static byte[] Payload(long seq) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"t":"set","v":1,"id":{"counter":{{seq}},"peerId":"9f2c6d1e-aaaa-bbbb"},"key":"name","hasValue":true,"value":"Hello world"}"""));

    /// <summary>Names as clients make them, numbered.</summary>
    public static ActorId[] Actors(int count) =>
        [.. Enumerable.Range(0, count).Select(n => new ActorId(string.Create(CultureInfo.InvariantCulture, $"9f2c6d1e-4b1f-4c55-9d7e-{n:x12}")))];

    /// <summary>The next batch after a head, each operation a new object as it comes from a door.</summary>
    public static LogAppend Next(in LogHead head, int count, ActorId[] actors)
    {
        OperationDigest digest = head.Digest;
        LoggedOperation[] operations = new LoggedOperation[count];
        for (int i = 0; i < count; i++)
        {
            long seq = head.Seq + 1 + i;
            OperationId id = new(Scope, Resource, actors[seq % actors.Length], seq);
            digest = digest.Add(id);
            operations[i] = new LoggedOperation
            {
                Seq = seq,
                Operation = new Operation { Id = id, Payload = new JsonText(Payload(seq)), Hash = unchecked((ulong)seq * 0x9E3779B97F4A7C15) },
                UserId = User,
                ReceivedAt = ReceivedAt,
                GroupEnd = seq,
                Digest = digest,
            };
        }

        List<KeyValuePair<ActorId, UserId>> newActors = [];
        for (long n = head.Seq; n < Math.Min(actors.Length, head.Seq + count); n++)
            newActors.Add(new(actors[(n + 1) % actors.Length], User));
        return new LogAppend(head.Epoch, head.Seq, operations, newActors);
    }

    /// <summary>Where the log stands after a batch.</summary>
    public static LogHead After(LogHead head, LogAppend append)
    {
        LoggedOperation last = append.Operations[^1];
        return head with { Seq = last.Seq, Digest = last.Digest, HighestClock = last.Operation.Id.Clock };
    }
}
