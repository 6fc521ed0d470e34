using Microsoft.Extensions.Logging.Abstractions;
using Syncline.Bench.Storage;
using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Spaces;
using Syncline.Engine.Writing;
using Syncline.Sqlite;

namespace Syncline.Bench.Logs;

/// <summary>The product's engine on a data folder, without a server around it.</summary>
internal sealed class EngineFolder : IAsyncDisposable
{
    private readonly SqliteDataFolder _data;
    private readonly SqliteAccountStore _accounts;

    /// <param name="folder">A data folder that no server uses.</param>
    /// <param name="options">Bounds and times; the defaults where null.</param>
    /// <param name="time">The clock; the system's where null.</param>
    /// <param name="readsSnapshots">False: spaces are opened as if there were no stored snapshots.</param>
    public EngineFolder(string folder, EngineOptions? options = null, TimeProvider? time = null, bool readsSnapshots = true)
    {
        time ??= TimeProvider.System;
        _data = new SqliteDataFolder(new SqliteOptions { Folder = folder });
        Store = new SqliteSpaceStore(_data, time, new StoreFolder.Randomness());
        _accounts = new SqliteAccountStore(_data);
        IModel[] models = [new TreeModel(new TreeLimits()), new ListModel()];
        Services = new EngineServices(
            Store,
            _accounts,
            new OperationReader(readsSnapshots ? models : [.. models.Select(model => new Replayed(model))], OperationLimits.Default),
            Array.Empty<IOperationRule>().ToLookup(rule => rule.Scope),
            options ?? new EngineOptions(),
            time,
            new StoreFolder.Randomness(),
            new EngineMeters(),
            NullLoggerFactory.Instance);
        Spaces = new LiveSpaces(Services);
    }

    public SqliteSpaceStore Store { get; }

    public EngineServices Services { get; }

    public LiveSpaces Spaces { get; }

    /// <summary>Takes a space into use that is there.</summary>
    public async ValueTask<LiveSpaces.Lease> UseAsync(SpaceId space) =>
        await Spaces.UseAsync(space, CancellationToken.None) ?? throw new InvalidOperationException($"there is no space {space}");

    /// <summary>Loads the state of a scope's model anew, as a space does that was cold.</summary>
    public async ValueTask<IModelState> LoadAsync(SpaceId space, Scope scope)
    {
        await using LiveSpaces.Lease lease = await UseAsync(space);
        SpaceState state = new(space, Services) { Head = lease.Space.Feed.Now.Head };
        return await state.LoadAsync(scope, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Spaces.DisposeAsync();
        Services.Meters.Dispose();
        _accounts.Dispose();
        Store.Dispose();
        _data.Dispose();
    }

    /// <summary>A model that reads no snapshots: its state is replayed from the log.</summary>
    private sealed class Replayed(IModel model) : IModel
    {
        public IReadOnlyCollection<Scope> Scopes => model.Scopes;

        public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading) => model.Read(id, payload, out reading);

        public object? ReadContent(in OperationId id, JsonText payload) => model.ReadContent(id, payload);

        public IModelState CreateState() => model.CreateState();
    }
}
