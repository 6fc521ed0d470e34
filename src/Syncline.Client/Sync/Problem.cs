using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>Why something that was asked of the server did not happen. Codes are those of docs/protocol.md, "Errors", and the two of this class.</summary>
/// <param name="Code">What it is, for programs.</param>
/// <param name="Detail">What it is, for people.</param>
/// <param name="RetryAfter">How long the server asks to wait; null when it does not say.</param>
public sealed record Problem(string Code, string Detail, TimeSpan? RetryAfter = null)
{
    /// <summary>No answer came: there is no network, no server at the address, or it does not answer in time.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The local store cannot be written; what is made is kept in memory and written later.</summary>
    public const string LocalStore = "local_store";

    /// <summary>An answer that does not make sense: whatever is at the address does not speak this protocol.</summary>
    public const string InvalidAnswer = "invalid_answer";

    /// <summary>The local store belongs to another user of the server.</summary>
    public const string OtherUser = "other_user";

    /// <summary>With <see cref="ErrorCodes.ResyncRequired"/>: up to where the log shares its operations with an earlier epoch.</summary>
    internal SharedPart? Shared { get; init; }

    /// <summary>What two epochs of a log have both.</summary>
    /// <param name="Now">The epoch that the log was in when this was said.</param>
    /// <param name="Previous">The epoch that was asked about.</param>
    /// <param name="UpTo">Up to that seq both have the same operations.</param>
    internal sealed record SharedPart(Epoch Now, Epoch Previous, long UpTo);
}
