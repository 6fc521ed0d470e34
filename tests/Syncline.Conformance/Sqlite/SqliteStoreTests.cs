using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Sqlite;

namespace Syncline.Conformance.Sqlite;

/// <summary>The rules of spaces, on SQLite.</summary>
public class SqliteSpaceStoreTests : SpaceStoreConformance, IDisposable
{
    private readonly TemporaryData _data = new();
    private readonly SqliteDataFolder _folder;
    private readonly SqliteSpaceStore _store;

    /// <summary>With the default durability.</summary>
    public SqliteSpaceStoreTests()
        : this(Durability.Full)
    {
    }

    private protected SqliteSpaceStoreTests(Durability durability)
    {
        _folder = new SqliteDataFolder(_data.Options(durability));
        _store = new SqliteSpaceStore(_folder, new StandingClock(), new CountingBytes());
    }

    /// <inheritdoc />
    protected override ISpaceStore Store => _store;

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the store and removes its folder.</summary>
    protected virtual void Dispose(bool disposing)
    {
        _store.Dispose();
        _folder.Dispose();
        _data.Dispose();
    }
}

/// <summary>The rules of spaces, on SQLite with reduced durability.</summary>
public sealed class SqliteSpaceStoreWithReducedDurabilityTests() : SqliteSpaceStoreTests(Durability.Normal);

/// <summary>The rules of accounts, on SQLite.</summary>
public sealed class SqliteAccountStoreTests : AccountStoreConformance, IDisposable
{
    private readonly TemporaryData _data = new();
    private readonly SqliteDataFolder _folder;
    private readonly SqliteAccountStore _store;

    /// <summary>On a new folder.</summary>
    public SqliteAccountStoreTests()
    {
        _folder = new SqliteDataFolder(_data.Options());
        _store = new SqliteAccountStore(_folder);
    }

    /// <inheritdoc />
    protected override IAccountStore Store => _store;

    /// <inheritdoc />
    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
        _data.Dispose();
    }
}
