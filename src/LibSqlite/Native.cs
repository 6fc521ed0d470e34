using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace LibSqlite;

/// <summary>
/// The C functions this binding calls, under their own names: https://www.sqlite.org/c3ref/funclist.html explains each.
/// A database is passed as a safe handle, so that another thread can interrupt it while it closes; a statement is a bare
/// pointer, because it is used on one thread only and bound, stepped and read far more often. A function whose result only
/// repeats an earlier error, or is always success, is declared as void. What only copies a number in or out is called without
/// a transition to unmanaged code, which costs several times the call: it takes nanoseconds, waits for nothing and calls nobody.
/// </summary>
internal static unsafe partial class Native
{
    public const int Ok = 0;
    public const int NoMemory = 7;
    public const int Row = 100;
    public const int Done = 101;

    public const int OpenReadOnly = 0x1;
    public const int OpenReadWrite = 0x2;
    public const int OpenCreate = 0x4;
    public const int OpenNoMutex = 0x8000;

    public const uint PreparePersistent = 0x1;

    /// <summary>SQLITE_TRANSIENT: libsqlite3 copies the bytes before a bind function returns.</summary>
    public const nint Transient = -1;

    private const string Library = "sqlite3";

    private static readonly string[] FileNames =
        OperatingSystem.IsWindows() ? ["sqlite3", "winsqlite3"]
        : OperatingSystem.IsMacOS() ? ["libsqlite3.dylib"]
        : ["libsqlite3.so.0", "libsqlite3.so"];

    [LibraryImport(Library)]
    public static partial int sqlite3_libversion_number();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sqlite3_open_v2(string path, out SqliteDatabaseHandle database, int flags, string? vfs);

    [LibraryImport(Library)]
    public static partial int sqlite3_close_v2(nint database);

    [LibraryImport(Library)]
    public static partial void sqlite3_extended_result_codes(SqliteDatabaseHandle database, int on);

    [LibraryImport(Library)]
    public static partial int sqlite3_extended_errcode(SqliteDatabaseHandle database);

    [LibraryImport(Library)]
    public static partial byte* sqlite3_errmsg(SqliteDatabaseHandle database);

    [LibraryImport(Library)]
    public static partial byte* sqlite3_errstr(int code);

    [LibraryImport(Library)]
    public static partial int sqlite3_busy_timeout(SqliteDatabaseHandle database, int milliseconds);

    [LibraryImport(Library)]
    public static partial void sqlite3_interrupt(SqliteDatabaseHandle database);

    [LibraryImport(Library)]
    public static partial int sqlite3_get_autocommit(SqliteDatabaseHandle database);

    [LibraryImport(Library)]
    public static partial int sqlite3_changes(SqliteDatabaseHandle database);

    [LibraryImport(Library)]
    public static partial long sqlite3_last_insert_rowid(SqliteDatabaseHandle database);

    [LibraryImport(Library)]
    public static partial void sqlite3_db_release_memory(SqliteDatabaseHandle database);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sqlite3_exec(SqliteDatabaseHandle database, string sql, nint callback, nint argument, nint message);

    [LibraryImport(Library)]
    public static partial int sqlite3_wal_checkpoint_v2(
        SqliteDatabaseHandle database, nint schema, int mode, out int logFrames, out int checkpointedFrames);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint sqlite3_backup_init(
        SqliteDatabaseHandle destination, string destinationSchema, SqliteDatabaseHandle source, string sourceSchema);

    [LibraryImport(Library)]
    public static partial int sqlite3_backup_step(nint backup, int pages);

    [LibraryImport(Library)]
    public static partial void sqlite3_backup_finish(nint backup);

    [LibraryImport(Library)]
    public static partial int sqlite3_prepare_v3(
        SqliteDatabaseHandle database, byte* sql, int length, uint flags, out nint statement, out byte* tail);

    [LibraryImport(Library)]
    public static partial nint sqlite3_next_stmt(nint database, nint statement);

    [LibraryImport(Library)]
    public static partial void sqlite3_finalize(nint statement);

    [LibraryImport(Library)]
    public static partial void sqlite3_reset(nint statement);

    [LibraryImport(Library)]
    public static partial void sqlite3_clear_bindings(nint statement);

    [LibraryImport(Library)]
    public static partial int sqlite3_step(nint statement);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int sqlite3_bind_int64(nint statement, int index, long value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int sqlite3_bind_double(nint statement, int index, double value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int sqlite3_bind_null(nint statement, int index);

    [LibraryImport(Library)]
    public static partial int sqlite3_bind_text(nint statement, int index, byte* utf8, int length, nint destructor);

    [LibraryImport(Library)]
    public static partial int sqlite3_bind_blob(nint statement, int index, byte* bytes, int length, nint destructor);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int sqlite3_data_count(nint statement);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int sqlite3_column_type(nint statement, int column);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial long sqlite3_column_int64(nint statement, int column);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial double sqlite3_column_double(nint statement, int column);

    [LibraryImport(Library)]
    public static partial byte* sqlite3_column_text(nint statement, int column);

    [LibraryImport(Library)]
    public static partial byte* sqlite3_column_blob(nint statement, int column);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int sqlite3_column_bytes(nint statement, int column);

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Usage", "CA2255", Justification = "The names must be known before the first call, whichever member makes it.")]
    internal static void FindLibraryByItsSystemName() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (library != Library) return 0;

        foreach (string fileName in FileNames)
        {
            if (!NativeLibrary.TryLoad(fileName, assembly, searchPath, out nint handle)) continue;

            DropMemoryStatistics(handle);
            return handle;
        }

        throw new DllNotFoundException(
            $"The operating system has no SQLite library: tried {string.Join(", ", FileNames)}. On Debian, install libsqlite3-0.");
    }

    /// <summary>
    /// Each allocation of libsqlite3 takes a lock of the whole process to count itself, and inserting a row allocates a dozen times. Nobody
    /// here asks for the count. Only possible before the first connection; afterwards the call changes nothing.
    /// </summary>
    private static void DropMemoryStatistics(nint library)
    {
        const int MemoryStatistics = 9; // SQLITE_CONFIG_MEMSTATUS

        // A variadic function: Apple passes what is variadic differently, elsewhere a number goes as any other.
        if (OperatingSystem.IsMacOS() || OperatingSystem.IsIOS()) return;
        if (NativeLibrary.TryGetExport(library, "sqlite3_config", out nint configure))
            _ = ((delegate* unmanaged[Cdecl]<int, int, int>)configure)(MemoryStatistics, 0);
    }
}
