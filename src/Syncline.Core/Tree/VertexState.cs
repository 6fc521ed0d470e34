using Syncline.Core.Json;

namespace Syncline.Core.Tree;

/// <summary>A vertex for reading.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ParentId">Its parent; null for the root and the trash.</param>
/// <param name="Properties">Key and value, by key in ordinal order; removed ones are left out.</param>
public sealed record VertexState(string Id, string? ParentId, IReadOnlyList<KeyValuePair<string, JsonText>> Properties);
