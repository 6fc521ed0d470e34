namespace Syncline.Core.Operations;

/// <summary>Why something is not accepted.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Detail">One sentence for people, naming what was wrong. Never a payload.</param>
public sealed record Refusal(string Code, string Detail);
