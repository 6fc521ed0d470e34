using Syncline.Client;
using Syncline.Client.Storage;
using Syncline.Conformance.InMemory;
using Syncline.Simulation.Bugs;
using Syncline.Simulation.Checks;
using Syncline.Simulation.Network;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Devices;

/// <summary>A device: a store and a line that survive, and one life of the client program after the other.</summary>
internal sealed class Device
{
    private static readonly Uri ServerAddress = new("http://server");
    private readonly Scheduling.Simulation _simulation;
    private readonly SimulatedNetwork _network;
    private readonly Dice _dice;
    private readonly Bug? _bug;
    private readonly InMemoryLocalDisk _disk = new();
    private readonly IReadOnlyList<string> _spaces;
    private TimeSpan _clockError;
    private int _lives;
    private Process? _process;
    private Action _killStore = static () => { };

    public Device(Scheduling.Simulation simulation, SimulatedNetwork network, Dice dice, Bug? bug, string name, string user, IReadOnlyList<string> spaces)
    {
        _simulation = simulation;
        _network = network;
        _dice = dice;
        _bug = bug;
        Name = name;
        User = user;
        _spaces = spaces;
        Link = new Link(name);
    }

    public string Name { get; }

    /// <summary>Whose it is.</summary>
    public string User { get; }

    public Link Link { get; }

    public MadeOperations Made { get; } = new();

    public bool DiskIsFull { get; set; }

    /// <summary>Whether its person does nothing any more, so that what it shows can be compared.</summary>
    public bool PersonRests { get; set; }

    /// <summary>Called when it has died in the middle of a write.</summary>
    public Action DiedWhileWriting { get; set; } = static () => { };

    /// <summary>The program, while it runs and is open; null otherwise.</summary>
    public ClientLife? Life { get; private set; }

    /// <summary>Whether the program runs, open or not yet.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>How wrong its clock is.</summary>
    public TimeSpan ClockError
    {
        get => _clockError;
        set
        {
            _clockError = value;
            if (_process is { } process)
                process.ClockError = value;
        }
    }

    /// <summary>Starts the program, which opens the store and the spaces; whatever fails in that ends the run.</summary>
    public void Start()
    {
        Process process = new(_simulation, $"{Name}.{++_lives}") { ClockError = _clockError };
        (_process, IsRunning) = (process, true);
        InMemoryLocalStore store = InMemoryLocalStore.Open(_disk, _dice.Random);
        _killStore = store.Kill;
        ILocalStore disk = _bug?.InDevice(store, process) ?? store;
        disk = new DeviceDisk(disk, this, process, _dice);
        _ = process.StartAsync(async () =>
        {
            try
            {
                ClientLife life = await ClientLife.OpenAsync(this, process, disk, OptionsOf(process), ServerAddress, _spaces);
                Life = life;
                _simulation.Trace.Say(process.Name, "opened");
                await new Person(life, _dice, _simulation.Trace).LiveAsync();
            }
            catch (Exception e)
            {
                _simulation.Fail(new Violation($"{process.Name} failed: {e}"));
            }
        });
    }

    /// <summary>The program ends between two of its steps.</summary>
    public void Crash(string why)
    {
        if (_process is not { } process)
            return;
        process.Kill();
        _killStore();
        Link.HangUp();
        (_process, Life, IsRunning) = (null, null, false);
        _simulation.Trace.Say(process.Name, $"crashed {why}");
        _dice.Count(Fault.DeviceCrashed);
    }

    private SynclineClientOptions OptionsOf(Process process) => new()
    {
        Time = process.Time,
        Scheduler = process.Scheduler,
        EventContext = process,
        Random = new Random(_dice.Random.Next()),
        HttpHandler = _network.Connect(Link),
        CreatesSpaces = false,
    };
}
