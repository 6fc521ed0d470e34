using System.Diagnostics;
using System.Globalization;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Xunit.Abstractions;
using static Syncline.Tests.Lists.ListOp;

namespace Syncline.Tests.Lists;

/// <summary>What is taken back leaves nothing behind, what is read stands in order, and a million operations fit.</summary>
[Collection(Alone.Name)]
public sealed class ListsStateTests(ITestOutputHelper output)
{
    [Fact]
    public void A_group_taken_back_leaves_no_list_no_task_no_actor_and_no_seq_in_memory()
    {
        ListReplica replica = ListReplica.Of(Create(1, "a", "l", "Plan"), Insert("l", 2, "a", "t", "Milk"));
        string before = replica.Bytes;
        for (int round = 0; round < 2; round++)
        {
            int mark = replica.State.Mark();
            Operation[] group =
            [
                Create(10, "b", "m"), Insert("m", 11, "c", "u", "Bread"), Move("l", 12, "d", "t", At(1), "n"), Text("l", 13, "e", "t", "x"),
                List("o", 14, "f", """ "type":"colour" """), Registry(15, "f", """ "type":"share" """),
            ];
            foreach (Operation operation in group)
                replica.State.Apply(operation.Log(operation.Id.Clock));
            Assert.Equal((4, 5), (replica.State.ListCount, replica.State.ActorCount));
            replica.State.RollbackTo(mark);
            Assert.Equal((1, 1), (replica.State.ListCount, replica.State.ActorCount));
            Assert.Equal(before, replica.Bytes);
            Assert.Empty(replica.State.OpaqueSeqs(ListModel.RegistryScope, new ResourceId("registry")));
            Assert.Equal("Milk", Assert.Single(replica.State.TasksOf("l")).Text);
        }
    }

    [Fact]
    public void Tasks_stand_by_position_then_by_id_and_one_without_a_position_is_first()
    {
        ListReplica replica = ListReplica.Of(
            Insert("l", 1, "a", "c", "", At(5)),
            Insert("l", 2, "a", "b", "", At(5)),
            Insert("l", 3, "a", "d", "", At(4, "z")),
            Restore("l", 4, "a", "e"),
            Insert("m", 5, "a", "b", ""),
            Move("m", 6, "a", "b", At(5), "l"));
        Assert.Equal(["l/e", "l/d", "l/b", "m/b", "l/c"], replica.State.TasksOf("l").Select(task => $"{task.HomeId}/{task.Id}"));
        Assert.Equal(new ListTask("m", "b", new Place("l", Position.Of(new PositionComponent(5, "a"))), "", IsDone: false, Note: null, IsDeleted: false, IsShown: true), replica.State.FindTask("m", "b"));
        Assert.Null(replica.State.FindTask("l", "x"));
        Assert.Null(replica.State.FindTask("x", "b"));
    }

    [Fact]
    public void Lists_tell_whether_they_were_created_and_whether_they_are_removed()
    {
        ListReplica replica = ListReplica.Of(
            Create(1, "a", "late", "Late", At(9)), Create(2, "a", "gone", "Gone", At(3)), RemoveList(3, "a", "gone"), Insert("early", 4, "a", "t", ""), Insert("gone", 5, "a", "t", ""));
        Assert.Equal(
            [
                new TaskList("early", Title: null, default, IsCreated: false, IsDeleted: false),
                new TaskList("gone", "Gone", Position.Of(new PositionComponent(3, "a")), IsCreated: true, IsDeleted: true),
                new TaskList("late", "Late", Position.Of(new PositionComponent(9, "a")), IsCreated: true, IsDeleted: false),
            ],
            replica.State.Lists);
        Assert.Empty(replica.State.TasksOf("gone"));
        Assert.False(replica.State.FindTask("gone", "t")!.IsShown);
        Assert.Empty(replica.State.TasksOf("unknown"));
        Assert.Null(replica.State.FindList("unknown"));
    }

    [Fact]
    public void A_million_operations_on_100_000_tasks_are_taken_in_and_fit()
    {
        const int Tasks = 100_000;
        const int Operations = 1_000_000;
        const int Batch = 2_000;
        ListsState state = new();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        TimeSpan applying = TimeSpan.Zero;
        LoggedOperation[] batch = new LoggedOperation[Batch];
        for (int first = 0; first < Operations; first += Batch)
        {
            for (int i = 0; i < Batch; i++)
                batch[i] = Make(first + i).Log(first + i + 1);
            long started = Stopwatch.GetTimestamp();
            foreach (LoggedOperation operation in batch)
                state.Apply(operation);
            state.Commit();
            applying += Stopwatch.GetElapsedTime(started);
        }

        Array.Clear(batch);
        long bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / Tasks;
        long started2 = Stopwatch.GetTimestamp();
        ResourceSnapshot[] snapshots = [.. state.WriteSnapshots()];
        TimeSpan writing = Stopwatch.GetElapsedTime(started2);
        started2 = Stopwatch.GetTimestamp();
        ListsState loaded = new();
        foreach (ResourceSnapshot snapshot in snapshots)
            Assert.True(loaded.TryLoad(snapshot.State, out _));
        TimeSpan lookingThrough = Stopwatch.GetElapsedTime(started2);
        int tasks = Enumerable.Range(0, 100).Sum(list => loaded.TasksOf($"list-{list}").Count());
        TimeSpan loading = Stopwatch.GetElapsedTime(started2);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Operations / applying.TotalSeconds:0} operations a second, {bytes} bytes a task; snapshots of {snapshots.Sum(one => one.State.Length)} bytes written in {writing.TotalMilliseconds:0} ms, loaded in {lookingThrough.TotalMilliseconds:0} ms, all lists read in {loading.TotalMilliseconds:0} ms"));
        Assert.Equal(Tasks, tasks);
        Assert.InRange(bytes, 1, 700);

        static Operation Make(int number)
        {
            int task = number % Tasks;
            ListOperation.WriteTask write = new($"list-{task % 100}", $"task-{task:x8}");
            Position position = Position.Of(new PositionComponent((1L << 50) + ((long)task << 32), "laptop-7f3"));
            return new Operation
            {
                Id = new OperationId(ListModel.ListScope, new ResourceId(write.HomeId), new ActorId($"device-{number % 10}"), number + 1),
                Payload = default,
                Hash = 0,
                Content = (number / Tasks) switch
                {
                    0 => write with { Text = $"What is to be done, number {number}", IsDone = false, Place = new Place(write.HomeId, position), IsDeleted = false },
                    3 or 6 => write with { IsDone = true },
                    4 => write with { Place = new Place(write.HomeId, position) },
                    5 => write with { Note = "a note" },
                    _ => write with { Text = $"What is to be done, number {number}" },
                },
            };
        }
    }
}
