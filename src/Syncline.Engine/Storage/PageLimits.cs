namespace Syncline.Engine.Storage;

/// <summary>Where a page is cut. It has at least one operation where there is one, and grows over its limits rather than part a group.</summary>
/// <param name="Operations">Most operations.</param>
/// <param name="Bytes">Most bytes of payload.</param>
public readonly record struct PageLimits(int Operations, long Bytes);
