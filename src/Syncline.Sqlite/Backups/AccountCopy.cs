using LibSqlite;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;

namespace Syncline.Sqlite.Backups;

/// <summary>The spaces and members in a copy of the accounts: what says which logs a backup has.</summary>
internal static class AccountCopy
{
    /// <summary>All spaces by id, read one by one while the caller works on the one before.</summary>
    public static IEnumerable<SpaceId> ReadSpaces(SqliteConnection accounts)
    {
        using SqliteStatement read = accounts.Prepare("SELECT id FROM spaces ORDER BY id");
        while (read.Step())
        {
            string id = read.Text(0);
            yield return SpaceId.TryParse(id, out SpaceId space)
                ? space
                : throw new BackupException($"The accounts' file is damaged: '{id}' is no space id.");
        }
    }

    public static SpaceRecord? FindSpace(SqliteConnection accounts, SpaceId space)
    {
        using SqliteStatement find = accounts.Prepare("SELECT name, created_at FROM spaces WHERE id = ?1");
        find.BindText(1, space.Value);
        return find.Step() ? new SpaceRecord(space, find.Text(0), find.Time(1)) : null;
    }

    public static IReadOnlyList<KeyValuePair<UserId, Role>> ReadMembers(SqliteConnection accounts, SpaceId space)
    {
        using SqliteStatement read = accounts.Prepare("SELECT user, role FROM members WHERE space = ?1 ORDER BY user");
        read.BindText(1, space.Value);
        List<KeyValuePair<UserId, Role>> members = [];
        while (read.Step())
            members.Add(KeyValuePair.Create(new UserId(read.Text(0)), (Role)read.Int64(1)));
        return members;
    }

    public static void RemoveSpaces(SqliteConnection accounts, IReadOnlyCollection<SpaceId> spaces)
    {
        if (spaces.Count == 0) return;

        using SqliteTransaction transaction = accounts.BeginImmediate();
        foreach (string sql in (ReadOnlySpan<string>)["DELETE FROM members WHERE space = ?1", "DELETE FROM spaces WHERE id = ?1"])
        {
            using SqliteStatement remove = accounts.Prepare(sql);
            foreach (SpaceId space in spaces)
            {
                remove.BindText(1, space.Value);
                remove.Run();
            }
        }

        transaction.Commit();
    }
}
