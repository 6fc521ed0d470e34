using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Syncline.Client.Replicas;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using TreeState = Syncline.Core.Tree.Tree;

namespace Syncline.Client;

/// <summary>
/// A replicated tree of a space: vertices with properties, the same that RepTree clients in other languages see. Editing and reading wait for nothing:
/// an edit is there when its method returns, and what is read is a copy that stays as it is.
/// </summary>
/// <remarks>
/// <para>
/// The first edit makes the root, whose id is that of the tree, and the trash. Devices that do so at the same time have made one tree. A move that
/// would make a cycle together with another device's is skipped, everywhere the same one.
/// </para>
/// <para>
/// Everything may be called on any thread. All edits throw <see cref="ArgumentException"/>, and change nothing, for a vertex that is not known, for a
/// move under itself, for a key over 256 bytes, and for a value that is larger than the server takes; and <see cref="Storage.LocalStoreException"/>
/// when the local file has failed for so long that no more is kept in memory. What is there already is not written again.
/// </para>
/// </remarks>
public sealed class Tree
{
    private readonly SpaceReplica _replica;
    private readonly ClientServices _services;
    private readonly ResourceId _id;
    private readonly ChangeBatch<TreeChangedEventArgs> _changes;
    private EventHandler<TreeChangedEventArgs>? _changed;

    internal Tree(SpaceReplica replica, ClientServices services, EventPost events, ResourceId id)
    {
        _replica = replica;
        _services = services;
        _id = id;
        _changes = new ChangeBatch<TreeChangedEventArgs>(replica, events, AddMoved, changes =>
        {
            if (!changes.IsEmpty)
                events.Invoke(_changed, this, changes);
        });
    }

    /// <summary>Raised after changes, own and others', several at once where they come quickly, in <see cref="SynclineClientOptions.EventContext"/>.</summary>
    public event EventHandler<TreeChangedEventArgs>? Changed
    {
        add => _replica.Locked<object?>(() =>
        {
            // From here on is told what moves; within an edit, which may be taken back, a little more.
            if (_changed is null && !_replica.IsEditing)
                Read(static tree => tree?.TakeMoved());
            _changed += value;
            return null;
        });
        remove => _replica.Locked<object?>(() =>
        {
            _changed -= value;
            return null;
        });
    }

    /// <summary>Its id, which is also that of its root.</summary>
    public string Id => _id.Value;

    /// <summary>The root; null while neither this device nor any that it has heard of has edited the tree.</summary>
    public Vertex? Root => Find(Id);

    /// <summary>A vertex, also one in the trash; null when it is not known.</summary>
    public Vertex? Find(string vertexId)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        return Read(tree => tree?.Find(vertexId) is { } state ? Vertex.Of(state) : null);
    }

    /// <summary>The children of a vertex, by time of creation. None of the root of a tree that was not edited yet.</summary>
    /// <exception cref="ArgumentException">There is no such vertex.</exception>
    public IReadOnlyList<Vertex> GetChildren(string vertexId)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        return Read<IReadOnlyList<Vertex>>(tree =>
        {
            if (vertexId != Id && !(tree?.Contains(vertexId) ?? false))
                throw new ArgumentException($"there is no vertex '{vertexId}' in the tree '{Id}'", nameof(vertexId));
            return tree is null ? [] : [.. tree.ChildrenOf(vertexId).Select(Vertex.Of)];
        });
    }

    /// <summary>The vertex that is found by names, from the root's child on down; the first child where several are named alike. The root for no names.</summary>
    /// <returns>Null when there is none.</returns>
    public Vertex? FindByPath(params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return Read(tree =>
        {
            Vertex? found = tree?.Find(Id) is { } root ? Vertex.Of(root) : null;
            foreach (string name in names)
                found = found is null ? null : tree!.ChildrenOf(found.Id).Select(Vertex.Of).FirstOrDefault(child => child.Name == name);
            return found;
        });
    }

    /// <summary>The whole tree: depth first, parents before children, siblings by time of creation.</summary>
    /// <param name="includeDeleted">Adds the trash, whose id is "0", and what is under it.</param>
    public IReadOnlyList<Vertex> ReadAll(bool includeDeleted = false) =>
        Read<IReadOnlyList<Vertex>>(tree => tree is null ? [] : [.. tree.Read(includeDeleted).Select(Vertex.Of)]);

    /// <summary>Whether a vertex is in the trash, itself or with one above it. False when it is not known.</summary>
    public bool IsDeleted(string vertexId)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        return Read(tree => tree?.IsAtOrAbove(TreeModel.TrashId, vertexId) ?? false);
    }

    /// <summary>Creates a vertex.</summary>
    /// <param name="parentId">What it is put under; <see cref="Id"/> for the root.</param>
    /// <param name="name">Its name; null for none.</param>
    /// <returns>Its id.</returns>
    public string Create(string parentId, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(parentId);
        string vertexId = _services.NewId();
        Edit(edits =>
        {
            edits.Add(vertexId, parentId);
            if (name is not null)
                edits.Set(vertexId, Vertex.NameKey, JsonValues.Of(name));
        });
        return vertexId;
    }

    /// <summary>Puts a vertex, with everything under it, under another parent.</summary>
    public void Move(string vertexId, string parentId)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        ArgumentNullException.ThrowIfNull(parentId);
        Edit(edits => edits.Move(vertexId, parentId));
    }

    /// <summary>Puts a vertex, with everything under it, into the trash.</summary>
    public void Delete(string vertexId)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        Edit(edits => edits.Move(vertexId, TreeModel.TrashId));
    }

    /// <summary>Takes a vertex out of the trash.</summary>
    /// <param name="vertexId">The vertex.</param>
    /// <param name="parentId">What it is put under; null: where it was before, or under the root when that is deleted too.</param>
    public void Restore(string vertexId, string? parentId = null)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        Edit(edits => edits.Restore(vertexId, parentId));
    }

    /// <summary>Gives a vertex a name.</summary>
    public void SetName(string vertexId, string name) => SetProperty(vertexId, Vertex.NameKey, name);

    /// <summary>Sets a property to a text.</summary>
    public void SetProperty(string vertexId, string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Set(vertexId, key, JsonValues.Of(value));
    }

    /// <summary>Sets a property to a number; finite, since JSON has no others.</summary>
    public void SetProperty(string vertexId, string key, double value) => Set(vertexId, key, JsonValues.Of(value));

    /// <summary>Sets a property to true or false.</summary>
    public void SetProperty(string vertexId, string key, bool value) => Set(vertexId, key, JsonValues.Of(value));

    /// <summary>Sets a property to a JSON value, which is written as it is; <c>null</c> is a value too.</summary>
    public void SetProperty(string vertexId, string key, JsonText value)
    {
        if (!JsonValues.IsOne(value.Utf8.Span))
            throw new ArgumentException("the value is no JSON", nameof(value));
        Set(vertexId, key, value);
    }

    /// <summary>Sets a property to a value of any type, as JSON.</summary>
    public void SetProperty<T>(string vertexId, string key, T value, JsonTypeInfo<T> type) =>
        Set(vertexId, key, new JsonText(JsonSerializer.SerializeToUtf8Bytes(value, type)));

    /// <summary>Removes a property.</summary>
    public void RemoveProperty(string vertexId, string key) => Set(vertexId, key, value: null);

    /// <summary>Whether anybody listens.</summary>
    internal bool IsWatched => _changed is not null;

    /// <summary>Notes what changed, within the lock and before the commit.</summary>
    internal void Committing(string? vertexId)
    {
        if (!IsWatched)
            return;
        TreeChangedEventArgs changes = _changes.Open();
        if (vertexId is not null)
            changes.AddVertex(vertexId);
    }

    /// <summary>Notes that anything may have changed, within the lock.</summary>
    internal void WasReset()
    {
        if (IsWatched)
            _changes.Open().Reset();
    }

    private void AddMoved(TreeChangedEventArgs changes) => Read<object?>(tree =>
    {
        foreach ((string vertexId, string? before, string? now) in tree?.TakeMoved() ?? [])
        {
            changes.AddVertex(vertexId);
            changes.AddParent(before);
            changes.AddParent(now);
        }

        return null;
    });

    private void Set(string vertexId, string key, JsonText? value)
    {
        ArgumentNullException.ThrowIfNull(vertexId);
        ArgumentNullException.ThrowIfNull(key);
        Edit(edits => edits.Set(vertexId, key, value));
    }

    private T Read<T>(Func<TreeState?, T> read) => _replica.Read(states => read(states.Of<TreesState>().Trees.GetValueOrDefault(_id)));

    private void Edit(Action<TreeEdits> make) => _replica.Edit<object?>(edit =>
    {
        make(new TreeEdits(edit, _id, _services.Time));
        return null;
    });
}
