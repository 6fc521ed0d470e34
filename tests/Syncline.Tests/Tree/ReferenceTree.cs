using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>
/// The definition of a tree, literally: sort the operations by (counter, peer), replay them, skip what needs a vertex that is not there
/// yet at its place, ignore a move that would make a cycle, and let the last writer win per vertex and key.
/// </summary>
internal sealed partial class ReferenceTree
{
    private readonly string _rootId;
    private readonly Dictionary<string, string?> _parents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Stamp> _created = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<string, (Stamp Stamp, JsonText? Value)>> _properties = new(StringComparer.Ordinal);
    private readonly List<TreeOp> _sorted;

    private ReferenceTree(IEnumerable<TreeOp> operations, string rootId)
    {
        _rootId = rootId;
        _sorted = [.. operations];
        _sorted.Sort((left, right) => left.Stamp.CompareTo(right.Stamp));
        foreach (TreeOp operation in _sorted)
            Replay(operation);
    }

    /// <summary>What is not held back.</summary>
    public HashSet<Stamp> TakingPart { get; } = [];

    public IEnumerable<TreeOp> HeldBack => _sorted.Where(operation => !TakingPart.Contains(operation.Stamp));

    /// <summary>Takes part, and is a move or the winning write of its property; in (counter, peer) order.</summary>
    public IEnumerable<Stamp> WorthSending => _sorted
        .Where(operation => TakingPart.Contains(operation.Stamp))
        .Where(operation => operation.Content is not TreeOperation.SetProperty set || _properties[set.TargetId][set.Key].Stamp == operation.Stamp)
        .Select(operation => operation.Stamp);

    public static ReferenceTree Of(IEnumerable<TreeOp> operations, string rootId = TreeOp.TreeId) => new(operations, rootId);

    public VertexState? Find(string id) => !_parents.TryGetValue(id, out string? parent)
        ? null
        : new VertexState(
            id,
            parent,
            [.. _properties[id].Where(pair => pair.Value.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value!.Value))]);

    public IEnumerable<VertexState> Read(bool includeDeleted)
    {
        IEnumerable<VertexState> shown = Under(_rootId);
        return includeDeleted ? shown.Concat(Under(TreeModel.TrashId)) : shown;
    }

    private IEnumerable<VertexState> Under(string id)
    {
        if (Find(id) is not { } vertex)
            yield break;
        yield return vertex;
        IEnumerable<string> children = _parents.Where(pair => pair.Value == id).Select(pair => pair.Key);
        foreach (string child in children.OrderBy(TimeOf).ThenBy(child => _created[child]))
        {
            foreach (VertexState below in Under(child))
                yield return below;
        }
    }

    private void Replay(TreeOp operation)
    {
        if (operation.Content.NeededId is { } needed && !_parents.ContainsKey(needed))
            return;
        TakingPart.Add(operation.Stamp);
        string target = operation.Content.TargetId;
        switch (operation.Content)
        {
            case TreeOperation.SetProperty set:
                _properties[target][set.Key] = (operation.Stamp, set.Value);
                break;
            case TreeOperation.Move move when _parents.TryAdd(target, move.ParentId):
                _created.Add(target, operation.Stamp);
                _properties.Add(target, new(StringComparer.Ordinal));
                break;
            case TreeOperation.Move move when !IsAtOrAbove(target, move.ParentId):
                _parents[target] = move.ParentId;
                break;
        }
    }

    private bool IsAtOrAbove(string target, string? vertex)
    {
        for (; vertex is not null; vertex = _parents[vertex])
        {
            if (vertex == target)
                return true;
        }

        return false;
    }

    private DateTimeOffset TimeOf(string id)
    {
        if (!_properties[id].TryGetValue("_c", out (Stamp Stamp, JsonText? Value) created) || created.Value is not { } value)
            return DateTimeOffset.MinValue;
        using JsonDocument document = JsonDocument.Parse(value.Utf8);
        string? text = document.RootElement.ValueKind == JsonValueKind.String ? document.RootElement.GetString() : null;
        bool isTime = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
        return isTime && IsoTime().IsMatch(text!) ? time : DateTimeOffset.MinValue;
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)?)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex IsoTime();
}
