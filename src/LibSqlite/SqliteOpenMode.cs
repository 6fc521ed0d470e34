namespace LibSqlite;

/// <summary>What a connection may do with its file.</summary>
public enum SqliteOpenMode
{
    /// <summary>Reads an existing file.</summary>
    ReadOnly = 0,

    /// <summary>Reads and writes an existing file; only reads it where the operating system forbids more.</summary>
    ReadWrite = 1,

    /// <summary>As <see cref="ReadWrite"/>, and creates the file if there is none.</summary>
    ReadWriteCreate = 2,
}
