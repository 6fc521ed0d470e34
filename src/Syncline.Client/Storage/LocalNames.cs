using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>The names of a store's rows and the numbers that stand for them, remembered in memory.</summary>
internal sealed class LocalNames(SqliteConnection connection)
{
    // A space that many devices come and go in must not keep every name it ever had in memory.
    private const int RememberedMax = 4096;

    // By the plain text: the runtime hashes strings that are keys themselves faster than those inside of another type.
    private readonly Dictionary<string, long> _spaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InternedActor> _actors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<(Scope, ResourceId), long> _resources = [];
    private readonly Dictionary<long, ActorId> _actorNames = [];
    private readonly Dictionary<long, UserId> _userNames = [];
    private readonly Dictionary<long, (Scope Scope, ResourceId Id)> _resourceNames = [];

    /// <summary>The number of a space; null when it is not there.</summary>
    public long? FindSpace(SpaceId space)
    {
        if (_spaces.TryGetValue(space.Value, out long known)) return known;
        if (Find("SELECT id FROM spaces WHERE name = ?1", space.Value) is not { } found) return null;
        return _spaces[space.Value] = found;
    }

    /// <exception cref="ArgumentException">It is not there.</exception>
    public long DemandSpace(SpaceId space) =>
        FindSpace(space) ?? throw new ArgumentException($"The space {space} is not in the store: add it first.", nameof(space));

    public InternedActor InternActor(ActorId actor)
    {
        if (_actors.TryGetValue(actor.Value, out InternedActor? known)) return known;

        using (SqliteStatement find = connection.Cached("SELECT id, is_own FROM actors WHERE name = ?1"))
        {
            find.BindText(1, actor.Value);
            if (find.Step()) return _actors[actor.Value] = new InternedActor(find.Int64(0)) { IsOwn = find.Int64(1) != 0 };
        }

        using SqliteStatement insert = connection.Cached("INSERT INTO actors (name, is_own) VALUES (?1, 0)");
        insert.BindText(1, actor.Value);
        insert.Run();
        return _actors[actor.Value] = new InternedActor(connection.LastInsertRowId);
    }

    /// <summary>From now on operations of this actor are looked for among the own ones.</summary>
    public void MakeOwn(InternedActor actor)
    {
        if (actor.IsOwn) return;

        using SqliteStatement make = connection.Cached("UPDATE actors SET is_own = 1 WHERE id = ?1");
        make.Bind(1, actor.Number);
        make.Run();
        actor.IsOwn = true;
    }

    public long InternResource(Scope scope, ResourceId id)
    {
        if (_resources.TryGetValue((scope, id), out long known)) return known;

        using (SqliteStatement find = connection.Cached("SELECT id FROM resources WHERE scope = ?1 AND name = ?2"))
        {
            find.BindText(1, scope.Value);
            find.BindText(2, id.Value);
            if (find.Step()) return _resources[(scope, id)] = find.Int64(0);
        }

        using SqliteStatement insert = connection.Cached("INSERT INTO resources (scope, name) VALUES (?1, ?2)");
        insert.BindText(1, scope.Value);
        insert.BindText(2, id.Value);
        insert.Run();
        return _resources[(scope, id)] = connection.LastInsertRowId;
    }

    public long InternUser(UserId user)
    {
        if (_users.TryGetValue(user.Value, out long known)) return known;
        if (Find("SELECT id FROM users WHERE name = ?1", user.Value) is { } found) return _users[user.Value] = found;

        using SqliteStatement insert = connection.Cached("INSERT INTO users (name) VALUES (?1)");
        insert.BindText(1, user.Value);
        insert.Run();
        return _users[user.Value] = connection.LastInsertRowId;
    }

    public ActorId ActorOf(long number)
    {
        if (_actorNames.TryGetValue(number, out ActorId known)) return known;
        using SqliteStatement find = FindBy("SELECT name FROM actors WHERE id = ?1", number);
        return _actorNames[number] = new ActorId(find.Text(0));
    }

    public UserId UserOf(long number)
    {
        if (_userNames.TryGetValue(number, out UserId known)) return known;
        using SqliteStatement find = FindBy("SELECT name FROM users WHERE id = ?1", number);
        return _userNames[number] = new UserId(find.Text(0));
    }

    public (Scope Scope, ResourceId Id) ResourceOf(long number)
    {
        if (_resourceNames.TryGetValue(number, out (Scope, ResourceId) known)) return known;
        using SqliteStatement find = FindBy("SELECT scope, name FROM resources WHERE id = ?1", number);
        return _resourceNames[number] = (new Scope(find.Text(0)), new ResourceId(find.Text(1)));
    }

    /// <summary>The space is no longer there.</summary>
    public void ForgetSpace(SpaceId space) => _spaces.Remove(space.Value);

    /// <summary>Forgets all: what was interned in a transaction that is rolled back is not in the file.</summary>
    public void Forget()
    {
        _spaces.Clear();
        _actors.Clear();
        _users.Clear();
        _resources.Clear();
        _actorNames.Clear();
        _userNames.Clear();
        _resourceNames.Clear();
    }

    /// <summary>Called between two calls of the store.</summary>
    public void ForgetWhenMany()
    {
        if (Math.Max(Math.Max(_actors.Count, _actorNames.Count), Math.Max(_resources.Count, _resourceNames.Count)) > RememberedMax
            || Math.Max(_users.Count, _userNames.Count) > RememberedMax)
        {
            Forget();
        }
    }

    private long? Find(string sql, string name)
    {
        using SqliteStatement find = connection.Cached(sql);
        find.BindText(1, name);
        return find.Step() ? find.Int64(0) : null;
    }

    private SqliteStatement FindBy(string sql, long number)
    {
        SqliteStatement find = connection.Cached(sql);
        find.Bind(1, number);
        if (find.Step()) return find;

        find.Dispose();
        throw new LocalStoreException("The local store's file is damaged: a name that is used in it is missing.");
    }

    /// <summary>An actor's number, and whether operations were made here as this actor.</summary>
    internal sealed class InternedActor(long number)
    {
        public long Number => number;

        public bool IsOwn { get; set; }
    }
}
