using Syncline.Core.Json;

namespace Syncline.Core.Operations;

/// <summary>Gives the operations of some scopes a meaning. Stateless; the state of one space is an <see cref="IModelState"/>.</summary>
public interface IModel
{
    /// <summary>The scopes whose operations are this model's; empty for the opaque one, which takes all that nobody claims.</summary>
    IReadOnlyCollection<Scope> Scopes { get; }

    /// <summary>Reads what can be read without state. Called on any thread, once per operation received or replayed.</summary>
    /// <param name="id">The identity that the envelope names; all ids are checked.</param>
    /// <param name="payload">Well-formed JSON within the limits of size and depth, no member name repeated in an object.</param>
    /// <param name="reading">What was read.</param>
    /// <returns>Null, or why the operation can never be accepted.</returns>
    Refusal? Read(in OperationId id, JsonText payload, out Reading reading);

    /// <summary>Reads the content of a payload from the log. What is there is law: it is neither judged nor hashed again.</summary>
    /// <exception cref="InvalidDataException">It is not readable: the log is damaged.</exception>
    object? ReadContent(in OperationId id, JsonText payload) =>
        Read(id, payload, out Reading reading) is { } refusal
            ? throw new InvalidDataException($"The stored operation {id} is not readable: {refusal.Detail}")
            : reading.Content;

    /// <summary>An empty state.</summary>
    IModelState CreateState();

    /// <summary>
    /// The registers that an operation writes, by names that are unique in the model. In each the greatest (clock, actor) wins for ever, so an
    /// operation decides nothing any more once every register it writes has a later write in the log, and may be dropped from it. Empty: it is
    /// never dropped.
    /// </summary>
    /// <param name="operation">From the log, its content read.</param>
    IReadOnlyList<string> RegistersOf(Operation operation) => [];

    /// <summary>
    /// The register that says whether the thing is deleted that an operation writes to; null where the model deletes nothing. It names the thing, and once
    /// that is purged, no operation on it is accepted any more.
    /// </summary>
    /// <param name="operation">Its content read.</param>
    string? ThingOf(Operation operation) => null;

    /// <summary>The version of the bytes of <see cref="IModelState.WriteSnapshots"/>; 0 when the model writes none.</summary>
    int SnapshotFormat => 0;

    /// <summary>The payload of the same change under another identity.</summary>
    JsonText Renumber(Operation operation, in OperationId id) => operation.Payload;

    /// <summary>What a model read from a payload.</summary>
    /// <param name="Content">Goes into <see cref="Operation.Content"/>.</param>
    /// <param name="PayloadHash">Hash of the payload in the model's normal form.</param>
    /// <param name="IsTransient">Goes into <see cref="Operation.IsTransient"/>.</param>
    readonly record struct Reading(object? Content, ulong PayloadHash, bool IsTransient = false);
}
