using System.Buffers.Binary;
using Syncline.Core.Binary;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using static Syncline.Tests.Lists.ListOp;

namespace Syncline.Tests.Lists;

/// <summary>What is written is read again, and nothing else is. That a loaded state goes on as before is tested by the random histories.</summary>
public sealed class ListSnapshotTests
{
    private readonly ListReplica _replica = ListReplica.Of(
        Create(1, "a", "l", "\\ud83d lone", At(9007199254740991, "\\ud800")),
        Insert("l", 2, "b", "t", "Milk", At(7)),
        Note("l", 3, "c", "t", "a note"),
        Insert("l", 4, "a", "gone", "", """[{"digit":1e300,"actor":"é"},{}]"""),
        Remove("l", 5, "a", "gone"),
        Move("l", 6, "b", "t", At(1), "elsewhere"),
        Done("l", 7, "a", "early", true),
        List("l", 8, "a", """ "type":"colour" """));

    [Fact]
    public void Everything_that_a_list_holds_is_there_after_loading()
    {
        ListsState loaded = new();
        byte[] snapshot = Snapshot();
        Assert.True(loaded.TryLoad(snapshot, out string? problem), problem);
        Assert.Equal(_replica.State.Lists, loaded.Lists);
        foreach (string task in new[] { "t", "gone", "early" })
            Assert.Equal(_replica.State.FindTask("l", task), loaded.FindTask("l", task));
        Assert.Equal("\ud83d lone", loaded.FindList("l")!.Title);
        Assert.Equal("t", Assert.Single(loaded.TasksOf("elsewhere")).Id);
        Assert.Equal([8], loaded.OpaqueSeqs(ListModel.ListScope, new ResourceId("l")));
        Assert.Equal(snapshot, Assert.Single(loaded.WriteSnapshots()).State.ToArray());
    }

    [Fact]
    public void A_list_that_holds_only_guests_takes_its_snapshot_and_keeps_them()
    {
        ListReplica other = ListReplica.Of(Create(1, "a", "elsewhere", "Else"), Insert("elsewhere", 9, "a", "own", "x", At(5)));
        ListsState loaded = new();
        Assert.True(loaded.TryLoad(Snapshot(), out _));
        Assert.True(loaded.TryLoad(Assert.Single(other.State.WriteSnapshots()).State, out string? problem), problem);
        Assert.Equal(["t", "own"], loaded.TasksOf("elsewhere").Select(task => task.Id));
        loaded.Apply(Move("l", 10, "a", "t", At(3)).Log(20));
        loaded.Commit();
        Assert.Equal(["own"], loaded.TasksOf("elsewhere").Select(task => task.Id));
        Assert.Equal(["t"], loaded.TasksOf("l").Select(task => task.Id));
    }

    [Fact]
    public void A_snapshot_that_is_changed_in_any_byte_or_cut_anywhere_is_refused()
    {
        byte[] snapshot = Snapshot();
        for (int i = 0; i < snapshot.Length; i++)
        {
            byte[] damaged = [.. snapshot];
            damaged[i] ^= 0x10;
            AssertRefused(damaged);
            AssertRefused(snapshot[..i]);
        }

        AssertRefused([.. snapshot, 0]);
    }

    [Fact]
    public void Bytes_that_somebody_else_gave_a_checksum_are_read_or_refused_and_nothing_is_thrown() => Seeds.Run(1, 3_000, random =>
    {
        byte[] snapshot = Snapshot();
        for (int count = random.Next(1, 4); count > 0; count--)
            snapshot[random.Next("sllist".Length, snapshot.Length - 4)] = (byte)random.Next(256);
        Seal(snapshot);
        ListsState state = new();
        if (!state.TryLoad(snapshot, out string? problem))
            Assert.NotNull(problem);
        Assert.Equal(problem is null, state.Lists.Any());

        // What is not refused can be read, all of it.
        foreach (TaskList list in state.Lists.ToArray())
        {
            _ = state.FindTask(list.Id, "t");
            Assert.True(state.TasksOf(list.Id).Count() >= 0 && state.FindDeleted().Count() >= 0);
        }

        Assert.Equal(problem is null, state.WriteSnapshots().Any());
    });

    [Fact]
    public void A_snapshot_of_another_version_is_refused_by_its_version()
    {
        byte[] snapshot = Snapshot();
        snapshot["sllist".Length]++;
        Seal(snapshot);
        Assert.False(new ListsState().TryLoad(snapshot, out string? problem));
        Assert.Equal($"the snapshot has version {ListSnapshot.FormatVersion + 1}, and this program reads {ListSnapshot.FormatVersion}", problem);
    }

    [Fact]
    public void Tasks_are_read_when_somebody_wants_them_or_their_list_is_changed_and_not_before()
    {
        ReadOnlyMemory<byte> snapshot = Snapshot();
        foreach (Action<ListsState> look in new Action<ListsState>[]
        {
            state => _ = state.TasksOf("l").Count(), state => _ = state.TasksOf("elsewhere").Count(), state => _ = state.FindTask("l", "t"),
            state => _ = state.FindDeleted().Count(),
            state => state.Apply(Renamed.Log(20)), state => state.Apply(List("l", 20, "a", """ "type":"colour" """).Log(20)),
        })
        {
            ListsState loaded = Load(snapshot);
            Assert.Equal(_replica.State.Lists, loaded.Lists);
            Assert.Equal(_replica.State.FindList("elsewhere"), loaded.FindList("elsewhere"));
            Assert.True(Assert.Single(loaded.WriteSnapshots()).State.Equals(snapshot), "not read: the same bytes");
            int mark = loaded.Mark();
            look(loaded);
            Assert.False(loaded.WriteSnapshots().First().State.Equals(snapshot), "read: written anew");
            loaded.RollbackTo(mark);
            Assert.Equal(snapshot.ToArray(), Assert.Single(loaded.WriteSnapshots()).State.ToArray());
        }
    }

    [Fact]
    public void Each_kind_of_operation_does_to_a_list_that_is_not_read_what_it_does_to_one_that_is()
    {
        Operation[] operations =
        [
            Renamed, Create(20, "a", "l"), RemoveList(20, "a", "l"), Create(20, "a", "third"), List("l", 20, "a", """ "type":"colour" """),
            Insert("l", 20, "a", "new", "Bread", At(9)), Text("l", 20, "a", "t", "Oats"), Done("l", 20, "a", "t", true), Note("l", 20, "a", "t", "n"),
            Move("l", 20, "a", "t", At(4)), Move("l", 20, "a", "t", At(4), "third"), Remove("l", 20, "a", "t"), Insert("elsewhere", 20, "a", "own", "x", At(5)),
            Move("elsewhere", 20, "a", "own", At(5), "l"), Registry(20, "a", """ "type":"share" """),
        ];
        ReadOnlyMemory<byte> snapshot = Snapshot();
        foreach (Operation operation in operations)
        {
            ListsState loaded = Load(snapshot);
            ListsState read = Load(snapshot);
            _ = read.FindTask("l", "t");
            foreach (ListsState state in new[] { loaded, read })
                state.Apply(operation.Log(20));
            Assert.Equal(BytesOf(read), BytesOf(loaded));
            Assert.Equal(read.TasksOf("elsewhere").Concat(read.TasksOf("l")), loaded.TasksOf("elsewhere").Concat(loaded.TasksOf("l")));
            loaded.RollbackTo(0);
            Assert.Equal(BytesOf(_replica.State), BytesOf(loaded));
            loaded.Apply(operation.Log(20));
            loaded.Commit();
            Assert.Equal(BytesOf(read), BytesOf(loaded));
        }
    }

    [Fact]
    public void What_names_no_list_in_which_its_tasks_stand_is_refused()
    {
        // One other list, whose id comes after "", "a", "b" and "c"; three tasks, of which "early" is the first.
        byte[] snapshot = Snapshot();
        int at = snapshot.AsSpan().IndexOf("\u0001\u0004\u0003\u0005early"u8);
        Assert.True(at > 0, "the list is named");
        snapshot[at + 1] = 0;
        Seal(snapshot);
        Assert.False(new ListsState().TryLoad(snapshot, out string? problem));
        Assert.StartsWith("the snapshot is not readable: In a list that is named there is no task", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_or_registry_that_is_there_is_not_replaced()
    {
        Assert.False(_replica.State.TryLoad(Snapshot(), out string? problem));
        Assert.Equal("the list l has operations already", problem);
        ListReplica other = ListReplica.Of(Registry(1, "a", """ "type":"share" """, "r"));
        Assert.False(other.State.TryLoad(Assert.Single(other.State.WriteSnapshots()).State, out problem));
        Assert.Equal("the registry r has operations already", problem);
    }

    private static Operation Renamed { get; } = Registry(20, "a", """ "type":"renameList","listId":"l","payload":{"title":"Other"} """);

    private static ListsState Load(ReadOnlyMemory<byte> snapshot)
    {
        ListsState loaded = new();
        Assert.True(loaded.TryLoad(snapshot, out string? problem), problem);
        return loaded;
    }

    private static string BytesOf(ListsState state) => string.Join('\n', state.WriteSnapshots().Select(one => Convert.ToHexString(one.State.Span)));

    private static void Seal(byte[] snapshot) =>
        BinaryPrimitives.WriteUInt32LittleEndian(snapshot.AsSpan(^4..), Checksum.Of(snapshot.AsSpan(..^4)));

    private static void AssertRefused(byte[] snapshot)
    {
        ListsState state = new();
        Assert.False(state.TryLoad(snapshot, out string? problem));
        Assert.NotNull(problem);
        Assert.Empty(state.Lists);
    }

    private byte[] Snapshot() => Assert.Single(_replica.State.WriteSnapshots()).State.ToArray();
}
