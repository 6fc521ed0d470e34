using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors.Trees;

/// <summary>
/// Remembers what waiting clients that go by vectors alone were sent last. A client that holds a newer local edit which the server never gets
/// leaves what loses to it out of its vector; without this it would be sent the same again at once, for ever.
/// </summary>
internal sealed class SentVectors(TimeProvider time)
{
    /// <summary>What was sent before is sent again after this time.</summary>
    public static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(1);

    private const int KeptMax = 10_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<(SpaceId Space, UserId User, string ClientId), Sent> _sent = [];

    /// <summary>What the client was sent less than <see cref="RepeatAfter"/> ago for the same vectors; null when nothing.</summary>
    public (long Head, TimeSpan Left)? Find(SpaceId space, UserId user, string clientId, ulong vectors)
    {
        lock (_lock)
        {
            if (!_sent.TryGetValue((space, user, clientId), out Sent sent) || sent.Vectors != vectors)
                return null;
            TimeSpan left = RepeatAfter - time.GetElapsedTime(sent.At);
            return left > TimeSpan.Zero ? (sent.Head, left) : null;
        }
    }

    /// <summary>Notes what a client was sent: everything up to <paramref name="head"/>.</summary>
    public void Note(SpaceId space, UserId user, string clientId, ulong vectors, long head)
    {
        lock (_lock)
        {
            // Entries are of use for a second only: when there are many, the old ones go.
            if (_sent.Count >= KeptMax)
            {
                foreach ((SpaceId, UserId, string) old in _sent.Where(one => time.GetElapsedTime(one.Value.At) > RepeatAfter).Select(one => one.Key).ToArray())
                    _sent.Remove(old);
                if (_sent.Count >= KeptMax)
                    _sent.Clear();
            }

            _sent[(space, user, clientId)] = new Sent(vectors, head, time.GetTimestamp());
        }
    }

    private readonly record struct Sent(ulong Vectors, long Head, long At);
}
