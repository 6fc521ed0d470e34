using System.Globalization;

namespace Syncline.Simulation.Scheduling;

/// <summary>What happened: the last lines to read, and a hash of all of it, by which two runs of a seed are known to be the same.</summary>
internal sealed class Trace(SimulatedClock clock, int linesKept)
{
    private readonly Queue<string> _lines = new();
    private ulong _hash = 14695981039346656037;

    /// <summary>Of everything that happened so far, every choice of a next step included.</summary>
    public ulong Hash => _hash;

    public IReadOnlyCollection<string> LastLines => _lines;

    /// <summary>Notes a choice that is not worth a line.</summary>
    public void Step(int choice, int of) => _hash = (((_hash ^ (uint)choice) * 1099511628211) ^ (uint)of) * 1099511628211;

    /// <summary>Notes something worth reading.</summary>
    public void Say(string who, string what)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,9:0.000} {who,-8} {what}");
        foreach (char c in line)
            _hash = (_hash ^ c) * 1099511628211;
        _lines.Enqueue(line);
        if (_lines.Count > linesKept)
            _lines.Dequeue();
    }
}
