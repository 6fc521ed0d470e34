using Syncline.Core.Binary;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using static Syncline.Tests.Trees.TreeOp;

namespace Syncline.Tests.Trees;

/// <summary>What is written is read again, and nothing else is. That a loaded tree goes on as before is tested by the random histories.</summary>
public sealed class TreeSnapshotTests
{
    private readonly TreesState _state = new(new TreeLimits());
    private long _seq;

    [Fact]
    public void Everything_that_a_tree_holds_is_there_after_loading()
    {
        Apply(Move(1, "a", "r", null), Move(2, "a", "v", "r"), Set(3, "a", "v", "k", "[1,{\"x\":null}]"), Set(4, "b", "v", "k", null), Set(5, "b", "v", "", "\"é\""));
        Apply(Set(9, "c", "w", "late", "1"), Move(6, "c", "w", "r"), Set(12, "c", "nobody", "k", "1"));
        for (int key = 0; key < 20; key++)
            Apply(Set(20 + key, "a", "v", $"k{key}", "1"));

        TreesState loaded = Load(Snapshot());
        Tree before = _state.Trees[new ResourceId(TreeId)];
        Tree after = loaded.Trees[new ResourceId(TreeId)];
        Assert.Equal((before.FirstSeq, before.Head), (after.FirstSeq, after.Head));
        Assert.Equal(TreeText.Of(before.Read(includeDeleted: true)), TreeText.Of(after.Read(includeDeleted: true)));
        Assert.Equal(TreeText.Of(before.Stored), TreeText.Of(after.Stored));
        Assert.Equal(TreeText.Of(before.Sendable.WorthSending(new StateVector())), TreeText.Of(after.Sendable.WorthSending(new StateVector())));
        Assert.Equal(before.Sendable.LateAfter(0), after.Sendable.LateAfter(0));

        loaded.Apply(Move(11, "d", "nobody", "r").At(++_seq));
        loaded.Commit();
        Assert.Equal("11@d 12@c", TreeText.Of(loaded.NewlySendable.Select(sent => sent.Operation.Operation.Id.Stamp)));
        Assert.Equal("nobody under r: 'k'=1", TreeText.Of(after.Find("nobody")));
    }

    [Fact]
    public void Each_kind_of_operation_does_to_a_loaded_tree_what_it_does_to_one_that_was_replayed()
    {
        TreeOp[] before =
        [
            Move(1, "a", "r", null), Move(5, "a", "v", "r"), Move(6, "b", "w", "v"), Move(9, "a", "w", "r"), Set(10, "a", "v", "k", "1"), Set(20, "a", "x", "k", "2"),
        ];
        TreeOp[] kinds =
        [
            Move(30, "b", "v", "w"), Move(7, "c", "v", "w"), Move(3, "c", "v", "r"), Move(8, "c", "y", "v"), Move(12, "b", "x", "w"), Move(30, "b", "q", "nobody"),
            Set(30, "b", "v", "k", "3"), Set(8, "b", "v", "k", "3"), Set(30, "b", "w", "new", "3"), Set(30, "b", "v", "k", null), Set(30, "b", "nobody", "k", "3"),
        ];
        Apply(before);
        byte[] snapshot = Snapshot();
        foreach (TreeOp kind in kinds)
        {
            TreesState replayed = new(new TreeLimits());
            for (int i = 0; i < before.Length; i++)
                replayed.Apply(before[i].At(i + 1));
            replayed.Apply(kind.At(before.Length + 1));
            replayed.Commit();
            Tree expected = replayed.Trees[new ResourceId(TreeId)];

            TreesState loaded = Load(snapshot);
            Tree tree = loaded.Trees[new ResourceId(TreeId)];
            int mark = loaded.Mark();
            loaded.Apply(kind.At(before.Length + 1));
            Assert.Equal(TreeText.Of(expected.Read(includeDeleted: true)), TreeText.Of(tree.Read(includeDeleted: true)));
            loaded.RollbackTo(mark);
            Assert.Equal(snapshot, TreeSnapshot.Write(tree));

            loaded.Apply(kind.At(before.Length + 1));
            loaded.Commit();
            Assert.Equal(TreeSnapshot.Write(expected), TreeSnapshot.Write(tree));
            Assert.Equal(TreeText.Of(expected.Sendable.WorthSending(new StateVector())), TreeText.Of(tree.Sendable.WorthSending(new StateVector())));
            Assert.Equal(
                TreeText.Of(replayed.NewlySendable.Select(sent => sent.Operation.Operation.Id.Stamp).Where(stamp => stamp.Clock >= 30)),
                TreeText.Of(loaded.NewlySendable.Select(sent => sent.Operation.Operation.Id.Stamp).Where(stamp => stamp.Clock >= 30)));
        }
    }

    [Fact]
    public void What_waits_in_a_loaded_tree_counts_against_its_actors_limit()
    {
        Apply(Move(1, "a", "r", null), Set(3, "b", "nobody", "k", "1"));
        TreesState loaded = new(new TreeLimits(HeldBackPerActorMax: 1));
        Assert.True(loaded.TryLoad(Snapshot(), out _));
        Decision decision = loaded.Decide(Set(4, "b", "nobody", "k", "1").ToOperation(), default);
        Assert.Equal(ErrorCodes.QuotaExceeded, Assert.IsType<Decision.Refused>(decision).Refusal.Code);
    }

    [Fact]
    public void A_snapshot_that_is_changed_in_any_byte_or_cut_anywhere_is_refused()
    {
        Apply(Move(1, "a", "r", null), Move(2, "b", "v", "r"), Set(3, "a", "v", "k", "1"), Set(4, "a", "nobody", "k", "1"));
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
    public void Bytes_that_somebody_else_gave_a_checksum_are_read_or_refused_and_what_was_read_is_a_tree() => Seeds.Run(1, 5_000, random =>
    {
        TreesState state = new(new TreeLimits());
        List<TreeOp> operations = TreeWorkload.Wild(random, 12);
        for (int i = 0; i < operations.Count; i++)
            state.Apply(operations[i].At(i + 1));
        state.Commit();
        byte[] snapshot = TreeSnapshot.Write(state.Trees[new ResourceId(TreeId)]);
        for (int count = random.Next(1, 4); count > 0; count--)
            snapshot[random.Next("sltree".Length, snapshot.Length - 4)] = (byte)random.Next(random.Chance(50) ? 4 : 256);
        Seal(snapshot);
        TreesState loaded = new(new TreeLimits());
        if (!loaded.TryLoad(snapshot, out string? problem))
        {
            Assert.NotNull(problem);
            Assert.Empty(loaded.Trees);
            return;
        }

        // Whatever it is now, it can be looked at, told of and gone on with.
        Tree tree = loaded.Trees.Values.Single();
        int shown = tree.Read(includeDeleted: true).Count();
        Assert.Equal(shown, tree.CountVertices(includeDeleted: true));
        _ = tree.Sendable.WorthSending(new StateVector()).Count();
        _ = tree.Sendable.LateAfter(0).Count();
        Assert.NotEmpty(TreeText.Of(tree.Stored));
        int mark = loaded.Mark();
        for (int i = 0; i < operations.Count; i++)
            loaded.Apply((operations[i] with { Stamp = operations[i].Stamp with { Clock = operations[i].Stamp.Clock + 1_000 } }).At(100 + i));
        loaded.RollbackTo(mark);
        loaded.Commit();
        Assert.NotEmpty(TreeSnapshot.Write(tree));
    });

    [Fact]
    public void A_snapshot_of_another_version_is_refused_by_its_version()
    {
        Apply(Move(1, "a", "r", null));
        byte[] snapshot = Snapshot();
        snapshot["sltree".Length]++;
        Seal(snapshot);
        Assert.False(new TreesState(new TreeLimits()).TryLoad(snapshot, out string? problem));
        Assert.Equal($"the snapshot has version {TreeSnapshot.FormatVersion + 1}, and this program reads {TreeSnapshot.FormatVersion}", problem);
    }

    [Fact]
    public void A_tree_that_is_there_is_not_replaced()
    {
        Apply(Move(1, "a", "r", null), Move(2, "a", "v", "r"));
        byte[] snapshot = Snapshot();
        Apply(Move(3, "a", "w", "r"));
        Assert.False(_state.TryLoad(snapshot, out string? problem));
        Assert.Equal("the tree r has operations already", problem);
        Assert.Equal(3, _state.Trees[new ResourceId(TreeId)].CountVertices(includeDeleted: false));
    }

    [Fact]
    public void A_vector_in_its_compact_form_is_the_vector()
    {
        Seeds.Run(1, 50, random =>
        {
            StateVector vector = TreeWorkload.Vector(random, TreeWorkload.Wild(random, 100));
            System.Buffers.ArrayBufferWriter<byte> buffer = new();
            vector.WriteCompact(buffer);
            Assert.Equal(TreeText.Of(vector), TreeText.Of(StateVector.FromCompact(buffer.WrittenSpan)));
        });
    }

    private static void Seal(byte[] snapshot) =>
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(snapshot.AsSpan(^4..), Checksum.Of(snapshot.AsSpan(..^4)));

    private static void AssertRefused(byte[] snapshot)
    {
        TreesState state = new(new TreeLimits());
        Assert.False(state.TryLoad(snapshot, out string? problem));
        Assert.NotNull(problem);
        Assert.Empty(state.Trees);
    }

    private static TreesState Load(byte[] snapshot)
    {
        TreesState loaded = new(new TreeLimits());
        Assert.True(loaded.TryLoad(snapshot, out string? problem), problem);
        return loaded;
    }

    private byte[] Snapshot() => TreeSnapshot.Write(_state.Trees[new ResourceId(TreeId)]);

    private void Apply(params TreeOp[] operations)
    {
        foreach (TreeOp operation in operations)
            _state.Apply(operation.At(++_seq));
        _state.Commit();
    }
}
