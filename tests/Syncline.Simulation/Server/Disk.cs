using Syncline.Engine.Storage;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Server;

/// <summary>How the server's disk behaves: how long things take, and what fails. It is the same disk in all of the server's lives.</summary>
internal sealed class Disk(Dice dice)
{
    private static readonly TimeSpan SlowMost = TimeSpan.FromMilliseconds(30);

    /// <summary>Whether nothing can be written.</summary>
    public bool IsFull { get; set; }

    /// <summary>A moment in which others go on, and in which the server may crash.</summary>
    public async ValueTask PauseAsync(Process process)
    {
        if (dice.Chance(30))
            await Task.Delay(dice.Between(TimeSpan.Zero, SlowMost), process.Time);
        else
            await Task.Yield();
    }

    /// <summary>Throws where a write cannot be done.</summary>
    public void DemandRoom()
    {
        if (IsFull)
            throw new StoreUnavailableException("The disk is full.", outcomeUnknown: false);
    }

    public bool Strikes(Fault fault) => dice.Strikes(fault);

    public void Count(Fault fault) => dice.Count(fault);
}
