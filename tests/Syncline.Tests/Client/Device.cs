using Syncline.Client;
using Syncline.Client.Replicas;
using Syncline.Client.Storage;
using Syncline.Client.Sync;
using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;

namespace Syncline.Tests.Client;

/// <summary>A device with one space, whose operations the test carries to others itself: nothing runs beside it.</summary>
internal sealed class Device : IDisposable
{
    private readonly ServerConnection _server;
    private long _taken = -1;

    private Device(ClientServices services, ServerConnection server, QueueContext context, ManualTime time, EventPost events)
    {
        _server = server;
        (Context, Time, Events) = (context, time, events);
        Replica = new SpaceReplica(services, new LocalSpace(new SpaceId("home"), Cursor: null, ClockMax: 0, SnapshotSeq: 0, LastSuccess: null), []);
        Space = new Space(services, Replica, new SpaceSync(services, Replica), events);
        Actor = services.Device.Actor;
    }

    public Space Space { get; }

    public SpaceReplica Replica { get; }

    public QueueContext Context { get; }

    public ManualTime Time { get; }

    public EventPost Events { get; }

    public ActorId Actor { get; }

    public Syncline.Client.Lists Lists => Space.Lists;

    /// <summary>What was made here and is not in a log, oldest first.</summary>
    public IReadOnlyList<Operation> Made => [.. Space.Pending.Select(own => own.Operation)];

    /// <summary>The payload of the operation that was made last.</summary>
    public string LastPayload => Made[^1].Payload.ToString();

    public static async Task<Device> OpenAsync(int seed, Action<SynclineClientOptions>? configure = null)
    {
        QueueContext context = new();
        ManualTime time = new();
        SynclineClientOptions options = new() { Time = time, Random = new Random(seed), EventContext = context, HttpHandler = new HttpClientHandler() };
        configure?.Invoke(options);
        InMemoryLocalStore store = InMemoryLocalStore.Open(new InMemoryLocalDisk(), new Random(seed));
        ServerConnection server = new(new Uri("http://nowhere.invalid"), options.HttpHandler!, disposeHandler: true, time);
        ClientServices services = new(store, await store.ReadDeviceAsync(CancellationToken.None), server, options);
        Device device = new(services, server, context, time, new EventPost(options));
        Assert.True(await device.Replica.LoadAsync(CancellationToken.None));
        context.Run();
        return device;
    }

    /// <summary>What was made since the last time, as a push would bring it.</summary>
    public IReadOnlyList<Operation> TakeMade()
    {
        OwnOperation[] made = [.. Space.Pending.Where(own => own.Number > _taken)];
        _taken = made.Length == 0 ? _taken : made[^1].Number;
        return [.. made.Select(own => own.Operation)];
    }

    /// <summary>All states, byte for byte where equal states have equal bytes, and the trees as they are read.</summary>
    public string Everything() => string.Join('\n', [.. Snapshots(), .. Space.TreeIds.SelectMany(TreeText)]);

    public void Dispose() => _server.Dispose();

    private IEnumerable<string> Snapshots() => Replica.Read(states => states.WriteSnapshots().ToArray())
        .Where(snapshot => snapshot.Resource.Scope.Value != "tree")
        .Select(snapshot => $"{snapshot.Resource.Scope} {snapshot.Resource.ResourceId} {Convert.ToHexString(snapshot.Resource.State.Span)}");

    private IEnumerable<string> TreeText(string treeId) => Space.OpenTree(treeId).ReadAll(includeDeleted: true)
        .Select(vertex => $"{treeId} {vertex.Id} {vertex.ParentId} {string.Join(' ', vertex.Properties)}");
}
