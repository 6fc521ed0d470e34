namespace LibSqlite;

/// <summary>The libsqlite3 that the operating system provides.</summary>
public static class SqliteLibrary
{
    /// <summary>The version of the library that was loaded, such as 3.40.1.</summary>
    /// <exception cref="DllNotFoundException">The operating system has none.</exception>
    public static Version Version
    {
        get
        {
            int number = Native.sqlite3_libversion_number();
            return new Version(number / 1_000_000, number / 1_000 % 1_000, number % 1_000);
        }
    }
}
