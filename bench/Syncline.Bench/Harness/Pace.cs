using System.Diagnostics;

namespace Syncline.Bench.Harness;

/// <summary>Times many short stretches of work as one, with what the thread allocates in them; what lies between them is not counted.</summary>
internal struct Pace
{
    private long _ticks;
    private long _bytes;
    private long _rows;
    private long _began;
    private long _bytesBefore;

    public void Begin()
    {
        _bytesBefore = GC.GetAllocatedBytesForCurrentThread();
        _began = Stopwatch.GetTimestamp();
    }

    public void End(int rows)
    {
        _ticks += Stopwatch.GetTimestamp() - _began;
        _bytes += GC.GetAllocatedBytesForCurrentThread() - _bytesBefore;
        _rows += rows;
    }

    public void Add(Pace other)
    {
        _ticks += other._ticks;
        _bytes += other._bytes;
        _rows += other._rows;
    }

    public readonly Sample ToSample() =>
        new() { Count = _rows, Milliseconds = _ticks * 1000.0 / Stopwatch.Frequency, AllocatedBytes = _bytes };
}
