using System.Globalization;
using System.Text;
using Syncline.Core.Lists;
using Syncline.Core.Operations;

namespace Syncline.Tests.Lists;

/// <summary>A copy of the lists, which takes operations as they come, and may start again at any time.</summary>
internal sealed class ListReplica
{
    private readonly List<LoggedOperation> _applied = [];

    public ListsState State { get; private set; } = new();

    /// <summary>Every resource's bytes, one after the other: equal states have equal ones.</summary>
    public string Bytes => string.Join('\n', State.WriteSnapshots().Select(one => $"{one.Scope} {one.ResourceId} {Convert.ToHexString(one.State.Span)}"));

    public static ListReplica Of(params IEnumerable<Operation> operations)
    {
        ListReplica replica = new();
        replica.Apply(operations);
        return replica;
    }

    public void Apply(params IEnumerable<Operation> operations)
    {
        foreach (Operation operation in operations)
            Take(operation.Log(_applied.Count + 1));
        State.Commit();
    }

    public void Take(LoggedOperation operation)
    {
        _applied.Add(operation);
        State.Apply(operation);
    }

    /// <summary>Goes on with what its snapshots give back, in any order, or what a replay does.</summary>
    public void Restart(Random random)
    {
        State.Commit();
        string before = Bytes;
        ResourceSnapshot[] snapshots = [.. State.WriteSnapshots()];
        random.Shuffle(snapshots);
        State = new ListsState();
        if (random.Chance(50))
        {
            foreach (ResourceSnapshot snapshot in snapshots)
                Assert.True(State.TryLoad(snapshot.State, out string? problem), problem);

            // Else what comes next finds lists that are not read.
            if (random.Chance(50))
            {
                foreach (TaskList list in State.Lists.ToArray())
                    _ = State.FindTask(list.Id, "nobody");
            }
        }
        else
        {
            _applied.ForEach(State.Apply);
            State.Commit();
        }

        Assert.Equal(before, Bytes);
    }

    /// <summary>What a person sees: each list that is there, and its tasks.</summary>
    public string Shown()
    {
        StringBuilder text = new();
        foreach (TaskList list in State.Lists.Where(list => !list.IsDeleted))
        {
            text.Append(text.Length == 0 ? "" : "; ").Append(CultureInfo.InvariantCulture, $"{list.Id} '{list.Title}':");
            foreach (ListTask task in State.TasksOf(list.Id))
                text.Append(CultureInfo.InvariantCulture, $" {task.Id}={task.Text}{(task.IsDone ? "+" : "")}{(task.Note is null ? "" : $"({task.Note})")}");
        }

        return text.ToString();
    }
}
