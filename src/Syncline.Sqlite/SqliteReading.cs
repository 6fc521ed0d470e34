using LibSqlite;

namespace Syncline.Sqlite;

/// <summary>Short ways to read one value.</summary>
internal static class SqliteReading
{
    /// <summary>The first column of the first row; 0 where there is none or it is NULL.</summary>
    public static long ReadInteger(this SqliteConnection connection, string sql)
    {
        using SqliteStatement statement = connection.Cached(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    /// <summary>The value as text, or null where it is NULL.</summary>
    public static string? TextOrNull(this SqliteStatement statement, int column) =>
        statement.IsNull(column) ? null : statement.Text(column);

    /// <summary>Binds a time as milliseconds since 1970, UTC.</summary>
    public static void Bind(this SqliteStatement statement, int index, DateTimeOffset time) =>
        statement.Bind(index, time.ToUnixTimeMilliseconds());

    /// <summary>The value, milliseconds since 1970, as a time, UTC.</summary>
    public static DateTimeOffset Time(this SqliteStatement statement, int column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(statement.Int64(column));
}
