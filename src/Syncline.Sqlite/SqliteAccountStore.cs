using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Sqlite.Accounts;
using Syncline.Sqlite.Backups;

namespace Syncline.Sqlite;

/// <summary>Accounts, spaces and members in <c>&lt;folder&gt;/platform.sqlite</c>, always fully durable.</summary>
/// <remarks>
/// Every method does its I/O on the calling thread, one caller at a time, and returns a completed task. What has expired is removed a little
/// at a time, by the changes that add more of its kind.
/// </remarks>
public sealed class SqliteAccountStore : IAccountStore, IDisposable
{
    // An ended login is kept while an access token of it may still be within its time, and a used refresh token while its second use should
    // end the login instead of just being unknown.
    private static readonly TimeSpan KeepEndedFor = TimeSpan.FromDays(30);

    private const int RemovedAtOnceMax = 100;

    private const string UserColumns = "u.id, u.user_name, u.display_name";

    private readonly AccountDatabase _database;

    /// <param name="folder">Where the file is; disposed by the caller, after this.</param>
    public SqliteAccountStore(SqliteDataFolder folder)
        : this(folder.Path, folder.Disk)
    {
    }

    private SqliteAccountStore(string folder, DataDisk disk) =>
        _database = new AccountDatabase(DataLayout.AccountFile(folder), disk);

    /// <summary>Opens the accounts of a folder that a server may be using: for the command line. The database itself keeps the two apart.</summary>
    /// <exception cref="BackupException">The folder is being restored, or a restore was broken off: the accounts may be on their way.</exception>
    public static SqliteAccountStore OpenBesideServer(string folder)
    {
        string path = Path.GetFullPath(folder);
        SqliteDataFolder.Make(path, DataDisk.OfTheSystem);
        Replacement.KeepOut(path).Dispose();
        return new SqliteAccountStore(path, DataDisk.OfTheSystem);
    }

    /// <inheritdoc />
    public ValueTask<AddUserOutcome> AddUserAsync(
        User user, string? passwordHash, string? inviteHash, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                // The invite first: who has none does not learn which names there are.
                if (inviteHash is not null && !HasInvite(connection, inviteHash, audit.At)) return AddUserOutcome.InviteInvalid;

                using SqliteStatement find = connection.Cached("SELECT 1 FROM users WHERE user_name = ?1 OR id = ?2");
                find.BindText(1, user.UserName);
                find.BindText(2, user.Id.Value);
                if (find.Step()) return AddUserOutcome.NameTaken;

                Run(
                    connection,
                    "INSERT INTO users (id, user_name, display_name, password_hash) VALUES (?1, ?2, ?3, ?4)",
                    user.Id.Value,
                    user.UserName,
                    user.DisplayName,
                    passwordHash);
                if (inviteHash is not null) Run(connection, "DELETE FROM invites WHERE hash = ?1", inviteHash);
                AccountDatabase.WriteAudit(connection, audit, "user.added", user.Id.Value, user.UserName);
                return AddUserOutcome.Added;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<User?> FindUserAsync(UserId id, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            connection =>
            {
                using SqliteStatement find = connection.Cached($"SELECT {UserColumns} FROM users u WHERE u.id = ?1");
                find.BindText(1, id.Value);
                return find.Step() ? ReadUser(find) : null;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<Credentials?> FindCredentialsAsync(string userName, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            connection =>
            {
                using SqliteStatement find = connection.Cached(
                    $"SELECT {UserColumns}, u.password_hash FROM users u WHERE u.user_name = ?1");
                find.BindText(1, userName);
                return find.Step() ? new Credentials(ReadUser(find), find.TextOrNull(3)) : null;
            },
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask SetPasswordHashAsync(UserId id, string passwordHash, Audit audit, CancellationToken cancellationToken) =>
        _ = await _database.ChangeAsync(
            connection =>
            {
                bool changed = Run(connection, "UPDATE users SET password_hash = ?2 WHERE id = ?1", id.Value, passwordHash) > 0;
                if (changed) AccountDatabase.WriteAudit(connection, audit, "user.password-set", id.Value);
                return changed;
            },
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask AddInviteAsync(string inviteHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken) =>
        _ = await _database.ChangeAsync(
            connection =>
            {
                RemoveExpiredInvites(connection, audit.At);
                using SqliteStatement insert = connection.Cached("INSERT INTO invites (hash, expires_at) VALUES (?1, ?2)");
                insert.BindText(1, inviteHash);
                insert.Bind(2, expiresAt);
                insert.Run();
                AccountDatabase.WriteAudit(connection, audit, "invite.added", inviteHash);
                return true;
            },
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask AddLoginAsync(Login login, string refreshHash, Audit audit, CancellationToken cancellationToken) =>
        _ = await _database.ChangeAsync(
            connection =>
            {
                RemoveOldLogins(connection, audit.At);
                using SqliteStatement insert = connection.Cached("INSERT INTO logins (id, user, expires_at) VALUES (?1, ?2, ?3)");
                insert.BindText(1, login.Id);
                insert.BindText(2, login.UserId.Value);
                insert.Bind(3, login.ExpiresAt);
                insert.Run();
                AddRefreshToken(connection, refreshHash, login.Id);
                AccountDatabase.WriteAudit(connection, audit, "login.started", login.Id, login.UserId.Value);
                return true;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<RefreshOutcome> RefreshAsync(
        string refreshHash, string nextRefreshHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync<RefreshOutcome>(
            connection =>
            {
                if (FindRefreshToken(connection, refreshHash, audit.At) is not { } token) return new RefreshOutcome.Unknown();

                if (token.IsUsed)
                {
                    EndLogin(connection, token.LoginId, audit, "login.token-used-twice");
                    return new RefreshOutcome.UsedTwice(token.LoginId);
                }

                RemoveOldRefreshTokens(connection, audit.At);
                UseRefreshToken(connection, refreshHash, audit.At);
                AddRefreshToken(connection, nextRefreshHash, token.LoginId);
                using SqliteStatement prolong = connection.Cached("UPDATE logins SET expires_at = ?2 WHERE id = ?1");
                prolong.BindText(1, token.LoginId);
                prolong.Bind(2, expiresAt);
                prolong.Run();
                return new RefreshOutcome.Refreshed(new Login(token.LoginId, token.UserId, expiresAt));
            },
            cancellationToken);

    /// <inheritdoc />
    public async ValueTask EndLoginAsync(string loginId, Audit audit, CancellationToken cancellationToken) =>
        _ = await _database.ChangeAsync(connection => EndLogin(connection, loginId, audit, "login.ended"), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<string>> ReadEndedLoginsAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<string>>(
            connection =>
            {
                using SqliteStatement read = connection.Cached("SELECT id FROM logins WHERE ended_at >= ?1 ORDER BY ended_at, id");
                read.Bind(1, since);
                List<string> ended = [];
                while (read.Step())
                    ended.Add(read.Text(0));
                return ended;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<AddSpaceOutcome> AddSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(connection => AddSpace(connection, space, owner, spacesMax, audit), cancellationToken);

    /// <inheritdoc />
    public ValueTask<SpaceId?> FindPersonalSpaceAsync(UserId user, CancellationToken cancellationToken) =>
        _database.ReadAsync(connection => FindPersonalSpace(connection, user), cancellationToken);

    /// <inheritdoc />
    public ValueTask<AddSpaceOutcome> AddPersonalSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                if (FindPersonalSpace(connection, owner) is not null) return AddSpaceOutcome.NameTaken;
                AddSpaceOutcome outcome = AddSpace(connection, space, owner, spacesMax, audit);
                if (outcome == AddSpaceOutcome.Added)
                {
                    Run(
                        connection,
                        "INSERT INTO personal_spaces (user, space) VALUES (?1, ?2) ON CONFLICT (user) DO UPDATE SET space = excluded.space",
                        owner.Value,
                        space.Id.Value);
                }

                return outcome;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<SpaceRecord?> FindSpaceAsync(SpaceId id, CancellationToken cancellationToken) =>
        _database.ReadAsync(connection => FindSpace(connection, id), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> RenameSpaceAsync(SpaceId id, string name, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                bool found = Run(connection, "UPDATE spaces SET name = ?2 WHERE id = ?1", id.Value, name) > 0;
                if (found) AccountDatabase.WriteAudit(connection, audit, "space.renamed", id.Value, name);
                return found;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> RemoveSpaceAsync(SpaceId id, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                Run(connection, "DELETE FROM personal_spaces WHERE space = ?1", id.Value);
                Run(connection, "DELETE FROM members WHERE space = ?1", id.Value);
                bool found = Run(connection, "DELETE FROM spaces WHERE id = ?1", id.Value) > 0;
                if (found) AccountDatabase.WriteAudit(connection, audit, "space.removed", id.Value);
                return found;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Membership>> ReadMembershipsAsync(UserId user, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<Membership>>(
            connection =>
            {
                using SqliteStatement read = connection.Cached(
                    """
                    SELECT s.id, s.name, s.created_at, m.role
                    FROM members m JOIN spaces s ON s.id = m.space
                    WHERE m.user = ?1 ORDER BY m.space
                    """);
                read.BindText(1, user.Value);
                List<Membership> memberships = [];
                while (read.Step())
                    memberships.Add(new Membership(ReadSpace(read), (Role)read.Int64(3)));
                return memberships;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<Member>> ReadMembersAsync(SpaceId space, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<Member>>(
            connection =>
            {
                using SqliteStatement read = connection.Cached(
                    $"""
                    SELECT {UserColumns}, m.role
                    FROM members m JOIN users u ON u.id = m.user
                    WHERE m.space = ?1 ORDER BY u.user_name
                    """);
                read.BindText(1, space.Value);
                List<Member> members = [];
                while (read.Step())
                    members.Add(new Member(ReadUser(read), (Role)read.Int64(3)));
                return members;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<ChangeMemberOutcome> SetMemberAsync(
        SpaceId space, UserId user, Role role, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                if (FindSpace(connection, space) is null || !HasUser(connection, user)) return ChangeMemberOutcome.NotFound;

                Role? present = FindRole(connection, space, user);
                if (present is null && CountSpaces(connection, user) >= spacesMax) return ChangeMemberOutcome.QuotaExceeded;
                if (present == Role.Owner && role != Role.Owner && CountOwners(connection, space) == 1)
                    return ChangeMemberOutcome.LastOwner;

                WriteMember(connection, space, user, role);
                AccountDatabase.WriteAudit(connection, audit, "member.set", space.Value, $"{user.Value} {NameOf(role)}");
                return ChangeMemberOutcome.Changed;
            },
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<ChangeMemberOutcome> RemoveMemberAsync(
        SpaceId space, UserId user, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                if (FindRole(connection, space, user) is not { } role) return ChangeMemberOutcome.NotFound;
                if (role == Role.Owner && CountOwners(connection, space) == 1) return ChangeMemberOutcome.LastOwner;

                Run(connection, "DELETE FROM members WHERE space = ?1 AND user = ?2", space.Value, user.Value);
                AccountDatabase.WriteAudit(connection, audit, "member.removed", space.Value, user.Value);
                return ChangeMemberOutcome.Changed;
            },
            cancellationToken);

    /// <summary>
    /// Brings back a space that the accounts do not know any more, with those of its members who still have an account. A space that they know
    /// keeps the members that it has.
    /// </summary>
    /// <returns>False when it would have no owner; then nothing is changed.</returns>
    internal ValueTask<bool> RestoreSpaceAsync(
        SpaceRecord space, IReadOnlyList<KeyValuePair<UserId, Role>> members, Audit audit, CancellationToken cancellationToken) =>
        _database.ChangeAsync(
            connection =>
            {
                if (!CanRestore(connection, space.Id, members)) return false;
                if (FindSpace(connection, space.Id) is null)
                {
                    InsertSpace(connection, space);
                    foreach ((UserId user, Role role) in members.Where(member => HasUser(connection, member.Key)))
                        WriteMember(connection, space.Id, user, role);
                }

                AccountDatabase.WriteAudit(connection, audit, "space.restored", space.Id.Value);
                return true;
            },
            cancellationToken);

    /// <summary>Whether <see cref="RestoreSpaceAsync"/> would leave it an owner.</summary>
    internal ValueTask<bool> CanRestoreSpaceAsync(
        SpaceId space, IReadOnlyList<KeyValuePair<UserId, Role>> members, CancellationToken cancellationToken) =>
        _database.ReadAsync(connection => CanRestore(connection, space, members), cancellationToken);

    /// <summary>Waits for the call that is running, and closes the file.</summary>
    public void Dispose() => _database.Dispose();

    private static bool CanRestore(SqliteConnection connection, SpaceId space, IReadOnlyList<KeyValuePair<UserId, Role>> members) =>
        FindSpace(connection, space) is not null
        || members.Any(member => member.Value == Role.Owner && HasUser(connection, member.Key));

    private static bool HasInvite(SqliteConnection connection, string hash, DateTimeOffset now)
    {
        using SqliteStatement find = connection.Cached("SELECT 1 FROM invites WHERE hash = ?1 AND expires_at > ?2");
        find.BindText(1, hash);
        find.Bind(2, now);
        return find.Step();
    }

    private static (string LoginId, UserId UserId, bool IsUsed)? FindRefreshToken(
        SqliteConnection connection, string hash, DateTimeOffset now)
    {
        using SqliteStatement find = connection.Cached(
            """
            SELECT l.id, l.user, t.used_at IS NOT NULL
            FROM refresh_tokens t JOIN logins l ON l.id = t.login
            WHERE t.hash = ?1 AND l.ended_at IS NULL AND l.expires_at > ?2
            """);
        find.BindText(1, hash);
        find.Bind(2, now);
        return find.Step() ? (find.Text(0), new UserId(find.Text(1)), find.Int64(2) != 0) : null;
    }

    private static void UseRefreshToken(SqliteConnection connection, string hash, DateTimeOffset now)
    {
        using SqliteStatement use = connection.Cached("UPDATE refresh_tokens SET used_at = ?2 WHERE hash = ?1");
        use.BindText(1, hash);
        use.Bind(2, now);
        use.Run();
    }

    private static void AddRefreshToken(SqliteConnection connection, string hash, string loginId) =>
        Run(connection, "INSERT INTO refresh_tokens (hash, login) VALUES (?1, ?2)", hash, loginId);

    private static bool EndLogin(SqliteConnection connection, string loginId, Audit audit, string action)
    {
        using SqliteStatement end = connection.Cached("UPDATE logins SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL");
        end.BindText(1, loginId);
        end.Bind(2, audit.At);
        end.Run();
        bool ended = connection.Changes > 0;
        if (ended) AccountDatabase.WriteAudit(connection, audit, action, loginId);
        return ended;
    }

    private static void RemoveExpiredInvites(SqliteConnection connection, DateTimeOffset now) =>
        RemoveSome(
            connection, "DELETE FROM invites WHERE hash IN (SELECT hash FROM invites WHERE expires_at <= ?1 LIMIT ?2)", now);

    private static void RemoveOldLogins(SqliteConnection connection, DateTimeOffset now)
    {
        DateTimeOffset before = now - KeepEndedFor;
        const string Old =
            """
            SELECT id FROM logins l WHERE (expires_at <= ?1 OR ended_at <= ?1)
                AND NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.login = l.id) LIMIT ?2
            """;
        RemoveSome(
            connection,
            """
            DELETE FROM refresh_tokens WHERE hash IN (
                SELECT t.hash FROM logins l JOIN refresh_tokens t ON t.login = l.id
                WHERE l.expires_at <= ?1 OR l.ended_at <= ?1 LIMIT ?2)
            """,
            before);
        RemoveSome(connection, $"DELETE FROM logins WHERE id IN ({Old})", before);
    }

    private static void RemoveOldRefreshTokens(SqliteConnection connection, DateTimeOffset now) =>
        RemoveSome(
            connection,
            "DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE used_at <= ?1 LIMIT ?2)",
            now - KeepEndedFor);

    private static void RemoveSome(SqliteConnection connection, string sql, DateTimeOffset before)
    {
        using SqliteStatement statement = connection.Cached(sql);
        statement.Bind(1, before);
        statement.Bind(2, RemovedAtOnceMax);
        statement.Run();
    }

    private static AddSpaceOutcome AddSpace(SqliteConnection connection, SpaceRecord space, UserId owner, int spacesMax, Audit audit)
    {
        if (FindSpace(connection, space.Id) is not null) return AddSpaceOutcome.NameTaken;
        if (!HasUser(connection, owner)) return AddSpaceOutcome.NoSuchUser;
        if (CountSpaces(connection, owner) >= spacesMax) return AddSpaceOutcome.QuotaExceeded;

        using SqliteStatement insert = connection.Cached("INSERT INTO spaces (id, name, created_at) VALUES (?1, ?2, ?3)");
        insert.BindText(1, space.Id.Value);
        insert.BindText(2, space.Name);
        insert.Bind(3, space.CreatedAt);
        insert.Run();
        WriteMember(connection, space.Id, owner, Role.Owner);
        AccountDatabase.WriteAudit(connection, audit, "space.added", space.Id.Value, owner.Value);
        return AddSpaceOutcome.Added;
    }

    // Of a user who left it or was removed it is no more than somebody else's space.
    private static SpaceId? FindPersonalSpace(SqliteConnection connection, UserId user)
    {
        using SqliteStatement find = connection.Cached(
            "SELECT p.space FROM personal_spaces p JOIN members m ON m.space = p.space AND m.user = p.user WHERE p.user = ?1");
        find.BindText(1, user.Value);
        return find.Step() ? new SpaceId(find.Text(0)) : null;
    }

    private static SpaceRecord? FindSpace(SqliteConnection connection, SpaceId id)
    {
        using SqliteStatement find = connection.Cached("SELECT id, name, created_at FROM spaces WHERE id = ?1");
        find.BindText(1, id.Value);
        return find.Step() ? ReadSpace(find) : null;
    }

    private static void InsertSpace(SqliteConnection connection, SpaceRecord space)
    {
        using SqliteStatement insert = connection.Cached("INSERT INTO spaces (id, name, created_at) VALUES (?1, ?2, ?3)");
        insert.BindText(1, space.Id.Value);
        insert.BindText(2, space.Name);
        insert.Bind(3, space.CreatedAt);
        insert.Run();
    }

    private static bool HasUser(SqliteConnection connection, UserId id)
    {
        using SqliteStatement find = connection.Cached("SELECT 1 FROM users WHERE id = ?1");
        find.BindText(1, id.Value);
        return find.Step();
    }

    private static Role? FindRole(SqliteConnection connection, SpaceId space, UserId user)
    {
        using SqliteStatement find = connection.Cached("SELECT role FROM members WHERE space = ?1 AND user = ?2");
        find.BindText(1, space.Value);
        find.BindText(2, user.Value);
        return find.Step() ? (Role)find.Int64(0) : null;
    }

    private static long CountSpaces(SqliteConnection connection, UserId user)
    {
        using SqliteStatement count = connection.Cached("SELECT count(*) FROM members WHERE user = ?1");
        count.BindText(1, user.Value);
        return count.Step() ? count.Int64(0) : 0;
    }

    private static long CountOwners(SqliteConnection connection, SpaceId space)
    {
        using SqliteStatement count = connection.Cached("SELECT count(*) FROM members WHERE space = ?1 AND role = ?2");
        count.BindText(1, space.Value);
        count.Bind(2, (long)Role.Owner);
        return count.Step() ? count.Int64(0) : 0;
    }

    private static void WriteMember(SqliteConnection connection, SpaceId space, UserId user, Role role)
    {
        using SqliteStatement write = connection.Cached(
            """
            INSERT INTO members (space, user, role) VALUES (?1, ?2, ?3)
            ON CONFLICT (space, user) DO UPDATE SET role = excluded.role
            """);
        write.BindText(1, space.Value);
        write.BindText(2, user.Value);
        write.Bind(3, (long)role);
        write.Run();
    }

    /// <summary>Runs a change whose parameters are all texts.</summary>
    /// <returns>How many rows it changed.</returns>
    private static int Run(SqliteConnection connection, string sql, params ReadOnlySpan<string?> texts)
    {
        using SqliteStatement statement = connection.Cached(sql);
        for (int i = 0; i < texts.Length; i++)
            statement.BindText(i + 1, texts[i]);
        statement.Run();
        return connection.Changes;
    }

    private static User ReadUser(SqliteStatement row) => new(new UserId(row.Text(0)), row.Text(1), row.Text(2));

    private static SpaceRecord ReadSpace(SqliteStatement row) => new(new SpaceId(row.Text(0)), row.Text(1), row.Time(2));

    private static string NameOf(Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Editor => "editor",
        _ => "owner",
    };
}
