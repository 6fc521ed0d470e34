namespace LibSqlite;

/// <summary>An error that libsqlite3 reported.</summary>
public sealed class SqliteException : Exception
{
}
