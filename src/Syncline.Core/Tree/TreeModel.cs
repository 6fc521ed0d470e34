using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// RepTree's replicated tree. Scope <c>tree</c>, resource = tree id, actor = peer id, clock = counter; the payload is RepTree's whole
/// operation (docs/protocol.md, "Trees").
/// </summary>
/// <param name="limits">How much may wait for vertices that are not known.</param>
public sealed class TreeModel(TreeLimits limits) : IModel
{
    /// <summary>The id of the vertex that deleted ones are moved under.</summary>
    public const string TrashId = "0";

    /// <summary>The scope of trees.</summary>
    public static Scope Scope { get; } = new("tree");

    /// <inheritdoc />
    public IReadOnlyCollection<Scope> Scopes { get; } = [Scope];

    /// <inheritdoc />
    public IModelState CreateState() => new TreesState(limits);

    /// <inheritdoc />
    public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading)
    {
        reading = default;
        if (!Identifiers.IsPeer(id.Actor.Value))
            return Invalid("a tree's peer id is [0-9a-z-]{1,64}");
        if (id.ResourceId.Value == TrashId)
            return Invalid($"\"{TrashId}\" is the trash of every tree, not a tree");
        if (TreeOperationReader.Read(payload.Utf8, out TreeOperationReader.Bare bare) is { } refusal)
            return refusal;
        if (bare.PeerId != id.Actor.Value || bare.Counter != id.Clock)
            return Invalid("the payload's id does not agree with actor and clock");
        reading = new IModel.Reading(bare.Operation, JsonNormalForm.Hash(payload.Utf8.Span, "transient"u8), bare.IsTransient);
        return null;
    }

    /// <inheritdoc />
    public object? ReadContent(in OperationId id, JsonText payload) =>
        TreeOperationReader.Read(payload.Utf8, out TreeOperationReader.Bare bare) is { } refusal
            ? throw new InvalidDataException($"The stored operation {id} is not readable: {refusal.Detail}")
            : bare.Operation;

    /// <inheritdoc />
    public IReadOnlyList<string> RegistersOf(Operation operation) => operation.Content is TreeOperation.SetProperty set
        ? [$"{operation.Id.ResourceId}\n{set.TargetId}\n{set.Key}"]
        : [];

    /// <inheritdoc />
    public int SnapshotFormat => TreeSnapshot.FormatVersion;

    /// <inheritdoc />
    public JsonText Renumber(Operation operation, in OperationId id) =>
        TreeOperationWriter.Write(id.Stamp, (TreeOperation)operation.Content!);

    private static Refusal Invalid(string detail) => new(ErrorCodes.InvalidOperation, detail);
}
