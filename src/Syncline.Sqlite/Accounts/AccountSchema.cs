namespace Syncline.Sqlite.Accounts;

/// <summary>The tables of <c>platform.sqlite</c>.</summary>
internal static class AccountSchema
{
    /// <summary>"Syna".</summary>
    public const int ApplicationId = 0x53796e61;

    private const string Version1 =
        """
        -- All times are milliseconds since 1970, UTC. Tokens are kept as hashes only.
        CREATE TABLE users (
            id            TEXT PRIMARY KEY,
            user_name     TEXT NOT NULL UNIQUE,         -- lower case
            display_name  TEXT NOT NULL,
            password_hash TEXT                          -- NULL: the application authenticates
        ) STRICT;

        CREATE TABLE invites (
            hash       TEXT PRIMARY KEY,
            expires_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX invites_by_end ON invites (expires_at);

        CREATE TABLE logins (
            id         TEXT PRIMARY KEY,
            user       TEXT NOT NULL REFERENCES users (id),
            expires_at INTEGER NOT NULL,
            ended_at   INTEGER
        ) STRICT;
        CREATE INDEX logins_by_expiry ON logins (expires_at);
        CREATE INDEX logins_by_end ON logins (ended_at) WHERE ended_at IS NOT NULL;

        CREATE TABLE refresh_tokens (
            hash    TEXT PRIMARY KEY,
            login   TEXT NOT NULL REFERENCES logins (id),
            used_at INTEGER
        ) STRICT;
        CREATE INDEX refresh_tokens_by_login ON refresh_tokens (login);
        CREATE INDEX refresh_tokens_by_use ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;

        CREATE TABLE spaces (
            id         TEXT PRIMARY KEY,
            name       TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE members (
            space TEXT    NOT NULL REFERENCES spaces (id),
            user  TEXT    NOT NULL REFERENCES users (id),
            role  INTEGER NOT NULL,                     -- 1 viewer, 2 editor, 3 owner
            PRIMARY KEY (space, user)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX members_by_user ON members (user, space);

        CREATE TABLE audit (
            id      INTEGER PRIMARY KEY,
            at      INTEGER NOT NULL,
            by_user TEXT,                               -- NULL: the operator at the command line
            action  TEXT NOT NULL,
            subject TEXT NOT NULL,                      -- what it was done to
            detail  TEXT
        ) STRICT;
        CREATE INDEX audit_by_subject ON audit (subject);
        """;

    private const string Version2 =
        """
        CREATE TABLE personal_spaces (
            user  TEXT PRIMARY KEY REFERENCES users (id),
            space TEXT NOT NULL UNIQUE REFERENCES spaces (id)
        ) STRICT, WITHOUT ROWID;
        """;

    public static DatabaseSchema Current { get; } = new(ApplicationId, [Version1, Version2]);
}
