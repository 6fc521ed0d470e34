using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using Syncline.Simulation.Bugs;
using Syncline.Simulation.Checks;
using Syncline.Simulation.World;
using Trace = Syncline.Simulation.Scheduling.Trace;

namespace Syncline.Simulation;

/// <summary>Runs seeds one after the other and says what came of them.</summary>
internal sealed class Runner(TextWriter output, int linesKept)
{
    private const long WorldBytesMax = 240L * 1024 * 1024;
    private readonly int[] _struck = new int[Enum.GetValues<Fault>().Length];
    private long _steps;
    private long _made;
    private TimeSpan _lived;

    /// <summary>Runs seeds until one fails, which is explained.</summary>
    public bool Holds(int from, int count)
    {
        long began = Stopwatch.GetTimestamp();
        long bytes = GC.GetTotalAllocatedBytes();
        int? failed = RunUntilFailure(from, count, bug: null, isQuiet: false);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        int passed = (failed ?? from + count) - from;
        foreach (Fault fault in Enum.GetValues<Fault>())
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_struck[(int)fault],9} {fault}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_made} operations, {_steps} steps, {_lived.TotalHours:0.0} simulated hours in {took.TotalSeconds:0.0} s: {passed / took.TotalSeconds:0.0} seeds a second, {(GC.GetTotalAllocatedBytes() - bytes) / Math.Max(1, passed) >> 20} MiB a seed"));
        output.WriteLine($"{passed} passed, {(failed is null ? 0 : 1)} failed");
        return failed is null;
    }

    /// <summary>Runs all seeds, also after one that failed, and says of each failure one line.</summary>
    public bool Survey(int from, int count)
    {
        int failed = 0;
        for (int seed = from; seed < from + count; seed++)
        {
            using SimulatedWorld world = new(seed, bug: null, linesKept: 0);
            Exception? failure = Run(world);
            if (failure is null)
                continue;
            failed++;
            output.WriteLine($"seed {seed}: {failure.Message.Split('\n')[0]}");
        }

        output.WriteLine($"{count - failed} passed, {failed} failed");
        return failed == 0;
    }

    /// <summary>Whether a known bug makes one of the seeds fail.</summary>
    public bool Finds(Bug bug, int from, int count, bool isQuiet)
    {
        int? found = RunUntilFailure(from, count, bug, isQuiet);
        output.WriteLine(found is { } seed
            ? $"{bug.Name} is found by seed {seed}, after {seed - from + 1} of {count}"
            : $"{bug.Name} is not found within {count} seeds");
        return found is not null;
    }

    /// <summary>Runs a seed twice and compares all that happened; says where the second run went another way.</summary>
    public bool Replays(int seed)
    {
        Trace first = TraceOf(seed);
        Trace second = TraceOf(seed);
        if (first.Hash == second.Hash)
        {
            output.WriteLine($"seed {seed} replays, trace {first.Hash:x16}");
            return true;
        }

        output.WriteLine($"seed {seed} does not replay: trace {first.Hash:x16}, then {second.Hash:x16}");
        (string First, string Second)[] lines = [.. first.LastLines.Zip(second.LastLines)];
        int parting = Array.FindIndex(lines, pair => pair.First != pair.Second);
        foreach ((string before, _) in lines[Math.Max(0, (parting < 0 ? lines.Length : parting) - 10)..(parting < 0 ? lines.Length : parting)])
            output.WriteLine(before);
        if (parting >= 0)
            output.WriteLine($"first:  {lines[parting].First}{Environment.NewLine}second: {lines[parting].Second}");
        return false;
    }

    private static Trace TraceOf(int seed)
    {
        using SimulatedWorld world = new(seed, bug: null, linesKept: int.MaxValue);
        Run(world);
        return world.Trace;
    }

    private int? RunUntilFailure(int from, int count, Bug? bug, bool isQuiet)
    {
        for (int seed = from; seed < from + count; seed++)
        {
            using SimulatedWorld world = new(seed, bug, linesKept);
            Exception? failure = Run(world);
            Count(world);
            if (failure is null)
                continue;
            if (!isQuiet)
                Explain(seed, world, failure);
            else
                output.WriteLine($"  {failure.Message.Split('\n')[0]}");
            return seed;
        }

        return null;
    }

    // A weak reference of the server's tells when memory was collected, so in a world that is to be repeatable it is not.
    private static Exception? Run(SimulatedWorld world)
    {
        bool isHeld = GC.TryStartNoGCRegion(WorldBytesMax);
        Debug.Assert(isHeld, "the memory of a world is there");
        try
        {
            world.Run();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
                GC.EndNoGCRegion();
        }
    }

    private void Count(SimulatedWorld world)
    {
        _steps += world.Steps;
        _made += world.MadeCount;
        _lived += world.Elapsed;
        for (int i = 0; i < _struck.Length; i++)
            _struck[i] += world.Struck[i];
    }

    private void Explain(int seed, SimulatedWorld world, Exception failure)
    {
        foreach (string line in world.Trace.LastLines)
            output.WriteLine(line);
        output.WriteLine(failure is Violation ? failure.Message : failure.ToString());
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed} failed, trace {world.Trace.Hash:x16}. Again: --from {seed} --count 1"));
    }
}
