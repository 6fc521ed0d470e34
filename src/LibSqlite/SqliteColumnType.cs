using System.Diagnostics.CodeAnalysis;

namespace LibSqlite;

/// <summary>SQLite's storage classes, with its numbers: https://www.sqlite.org/c3ref/c_blob.html.</summary>
[SuppressMessage("Design", "CA1008", Justification = "SQLite numbers them from 1; a value always has one.")]
public enum SqliteColumnType
{
    /// <summary>A signed integer of up to 64 bits.</summary>
    Integer = 1,

    /// <summary>An IEEE 754 double.</summary>
    Real = 2,

    /// <summary>Text in the database's encoding.</summary>
    Text = 3,

    /// <summary>Bytes as they were bound.</summary>
    Blob = 4,

    /// <summary>NULL.</summary>
    Null = 5,
}
