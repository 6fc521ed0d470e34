using System.Diagnostics;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>A property's last-writer-wins register: the greatest write known, and what it wrote.</summary>
internal sealed class Property(string key)
{
    public string Key { get; } = key;

    /// <summary>The winning write; the default value before the first.</summary>
    public Stamp Stamp { get; set; }

    /// <summary>What it wrote; null is a tombstone, kept so that an older write cannot undo the removal.</summary>
    public JsonText? Value { get; set; }
}

/// <summary>A vertex's properties: most have a few, which a plain list serves best; one with many gets a dictionary.</summary>
internal struct PropertyMap
{
    private const int ListMax = 8;
    private List<Property>? _list;
    private Dictionary<string, Property>? _byKey;

    public readonly IEnumerable<Property> All => _list ?? Enumerable.Empty<Property>();

    public readonly Property? Find(string key)
    {
        if (_byKey is not null)
            return _byKey.GetValueOrDefault(key);
        if (_list is null)
            return null;
        foreach (Property property in _list)
        {
            if (string.Equals(property.Key, key, StringComparison.Ordinal))
                return property;
        }

        return null;
    }

    public void Add(Property property)
    {
        (_list ??= new List<Property>(2)).Add(property);
        if (_list.Count > ListMax || _byKey is not null)
        {
            _byKey ??= _list.SkipLast(1).ToDictionary(known => known.Key, StringComparer.Ordinal);
            _byKey.Add(property.Key, property);
        }
    }

    /// <summary>Takes back the property that was added last.</summary>
    public readonly void RemoveLast(Property property)
    {
        Debug.Assert(ReferenceEquals(_list![^1], property), "registers are taken back in reverse order");
        _list.RemoveAt(_list.Count - 1);
        _byKey?.Remove(property.Key);
    }
}
