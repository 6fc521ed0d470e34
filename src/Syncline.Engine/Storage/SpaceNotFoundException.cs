using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>The space has no log: it was deleted while it was in use, or never made.</summary>
public sealed class SpaceNotFoundException(SpaceId space) : Exception($"The space {space} has no log.")
{
    /// <summary>The space.</summary>
    public SpaceId Space { get; } = space;
}
