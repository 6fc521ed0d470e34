namespace Syncline.Core.Tree;

/// <summary>The clocks from <paramref name="First"/> to <paramref name="Last"/>, both inclusive.</summary>
public readonly record struct ClockRange(long First, long Last) : IKeyed
{
    long IKeyed.Key => First;
}
