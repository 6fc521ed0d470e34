using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;

namespace Syncline.Conformance.InMemory;

/// <summary>Accounts in memory, for tests: the plainest reading of the port.</summary>
public sealed class InMemoryAccountStore : IAccountStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<UserId, Credentials> _users = [];
    private readonly Dictionary<string, DateTimeOffset> _invites = [];
    private readonly Dictionary<string, LoginState> _logins = [];
    private readonly Dictionary<string, RefreshToken> _refreshTokens = [];
    private readonly Dictionary<SpaceId, SpaceRecord> _spaces = [];
    private readonly Dictionary<(SpaceId Space, UserId User), Role> _members = [];
    private readonly Dictionary<UserId, SpaceId> _personalSpaces = [];

    /// <summary>Whether every call throws, as when the disk is gone.</summary>
    public bool IsUnavailable { get; set; }

    /// <summary>Whether the members of a space cannot be read, as when the disk goes right after a change of theirs.</summary>
    public bool FailMembersRead { get; set; }

    /// <summary>All of it as it is now, for later.</summary>
    public InMemoryAccountStore Copy()
    {
        InMemoryAccountStore copy = new();
        lock (_gate)
        {
            CopyTo(copy._users, _users);
            CopyTo(copy._invites, _invites);
            CopyTo(copy._logins, _logins);
            CopyTo(copy._refreshTokens, _refreshTokens);
            CopyTo(copy._spaces, _spaces);
            CopyTo(copy._members, _members);
            CopyTo(copy._personalSpaces, _personalSpaces);
        }

        return copy;
    }

    /// <inheritdoc />
    public ValueTask<AddUserOutcome> AddUserAsync(
        User user, string? passwordHash, string? inviteHash, Audit audit, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                if (inviteHash is not null && (!_invites.TryGetValue(inviteHash, out DateTimeOffset expiresAt) || expiresAt <= audit.At))
                    return AddUserOutcome.InviteInvalid;
                if (_users.ContainsKey(user.Id) || _users.Values.Any(other => other.User.UserName == user.UserName))
                    return AddUserOutcome.NameTaken;
                _users.Add(user.Id, new Credentials(user, passwordHash));
                if (inviteHash is not null) _invites.Remove(inviteHash);
                return AddUserOutcome.Added;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<User?> FindUserAsync(UserId id, CancellationToken cancellationToken) =>
        Run(() => _users.GetValueOrDefault(id)?.User, cancellationToken);

    /// <inheritdoc />
    public ValueTask<Credentials?> FindCredentialsAsync(string userName, CancellationToken cancellationToken) =>
        Run(() => _users.Values.FirstOrDefault(credentials => credentials.User.UserName == userName), cancellationToken);

    /// <inheritdoc />
    public ValueTask SetPasswordHashAsync(UserId id, string passwordHash, Audit audit, CancellationToken cancellationToken) =>
        RunOnly(
            () =>
            {
                if (_users.TryGetValue(id, out Credentials? credentials))
                    _users[id] = credentials with { PasswordHash = passwordHash };
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask AddInviteAsync(string inviteHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken) =>
        RunOnly(() => _invites.Add(inviteHash, expiresAt), cancellationToken);

    /// <inheritdoc />
    public ValueTask AddLoginAsync(Login login, string refreshHash, Audit audit, CancellationToken cancellationToken) =>
        RunOnly(
            () =>
            {
                _logins.Add(login.Id, new LoginState(login, EndedAt: null));
                _refreshTokens.Add(refreshHash, new RefreshToken(login.Id, IsUsed: false));
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<RefreshOutcome> RefreshAsync(
        string refreshHash, string nextRefreshHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken) =>
        Run<RefreshOutcome>(
            () =>
            {
                if (!_refreshTokens.TryGetValue(refreshHash, out RefreshToken? token)) return new RefreshOutcome.Unknown();
                LoginState state = _logins[token.LoginId];
                if (state.EndedAt is not null || state.Login.ExpiresAt <= audit.At) return new RefreshOutcome.Unknown();
                if (token.IsUsed)
                {
                    _logins[token.LoginId] = state with { EndedAt = audit.At };
                    return new RefreshOutcome.UsedTwice(token.LoginId);
                }

                Login login = state.Login with { ExpiresAt = expiresAt };
                _refreshTokens[refreshHash] = token with { IsUsed = true };
                _refreshTokens.Add(nextRefreshHash, new RefreshToken(token.LoginId, IsUsed: false));
                _logins[token.LoginId] = state with { Login = login };
                return new RefreshOutcome.Refreshed(login);
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask EndLoginAsync(string loginId, Audit audit, CancellationToken cancellationToken) =>
        RunOnly(
            () =>
            {
                if (_logins.TryGetValue(loginId, out LoginState? state) && state.EndedAt is null)
                    _logins[loginId] = state with { EndedAt = audit.At };
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<string>> ReadEndedLoginsAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<string>>(
            () => [.. _logins.Values
                .Where(state => state.EndedAt >= since)
                .OrderBy(state => state.EndedAt).ThenBy(state => state.Login.Id, StringComparer.Ordinal)
                .Select(state => state.Login.Id)],
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<AddSpaceOutcome> AddSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        Run(() => AddSpace(space, owner, spacesMax), cancellationToken);

    /// <inheritdoc />
    public ValueTask<SpaceId?> FindPersonalSpaceAsync(UserId user, CancellationToken cancellationToken) =>
        Run(() => FindPersonalSpace(user), cancellationToken);

    /// <inheritdoc />
    public ValueTask<AddSpaceOutcome> AddPersonalSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                if (FindPersonalSpace(owner) is not null) return AddSpaceOutcome.NameTaken;
                AddSpaceOutcome outcome = AddSpace(space, owner, spacesMax);
                if (outcome == AddSpaceOutcome.Added) _personalSpaces[owner] = space.Id;
                return outcome;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<SpaceRecord?> FindSpaceAsync(SpaceId id, CancellationToken cancellationToken) =>
        Run(() => _spaces.GetValueOrDefault(id), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> RenameSpaceAsync(SpaceId id, string name, Audit audit, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                if (!_spaces.TryGetValue(id, out SpaceRecord? space)) return false;
                _spaces[id] = space with { Name = name };
                return true;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> RemoveSpaceAsync(SpaceId id, Audit audit, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                foreach ((SpaceId Space, UserId User) member in _members.Keys.Where(member => member.Space == id).ToArray())
                    _members.Remove(member);
                foreach (UserId user in _personalSpaces.Where(personal => personal.Value == id).Select(personal => personal.Key).ToArray())
                    _personalSpaces.Remove(user);
                return _spaces.Remove(id);
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Membership>> ReadMembershipsAsync(UserId user, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<Membership>>(
            () => [.. _members
                .Where(member => member.Key.User == user)
                .OrderBy(member => member.Key.Space.Value, StringComparer.Ordinal)
                .Select(member => new Membership(_spaces[member.Key.Space], member.Value))],
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Member>> ReadMembersAsync(SpaceId space, CancellationToken cancellationToken) =>
        Run<IReadOnlyList<Member>>(
            () => FailMembersRead ? throw new StoreUnavailableException("The test made the members unreadable.", outcomeUnknown: false) : [.. _members
                .Where(member => member.Key.Space == space)
                .Select(member => new Member(_users[member.Key.User].User, member.Value))
                .OrderBy(member => member.User.UserName, StringComparer.Ordinal)],
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<ChangeMemberOutcome> SetMemberAsync(
        SpaceId space, UserId user, Role role, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                if (!_spaces.ContainsKey(space) || !_users.ContainsKey(user)) return ChangeMemberOutcome.NotFound;
                bool isMember = _members.TryGetValue((space, user), out Role present);
                if (!isMember && CountSpaces(user) >= spacesMax) return ChangeMemberOutcome.QuotaExceeded;
                if (isMember && role != Role.Owner && IsLastOwner(space, present)) return ChangeMemberOutcome.LastOwner;
                _members[(space, user)] = role;
                return ChangeMemberOutcome.Changed;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<ChangeMemberOutcome> RemoveMemberAsync(
        SpaceId space, UserId user, Audit audit, CancellationToken cancellationToken) =>
        Run(
            () =>
            {
                if (!_members.TryGetValue((space, user), out Role present)) return ChangeMemberOutcome.NotFound;
                if (IsLastOwner(space, present)) return ChangeMemberOutcome.LastOwner;
                _members.Remove((space, user));
                return ChangeMemberOutcome.Changed;
            },
            cancellationToken);

    private AddSpaceOutcome AddSpace(SpaceRecord space, UserId owner, int spacesMax)
    {
        if (_spaces.ContainsKey(space.Id)) return AddSpaceOutcome.NameTaken;
        if (!_users.ContainsKey(owner)) return AddSpaceOutcome.NoSuchUser;
        if (CountSpaces(owner) >= spacesMax) return AddSpaceOutcome.QuotaExceeded;
        _spaces.Add(space.Id, space);
        _members.Add((space.Id, owner), Role.Owner);
        return AddSpaceOutcome.Added;
    }

    private SpaceId? FindPersonalSpace(UserId user) =>
        _personalSpaces.TryGetValue(user, out SpaceId space) && _members.ContainsKey((space, user)) ? space : null;

    private int CountSpaces(UserId user) => _members.Keys.Count(member => member.User == user);

    private bool IsLastOwner(SpaceId space, Role role) =>
        role == Role.Owner && _members.Count(member => member.Key.Space == space && member.Value == Role.Owner) == 1;

    private static void CopyTo<TKey, TValue>(Dictionary<TKey, TValue> copy, Dictionary<TKey, TValue> from)
        where TKey : notnull
    {
        foreach ((TKey key, TValue value) in from)
            copy.Add(key, value);
    }

    private ValueTask RunOnly(Action work, CancellationToken cancellationToken) =>
        new(Run(
            () =>
            {
                work();
                return true;
            },
            cancellationToken).AsTask());

    private ValueTask<T> Run<T>(Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_gate)
            {
                if (IsUnavailable) throw new StoreUnavailableException("The test made the store unavailable.", outcomeUnknown: false);
                return ValueTask.FromResult(work());
            }
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<T>(exception);
        }
    }

    private sealed record LoginState(Login Login, DateTimeOffset? EndedAt);

    private sealed record RefreshToken(string LoginId, bool IsUsed);
}
