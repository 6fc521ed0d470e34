using Syncline.Engine;
using Syncline.Sqlite;

namespace Syncline.Conformance.Sqlite;

/// <summary>A data folder of a test's own, deleted at the end.</summary>
public sealed class TemporaryData : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("syncline-");

    /// <summary>Its path.</summary>
    public string Path => _folder.FullName;

    /// <summary>A path inside it.</summary>
    public string PathOf(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    /// <summary>Options for it.</summary>
    public SqliteOptions Options(Durability durability = Durability.Full, int openSpacesMax = 256) =>
        new() { Folder = Path, Durability = durability, OpenSpacesMax = openSpacesMax };

    /// <inheritdoc />
    public void Dispose() => _folder.Delete(recursive: true);
}

/// <summary>Bytes that count up, so that a test knows its ids.</summary>
public sealed class CountingBytes : IRandomBytes
{
    private byte _next = 1;

    /// <inheritdoc />
    public void Fill(Span<byte> destination) => destination.Fill(_next++);
}

/// <summary>A clock that stands still.</summary>
public sealed class StandingClock : TimeProvider
{
    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => Operations.Now;
}
