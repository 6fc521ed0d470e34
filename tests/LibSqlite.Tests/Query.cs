namespace LibSqlite.Tests;

/// <summary>One-line questions, so that a test says what it asks and not how.</summary>
internal static class Query
{
    public static long Int64(SqliteConnection connection, string sql)
    {
        using SqliteStatement statement = connection.Prepare(sql);
        Assert.True(statement.Step());
        return statement.Int64(0);
    }

    public static string Text(SqliteConnection connection, string sql)
    {
        using SqliteStatement statement = connection.Prepare(sql);
        Assert.True(statement.Step());
        return statement.Text(0);
    }
}
