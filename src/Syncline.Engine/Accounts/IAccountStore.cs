using Syncline.Core.Operations;

namespace Syncline.Engine.Accounts;

/// <summary>
/// Users, logins, spaces and members: small data, few writes. Every change is one durable transaction and writes its line of the audit
/// trail in it; only a refresh, which no person does, writes none. Throws <see cref="Storage.StoreUnavailableException"/> when the store cannot do its work.
/// </summary>
public interface IAccountStore
{
    /// <summary>
    /// Adds a user, and in the same transaction uses up the invite, where one is given. The invite is judged first; a user id in use counts
    /// as a name in use.
    /// </summary>
    /// <param name="user">The new user; the name in lower case.</param>
    /// <param name="passwordHash">Null for users whom the application authenticates.</param>
    /// <param name="inviteHash">Hash of the invite's token, or null.</param>
    /// <param name="audit">Who and when.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    ValueTask<AddUserOutcome> AddUserAsync(
        User user, string? passwordHash, string? inviteHash, Audit audit, CancellationToken cancellationToken);

    /// <summary>The user of that id, or null.</summary>
    ValueTask<User?> FindUserAsync(UserId id, CancellationToken cancellationToken);

    /// <summary>The user of that name, in lower case, and their password's hash; or null.</summary>
    ValueTask<Credentials?> FindCredentialsAsync(string userName, CancellationToken cancellationToken);

    /// <summary>Replaces a password's hash, after a change of password or of the hash's parameters.</summary>
    ValueTask SetPasswordHashAsync(UserId id, string passwordHash, Audit audit, CancellationToken cancellationToken);

    /// <summary>Adds an invite that lets one person register.</summary>
    /// <param name="inviteHash">Hash of the token; the token itself is shown once and kept nowhere.</param>
    /// <param name="expiresAt">When it stops working.</param>
    /// <param name="audit">Who and when.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    ValueTask AddInviteAsync(string inviteHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken);

    /// <summary>Starts a login with its first refresh token.</summary>
    ValueTask AddLoginAsync(Login login, string refreshHash, Audit audit, CancellationToken cancellationToken);

    /// <summary>Uses a refresh token up and puts the next in its place, or ends the login when it was used before.</summary>
    ValueTask<RefreshOutcome> RefreshAsync(
        string refreshHash, string nextRefreshHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken);

    /// <summary>Ends a login; nothing happens when it has ended.</summary>
    ValueTask EndLoginAsync(string loginId, Audit audit, CancellationToken cancellationToken);

    /// <summary>The logins that were ended at a moment or later: their access tokens may still be within their time.</summary>
    ValueTask<IReadOnlyList<string>> ReadEndedLoginsAsync(DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Adds a space with its first owner.</summary>
    /// <param name="space">The space.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="spacesMax">Most spaces that the owner may belong to.</param>
    /// <param name="audit">Who and when.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    ValueTask<AddSpaceOutcome> AddSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken);

    /// <summary>The space that is the user's personal one, as long as they belong to it; or null.</summary>
    ValueTask<SpaceId?> FindPersonalSpaceAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>As <see cref="AddSpaceAsync"/>, and makes it the owner's personal one.</summary>
    /// <param name="space">The space.</param>
    /// <param name="owner">The owner.</param>
    /// <param name="spacesMax">Most spaces that the owner may belong to.</param>
    /// <param name="audit">Who and when.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    /// <returns><see cref="AddSpaceOutcome.NameTaken"/> also when the owner has a personal space.</returns>
    ValueTask<AddSpaceOutcome> AddPersonalSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken);

    /// <summary>The space, or null.</summary>
    ValueTask<SpaceRecord?> FindSpaceAsync(SpaceId id, CancellationToken cancellationToken);

    /// <summary>Gives a space another name; false when it is not there.</summary>
    ValueTask<bool> RenameSpaceAsync(SpaceId id, string name, Audit audit, CancellationToken cancellationToken);

    /// <summary>Removes a space and its memberships; false when it is not there.</summary>
    ValueTask<bool> RemoveSpaceAsync(SpaceId id, Audit audit, CancellationToken cancellationToken);

    /// <summary>All spaces of a user, by id.</summary>
    ValueTask<IReadOnlyList<Membership>> ReadMembershipsAsync(UserId user, CancellationToken cancellationToken);

    /// <summary>All members of a space, by user name.</summary>
    ValueTask<IReadOnlyList<Member>> ReadMembersAsync(SpaceId space, CancellationToken cancellationToken);

    /// <summary>Makes a user a member or changes their role; the last owner stays one.</summary>
    /// <param name="space">The space.</param>
    /// <param name="user">The user.</param>
    /// <param name="role">The role from now on.</param>
    /// <param name="spacesMax">Most spaces that a user may belong to, for one who is not a member yet.</param>
    /// <param name="audit">Who and when.</param>
    /// <param name="cancellationToken">Before the commit only.</param>
    ValueTask<ChangeMemberOutcome> SetMemberAsync(
        SpaceId space, UserId user, Role role, int spacesMax, Audit audit, CancellationToken cancellationToken);

    /// <summary>Ends a membership; the last owner's cannot be ended.</summary>
    ValueTask<ChangeMemberOutcome> RemoveMemberAsync(SpaceId space, UserId user, Audit audit, CancellationToken cancellationToken);
}
