using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>
/// SQLite's own file system for this machine, registered once more under another name (https://www.sqlite.org/vfs.html), which tells a
/// <see cref="PowerLossDisk"/> what is done to files. A file opened through it is the original's; in its table of methods, those that change
/// something are replaced. Reading, locks and shared memory go to the original without a detour; the shared memory's file has no name here
/// and so does not survive.
/// </summary>
internal sealed unsafe class PowerLossFileSystem : IDisposable
{
    private const int Ok = 0;
    private const int IoError = 10;
    private const int OpenDeleteOnClose = 0x8;
    private const int OpenCreate = 0x4;
    private const int OpenMainJournal = 0x800;
    private const int OpenSuperJournal = 0x4000;
    private const int OpenLog = 0x80000;
    private const int SyncDataOnly = 0x10;

    private static readonly nint Library = NativeLibrary.Load(OperatingSystem.IsMacOS() ? "libsqlite3.dylib" : "libsqlite3.so.0");
    private static readonly Vfs* Original = FindDefault();
    private static readonly ConcurrentDictionary<nint, PowerLossFileSystem> FileSystems = [];
    private static readonly ConcurrentDictionary<nint, OpenFile> Files = [];
    private static readonly ConcurrentDictionary<nint, nint> WatchedMethods = [];
    private static int _lastNumber;

    private readonly PowerLossDisk _disk;
    private readonly Vfs* _vfs;

    public PowerLossFileSystem(PowerLossDisk disk)
    {
        _disk = disk;
        Name = string.Create(CultureInfo.InvariantCulture, $"power-loss-{Interlocked.Increment(ref _lastNumber)}");
        _vfs = (Vfs*)NativeMemory.Alloc((nuint)sizeof(Vfs));
        *_vfs = *Original;
        _vfs->Next = null;
        _vfs->Name = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
        _vfs->Open = &Open;
        _vfs->Delete = &Delete;
        FileSystems[(nint)_vfs] = this;
        Call("sqlite3_vfs_register", _vfs, 0);
    }

    /// <summary>Under which SQLite knows it.</summary>
    public string Name { get; }

    /// <summary>Takes it away from SQLite; its files are closed.</summary>
    public void Dispose()
    {
        var unregister = (delegate* unmanaged[Cdecl]<Vfs*, int>)NativeLibrary.GetExport(Library, "sqlite3_vfs_unregister");
        if (unregister(_vfs) != Ok) throw new InvalidOperationException("SQLite did not unregister the file system.");
        FileSystems.TryRemove((nint)_vfs, out _);
        Marshal.FreeCoTaskMem((nint)_vfs->Name);
        NativeMemory.Free(_vfs);
    }

    private static void Call(string register, Vfs* vfs, int makeDefault)
    {
        var function = (delegate* unmanaged[Cdecl]<Vfs*, int, int>)NativeLibrary.GetExport(Library, register);
        if (function(vfs, makeDefault) != Ok) throw new InvalidOperationException("SQLite did not register the file system.");
    }

    private static Vfs* FindDefault()
    {
        var find = (delegate* unmanaged[Cdecl]<byte*, Vfs*>)NativeLibrary.GetExport(Library, "sqlite3_vfs_find");
        return find(null);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, SqliteFile* file, int flags, int* flagsOut)
    {
        int result = Original->Open(Original, name, file, flags, flagsOut);
        if (result != Ok || name is null || (flags & OpenDeleteOnClose) != 0) return result;

        PowerLossDisk disk = FileSystems[(nint)vfs]._disk;
        try
        {
            string path = TextOf(name);
            bool syncsName = (flags & OpenCreate) != 0 && (flags & (OpenMainJournal | OpenSuperJournal | OpenLog)) != 0;
            Files[(nint)file] = new OpenFile(disk, disk.Opened(path), path, (nint)file->Methods) { SyncsName = syncsName };
            file->Methods = (IoMethods*)WatchedMethods.GetOrAdd((nint)file->Methods, Watch);
            return Ok;
        }
        catch (Exception exception)
        {
            return Fail(disk, exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(Vfs* vfs, byte* name, int syncNames)
    {
        PowerLossDisk disk = FileSystems[(nint)vfs]._disk;
        try
        {
            disk.Deleted(TextOf(name), syncNames != 0);
        }
        catch (Exception exception)
        {
            return Fail(disk, exception);
        }

        return Original->Delete(Original, name, 0);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(SqliteFile* file)
    {
        Files.TryRemove((nint)file, out OpenFile? open);
        file->Methods = open!.Original;
        return file->Methods->Close(file);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(SqliteFile* file, byte* bytes, int count, long offset)
    {
        OpenFile open = Files[(nint)file];
        try
        {
            open.Disk.Written(open.File, offset, new ReadOnlySpan<byte>(bytes, count));
        }
        catch (Exception exception)
        {
            return Fail(open.Disk, exception);
        }

        return open.Original->Write(file, bytes, count, offset);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(SqliteFile* file, long length)
    {
        OpenFile open = Files[(nint)file];
        try
        {
            open.Disk.Truncated(open.File, length);
        }
        catch (Exception exception)
        {
            return Fail(open.Disk, exception);
        }

        return open.Original->Truncate(file, length);
    }

    // Not passed on: the real files need to survive nothing. A full sync differs from a normal one on macOS only.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(SqliteFile* file, int flags)
    {
        OpenFile open = Files[(nint)file];
        try
        {
            open.Disk.Synced(open.File, open.Path, (flags & SyncDataOnly) != 0, open.SyncsName);
            open.SyncsName = false;
            return Ok;
        }
        catch (Exception exception)
        {
            return Fail(open.Disk, exception);
        }
    }

    private static nint Watch(nint methods)
    {
        var watched = (IoMethods*)NativeMemory.Alloc((nuint)sizeof(IoMethods));
        *watched = *(IoMethods*)methods;
        watched->Close = &Close;
        watched->Write = &Write;
        watched->Truncate = &Truncate;
        watched->Sync = &Sync;
        return (nint)watched;
    }

    private static int Fail(PowerLossDisk disk, Exception exception)
    {
        disk.Failed(exception);
        return IoError;
    }

    private static string TextOf(byte* utf8) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(utf8));

    private sealed class OpenFile(PowerLossDisk disk, DiskFile file, string path, nint original)
    {
        public PowerLossDisk Disk => disk;

        public DiskFile File => file;

        public string Path => path;

        public IoMethods* Original => (IoMethods*)original;

        /// <summary>Whether the next sync is the first of a journal or a log, with which SQLite syncs the folder.</summary>
        public bool SyncsName { get; set; }
    }

    /// <summary>sqlite3_file: what follows belongs to the original.</summary>
    private struct SqliteFile
    {
        public IoMethods* Methods;
    }

    /// <summary>sqlite3_vfs, version 3.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Vfs
    {
        public int Version;
        public int FileBytes;
        public int PathBytesMax;
        public Vfs* Next;
        public byte* Name;
        public void* ApplicationData;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, SqliteFile*, int, int*, int> Open;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, int> Delete;
        public OtherMethods Others;

        [InlineArray(14)]
        public struct OtherMethods
        {
            private nint _first;
        }
    }

    /// <summary>sqlite3_io_methods, version 3.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoMethods
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<SqliteFile*, int> Close;
        public nint Read;
        public delegate* unmanaged[Cdecl]<SqliteFile*, byte*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<SqliteFile*, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<SqliteFile*, int, int> Sync;
        public OtherMethods Others;

        [InlineArray(13)]
        public struct OtherMethods
        {
            private nint _first;
        }
    }
}
