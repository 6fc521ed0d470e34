namespace Syncline.Bench.Harness;

/// <summary>The same measurement several times.</summary>
internal sealed class Series
{
    public Series(IReadOnlyList<Sample> samples)
    {
        Samples = [.. samples.OrderBy(sample => sample.Milliseconds / sample.Count)];
        Median = Samples[Samples.Count / 2];
    }

    /// <summary>The fastest first.</summary>
    public IReadOnlyList<Sample> Samples { get; }

    /// <summary>The sample in the middle.</summary>
    public Sample Median { get; }

    /// <summary>The most memory of any run.</summary>
    public double PeakMegabytes => Samples.Max(sample => sample.PeakMegabytes);

    /// <summary>The median of what else a workload tells.</summary>
    public double MedianOf(string name)
    {
        double[] values = [.. Samples.Select(sample => sample.Value(name)).Order()];
        return values[values.Length / 2];
    }
}
