using Syncline.Engine.Storage;

namespace Syncline.Engine.Writing;

/// <summary>How a client's reset of a data set ended.</summary>
public abstract record GenerationOutcome
{
    private GenerationOutcome()
    {
    }

    /// <summary>The generation that was asked for is the present one, begun now or by the same reset before.</summary>
    public sealed record Present(Generation Generation) : GenerationOutcome;

    /// <summary>Another generation than the one to be replaced is the present one.</summary>
    public sealed record Stale(Generation Now) : GenerationOutcome;

    /// <summary>The key is the present one's with another snapshot, or that of an earlier generation.</summary>
    public sealed record KeyTaken : GenerationOutcome;
}
