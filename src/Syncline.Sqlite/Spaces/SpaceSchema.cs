namespace Syncline.Sqlite.Spaces;

/// <summary>The tables of a space's file, and the statements that must go by an index.</summary>
/// <remarks>
/// Names that repeat in every row (resources, actors, users) are kept once and stand in the row as small integers: with the texts in the
/// row and in the identity's index, an insert takes twice as long and a row twice the space. What is true of the log up to a row (digest,
/// highest clock) stands in that row: an append then writes no other page than those of its rows, which counts when it is one operation.
/// The identity's index begins with the clock, because clocks rise with the log whoever writes it: what is new goes to the index's end, and a
/// batch of many actors writes a page or two of it. Beginning with resource and actor, it would write one page for every actor.
/// </remarks>
internal static class SpaceSchema
{
    /// <summary>"Sync".</summary>
    public const int ApplicationId = 0x53796e63;

    /// <summary>Of <c>PRAGMA auto_vacuum</c>: freed pages can be given back a few at a time. Set before the first table.</summary>
    public const int IncrementalVacuum = 2;

    public const string FindStub = "SELECT seq, hash FROM stubs WHERE clock = ?1 AND actor = ?2 AND resource = ?3";

    public const string FindOperation = "SELECT seq, hash FROM operations WHERE clock = ?1 AND actor = ?2 AND resource = ?3";

    /// <summary>
    /// The identities from a place on and where their operations stand, answered from the identity's index alone: whoever looks for some passes
    /// over others, whose payloads are none of its business.
    /// </summary>
    public const string ReadByClock =
        "SELECT clock, actor, resource, seq FROM operations WHERE (clock, actor, resource) >= (?1, ?2, ?3) ORDER BY clock, actor, resource";

    public const string ReadPage = $"SELECT {Columns} FROM operations WHERE seq > ?1 ORDER BY seq";

    public const string ReadOperation = $"SELECT {Columns} FROM operations WHERE seq = ?1";

    public const string ReadHeadSeq = "SELECT coalesce(max(seq), (SELECT base_seq FROM meta WHERE id = 1)) FROM operations";

    /// <summary>Where a log without operations stands.</summary>
    public const string ReadBase = "SELECT base_seq, base_clock FROM meta";

    /// <summary>Where the log stands.</summary>
    public const string ReadLast =
        "SELECT seq, coalesce(highest_clock, clock), digest FROM operations WHERE seq = (SELECT max(seq) FROM operations)";

    private const string Columns = "seq, resource, group_end, actor, clock, hash, digest, user, received_at, tx, key, payload";

    private const string Version1 =
        """
        CREATE TABLE meta (
            id         INTEGER PRIMARY KEY CHECK (id = 1),
            space      TEXT    NOT NULL,
            created_at INTEGER NOT NULL,                -- milliseconds since 1970, as all times here
            epoch      TEXT    NOT NULL,
            clean      INTEGER NOT NULL                 -- 0 while a server with reduced durability may have writes that are not on the disk
        ) STRICT;

        CREATE TABLE epochs (
            id           INTEGER PRIMARY KEY,           -- in the order in which they ended
            epoch        TEXT    NOT NULL,
            shared_up_to INTEGER NOT NULL,              -- with the epoch after it; along the chain the least counts
            ended_at     INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE users (
            id   INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE actors (
            id   INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            user INTEGER REFERENCES users (id)          -- NULL: nobody's, the server's own
        ) STRICT;

        CREATE TABLE resources (
            id    INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,
            name  TEXT NOT NULL,
            UNIQUE (scope, name)
        ) STRICT;

        CREATE TABLE operations (
            seq           INTEGER PRIMARY KEY,
            resource      INTEGER NOT NULL REFERENCES resources (id),
            group_end     INTEGER,                      -- NULL: stands alone
            actor         INTEGER NOT NULL REFERENCES actors (id),
            clock         INTEGER NOT NULL,
            highest_clock INTEGER,                      -- of the log up to here; NULL: clock is
            hash          INTEGER NOT NULL,
            digest        INTEGER NOT NULL,             -- of the log up to here
            user          INTEGER NOT NULL REFERENCES users (id),
            received_at   INTEGER NOT NULL,
            tx            TEXT,
            key           TEXT,
            payload       TEXT    NOT NULL              -- the JSON as it was received
        ) STRICT;

        CREATE UNIQUE INDEX operations_by_identity ON operations (resource, actor, clock);

        -- For people with the sqlite3 program; the server does not read them.
        CREATE VIEW tree_ops AS
            SELECT o.clock                     AS clock,
                   a.name                      AS peerId,
                   r.name                      AS treeId,
                   m.space                     AS spaceId,
                   o.payload ->> '$.targetId'  AS targetId,
                   o.payload ->> '$.parentId'  AS parentId,
                   o.payload ->> '$.key'       AS key,
                   o.payload ->  '$.value'     AS value
            FROM operations o
            JOIN actors a ON a.id = o.actor
            JOIN resources r ON r.id = o.resource
            JOIN meta m
            WHERE r.scope = 'tree'
            ORDER BY o.seq;

        CREATE VIEW spaces AS SELECT space AS id, created_at FROM meta;
        """;

    private const string Version2 =
        """
        DROP INDEX operations_by_identity;
        CREATE UNIQUE INDEX operations_by_identity ON operations (clock, actor, resource);
        """;

    private const string Version3 =
        """
        ALTER TABLE meta ADD COLUMN compacted_up_to INTEGER NOT NULL DEFAULT 0; -- seq up to which the log was looked through

        -- What is left of operations that were dropped, so that a repeat is known.
        CREATE TABLE stubs (
            clock      INTEGER NOT NULL,
            actor      INTEGER NOT NULL REFERENCES actors (id),
            resource   INTEGER NOT NULL REFERENCES resources (id),
            seq        INTEGER NOT NULL,
            hash       INTEGER NOT NULL,
            group_end  INTEGER,
            dropped_at INTEGER NOT NULL,
            PRIMARY KEY (clock, actor, resource)
        ) STRICT, WITHOUT ROWID;

        -- Which operation wins a register, among those up to compacted_up_to.
        CREATE TABLE winners (
            register BLOB    PRIMARY KEY,               -- 16 bytes
            seq      INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- States of the models as of a seq. Only the complete one counts; what belongs to another is being written, or to be removed.
        CREATE TABLE snapshots (
            id       INTEGER PRIMARY KEY,
            epoch    TEXT    NOT NULL,
            seq      INTEGER NOT NULL,
            digest   INTEGER NOT NULL,
            made_at  INTEGER NOT NULL,
            scopes   TEXT    NOT NULL,                  -- of the models it has the states of, with spaces between
            beside   TEXT    NOT NULL                   -- those that have operations beside the states
        ) STRICT;

        CREATE TABLE snapshot_parts (
            snapshot INTEGER NOT NULL REFERENCES snapshots (id),
            part     INTEGER NOT NULL,
            scope    TEXT    NOT NULL,
            resource TEXT    NOT NULL,
            format   INTEGER NOT NULL,
            length   INTEGER NOT NULL,
            hash     BLOB    NOT NULL,                  -- SHA-256 of the part's bytes
            PRIMARY KEY (snapshot, part)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE snapshot_chunks (
            id       INTEGER PRIMARY KEY,
            snapshot INTEGER NOT NULL,
            part     INTEGER NOT NULL,
            chunk    INTEGER NOT NULL,
            bytes    BLOB    NOT NULL
        ) STRICT;

        CREATE UNIQUE INDEX snapshot_chunks_by_place ON snapshot_chunks (snapshot, part, chunk);
        """;

    private const string Version4 =
        """
        ALTER TABLE meta ADD COLUMN base_seq INTEGER NOT NULL DEFAULT 0;    -- the log begins after it
        ALTER TABLE meta ADD COLUMN base_clock INTEGER NOT NULL DEFAULT 0;  -- the highest clock of what was there before

        CREATE TABLE generations (
            id             INTEGER PRIMARY KEY,         -- the last is the present one
            key            TEXT    NOT NULL UNIQUE,
            epoch          TEXT    NOT NULL,            -- the log's life that it is of
            snapshot       TEXT,                        -- NULL: of an earlier generation
            snapshot_bytes INTEGER NOT NULL,
            begun_at       INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE clients (
            user    TEXT    NOT NULL,
            client  TEXT    NOT NULL,
            cursor  INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            PRIMARY KEY (user, client)
        ) STRICT, WITHOUT ROWID;
        """;

    private const string Version5 =
        """
        CREATE INDEX stubs_by_group ON stubs (group_end) WHERE group_end IS NOT NULL;
        """;

    private const string Version6 =
        """
        -- Deleted things of which nothing but their deletion is left.
        CREATE TABLE purged (
            register  BLOB    PRIMARY KEY,              -- 16 bytes: the register that says it is deleted
            purged_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """;

    public static DatabaseSchema Current { get; } = new(ApplicationId, Scripts);

    /// <summary>All versions, for files of a version before.</summary>
    public static IReadOnlyList<string> Scripts => [Version1, Version2, Version3, Version4, Version5, Version6];
}
