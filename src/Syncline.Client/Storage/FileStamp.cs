using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Syncline.Client.Storage;

/// <summary>What a file system says of a file that a copy of the file does not have in common with it.</summary>
/// <param name="Identity">Which file of its disk it is. Where that is not known, when it was made.</param>
/// <param name="ChangedAt">
/// When the file was last changed, content or otherwise, in nanoseconds since 1970. The system sets it, and nobody else can: a copy that is put into
/// the same file changes it, whatever times it brings. Where that is not known, when the content was last written.
/// </param>
internal readonly partial record struct FileStamp(long Identity, long ChangedAt)
{
    private const int NanosecondsPerTick = 100;

    private static bool _hasChangeTime = OperatingSystem.IsLinux() || OperatingSystem.IsAndroid();

    /// <exception cref="IOException">The file cannot be looked at.</exception>
    public static FileStamp Of(SafeFileHandle file)
    {
        if (_hasChangeTime)
        {
            try
            {
                return LinuxStat.Of(file);
            }
            catch (EntryPointNotFoundException)
            {
                _hasChangeTime = false; // A C library of before 2018.
            }
        }

        // .NET makes up the time of creation on Linux, where it does not know it.
        long identity = OperatingSystem.IsLinux() ? 0 : File.GetCreationTimeUtc(file).Ticks;
        return new FileStamp(identity, (File.GetLastWriteTimeUtc(file) - DateTime.UnixEpoch).Ticks * NanosecondsPerTick);
    }

    /// <summary>Keeps the file's time what it is here: Windows sets the time of a write when the file is closed.</summary>
    public void Hold(SafeFileHandle file)
    {
        if (!_hasChangeTime) File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddTicks(ChangedAt / NanosecondsPerTick));
    }

    /// <summary>Linux's <c>statx</c>, whose answer has the same layout on every processor and with every C library (man 2 statx).</summary>
    private static partial class LinuxStat
    {
        private const int OfTheDescriptor = 0x1000; // AT_EMPTY_PATH
        private const uint WantedFields = 0x180; // STATX_CTIME, STATX_INO
        private const int NanosecondsPerSecond = 1_000_000_000;

        public static FileStamp Of(SafeFileHandle file) =>
            Statx(file, "", OfTheDescriptor, WantedFields, out Answer answer) == 0
                ? new FileStamp(unchecked((long)answer.Inode), (answer.ChangedAtSeconds * NanosecondsPerSecond) + answer.ChangedAtNanoseconds)
                : throw new IOException($"Cannot look at the local store's file: {Marshal.GetLastPInvokeErrorMessage()}");

        [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int Statx(SafeFileHandle descriptor, string path, int flags, uint fields, out Answer answer);

        [StructLayout(LayoutKind.Explicit, Size = 256)]
        private struct Answer
        {
            [FieldOffset(32)]
            public ulong Inode;

            [FieldOffset(96)]
            public long ChangedAtSeconds;

            [FieldOffset(104)]
            public uint ChangedAtNanoseconds;
        }
    }
}
