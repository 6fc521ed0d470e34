using System.Globalization;
using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>
/// The tables of a local store, as scripts that are run in order, each once in the life of a file. A script that was released is never changed. The
/// file's <c>user_version</c> counts the scripts it has had; its <c>application_id</c> says that it is one of ours.
/// </summary>
/// <remarks>
/// Names that repeat in every row (spaces, resources, actors, users) are kept once and stand in the row as small integers. What is kept by space and
/// a number within it has both in one rowid (<see cref="PlaceOf"/>): one tree of pages instead of a table and its index, and what is received goes to
/// its end.
/// </remarks>
internal static class LocalSchema
{
    /// <summary>Exclusive. What a rowid has room for beside the space.</summary>
    public const long SeqEnd = 1L << SeqBits;

    // "Synl".
    private const int ApplicationId = 0x53796e6c;
    private const int SeqBits = 40;

    private const string Version1 =
        """
        CREATE TABLE store (
            id            INTEGER PRIMARY KEY CHECK (id = 1),
            made_at       INTEGER NOT NULL,             -- milliseconds since 1970, as all times here
            actor         TEXT    NOT NULL,
            next_number   INTEGER NOT NULL,             -- greater than the number of every own operation that was removed
            server        TEXT,
            user          TEXT,
            refresh_token TEXT
        ) STRICT;

        CREATE TABLE spaces (
            id           INTEGER PRIMARY KEY,
            name         TEXT    NOT NULL UNIQUE,
            epoch        TEXT,                          -- NULL, with seq and digest: no cursor
            seq          INTEGER,
            digest       INTEGER,
            clock_max    INTEGER NOT NULL DEFAULT 0,
            snapshot_seq INTEGER NOT NULL DEFAULT 0,
            last_success INTEGER
        ) STRICT;

        CREATE TABLE resources (
            id    INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,
            name  TEXT NOT NULL,
            UNIQUE (scope, name)
        ) STRICT;

        CREATE TABLE actors (
            id     INTEGER PRIMARY KEY,
            name   TEXT    NOT NULL UNIQUE,
            is_own INTEGER NOT NULL                     -- 1: operations were made here as this one
        ) STRICT;

        CREATE TABLE users (
            id   INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;

        -- What was received.
        CREATE TABLE operations (
            place       INTEGER PRIMARY KEY,            -- space * 2^40 + seq
            resource    INTEGER NOT NULL,
            actor       INTEGER NOT NULL,
            clock       INTEGER NOT NULL,
            hash        INTEGER NOT NULL,
            user        INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            tx          TEXT,
            key         TEXT,
            payload     BLOB    NOT NULL                -- the JSON as it was received
        ) STRICT;

        CREATE TABLE own (
            number   INTEGER PRIMARY KEY,
            space    INTEGER NOT NULL,
            resource INTEGER NOT NULL,
            actor    INTEGER NOT NULL,
            clock    INTEGER NOT NULL,
            hash     INTEGER NOT NULL,
            state    INTEGER NOT NULL,                  -- 0 pending, 1 sent, 2 stored, 3 received, 4 refused
            seq      INTEGER NOT NULL,                  -- 0: not known
            made_at  INTEGER NOT NULL,
            tx       TEXT,
            key      TEXT,
            refusal  TEXT,                              -- its code
            detail   TEXT,
            payload  BLOB    NOT NULL
        ) STRICT;

        CREATE UNIQUE INDEX own_by_clock ON own (space, actor, clock);
        CREATE INDEX outbox ON own (space, number) WHERE state <> 3;
        CREATE INDEX own_by_seq ON own (space, seq) WHERE seq > 0;

        CREATE TABLE snapshots (
            id       INTEGER PRIMARY KEY,
            space    INTEGER NOT NULL,
            resource INTEGER NOT NULL,
            format   INTEGER NOT NULL,
            length   INTEGER NOT NULL,
            hash     BLOB    NOT NULL,                  -- SHA-256 of the bytes
            UNIQUE (space, resource)
        ) STRICT;

        CREATE TABLE snapshot_chunks (
            place INTEGER PRIMARY KEY,                  -- snapshot * 2^40 + number from 0
            bytes BLOB    NOT NULL
        ) STRICT;
        """;

    private static readonly string[] Scripts = [Version1];

    /// <summary>The rowid of what has a number within something.</summary>
    public static long PlaceOf(long whole, long number) => (whole << SeqBits) | number;

    /// <summary>The number within it, of a rowid.</summary>
    public static long NumberOf(long place) => place & (SeqEnd - 1);

    /// <summary>Whether nothing was ever made in the file.</summary>
    public static bool IsEmpty(SqliteConnection connection) =>
        Read(connection, "PRAGMA user_version") == 0 && Read(connection, "PRAGMA schema_version") == 0;

    /// <summary>Makes the tables in an empty file, and the first actor.</summary>
    public static void Create(SqliteConnection connection, ActorId actor, DateTimeOffset madeAt)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        RunFrom(connection, version: 0);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
        using (SqliteStatement insert = connection.Prepare("INSERT INTO store (id, made_at, actor, next_number) VALUES (1, ?1, ?2, 1)"))
        {
            insert.Bind(1, madeAt.ToUnixTimeMilliseconds());
            insert.BindText(2, actor.Value);
            insert.Run();
        }

        transaction.Commit();
    }

    /// <summary>Runs the scripts that an existing file has not had.</summary>
    /// <exception cref="LocalStoreException">The file is not ours, or of a newer version.</exception>
    public static void Upgrade(SqliteConnection connection)
    {
        long version = Read(connection, "PRAGMA user_version");
        if (Read(connection, "PRAGMA application_id") != ApplicationId || version < 1)
            throw new LocalStoreException("The file is a database, but no local store of Syncline: choose another path.");
        if (version > Scripts.Length)
        {
            throw new LocalStoreException(string.Create(
                CultureInfo.InvariantCulture,
                $"The local store was written by a newer Syncline (schema {version}, this one knows {Scripts.Length}): use that version."));
        }

        if (version == Scripts.Length) return;
        using SqliteTransaction transaction = connection.BeginImmediate();
        RunFrom(connection, (int)version);
        transaction.Commit();
    }

    private static void RunFrom(SqliteConnection connection, int version)
    {
        foreach (string script in Scripts.Skip(version))
            connection.Execute(script);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Scripts.Length}"));
    }

    private static long Read(SqliteConnection connection, string pragma)
    {
        using SqliteStatement statement = connection.Prepare(pragma);
        return statement.Step() ? statement.Int64(0) : 0;
    }
}
