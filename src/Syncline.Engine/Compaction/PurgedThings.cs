using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Compaction;

/// <summary>The things of a space that were purged.</summary>
internal sealed class PurgedThings(IEnumerable<RegisterKey> keys)
{
    private readonly HashSet<RegisterKey> _keys = [.. keys];

    public bool IsEmpty => _keys.Count == 0;

    public void Add(IEnumerable<RegisterKey> keys) => _keys.UnionWith(keys);

    /// <summary>Whether an operation, its content read, writes to one of them.</summary>
    public bool AreWrittenBy(IModel model, Operation operation) => !IsEmpty && model.ThingOf(operation) is { } thing && Has(model, thing);

    /// <summary>Whether a thing, by the register that names it, is one of them.</summary>
    public bool Has(IModel model, string thing) => _keys.Contains(RegisterKey.Of(model, thing));
}
