namespace Syncline.Tests;

/// <summary>Tests that measure what the whole process holds: they run while no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
