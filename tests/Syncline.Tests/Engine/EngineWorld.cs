using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Syncline.Conformance.InMemory;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.Tests.Engine;

/// <summary>The engine on stores in memory: one space, <c>plans</c>, of the owner <c>alice</c>, with the viewer <c>vera</c>.</summary>
internal sealed class EngineWorld : IAsyncDisposable
{
    public static readonly SpaceId Plans = new("plans");
    public static readonly UserId Alice = new("alice");
    public static readonly UserId Bob = new("bob");
    public static readonly UserId Vera = new("vera");
    public static readonly PageLimits Page = new(1_000, 1024 * 1024);
    private readonly List<LiveSpaces.Lease> _leases = [];

    private EngineWorld(ISpaceStore store, InMemorySpaceStore memory, IReadOnlyList<IModel> models, IReadOnlyList<IOperationRule> rules)
    {
        Memory = memory;
        Reader = new OperationReader(
            [.. models, new TreeModel(new TreeLimits(HeldBackPerActorMax: 10, HeldBackBytesPerUserMax: 5_000)), new ListModel()],
            OperationLimits.Default);
        Store = store;
        Services = new EngineServices(
            store,
            Accounts,
            Reader,
            rules.ToLookup(rule => rule.Scope),
            Options,
            Time,
            new Secrets(),
            new EngineMeters(),
            NullLoggerFactory.Instance);
        Spaces = new LiveSpaces(Services);
    }

    /// <summary>The store that the engine uses.</summary>
    public ISpaceStore Store { get; }

    public EngineServices Services { get; }

    public InMemorySpaceStore Memory { get; }

    public InMemoryAccountStore Accounts { get; } = new();

    public EngineOptions Options { get; } = new();

    public ManualTime Time { get; } = new();

    public OperationReader Reader { get; }

    public LiveSpaces Spaces { get; }

    public static async Task<EngineWorld> StartAsync(
        Func<InMemorySpaceStore, ISpaceStore>? around = null,
        IReadOnlyList<IModel>? models = null,
        IReadOnlyList<IOperationRule>? rules = null,
        Action<EngineOptions>? configure = null)
    {
        InMemorySpaceStore memory = new();
        EngineWorld world = new(around?.Invoke(memory) ?? memory, memory, models ?? [], rules ?? []);
        configure?.Invoke(world.Options);
        Audit audit = new(Alice, world.Time.GetUtcNow());
        foreach (UserId user in new[] { Alice, Bob, Vera })
            await world.Accounts.AddUserAsync(new User(user, user.Value, user.Value), null, null, audit, default);
        await world.Spaces.CreateAsync(new SpaceRecord(Plans, "Plans", world.Time.GetUtcNow()), Alice, 10, default);
        await world.Spaces.SetMemberAsync(Plans, Bob, Role.Editor, 10, Alice, default);
        await world.Spaces.SetMemberAsync(Plans, Vera, Role.Viewer, 10, Alice, default);
        return world;
    }

    public async Task<LiveSpace> UseAsync()
    {
        LiveSpaces.Lease lease = await Spaces.UseAsync(Plans, default) ?? throw new InvalidOperationException("no space");
        _leases.Add(lease);
        return lease.Space;
    }

    public PushItem Item(string json) => PushItem.From(Reader.Read(System.Text.Encoding.UTF8.GetBytes(json)));

    public PushItem Note(string actor, long clock, string payload = "{}", string? tx = null, string scope = "note") =>
        Item($$"""{"scope":"{{scope}}","resourceId":"r","actor":"{{actor}}","clock":{{clock}},"payload":{{payload}}{{(tx is null ? "" : $",\"tx\":\"{tx}\"")}}}""");

    public PushItem Keyed(string actor, long clock, string key, string payload = "{}", string? tx = null) =>
        Item($$"""{"scope":"note","resourceId":"r","actor":"{{actor}}","clock":{{clock}},"payload":{{payload}},"key":"{{key}}"{{(tx is null ? "" : $",\"tx\":\"{tx}\"")}}}""");

    public PushItem Move(string actor, long clock, string target, string? parent, string? tx = null) =>
        Item(
            $$"""
            {"scope":"tree","resourceId":"root","actor":"{{actor}}","clock":{{clock}},"payload":{"id":{"counter":{{clock}},"peerId":"{{actor}}"},
            "targetId":"{{target}}","parentId":{{(parent is null ? "null" : $"\"{parent}\"")}}}{{(tx is null ? "" : $",\"tx\":\"{tx}\"")}}}
            """);

    public async Task<PushOutcome> PushAsync(UserId user, params PushItem[] items) =>
        await (await UseAsync()).PushAsync(user, epoch: null, items, default);

    public async Task<PushOutcome.Judged> JudgedAsync(UserId user, params PushItem[] items) =>
        Assert.IsType<PushOutcome.Judged>(await PushAsync(user, items));

    public async Task<IReadOnlyList<LoggedOperation>> LogAsync() =>
        (await Store.ReadAsync(Plans, 0, Selection.All, new PageLimits(int.MaxValue, long.MaxValue), default)).Operations;

    /// <summary>Moves the clock on, and lets what waits for it run, until something has come to pass.</summary>
    public async Task AdvanceUntilAsync(TimeSpan step, Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            Time.Advance(step);
            await Task.Delay(1, patience.Token);
        }
    }

    /// <summary>Gives all leases back and lets another space take the place of this one, so that it is closed.</summary>
    public async Task CloseAsync()
    {
        foreach (LiveSpaces.Lease lease in _leases)
            await lease.DisposeAsync();
        _leases.Clear();
        int max = Options.LiveSpacesMax;
        Options.LiveSpacesMax = 1;
        SpaceId other = new("other");
        await Spaces.CreateAsync(new SpaceRecord(other, "Other", Time.GetUtcNow()), Alice, 10, default);
        await using (await Spaces.UseAsync(other, default))
            Options.LiveSpacesMax = max;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LiveSpaces.Lease lease in _leases)
            await lease.DisposeAsync();
        await Spaces.DisposeAsync();
    }

    private sealed class Secrets : IRandomBytes
    {
        public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
    }
}
