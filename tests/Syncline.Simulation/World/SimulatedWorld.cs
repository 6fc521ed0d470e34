using Syncline.Client;
using Syncline.Simulation.Bugs;
using Syncline.Simulation.Checks;
using Syncline.Simulation.Devices;
using Syncline.Simulation.Network;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.Server;

namespace Syncline.Simulation.World;

/// <summary>One world from its making to its end: a storm of edits and troubles, then calm, then the checks.</summary>
internal sealed class SimulatedWorld : IDisposable
{
    private const int StepsMax = 400_000;
    private const int RoundsInCalm = 8;

    // Longer than a request's patience.
    private static readonly TimeSpan UntilNothingHangs = TimeSpan.FromSeconds(15);

    private readonly Scheduling.Simulation _simulation;
    private readonly Process _process;
    private readonly Dice _dice;
    private readonly SimulatedServer _server;
    private readonly SimulatedNetwork _network;
    private readonly Operator _operator;
    private readonly WorldPlan _plan;
    private readonly List<Device> _devices;

    public SimulatedWorld(int seed, Bug? bug, int linesKept)
    {
        _simulation = new Scheduling.Simulation(seed, StepsMax, linesKept);
        _process = new Process(_simulation, "world");
        _dice = new Dice(_simulation.Random) { IsCalm = true };
        _plan = WorldPlan.Draw(_dice);
        _server = new SimulatedServer(_simulation, _dice, bug);
        _network = new SimulatedNetwork(_simulation, _dice, _server);
        _operator = new Operator(_network, _process);
        _devices = [.. _plan.Devices.Select(name => new Device(_simulation, _network, _dice, bug, name, _plan.UserOf(name), _plan.Spaces))];
    }

    public Trace Trace => _simulation.Trace;

    public int Steps => _simulation.Steps;

    public TimeSpan Elapsed => _simulation.Clock.Elapsed;

    public IReadOnlyList<int> Struck => _dice.Struck;

    /// <summary>How many operations were made on all devices.</summary>
    public int MadeCount => _devices.Sum(device => device.Made.Count);

    /// <summary>Lives through all of it.</summary>
    /// <exception cref="Violation">A promise did not hold.</exception>
    public void Run() => _simulation.Run(_process, LiveAsync);

    public void Dispose()
    {
        _operator.Dispose();
        _server.Dispose();
    }

    private async Task LiveAsync()
    {
        await _server.StartAsync();
        await _operator.MakeSpacesAsync(_plan.Spaces, _plan.Users);
        foreach (Device device in _devices)
            device.Start();

        _dice.IsCalm = false;
        Troubles troubles = new(_plan, _dice, _process, Trace, _server, _operator, _devices);
        await troubles.RunAsync(_process.Time.GetUtcNow() + _plan.StormTime);
        await troubles.EndAsync();

        Convergence convergence = new(_process, _server, _devices, _plan.Spaces);
        await convergence.AwaitAfterStormAsync();
        await Task.Delay(UntilNothingHangs, _process.Time);
        await convergence.AwaitAfterStormAsync();
        foreach (Device device in _devices)
            device.Life!.Client.Transport = SyncTransport.LongPoll;
        for (int round = 0; round < RoundsInCalm; round++)
        {
            await EditInCalmAsync();
            await convergence.AwaitInCalmAsync();
        }

        foreach (Device device in _devices)
            device.PersonRests = true;
        await convergence.AwaitInCalmAsync();
        await convergence.DemandNothingLostAsync();
        await convergence.DemandEqualAsync();
        foreach (Device device in _devices)
            _dice.Count(Fault.OperationRefused, device.Made.RefusedCount);
        if (_network.ServerFaults.Count > 0)
            throw new Violation($"the server had a fault of its own: {_network.ServerFaults[0]}");
    }

    // Some devices at nearly the same time: what one is told of while it looks for something else must not be missed.
    private async Task EditInCalmAsync()
    {
        Editing editing = new(_dice);
        foreach (Device device in _devices.Where(_ => _dice.Chance(60)).ToArray())
        {
            await Task.Delay(_dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(120)), _process.Time);
            if (device.Life is not { } life)
                continue;
            Space space = _dice.Pick(life.Spaces);
            await life.Process.StartAsync(() =>
            {
                Trace.Say(life.Process.Name, $"{editing.Edit(space)} in {space.Id}, in calm");
                return Task.CompletedTask;
            });
        }
    }
}
