using Syncline.Core.Json;

namespace Syncline.Core.Operations;

/// <summary>One immutable change, read and checked as far as that is possible without the state of its space.</summary>
public sealed record Operation
{
    private object? _content;

    /// <summary>Names it for ever.</summary>
    public required OperationId Id { get; init; }

    /// <summary>What to do, as the JSON text that was received: numbers, member order and escapes survive.</summary>
    public required JsonText Payload { get; init; }

    /// <summary>In opaque scopes: what a later operation with the same key supersedes.</summary>
    public string? Key { get; init; }

    /// <summary>The group within one request that is accepted all or none; null when it stands alone.</summary>
    public string? Tx { get; init; }

    /// <summary>64-bit hash of payload and key in the normal form of the operation's model. Tells a repeat from a reuse.</summary>
    public required ulong Hash { get; init; }

    /// <summary>What the model read from the payload; null in opaque scopes, and for an operation from the log until somebody needs it.</summary>
    public object? Content
    {
        get => _content;
        init => _content = value;
    }

    /// <summary>Checked like any other, but never stored: it moves no head and takes no actor.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Keeps what the model reads from a payload of the log. It is the same whenever it is read.</summary>
    internal void KeepContent(object? content) => _content = content;
}
