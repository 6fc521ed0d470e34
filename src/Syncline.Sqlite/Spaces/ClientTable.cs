using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite.Spaces;

/// <summary>How far the clients of a space have read. Used within the writer's calls.</summary>
internal sealed class ClientTable(SqliteConnection connection)
{
    public IReadOnlyList<ClientCursor> Read()
    {
        using SqliteStatement read = connection.Cached("SELECT client, user, cursor, seen_at FROM clients ORDER BY seen_at DESC, user, client");
        List<ClientCursor> clients = [];
        while (read.Step())
            clients.Add(new ClientCursor(read.Text(0), new UserId(read.Text(1)), read.Int64(2), read.Time(3)));
        return clients;
    }

    public void Write(IReadOnlyList<ClientCursor> cursors, int clientsPerUserMax, int clientsMax, DateTimeOffset seenSince)
    {
        using SqliteTransaction transaction = connection.BeginImmediate();
        using (SqliteStatement write = connection.Cached(
            """
            INSERT INTO clients (user, client, cursor, seen_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (user, client) DO UPDATE SET cursor = excluded.cursor, seen_at = excluded.seen_at
            """))
        {
            foreach (ClientCursor cursor in cursors)
            {
                write.BindText(1, cursor.UserId.Value);
                write.BindText(2, cursor.ClientId);
                write.Bind(3, cursor.Cursor);
                write.Bind(4, cursor.SeenAt);
                write.Run();
            }
        }

        using (SqliteStatement drop = connection.Cached("DELETE FROM clients WHERE seen_at < ?1"))
        {
            drop.Bind(1, seenSince);
            drop.Run();
        }

        using (SqliteStatement drop = connection.Cached(
            """
            DELETE FROM clients WHERE (user, client) IN (
                SELECT user, client
                FROM (SELECT user, client, row_number() OVER (PARTITION BY user ORDER BY seen_at DESC, client) AS place FROM clients)
                WHERE place > ?1)
            """))
        {
            drop.Bind(1, clientsPerUserMax);
            drop.Run();
        }

        using (SqliteStatement drop = connection.Cached(
            """
            DELETE FROM clients WHERE (user, client) IN (
                SELECT user, client FROM clients ORDER BY seen_at DESC, user, client LIMIT -1 OFFSET ?1)
            """))
        {
            drop.Bind(1, clientsMax);
            drop.Run();
        }

        transaction.Commit();
    }
}
