namespace Syncline.Engine.Presence;

/// <summary>What has changed since the last publication.</summary>
/// <param name="Connections">Those that came or changed, as they are now.</param>
/// <param name="Left">Those that have gone.</param>
public sealed record PresenceChanges(IReadOnlyList<PresentConnection> Connections, IReadOnlyList<string> Left);
