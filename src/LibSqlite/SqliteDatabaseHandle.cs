using Microsoft.Win32.SafeHandles;

namespace LibSqlite;

/// <summary>
/// An open database. Its statements have no handles of their own: a finalizer would touch the database on another thread
/// than its user's, so whatever is still prepared is finalised here, when nobody can use the database any more.
/// </summary>
internal sealed class SqliteDatabaseHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        for (nint statement; (statement = Native.sqlite3_next_stmt(handle, 0)) != 0;)
        {
            Native.sqlite3_finalize(statement);
        }

        return Native.sqlite3_close_v2(handle) == Native.Ok;
    }
}
