using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Syncline.AspNetCore;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.Tests.Allocations;

/// <summary>
/// Budgets of the way of a push: what each of 50 operations of one request may allocate. A budget is what it takes today and a few bytes
/// more; who needs more of it says why here.
/// </summary>
public sealed class PushAllocationTests
{
    private const int Operations = 50;
    private static readonly SpaceId Space = new("plans");
    private static readonly UserId User = new("1ac89c5b0d1e4f0a9c3b2a1908f7e6d5");
    private static readonly OperationReader Reader = new([new TreeModel(new TreeLimits(1_000, 1_000_000))], OperationLimits.Default);

    private static readonly byte[][] Texts =
    [
        .. Enumerable.Range(1, Operations).Select(clock => Encoding.UTF8.GetBytes(
            $$$"""{"scope":"note","resourceId":"5a3d7c52-91f0-4f1d","actor":"9f2c6d1e-4b1f","clock":{{{clock}}},"payload":{"id":{"n":{{{clock}}},"by":"x"},"key":"name","value":"Hello"}}""")),
    ];

    /// <summary>The operation and its payload's text; the ids are those of the one before.</summary>
    [Fact]
    public void Reading_an_operation_makes_the_operation_and_its_payload()
    {
        double bytes = Allocated.PerItem(
            Operations,
            () => new PushItem[Operations],
            items =>
            {
                OperationId last = default;
                for (int i = 0; i < items.Length; i++)
                    items[i] = PushItem.From(Reader.Read(Texts[i], ref last));
            });
        Assert.InRange(bytes, 1, 192);
    }

    /// <summary>A group that is taken back costs what it is, whatever else the batch holds.</summary>
    [Fact]
    public void A_group_taken_back_does_not_make_the_batch_look_itself_through_again()
    {
        Batch batch = new(LogHead.Empty(new Epoch("e")), DateTimeOffset.UnixEpoch, 2_000);
        Operation[] operations = [.. Items().Select(item => item.Operation!)];
        foreach (Operation operation in operations[1..])
            batch.Add(operation, User);
        Assert.True(batch.TryFind(operations[1].Id, out _));
        const int Groups = 1_000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int group = 0; group < Groups; group++)
        {
            Batch.Mark mark = batch.Here();
            batch.Add(operations[0], User);
            Assert.True(batch.TryFind(operations[1].Id, out _));
            batch.RollbackTo(mark);
            Assert.False(batch.TryFind(operations[0].Id, out _));
        }

        // The operation's place in the log, and next to nothing: the index of 49 would be some thousands.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Groups, 1, 256);
    }

    /// <summary>The logged operation, its result, and its share of the batch.</summary>
    [Fact]
    public async Task Judging_an_operation_makes_its_place_in_the_log_and_its_result()
    {
        LogHead head = LogHead.Empty(new Epoch("e"));
        using EngineMeters meters = new();
        EngineServices services = new(
            new InMemorySpaceStore(),
            new InMemoryAccountStore(),
            Reader,
            Array.Empty<IOperationRule>().ToLookup(rule => rule.Scope),
            new EngineOptions(),
            TimeProvider.System,
            new SystemRandomBytes(),
            meters,
            NullLoggerFactory.Instance);
        SpaceState state = new(Space, services) { Head = head };
        await state.LoadAsync(new Scope("note"), default);
        Known known = new(head.Epoch, 0, new Dictionary<OperationId, StoredIdentity>(), new Dictionary<ActorId, UserId> { [new("9f2c6d1e-4b1f")] = User });
        ILookup<Scope, IOperationRule> noRules = Array.Empty<IOperationRule>().ToLookup(rule => rule.Scope);
        PushItem[] items = Items();
        OperationResult[] results = [];
        double bytes = Allocated.PerItem(
            Operations,
            () => DateTimeOffset.UnixEpoch,
            now =>
            {
                Batch batch = new(head, now, items.Length);
                results = new Judge(Space, state, batch, known, noRules).Push(items, User, Role.Editor);
            });
        Assert.All(results, result => Assert.IsType<OperationResult.Accepted>(result));
        Assert.InRange(bytes, 1, 168);
    }

    /// <summary>Into an output that has room: nothing for an operation, and a few texts for the batch.</summary>
    [Fact]
    public void Encoding_a_batch_allocates_nothing_per_operation()
    {
        LoggedOperation[] operations = Logged();
        double bytes = Allocated.PerItem(
            Operations,
            () => new ArrayBufferWriter<byte>(64 * 1024),
            output => OperationJson.WriteAll(output, operations));
        Assert.InRange(bytes * Operations, 1, 256);
    }

    /// <summary>The text, and what the buffer takes until it has grown to it; once, however many read.</summary>
    [Fact]
    public void A_batch_that_followers_share_is_encoded_once()
    {
        OperationBatch batch = new() { Operations = Logged(), NewlySendable = [], NewTrees = [] };
        int length = batch.EncodedJson.Length;
        int lengthAgain = 0;
        double again = Allocated.PerItem(1, () => batch, one => lengthAgain = one.EncodedJson.Length);
        Assert.Equal((0, length), (again, lengthAgain));
        double once = Allocated.PerItem(
            1,
            () => new OperationBatch { Operations = batch.Operations, NewlySendable = [], NewTrees = [] },
            one => _ = one.EncodedJson);
        Assert.InRange(once, length, length + (512 * Operations) + 512);
    }

    private static PushItem[] Items()
    {
        OperationId last = default;
        return [.. Texts.Select(text => PushItem.From(Reader.Read(text, ref last)))];
    }

    private static LoggedOperation[] Logged() =>
    [
        .. Items().Select((item, i) => new LoggedOperation
        {
            Seq = i + 1,
            Operation = item.Operation!,
            UserId = User,
            ReceivedAt = DateTimeOffset.UnixEpoch,
            GroupEnd = i + 1,
            Digest = OperationDigest.Empty,
        }),
    ];
}
