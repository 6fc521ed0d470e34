using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Replicas;

/// <summary>The states of all models of one space: what is shown.</summary>
internal sealed class ModelStates(Models models, IReadOnlyDictionary<IModel, IModelState> states)
{
    private readonly IModelState[] _all = [.. states.Values];

    /// <summary>The only state of a kind.</summary>
    public T Of<T>()
        where T : class, IModelState
    {
        foreach (IModelState state in _all)
        {
            if (state is T found)
                return found;
        }

        throw new InvalidOperationException($"there is no state of the kind {typeof(T).Name}");
    }

    /// <summary>The state that an operation changes; null for opaque ones.</summary>
    public IModelState? Of(Operation operation) => models.StatefulModelOf(operation.Id.Scope) is { } model ? states[model] : null;

    /// <summary>Takes an operation in. Again, or of a shape that is not known: nothing happens.</summary>
    /// <returns>Whether the state has it now and had not before.</returns>
    public bool Apply(LoggedOperation logged)
    {
        Operation operation = logged.Operation;
        if (Of(operation) is not { } state || state.Contains(operation.Id))
            return false;
        try
        {
            models.Reader.ReadContent(operation);
        }
        catch (InvalidDataException)
        {
            // A later version of the model understands it. It is kept in the store.
            return false;
        }

        state.Apply(logged);
        return true;
    }

    /// <summary>Takes in an own operation that the log may not have.</summary>
    public bool Apply(OwnOperation own) => Apply(new LoggedOperation
    {
        Seq = own.Seq,
        Operation = own.Operation,
        UserId = default,
        ReceivedAt = own.MadeAt,
        GroupEnd = own.Seq,
        Digest = default,
    });

    /// <summary>Makes everything that was applied permanent.</summary>
    public void Commit()
    {
        foreach (IModelState state in _all)
            state.Commit();
    }

    /// <summary>A mark in all states, to return to.</summary>
    public int[] Mark() => Array.ConvertAll(_all, static state => state.Mark());

    /// <summary>Takes back what was applied after <see cref="Mark"/>.</summary>
    public void RollbackTo(int[] marks)
    {
        for (int i = 0; i < marks.Length; i++)
            _all[i].RollbackTo(marks[i]);
    }

    /// <summary>Takes in a snapshot; false when it is damaged or of another version.</summary>
    public bool TryLoad(LocalSnapshot snapshot) =>
        models.StatefulModelOf(snapshot.Resource.Scope) is { } model
        && model.SnapshotFormat == snapshot.Format
        && states[model].TryLoad(snapshot.Resource.State, out _);

    /// <summary>All states as bytes.</summary>
    public IReadOnlyList<LocalSnapshot> WriteSnapshots() =>
        [.. states.SelectMany(pair => pair.Value.WriteSnapshots().Select(resource => new LocalSnapshot(pair.Key.SnapshotFormat, resource)))];
}
