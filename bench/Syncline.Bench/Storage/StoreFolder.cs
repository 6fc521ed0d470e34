using System.Globalization;
using System.Security.Cryptography;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Storage;
using Syncline.Sqlite;

namespace Syncline.Bench.Storage;

/// <summary>The product's store on a folder of its own.</summary>
internal sealed class StoreFolder : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private SqliteDataFolder _folder;

    public StoreFolder(int openSpacesMax = 256)
    {
        _folder = new SqliteDataFolder(new SqliteOptions { Folder = _temporary.Path, OpenSpacesMax = openSpacesMax });
        Store = new SqliteSpaceStore(_folder, TimeProvider.System, new Randomness());
    }

    public SqliteSpaceStore Store { get; private set; }

    public static SpaceId Space(int number) => new(string.Create(CultureInfo.InvariantCulture, $"{number % 256:x2}{number:x8}"));

    public string FileOf(SpaceId space) => Path.Combine(_temporary.Path, space.Value[..2], space.Value + ".db");

    public LogHead Create(SpaceId space)
    {
        Store.CreateAsync(space, new Epoch("epoch-1"), Workload.ReceivedAt, CancellationToken.None).Wait();
        return LogHead.Empty(new Epoch("epoch-1"));
    }

    /// <summary>Closes all files in order and starts anew: nothing is open, and no name is known.</summary>
    public void Restart(int openSpacesMax = 256)
    {
        Store.Dispose();
        _folder.Dispose();
        _folder = new SqliteDataFolder(new SqliteOptions { Folder = _temporary.Path, OpenSpacesMax = openSpacesMax });
        Store = new SqliteSpaceStore(_folder, TimeProvider.System, new Randomness());
    }

    public void Dispose()
    {
        Store.Dispose();
        _folder.Dispose();
        _temporary.Dispose();
    }

    internal sealed class Randomness : IRandomBytes
    {
        public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
    }
}

/// <summary>The store does its work on the calling thread: a task of it is always complete.</summary>
internal static class Completed
{
    public static void Wait(this ValueTask task) => task.GetAwaiter().GetResult();

    public static T Wait<T>(this ValueTask<T> task) => task.GetAwaiter().GetResult();
}
