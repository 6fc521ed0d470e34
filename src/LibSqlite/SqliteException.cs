using System.Runtime.InteropServices;

namespace LibSqlite;

/// <summary>An error that libsqlite3 reported. The message is SQLite's own, with the name and number of the code.</summary>
public sealed class SqliteException : Exception
{
    private const int PrimaryCodeMask = 0xFF;

    private SqliteException(int extendedResultCode, string text)
        : base($"{text} ({PrimaryOf(extendedResultCode)}, {extendedResultCode})") =>
        ExtendedResultCode = extendedResultCode;

    /// <summary>The primary code: the low byte of the extended one.</summary>
    public SqliteResultCode ResultCode => PrimaryOf(ExtendedResultCode);

    /// <summary>The code with its detail, as numbered in https://www.sqlite.org/rescode.html; 2067 is a UNIQUE constraint.</summary>
    public int ExtendedResultCode { get; }

    /// <summary>Another connection holds the lock. Try the whole transaction again later.</summary>
    public bool IsBusy => ResultCode == SqliteResultCode.Busy;

    /// <summary>The file is damaged, or is no database at all.</summary>
    public bool IsCorrupt => ResultCode is SqliteResultCode.Corrupt or SqliteResultCode.NotADatabase;

    /// <summary>The disk, or the database's own page limit, is full.</summary>
    public bool IsFull => ResultCode == SqliteResultCode.Full;

    /// <summary>The file or the connection is read-only.</summary>
    public bool IsReadOnly => ResultCode == SqliteResultCode.ReadOnly;

    /// <summary>The operating system failed to read, write or lock the file.</summary>
    public bool IsIoError => ResultCode == SqliteResultCode.IoError;

    /// <summary>The change breaks a constraint of the schema.</summary>
    public bool IsConstraint => ResultCode == SqliteResultCode.Constraint;

    /// <summary>The error of a function that leaves no message with the database.</summary>
    internal static unsafe SqliteException From(int result) => new(result, TextOf(Native.sqlite3_errstr(result)));

    /// <summary>The error of the function just called, which tells its code by its result.</summary>
    internal static SqliteException From(int result, SqliteDatabaseHandle database) =>
        IsLast(result, database) ? Last(database) : From(result);

    /// <summary>The error of the function just called, which does not tell its code by its result.</summary>
    internal static unsafe SqliteException Last(SqliteDatabaseHandle database) =>
        new(Native.sqlite3_extended_errcode(database), TextOf(Native.sqlite3_errmsg(database)));

    internal static SqliteResultCode PrimaryOf(int extendedResultCode) => (SqliteResultCode)(extendedResultCode & PrimaryCodeMask);

    /// <summary>Some errors, such as misuse, leave the code and the message of an earlier call in place.</summary>
    private static bool IsLast(int result, SqliteDatabaseHandle database) =>
        !database.IsInvalid && PrimaryOf(Native.sqlite3_extended_errcode(database)) == PrimaryOf(result);

    private static unsafe string TextOf(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "unknown error";
}
