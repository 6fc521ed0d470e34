using System.Text;

namespace Syncline.Core.Json;

/// <summary>One JSON value as the text that was received, UTF-8. Equality is that of the bytes; <see cref="JsonNormalForm"/> compares values.</summary>
public readonly struct JsonText(ReadOnlyMemory<byte> utf8) : IEquatable<JsonText>
{
    /// <summary>The text.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; } = utf8;

    /// <summary>The text of <paramref name="json"/>, which must be well-formed JSON.</summary>
    public static JsonText From(string json) => new(Encoding.UTF8.GetBytes(json));

    public static bool operator ==(JsonText left, JsonText right) => left.Equals(right);

    public static bool operator !=(JsonText left, JsonText right) => !left.Equals(right);

    /// <inheritdoc />
    public bool Equals(JsonText other) => Utf8.Span.SequenceEqual(other.Utf8.Span);

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is JsonText other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Utf8.Span);
        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);
}
