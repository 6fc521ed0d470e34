namespace Syncline.Core.Operations;

/// <summary>What one operation may measure.</summary>
/// <param name="BytesMax">Most bytes of payload and key together.</param>
/// <param name="DepthMax">Most levels of arrays and objects in the payload.</param>
public readonly record struct OperationLimits(int BytesMax, int DepthMax)
{
    /// <summary>256 KiB, 64 levels.</summary>
    public static OperationLimits Default { get; } = new(256 * 1024, 64);
}
