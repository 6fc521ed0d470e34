using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Compaction;
using Syncline.Engine.Following;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;
using Syncline.Sqlite;
using Syncline.Tests.Engine;
using Syncline.Tests.Trees;

namespace Syncline.Tests.Compaction;

/// <summary>A space whose log is compacted now and then, and the same log as it would be had nothing ever been dropped.</summary>
internal sealed class CompactionWorld : IAsyncDisposable
{
    private readonly List<LoggedOperation> _twin = [];
    private readonly DirectoryInfo? _folder;
    private readonly SqliteDataFolder? _data;
    private readonly SqliteSpaceStore? _sqlite;

    private CompactionWorld(EngineWorld engine, DirectoryInfo? folder, SqliteDataFolder? data, SqliteSpaceStore? sqlite)
    {
        Engine = engine;
        _folder = folder;
        _data = data;
        _sqlite = sqlite;
    }

    public EngineWorld Engine { get; }

    /// <summary>Everything that was ever appended.</summary>
    public IReadOnlyList<LoggedOperation> Twin => _twin;

    public static async Task<CompactionWorld> StartAsync(bool onSqlite, Action<EngineOptions>? configure = null)
    {
        void Configure(EngineOptions options)
        {
            options.HistoryTime = TimeSpan.Zero;
            options.CompactionStepMax = 7;
            configure?.Invoke(options);
        }

        if (!onSqlite)
            return new CompactionWorld(await EngineWorld.StartAsync(configure: Configure), null, null, null);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("syncline-tests-");
        SqliteDataFolder data = new(new SqliteOptions { Folder = folder.FullName });
        SqliteSpaceStore store = new(data, TimeProvider.System, new Syncline.AspNetCore.SystemRandomBytes());
        return new CompactionWorld(await EngineWorld.StartAsync(_ => store, configure: Configure), folder, data, store);
    }

    public async Task<PushOutcome.Judged> PushAsync(params PushItem[] items)
    {
        PushOutcome.Judged judged = await Engine.JudgedAsync(EngineWorld.Alice, items);
        LogPage page = await Engine.Store.ReadAsync(
            EngineWorld.Plans, _twin.Count, Selection.All, new PageLimits(int.MaxValue, long.MaxValue), default);
        _twin.AddRange(page.Operations);
        Assert.Equal(judged.Head, _twin.Count);
        return judged;
    }

    public Task<DateTimeOffset?> CompactAsync() => new Compactor(Engine.Services).RunAsync(EngineWorld.Plans, default);

    public async Task StoreSnapshotAsync() => await new SnapshotWriter(Engine.Services).WriteAsync(await Engine.UseAsync(), default);

    public async Task<IReadOnlyList<LoggedOperation>> LogAsync() => await Engine.LogAsync();

    public PushItem Item(TreeOp operation)
    {
        Operation read = operation.ToOperation();
        return PushItem.From(Engine.Reader.Create(
            read.Id, System.Text.Encoding.UTF8.GetBytes(operation.Json), key: null, tx: null, allowTransient: false));
    }

    /// <summary>The trees of some operations in the order given.</summary>
    public TreesState Replay(IEnumerable<LoggedOperation> operations) => Replay(new TreesState(new TreeLimits()), TreeModel.Scope, operations);

    /// <summary>The lists of some operations in the order given, as bytes that are equal where the lists are.</summary>
    public string ReplayLists(IEnumerable<LoggedOperation> operations)
    {
        IModelState state = Replay((ListsState)new ListModel().CreateState(), operations);
        return BytesOf(state.WriteSnapshots());
    }

    /// <summary>The lists of some operations in the order given.</summary>
    public ListsState Replay(ListsState state, IEnumerable<LoggedOperation> operations)
    {
        ListModel model = new();
        foreach (LoggedOperation logged in operations.Where(logged => model.Scopes.Contains(logged.Operation.Id.Scope)))
            Take(state, logged);
        state.Commit();
        return state;
    }

    /// <summary>The same of the space's own lists.</summary>
    public async Task<string> ListsAsync() => BytesOf(
        (await (await Engine.UseAsync()).TakeSnapshotAsync(default)).Parts.Select(part => part.Snapshot).Where(part => part.Scope != TreeModel.Scope));

    private static string BytesOf(IEnumerable<ResourceSnapshot> snapshots) =>
        string.Join('\n', snapshots.Select(snapshot => $"{snapshot.Scope}/{snapshot.ResourceId} {Convert.ToHexString(snapshot.State.Span)}"));

    private TState Replay<TState>(TState state, Scope scope, IEnumerable<LoggedOperation> operations)
        where TState : IModelState
    {
        foreach (LoggedOperation logged in operations.Where(logged => logged.Operation.Id.Scope == scope))
            Take(state, logged);
        state.Commit();
        return state;
    }

    private void Take(IModelState state, LoggedOperation logged)
    {
        Engine.Reader.ReadContent(logged.Operation);
        state.Apply(logged);
    }

    /// <summary>Pulls as a client does that keeps a digest, page by page, and checks the digest at each.</summary>
    /// <returns>What it was sent.</returns>
    public async Task<List<LoggedOperation>> PullAsync(long after, int pageMax)
    {
        LiveSpace space = await Engine.UseAsync();
        Follower follower = space.Follow(EngineWorld.Alice, after, Selection.All, new PageLimits(pageMax, long.MaxValue));
        OperationDigest digest = after == 0 ? OperationDigest.Empty : _twin[(int)after - 1].Digest;
        List<LoggedOperation> received = [];
        while (true)
        {
            FollowPage page = await follower.NextAsync(wait: false, default);
            int first = 0;
            if (page.DigestFrom is { } from)
            {
                digest = from;
                first = page.Operations.Count - 1;
                while (first > 0 && page.Operations[first - 1].Seq == page.Operations[first].Seq - 1)
                    first--;
            }

            foreach (LoggedOperation logged in page.Operations.Skip(first))
                digest = digest.Add(logged.Operation.Id);
            Assert.Equal(digest, page.Digest);
            received.AddRange(page.Operations);
            if (!page.HasMore)
                return received;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _sqlite?.Dispose();
        _data?.Dispose();
        _folder?.Delete(recursive: true);
    }
}
