namespace Syncline.Simulation.World;

/// <summary>The chance of a world: which faults strike is drawn here, and counted.</summary>
internal sealed class Dice(Random random)
{
    private readonly int[] _percent = new int[Enum.GetValues<Fault>().Length];
    private readonly int[] _struck = new int[Enum.GetValues<Fault>().Length];

    public Random Random => random;

    /// <summary>From now on nothing goes wrong.</summary>
    public bool IsCalm { get; set; }

    /// <summary>How often each struck, by number.</summary>
    public IReadOnlyList<int> Struck => _struck;

    /// <summary>How likely a fault is where it can strike.</summary>
    public void Set(Fault fault, int percent) => _percent[(int)fault] = percent;

    /// <summary>Whether the fault strikes here; counts it.</summary>
    public bool Strikes(Fault fault)
    {
        if (IsCalm || _percent[(int)fault] == 0 || random.Next(1000) >= _percent[(int)fault] * 10)
            return false;
        Count(fault);
        return true;
    }

    /// <summary>Counts one that came otherwise.</summary>
    public void Count(Fault fault, int times = 1) => _struck[(int)fault] += times;

    public bool Chance(int percent) => random.Next(100) < percent;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    /// <summary>A time between two bounds.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + TimeSpan.FromTicks(random.NextInt64((most - least).Ticks + 1));
}
