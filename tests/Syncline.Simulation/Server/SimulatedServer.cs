using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Simulation.Bugs;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Server;

/// <summary>The server's machine: a disk that survives, and one life of the program after the other.</summary>
internal sealed class SimulatedServer(Scheduling.Simulation simulation, Dice dice, Bug? bug) : IDisposable
{
    private readonly List<ServerLife> _lives = [];
    private readonly IRandomBytes _bytes = new SeededBytes(simulation.Random);

    public Disk Disk { get; } = new(dice);

    /// <summary>What is on the disk, as it is.</summary>
    public InMemorySpaceStore Logs { get; private set; } = new();

    public InMemoryAccountStore Accounts { get; private set; } = new();

    /// <summary>The program, while it answers; null when it does not run.</summary>
    public ServerLife? Life { get; private set; }

    /// <summary>Starts the program on what is on the disk.</summary>
    public async Task StartAsync()
    {
        Process process = new(simulation, $"server{_lives.Count + 1}");
        ISpaceStore logs = new DiskSpaceStore(Logs, Disk, process);
        IAccountStore accounts = new DiskAccountStore(Accounts, Disk, process);
        ServerLife life = new(process, bug?.InLogs(logs, process) ?? logs, accounts, simulation.Random, services => bug?.InServer(services, process));
        _lives.Add(life);
        await process.StartAsync(life.StartAsync);
        simulation.Trace.Say(process.Name, "started");
        Life = life;
    }

    /// <summary>The program ends between two of its steps.</summary>
    public void Crash()
    {
        if (Life is not { } life)
            return;
        Life = null;
        life.Crash();
        simulation.Trace.Say(life.Process.Name, "crashed");
    }

    /// <summary>A backup.</summary>
    public Backup Copy() => new(Logs.Copy(), Accounts.Copy());

    /// <summary>Puts a backup in the place of what is on the disk, as the restore command does: every log begins a new epoch. Only while the program does not run.</summary>
    public void PutBack(Backup backup)
    {
        (Logs, Accounts) = (backup.Logs.Copy(), backup.Accounts.Copy());
        Logs.BeginEpochs(() => new Epoch(_bytes.NewId()));
    }

    public void Dispose()
    {
        foreach (ServerLife life in _lives)
            life.Dispose();
    }

    /// <summary>What was on the disk at one time.</summary>
    internal sealed record Backup(InMemorySpaceStore Logs, InMemoryAccountStore Accounts);
}
