using System.Globalization;
using LibSqlite;

namespace Syncline.Sqlite;

/// <summary>
/// The tables of one kind of file, as scripts that are run in order, each once in the life of a file. A script that was released is never
/// changed. The file's <c>user_version</c> counts the scripts it has had; its <c>application_id</c> says that it is one of ours.
/// </summary>
internal sealed class DatabaseSchema(int applicationId, IReadOnlyList<string> scripts)
{
    /// <summary>Makes the tables in an empty database, and fills in what it begins with, in one transaction.</summary>
    public void Create(SqliteConnection connection, Action<SqliteConnection> fill)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        RunFrom(connection, version: 0);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {applicationId}"));
        fill(connection);
        transaction.Commit();
    }

    /// <summary>Whether nothing was ever made in the file.</summary>
    public static bool IsEmpty(SqliteConnection connection) =>
        connection.ReadInteger("PRAGMA user_version") == 0 && connection.ReadInteger("PRAGMA schema_version") == 0;

    /// <summary>Runs the scripts that an existing file has not had.</summary>
    /// <exception cref="Engine.Storage.StoreUnavailableException">The file is not ours, or of a newer version.</exception>
    public void Upgrade(SqliteConnection connection)
    {
        long version = DemandKnown(connection);
        if (version == scripts.Count) return;

        using SqliteTransaction transaction = connection.BeginImmediate();
        RunFrom(connection, (int)version);
        transaction.Commit();
    }

    /// <summary>How many of the scripts an existing file has had.</summary>
    /// <exception cref="Engine.Storage.StoreUnavailableException">The file is not ours, or of a newer version.</exception>
    public long DemandKnown(SqliteConnection connection)
    {
        long version = connection.ReadInteger("PRAGMA user_version");
        if (connection.ReadInteger("PRAGMA application_id") != applicationId || version < 1)
            throw Unavailable.Because("The store's file is damaged or not Syncline's: restore it from a backup.");
        if (version > scripts.Count)
        {
            throw Unavailable.Because(
                $"The store's file was written by a newer Syncline (schema {version}, this one knows {scripts.Count}): run that version.");
        }

        return version;
    }

    private void RunFrom(SqliteConnection connection, int version)
    {
        foreach (string script in scripts.Skip(version))
            connection.Execute(script);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {scripts.Count}"));
    }
}
