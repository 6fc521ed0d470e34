using System.Diagnostics;
using Syncline.Engine.Storage;
using Syncline.Sqlite;

namespace Syncline.Conformance.Sqlite;

/// <summary>The data folder: one server at a time, and whether it can be written to.</summary>
public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryData _data = new();

    /// <inheritdoc />
    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_folder_that_is_in_use_is_refused_by_name_until_it_is_given_free()
    {
        using (new SqliteDataFolder(_data.Options()))
        {
            DataFolderLockedException exception = Assert.Throws<DataFolderLockedException>(() => new SqliteDataFolder(_data.Options()));
            Assert.Equal(_data.Path, exception.Folder);
            Assert.Contains(_data.Path, exception.Message, StringComparison.Ordinal);
        }

        new SqliteDataFolder(_data.Options()).Dispose();
    }

    [Fact]
    public async Task A_killed_process_leaves_no_lock()
    {
        if (!File.Exists("/usr/bin/flock")) return; // util-linux: the same lock that .NET takes, in a process that can be killed.
        using Process holder = Process.Start(
            new ProcessStartInfo("/usr/bin/flock", ["--no-fork", _data.PathOf("syncline.lock"), "sh", "-c", "echo locked; exec sleep 60"])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            })!;
        Assert.Equal("locked", await holder.StandardOutput.ReadLineAsync());
        Assert.Throws<DataFolderLockedException>(() => new SqliteDataFolder(_data.Options()));

        holder.Kill();
        await holder.WaitForExitAsync();

        new SqliteDataFolder(_data.Options()).Dispose();
    }

    [Fact]
    public void A_folder_that_is_not_there_is_made()
    {
        using SqliteDataFolder folder = new(new SqliteOptions { Folder = _data.PathOf("new", "deep") });

        Assert.True(Directory.Exists(folder.Path));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.Path));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("x", 0)]
    public void Options_out_of_bounds_are_refused(string folder, int openSpacesMax) =>
        Assert.ThrowsAny<ArgumentException>(() => new SqliteDataFolder(new SqliteOptions { Folder = folder, OpenSpacesMax = openSpacesMax }));

    [Fact]
    public async Task The_check_leaves_nothing_behind()
    {
        using SqliteServer server = new(_data);

        await server.Store.CheckAsync(default);
        await server.Store.CheckAsync(default);

        Assert.Equal([_data.PathOf("syncline.lock")], Directory.EnumerateFileSystemEntries(_data.Path));
    }

    [Fact]
    public async Task The_check_fails_when_the_folder_cannot_be_written_to()
    {
        using SqliteServer server = new(_data);
        Directory.CreateDirectory(_data.PathOf("syncline.check"));

        StoreUnavailableException exception =
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.CheckAsync(default));

        Assert.False(exception.OutcomeUnknown);
        Assert.DoesNotContain(_data.Path, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_check_fails_when_the_folder_is_gone()
    {
        using TemporaryData other = new();
        using SqliteServer server = new(other);
        Directory.Delete(other.Path, recursive: true);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await server.Store.CheckAsync(default));
        Directory.CreateDirectory(other.Path);
    }
}
