using System.Globalization;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using TreeState = Syncline.Core.Tree.Tree;

namespace Syncline.Client.Replicas;

/// <summary>
/// What an edit of a tree writes: RepTree's operations, and what takes them back. Others' later writes are told by what stands there, and left alone.
/// </summary>
internal sealed class TreeEdits(EditSession edit, ResourceId treeId, TimeProvider time)
{
    private const string Trash = TreeModel.TrashId;

    private TreeState? State => edit.States.Of<TreesState>().Trees.GetValueOrDefault(treeId);

    private string RootId => treeId.Value;

    /// <summary>Makes the tree, where nobody has made it as far as is known here. When others did meanwhile, it is the same tree.</summary>
    public void MakeTree()
    {
        MakeTop(Trash);
        MakeTop(RootId);
    }

    public void Add(string vertexId, string parentId)
    {
        MakeTree();
        Demand(parentId);
        Write(new TreeOperation.Move(vertexId, parentId));
        NoteTime(vertexId);
        edit.Undo.Make(Key(vertexId), later => Later(later).MoveBack(vertexId, from: parentId, to: Trash, wasInTrash: true));
    }

    public void Move(string vertexId, string parentId)
    {
        Demand(vertexId);
        if (vertexId == RootId || vertexId == Trash)
            throw new ArgumentException($"the {(vertexId == Trash ? "trash" : "root")} cannot be moved", nameof(vertexId));
        if (parentId == Trash)
            MakeTop(Trash);
        Demand(parentId);
        if (State!.IsAtOrAbove(vertexId, parentId))
            throw new ArgumentException($"the vertex '{vertexId}' cannot be moved under '{parentId}', which is itself or under it", nameof(parentId));
        string? before = State.ParentOf(vertexId);
        if (before == parentId)
            return;
        bool wasInTrash = State.IsAtOrAbove(Trash, before!);
        Write(new TreeOperation.Move(vertexId, parentId));

        // Also of a vertex that the same step has made: that is taken back from where it was made.
        edit.Undo.Add(later => Later(later).MoveBack(vertexId, from: parentId, to: before!, wasInTrash));
    }

    /// <summary>Moves a vertex out of the trash: under a parent, or back to where it was when that is still there, else under the root.</summary>
    public void Restore(string vertexId, string? parentId)
    {
        Demand(vertexId);
        if (parentId is null)
        {
            if (!State!.IsAtOrAbove(Trash, vertexId))
                return;
            string? before = State.ParentBefore(vertexId);
            parentId = before is not null && IsPlace(vertexId, before, mayBeInTrash: false) ? before : RootId;
        }

        Move(vertexId, parentId);
    }

    /// <summary>Writes a property; null removes it.</summary>
    public void Set(string vertexId, string key, JsonText? value)
    {
        if (vertexId == RootId)
            MakeTree();
        Demand(vertexId);
        JsonText? before = State!.PropertyOf(vertexId, key);
        if (before == value)
            return;
        Write(new TreeOperation.SetProperty(vertexId, key, value));
        if (edit.Undo.HasMade(Key(vertexId)))
            return;
        edit.Undo.Add(later =>
        {
            TreeEdits edits = Later(later);
            if (edits.State is { } state && state.Contains(vertexId) && state.PropertyOf(vertexId, key) == value)
                edits.Set(vertexId, key, before);
        });
    }

    private void MoveBack(string vertexId, string from, string to, bool wasInTrash)
    {
        if (State?.ParentOf(vertexId) == from && IsPlace(vertexId, to, wasInTrash))
            Move(vertexId, to);
    }

    private bool IsPlace(string vertexId, string parentId, bool mayBeInTrash) =>
        State!.Contains(parentId) && !State.IsAtOrAbove(vertexId, parentId) && (mayBeInTrash || !State.IsAtOrAbove(Trash, parentId));

    // As RepTree makes them: the move to nowhere, and the time.
    private void MakeTop(string vertexId)
    {
        if (State?.Contains(vertexId) ?? false)
            return;
        Write(new TreeOperation.Move(vertexId, ParentId: null));
        NoteTime(vertexId);
    }

    private void NoteTime(string vertexId)
    {
        string now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        Write(new TreeOperation.SetProperty(vertexId, Vertex.CreatedKey, JsonValues.Of(now)));
    }

    private void Demand(string vertexId)
    {
        if (!(State?.Contains(vertexId) ?? false))
            throw new ArgumentException($"there is no vertex '{vertexId}' in the tree '{treeId}'", nameof(vertexId));
    }

    private TreeEdits Later(EditSession later) => new(later, treeId, time);

    private string Key(string vertexId) => $"{treeId}/{vertexId}";

    private void Write(TreeOperation operation) => edit.Add(TreeModel.Scope, treeId, id => TreeOperationWriter.Write(id.Stamp, operation));
}
