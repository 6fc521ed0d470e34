using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>Binds a run of received operations to the statement that inserts them, as <see cref="OwnRows"/> does.</summary>
internal sealed class ReceivedRows(LocalNames names)
{
    public const string Insert =
        """
        INSERT INTO operations (place, resource, actor, clock, hash, user, received_at, tx, key, payload)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """;

    private OperationId _last;
    private UserId _lastUser;
    private long _user;
    private LocalNames.InternedActor? _actor;

    /// <summary>What the operation that was bound last changes.</summary>
    public long Resource { get; private set; }

    /// <returns>Whose operation it is.</returns>
    public LocalNames.InternedActor Bind(SqliteStatement insert, long space, LoggedOperation logged)
    {
        Operation operation = logged.Operation;
        LocalNames.InternedActor actor = Intern(operation.Id, logged.UserId);
        insert.Bind(1, LocalSchema.PlaceOf(space, logged.Seq));
        insert.Bind(2, Resource);
        insert.Bind(3, actor.Number);
        insert.Bind(4, operation.Id.Clock);
        insert.Bind(5, unchecked((long)operation.Hash));
        insert.Bind(6, _user);
        insert.Bind(7, logged.ReceivedAt.ToUnixTimeMilliseconds());
        insert.BindText(8, operation.Tx);
        insert.BindText(9, operation.Key);
        insert.BindBlob(10, operation.Payload.Utf8.Span);
        return actor;
    }

    private LocalNames.InternedActor Intern(in OperationId id, UserId user)
    {
        if (id.ResourceId != _last.ResourceId || id.Scope != _last.Scope) Resource = names.InternResource(id.Scope, id.ResourceId);
        if (user != _lastUser) _user = names.InternUser(_lastUser = user);
        if (_actor is null || id.Actor != _last.Actor) _actor = names.InternActor(id.Actor);
        _last = id;
        return _actor;
    }
}
