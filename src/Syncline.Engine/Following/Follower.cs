using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Following;

/// <summary>
/// The one way to read a log forward: history from the store, then live batches, no gap and no seam. It holds a cursor and nothing else;
/// a slow one costs nothing and loses nothing.
/// </summary>
public sealed class Follower
{
    private readonly LiveSpace _space;
    private readonly ISpaceStore _store;
    private readonly UserId _userId;
    private readonly Selection _selection;
    private readonly PageLimits _limits;
    private readonly Epoch _epoch;
    private OperationDigest? _digest;

    internal Follower(LiveSpace space, ISpaceStore store, UserId userId, long after, Selection selection, PageLimits limits)
    {
        _space = space;
        _store = store;
        _userId = userId;
        _selection = selection;
        _limits = limits;
        _epoch = space.Feed.Now.Head.Epoch;
        Cursor = after;
    }

    /// <summary>Everything up to here was read.</summary>
    public long Cursor { get; private set; }

    /// <summary>Called when the cursor has moved past operations of which none was selected.</summary>
    public Action? Passed { get; set; }

    /// <summary>Reads on.</summary>
    /// <param name="wait">Whether to wait for something selected; else an empty page at the head is an answer.</param>
    /// <param name="cancellationToken">Ends a wait; the cursor then stands at the head that was read.</param>
    /// <exception cref="SpaceAccessException">The user may not read the space any more, it is gone, or the server stops.</exception>
    public async ValueTask<FollowPage> NextAsync(bool wait, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The snapshot, and the signal in it, before the read: what is appended after this line ends the wait below.
            Feed.Snapshot snapshot = _space.Feed.Now;
            _space.DemandRole(_userId, Accounts.Role.Viewer);
            if (snapshot.Head.Epoch != _epoch)
                throw SpaceAccessException.ResyncRequired(snapshot.Head);
            FollowPage page = snapshot.Covers(Cursor)
                ? FromSnapshot(snapshot)
                : await FromStoreAsync(snapshot, cancellationToken);
            Cursor = page.Cursor;
            _digest = page.Digest;
            if (page.Operations.Count > 0 || (!wait && !page.HasMore))
                return page;
            Passed?.Invoke();
            if (!page.HasMore)
                await snapshot.Next.WaitAsync(cancellationToken);
        }
    }

    /// <summary>An empty page where the follower stands, for a wait that ended.</summary>
    public FollowPage Nothing() => new()
    {
        Operations = [],
        Encoded = [],
        Cursor = Cursor,
        Head = _space.Feed.Now.Head,
        Digest = _digest,
    };

    private FollowPage FromSnapshot(Feed.Snapshot snapshot)
    {
        // The usual case of a waiting reader: it has all but the newest batch, and shares that page as it is.
        if (snapshot.Batches is [.., { } newest] && newest.First == Cursor + 1 && _selection.IsAll
            && newest.Operations.Count <= _limits.Operations && newest.Bytes <= _limits.Bytes)
        {
            return snapshot.NewestAlone;
        }

        List<LoggedOperation> operations = [];
        List<ReadOnlyMemory<byte>> encoded = [];
        long cursor = Cursor;
        long bytes = 0;
        OperationDigest? digest = cursor == snapshot.Head.Seq ? snapshot.Head.Digest : _digest;
        foreach (OperationBatch batch in snapshot.Batches)
        {
            if (batch.Last <= cursor)
                continue;
            bool isWhole = _selection.IsAll && batch.First == cursor + 1;
            if (isWhole && operations.Count + batch.Operations.Count <= _limits.Operations && bytes + batch.Bytes <= _limits.Bytes)
            {
                operations.AddRange(batch.Operations);
                encoded.Add(batch.EncodedJson);
                bytes += batch.Bytes;
                cursor = batch.Last;
                digest = batch.Operations[^1].Digest;
                continue;
            }

            int before = operations.Count;
            bool cut = TakePart(batch, operations, ref cursor, ref bytes, ref digest);
            if (operations.Count > before)
                encoded.Add(OperationBatch.EncodeAll(operations.GetRange(before, operations.Count - before)));
            if (cut)
                break;
        }

        return Page(operations, encoded, cursor, snapshot.Head, digest);
    }

    // Takes what is selected of a batch until the page is full, without parting a group. True when it is full.
    private bool TakePart(
        OperationBatch batch, List<LoggedOperation> operations, ref long cursor, ref long bytes, ref OperationDigest? digest)
    {
        long groupEnd = cursor;
        foreach (LoggedOperation logged in batch.Operations)
        {
            if (logged.Seq <= cursor)
                continue;
            bool selected = _selection.Includes(logged.Operation.Id);
            int size = logged.Operation.Payload.Utf8.Length;
            bool isFull = operations.Count > 0 && (operations.Count >= _limits.Operations || bytes + size > _limits.Bytes);
            if (selected && isFull && logged.Seq > groupEnd)
                return true;
            if (selected)
            {
                operations.Add(logged);
                bytes += size;
                groupEnd = logged.GroupEnd;
            }

            cursor = logged.Seq;
            digest = logged.Digest;
        }

        return false;
    }

    private async ValueTask<FollowPage> FromStoreAsync(Feed.Snapshot snapshot, CancellationToken cancellationToken)
    {
        LogPage page = await _store.ReadAsync(_space.Id, Cursor, _selection, _limits, cancellationToken);

        // The role may have been lost, or the id have become another space's, while the store was reading.
        _space.DemandRole(_userId, Accounts.Role.Viewer);
        LogHead head = page.Head == snapshot.Head.Seq ? snapshot.Head : snapshot.Head with { Seq = page.Head };
        OperationDigest? digest = page.Operations.Count > 0 && page.Operations[^1].Seq == page.Cursor ? page.Operations[^1].Digest
            : page.Cursor == snapshot.Head.Seq ? snapshot.Head.Digest
            : null;
        return Page(page.Operations, encoded: page.Operations.Count == 0 ? [] : null, page.Cursor, head, digest);
    }

    private FollowPage Page(
        IReadOnlyList<LoggedOperation> operations, IReadOnlyList<ReadOnlyMemory<byte>>? encoded, long cursor, LogHead head, OperationDigest? digest) =>
        new()
        {
            Operations = operations,
            Encoded = encoded,
            Cursor = cursor,
            Head = head,
            Digest = _selection.IsAll ? digest : null,
            DigestFrom = _selection.IsAll ? FollowPage.DigestBeforeLastRun(Cursor, operations) : null,
        };
}
