using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.AspNetCore.Doors.Trees;

/// <summary>The body of a sync: <c>{stateVectors?,timeout?,cursor?,epoch?,vectors?,clientId?}</c>.</summary>
/// <param name="Vectors">What the client has of each tree it names; null when it names none and goes by its cursor alone.</param>
/// <param name="Timeout">How long to wait when there is nothing to send.</param>
/// <param name="Cursor">What the client has of the log; null when it goes by its vectors alone.</param>
/// <param name="Epoch">The cursor's epoch.</param>
/// <param name="WantsVectors">Whether the answer has the server's own vectors.</param>
/// <param name="ClientId">The device, where it says so.</param>
internal sealed record SyncRequest(
    IReadOnlyDictionary<ResourceId, StateVector>? Vectors, TimeSpan Timeout, long? Cursor, Epoch? Epoch, bool WantsVectors, string? ClientId)
{
    /// <summary>Whether the client is known to have an operation.</summary>
    public bool Covers(ResourceId treeId, Stamp stamp) =>
        Vectors is not null && Vectors.TryGetValue(treeId, out StateVector? vector) && vector.Contains(stamp);

    /// <summary>Whether the client named a tree.</summary>
    public bool Names(ResourceId treeId) => Vectors?.ContainsKey(treeId) == true;

    public static SyncRequest Read(ReadOnlySpan<byte> text)
    {
        SortedDictionary<ResourceId, StateVector>? vectors = null;
        TimeSpan timeout = TimeSpan.Zero;
        long? cursor = null;
        string? epoch = null;
        bool wantsVectors = false;
        string? clientId = null;
        JsonBody body = new(text);
        while (body.NextMember() is { } member)
        {
            switch (member)
            {
                case "stateVectors":
                    vectors = TreeVectors.Read(ref body, member, allowsNull: false);
                    break;
                case "timeout":
                    timeout = Query.ToTime((body.OptionalNumber(member) ?? 0) / 1000);
                    break;
                case "cursor":
                    cursor = body.OptionalInteger(member);
                    break;
                case "epoch":
                    epoch = body.OptionalText(member);
                    break;
                case "vectors":
                    wantsVectors = body.Flag(member);
                    break;
                case "clientId":
                    clientId = Query.ClientId(body.OptionalText(member));
                    break;
                default:
                    body.Skip();
                    break;
            }
        }

        if (vectors is null && cursor is null)
            throw JsonBody.Missing("stateVectors");
        return new SyncRequest(vectors, timeout, cursor, Query.EpochOf(epoch, cursor ?? 0), wantsVectors, clientId);
    }

    /// <summary>A fingerprint of the vectors, to recognise a request that repeats the last one's.</summary>
    public ulong VectorsHash()
    {
        HashCode first = default;
        HashCode second = default;
        second.Add(0x9e3779b9);
        foreach ((ResourceId treeId, StateVector vector) in Vectors!)
        {
            first.Add(treeId);
            second.Add(treeId);
            foreach ((ActorId actor, ClockRanges ranges) in vector.Actors.OrderBy(pair => pair.Key.Value, StringComparer.Ordinal))
            {
                foreach (ClockRange range in ranges)
                {
                    first.Add((treeId, actor, range));
                    second.Add((treeId, actor, range));
                }
            }
        }

        return ((ulong)(uint)first.ToHashCode() << 32) | (uint)second.ToHashCode();
    }
}
