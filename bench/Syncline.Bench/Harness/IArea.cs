namespace Syncline.Bench.Harness;

/// <summary>One part of the product, measured beside its baseline or its peers.</summary>
internal interface IArea
{
    /// <summary>What stands on the command line.</summary>
    string Name { get; }

    /// <summary>One line for the list of areas.</summary>
    string Summary { get; }

    /// <summary>Starts the measurements and prints the tables.</summary>
    Task RunAsync(BenchOptions options);

    /// <summary>One of our own measurements, in a process of its own; prints one <see cref="Sample"/>.</summary>
    Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments);
}
