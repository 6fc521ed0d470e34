using LibSqlite;
using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>
/// Binds a run of own operations to the statement that inserts them. They mostly share resource and actor: what the one before had is compared first, which
/// costs a tenth of a look-up.
/// </summary>
internal sealed class OwnRows(LocalNames names)
{
    public const string Insert =
        """
        INSERT INTO own (number, space, resource, actor, clock, hash, state, seq, made_at, tx, key, refusal, detail, payload)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
        """;

    private OperationId _last;
    private long _resource;
    private LocalNames.InternedActor? _actor;

    public void Bind(SqliteStatement insert, long space, OwnOperation own)
    {
        Operation operation = own.Operation;
        Intern(operation.Id);
        insert.Bind(1, own.Number);
        insert.Bind(2, space);
        insert.Bind(3, _resource);
        insert.Bind(4, _actor!.Number);
        insert.Bind(5, operation.Id.Clock);
        insert.Bind(6, unchecked((long)operation.Hash));
        insert.Bind(7, (long)own.State);
        insert.Bind(8, own.Seq);
        insert.Bind(9, own.MadeAt.ToUnixTimeMilliseconds());
        insert.BindText(10, operation.Tx);
        insert.BindText(11, operation.Key);
        insert.BindText(12, own.Refusal?.Code);
        insert.BindText(13, own.Refusal?.Detail);
        insert.BindBlob(14, operation.Payload.Utf8.Span);
    }

    private void Intern(in OperationId id)
    {
        if (id.ResourceId != _last.ResourceId || id.Scope != _last.Scope) _resource = names.InternResource(id.Scope, id.ResourceId);
        if (_actor is null || id.Actor != _last.Actor) names.MakeOwn(_actor = names.InternActor(id.Actor));
        _last = id;
    }
}
