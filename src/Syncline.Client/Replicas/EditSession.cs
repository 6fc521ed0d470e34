using System.Globalization;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Client.Replicas;

/// <summary>Operations that are being made together, each decided and applied on top of those before.</summary>
internal sealed class EditSession(Models models, ModelStates states, ActorId actor, long clockMax)
{
    /// <summary>What a server takes in one push: a larger group could never be sent.</summary>
    private const int GroupOperationsMax = 1_000;
    private const long GroupBytesMax = 4 * 1024 * 1024;

    private readonly int[] _marks = states.Mark();
    private readonly List<Operation> _operations = [];
    private long _clock = clockMax;

    /// <summary>What was made.</summary>
    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>The states with everything before applied.</summary>
    public ModelStates States => states;

    /// <summary>Who makes them.</summary>
    public ActorId Actor => actor;

    /// <summary>What takes them back later.</summary>
    public UndoStep Undo { get; } = new();

    /// <summary>Makes an operation and applies it.</summary>
    /// <param name="scope">What kind of thing it changes.</param>
    /// <param name="resourceId">Which one.</param>
    /// <param name="payload">What to do, given the identity that the operation will have.</param>
    /// <param name="key">In opaque scopes: what a later operation with the same key supersedes.</param>
    /// <exception cref="ArgumentException">It is too large, or the model does not allow it.</exception>
    public Operation Add(Scope scope, ResourceId resourceId, Func<OperationId, JsonText> payload, string? key = null)
    {
        OperationId id = new(scope, resourceId, actor, _clock + 1);
        OperationReader.Reading reading = models.Reader.Create(id, payload(id).Utf8.Span, key, tx: null, allowTransient: false);
        if (reading.Refusal is { } refusal)
            throw new ArgumentException(refusal.Detail, nameof(payload));
        Operation operation = reading.Operation!;
        if (states.Of(operation) is { } state)
        {
            if (state.Decide(operation, default) is Decision.Refused refused)
                throw new ArgumentException(refused.Refusal.Detail, nameof(payload));
            state.Apply(new LoggedOperation
            {
                Seq = 0,
                Operation = operation,
                UserId = default,
                ReceivedAt = default,
                GroupEnd = 0,
                Digest = default,
            });
        }

        _clock++;
        _operations.Add(operation);
        return operation;
    }

    /// <summary>Makes a group of several operations. What an undo writes back may be larger than what it undoes: that becomes several groups.</summary>
    /// <exception cref="ArgumentException">They are more than a server takes at once.</exception>
    public void Complete()
    {
        int first = 0;
        long bytes = 0;
        for (int i = 0; i < _operations.Count; i++)
        {
            int size = _operations[i].Payload.Utf8.Length;
            if (i - first == GroupOperationsMax || bytes + size > GroupBytesMax)
            {
                if (Undo.Direction == UndoDirection.None)
                    throw new ArgumentException($"a group has at most {GroupOperationsMax} operations and {GroupBytesMax} bytes; make smaller ones");
                Group(first, i);
                (first, bytes) = (i, 0);
            }

            bytes += size;
        }

        Group(first, _operations.Count);
    }

    /// <summary>Takes all of them back.</summary>
    public void TakeBack() => states.RollbackTo(_marks);

    /// <summary>How far it is, to return to.</summary>
    public Savepoint Save() => new(states.Mark(), _operations.Count, _clock, Undo.Count);

    /// <summary>Takes back what was made since.</summary>
    public void ReturnTo(Savepoint before)
    {
        states.RollbackTo(before.Marks);
        _operations.RemoveRange(before.Operations, _operations.Count - before.Operations);
        _clock = before.Clock;
        Undo.CutTo(before.Undos);
    }

    private void Group(int first, int end)
    {
        if (end - first < 2)
            return;
        string tx = string.Create(CultureInfo.InvariantCulture, $"{actor.Value}-{_operations[first].Id.Clock}");
        for (int i = first; i < end; i++)
            _operations[i] = _operations[i] with { Tx = tx };
    }

    /// <summary>A point within the edit.</summary>
    public readonly record struct Savepoint(int[] Marks, int Operations, long Clock, int Undos);
}
