namespace Syncline.Engine.Spaces;

/// <summary>A read that was allowed when it began is not any more, or the space or the server is going away.</summary>
public sealed class SpaceAccessException(string code, string message) : Exception(message)
{
    /// <summary>One of <see cref="Core.Operations.ErrorCodes"/>: <c>not_found</c>, <c>forbidden</c> or <c>unavailable</c>.</summary>
    public string Code { get; } = code;
}
