using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Snapshots;

/// <summary>The states of a space's models as of one seq, as bytes.</summary>
/// <param name="Head">Where the log stood.</param>
/// <param name="Scopes">The scopes whose models it has the states of.</param>
/// <param name="ScopesBeside">Those of them that also have operations which no state stands for: such as have no content.</param>
/// <param name="Parts">The states, each with the version of its bytes.</param>
public sealed record SpaceSnapshot(
    LogHead Head,
    IReadOnlyList<Scope> Scopes,
    IReadOnlyList<Scope> ScopesBeside,
    IReadOnlyList<(ResourceSnapshot Snapshot, int Format)> Parts);
