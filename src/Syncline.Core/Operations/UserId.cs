namespace Syncline.Core.Operations;

/// <summary>A person or service that is authenticated; comes from a token, never from a message. Opaque text, compared ordinally.</summary>
public readonly record struct UserId(string Value)
{
    /// <inheritdoc />
    public override string ToString() => Value;
}
