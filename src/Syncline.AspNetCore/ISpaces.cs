using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore;

/// <summary>
/// Spaces for code in the same process. Every call names the user it acts for and obeys the same rules as the doors: roles, limits of an
/// operation, ownership of actors. A stranger gets a <see cref="Engine.Spaces.SpaceAccessException"/>, and so does a cursor ahead of the log.
/// </summary>
public interface ISpaces
{
    /// <summary>Makes a space; the user is its owner, and is made on first sight.</summary>
    Task<AddSpaceOutcome> CreateAsync(SpaceId space, string name, UserId userId, CancellationToken cancellationToken = default);

    /// <summary>Gives a user a role, as an owner may; the user is made on first sight.</summary>
    /// <param name="space">The space.</param>
    /// <param name="userId">Who acts.</param>
    /// <param name="member">Who gets the role.</param>
    /// <param name="role">The role from now on; null ends the membership.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    Task<ChangeMemberOutcome> SetMemberAsync(
        SpaceId space, UserId userId, UserId member, Role? role, CancellationToken cancellationToken = default);

    /// <summary>Pushes operations; each is judged on its own.</summary>
    /// <param name="space">The space.</param>
    /// <param name="userId">Who acts.</param>
    /// <param name="operations">In order. Those with one <see cref="NewOperation.Tx"/> stand together and are accepted all or none.</param>
    /// <param name="cancellationToken">Ends the wait; what was queued may still be stored.</param>
    Task<PushOutcome> PushAsync(
        SpaceId space, UserId userId, IReadOnlyList<NewOperation> operations, CancellationToken cancellationToken = default);

    /// <summary>Streams everything after a cursor: history, then what comes, for ever. In seq order, without a gap.</summary>
    /// <param name="space">The space.</param>
    /// <param name="userId">Who reads; checked at every page.</param>
    /// <param name="after">Exclusive; 0 from the start.</param>
    /// <param name="scope">Only operations of this scope; null for all.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    IAsyncEnumerable<LoggedOperation> FollowAsync(
        SpaceId space, UserId userId, long after, Scope? scope = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the log page by page: what <c>GET /pull</c> without a wait answers.</summary>
    Task<FollowPage> PullAsync(SpaceId space, UserId userId, long after, CancellationToken cancellationToken = default);

    /// <summary>The vertices of a tree as they stand, depth first; null when the space has no such tree.</summary>
    /// <param name="space">The space.</param>
    /// <param name="userId">Who reads.</param>
    /// <param name="treeId">The tree, which is also its root's id.</param>
    /// <param name="includeDeleted">Adds the trash and what is in it.</param>
    /// <param name="cancellationToken">Ends the wait for the writer.</param>
    Task<IReadOnlyList<VertexState>?> ReadTreeAsync(
        SpaceId space, UserId userId, ResourceId treeId, bool includeDeleted = false, CancellationToken cancellationToken = default);
}
