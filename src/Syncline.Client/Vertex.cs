using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Syncline.Core.Json;
using Syncline.Core.Tree;

namespace Syncline.Client;

/// <summary>A vertex of a tree as it stood when it was read.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ParentId">Its parent; null for the root and the trash.</param>
/// <param name="Properties">Key and value, by key in ordinal order.</param>
public sealed record Vertex(string Id, string? ParentId, IReadOnlyList<KeyValuePair<string, JsonText>> Properties)
{
    /// <summary>The key of the name.</summary>
    public const string NameKey = "name";

    /// <summary>The key of the time of creation, ISO 8601, by which siblings are ordered.</summary>
    public const string CreatedKey = "_c";

    /// <summary>Its name; null when it has none.</summary>
    public string? Name => TextOf(NameKey);

    /// <summary>When it was made, by the clock of the device that made it; null when that did not say.</summary>
    public DateTimeOffset? CreatedAt =>
        DateTimeOffset.TryParse(TextOf(CreatedKey), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;

    /// <summary>A property as JSON; null when there is none.</summary>
    public JsonText? Find(string key)
    {
        foreach ((string known, JsonText value) in Properties)
        {
            if (string.Equals(known, key, StringComparison.Ordinal))
                return value;
        }

        return null;
    }

    /// <summary>A property that is a text; null when there is none, or it is something else.</summary>
    public string? TextOf(string key) => Find(key) is { } value ? JsonValues.TextOf(value) : null;

    /// <summary>A property that is a number; null when there is none, or it is something else.</summary>
    public double? NumberOf(string key) => Find(key) is { } value ? JsonValues.NumberOf(value) : null;

    /// <summary>A property that is true or false; null when there is none, or it is something else.</summary>
    public bool? FlagOf(string key) => Find(key) is { } value ? JsonValues.FlagOf(value) : null;

    /// <summary>A property of any type; the default when there is none.</summary>
    /// <exception cref="JsonException">It is of another type.</exception>
    public T? ValueOf<T>(string key, JsonTypeInfo<T> type) => Find(key) is { } value ? JsonSerializer.Deserialize(value.Utf8.Span, type) : default;

    // The tree's own memory is used again where an edit is taken back.
    internal static Vertex Of(VertexState state) => new(
        state.Id,
        state.ParentId,
        [.. state.Properties.Select(property => KeyValuePair.Create(property.Key, new JsonText(property.Value.Utf8.ToArray())))]);
}
