using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using static Syncline.Conformance.Operations;
using static Syncline.Conformance.Sqlite.SqliteServer;

namespace Syncline.Conformance.Sqlite;

/// <summary>
/// What the store allocates on the paths that every operation takes, so that it does not creep up unseen. It works on the caller's thread, so
/// that thread's count is all of it.
/// </summary>
public sealed class AllocationTests : IDisposable
{
    private const int Batch = 50;
    private const int Rounds = 40;
    private readonly TemporaryData _data = new();

    /// <inheritdoc />
    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Looking_up_and_appending_a_batch_of_50_allocates_at_most_100_bytes_per_operation()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        List<long> allocated = [];
        for (int round = 0; round < Rounds; round++)
        {
            LogAppend append = await NextAsync(server);
            HashSet<OperationId> identities = [.. append.Operations.Select(logged => logged.Operation.Id)];
            HashSet<ActorId> actors = [.. append.Operations.Select(logged => logged.Operation.Id.Actor)];

            long before = GC.GetAllocatedBytesForCurrentThread();
            ValueTask<Known> found = server.Store.FindAsync(Space, identities, actors, default);
            ValueTask<AppendOutcome> appended = server.Store.AppendAsync(Space, append);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);

            Assert.Empty((await found).Operations);
            Assert.Equal(AppendOutcome.Appended, await appended);
        }

        Assert.InRange(Median(allocated) / Batch, 1, 100);
    }

    [Fact]
    public async Task Reading_a_page_allocates_its_operations_and_little_else()
    {
        using SqliteServer server = new(_data);
        await server.CreateAsync();
        for (int round = 0; round < 10; round++)
            await server.Store.AppendAsync(Space, await NextAsync(server));
        StateVector wanted = new();
        foreach (LoggedOperation logged in await server.ReadAllAsync())
            wanted.Add(logged.Operation.Id.Stamp);
        List<long> page = [];
        List<long> ranges = [];
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            ValueTask<LogPage> readPage = server.Store.ReadAsync(Space, 0, Selection.All, NoLimits, default);
            long between = GC.GetAllocatedBytesForCurrentThread();
            ValueTask<IReadOnlyList<LoggedOperation>> readRanges =
                server.Store.ReadRangesAsync(Space, new Scope("note"), new ResourceId("r1"), wanted, NoLimits, default);
            ranges.Add(GC.GetAllocatedBytesForCurrentThread() - between);
            page.Add(between - before);

            Assert.Equal(10 * Batch, (await readPage).Operations.Count);
            Assert.Equal(10 * Batch, (await readRanges).Count);
        }

        // The two objects of an operation, its payload of two bytes, and its place in the list.
        Assert.InRange(Median(page) / (10 * Batch), 1, 280);
        Assert.InRange(Median(ranges) / (10 * Batch), 1, 300);
    }

    private static async Task<LogAppend> NextAsync(SqliteServer server)
    {
        LogHead head = await server.HeadAsync();
        return After(head, [.. Enumerable.Range(1, Batch).Select(n => Logged(Id($"a{n % 8}", head.Seq + n)))]);
    }

    private static long Median(List<long> values) => values.Order().ElementAt(values.Count / 2);
}
