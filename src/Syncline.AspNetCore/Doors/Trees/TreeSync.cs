using System.Buffers;
using System.Text.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Trees;

/// <summary>
/// Answers one sync of one client. By vectors alone: what is worth sending and not covered. By cursor: what became worth sending after it.
/// A wait looks only at new batches, and what they made worth sending; that is worked out once per batch, however many wait.
/// </summary>
internal sealed class TreeSync(LiveSpace space, UserId userId, SyncRequest request, PageLimits limits)
{
    private static readonly Selection Trees = new([TreeModel.Scope], []);

    /// <summary>What there is to send now.</summary>
    public async ValueTask<SyncAnswer> NowAsync(CancellationToken cancellationToken)
    {
        // Asked at each look: the log may begin another epoch during a wait.
        if (request.Cursor is { } after)
        {
            await space.DemandServableAsync(request.Epoch, after, cancellationToken);
            space.NoteClient(userId, request.ClientId, after);
        }

        SyncAnswer answer = request.Cursor is { } cursor ? await AfterAsync(cursor, cancellationToken) : await ByVectorsAsync(cancellationToken);

        // The role may have been lost, or the id have become another space's, while the store was reading.
        space.DemandRole(userId, Role.Viewer);
        return answer;
    }

    /// <summary>What became worth sending after a seq, a page of it.</summary>
    public async ValueTask<SyncAnswer> AfterAsync(long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            Epoch epoch = Newest.Head.Epoch;
            LogPage page = await space.ReadLogAsync(after, Trees, limits, cancellationToken);
            (List<LoggedOperation> chosen, Dictionary<ResourceId, StateVector> late, long end, Found found) = await space.ReadTreesAsync(
                userId,
                (trees, head) =>
                {
                    (List<LoggedOperation> onTime, Dictionary<ResourceId, StateVector> released, long chosenTo) = Choose(trees, page);
                    return (onTime, released, chosenTo, Look(trees, head));
                },
                cancellationToken);
            if (found.Answer.Epoch != epoch)
            {
                // The log began anew between its page and the trees, and what the client has may not be of it.
                if (request.Cursor is { } held)
                    await space.DemandServableAsync(request.Epoch, held, cancellationToken);
                continue;
            }

            foreach ((ResourceId treeId, StateVector wanted) in late)
                chosen.AddRange(await ReadAllAsync(treeId, wanted, cancellationToken));
            after = end;
            bool hasMore = end < page.Head;
            if (chosen.Count > 0 || !hasMore)
                return found.Answer with { Operations = chosen, Cursor = CursorOf(end, hasMore), HasMore = hasMore };
        }
    }

    /// <summary>The newest part of the log, to look at and to wait on.</summary>
    public Feed.Snapshot Newest => space.Feed.Now;

    /// <summary>Looks for a batch after a cursor that makes something worth sending, or, by vectors alone, brings a new tree.</summary>
    /// <param name="snapshot">Where to look; its signal says when to look again.</param>
    /// <param name="idle">What a first look found.</param>
    /// <param name="cursor">Everything up to here was looked at.</param>
    /// <param name="answer">The answer; its operations are empty only when a new tree ended the wait. Null: too far behind, look anew.</param>
    /// <returns>Whether the wait is over.</returns>
    public bool Look(Feed.Snapshot snapshot, SyncAnswer idle, ref long cursor, out SyncAnswer? answer)
    {
        answer = null;
        space.DemandRole(userId, Role.Viewer);
        if (snapshot.Head.Epoch != idle.Epoch || !snapshot.Covers(cursor))
            return true;
        foreach (OperationBatch batch in snapshot.Batches)
        {
            if (batch.Last <= cursor)
                continue;
            (List<LoggedOperation> wanted, long end) = Choose(batch, cursor);
            ResourceId[] newTrees = batch.NewTrees.Count == 0 ? [] : [.. batch.NewTrees.Where(treeId => !request.Names(treeId))];
            bool isCut = end < batch.Last;
            cursor = end;
            if (wanted.Count > 0 || newTrees.Length > 0)
            {
                answer = idle with
                {
                    Operations = wanted,
                    Cursor = CursorOf(cursor, isCut),
                    HasMore = isCut || (cursor < snapshot.Head.Seq && request.Cursor is not null),
                    OtherTrees = newTrees.Length == 0
                        ? idle.OtherTrees
                        : [.. idle.OtherTrees.Concat(newTrees).OrderBy(treeId => treeId.Value, StringComparer.Ordinal)],
                };
                return true;
            }
        }

        return false;
    }

    private bool Wants(OperationId id) => WantsTree(id.ResourceId) && !request.Covers(id.ResourceId, id.Stamp);

    // Who goes by a cursor follows all trees.
    private bool WantsTree(ResourceId treeId) => request.Cursor is not null || request.Names(treeId);

    // A cut answer to vectors alone carries no cursor: the client asks again with the grown vectors.
    private long? CursorOf(long seq, bool isCut) => isCut && request.Cursor is null ? null : seq;

    // Of a batch after a cursor: what it made worth sending, a page of it, and the seq up to which that is all. What one group makes worth
    // sending stands together, also when it grows over the limits.
    private (List<LoggedOperation> Wanted, long End) Choose(OperationBatch batch, long after)
    {
        List<LoggedOperation> wanted = [];
        long bytes = 0;
        long groupEnd = after;
        foreach ((long seq, LoggedOperation logged) in batch.NewlySendable)
        {
            if (seq <= after || !Wants(logged.Operation.Id))
                continue;
            int size = logged.Operation.Payload.Utf8.Length;
            if (seq > groupEnd && wanted.Count > 0 && (wanted.Count >= limits.Operations || bytes + size > limits.Bytes))
                return (wanted, groupEnd);
            wanted.Add(logged);
            bytes += size;
            groupEnd = batch.GroupEndAt(seq);
        }

        return (wanted, batch.Last);
    }

    private async ValueTask<SyncAnswer> ByVectorsAsync(CancellationToken cancellationToken)
    {
        (List<(ResourceId TreeId, StateVector Wanted, int Count)> plan, bool cut, Found found) = await space.ReadTreesAsync(
            userId,
            (trees, head) =>
            {
                (List<(ResourceId, StateVector, int)> wanted, bool isCut) = Plan(trees);
                return (wanted, isCut, Look(trees, head));
            },
            cancellationToken);
        List<LoggedOperation> operations = [];
        long bytes = 0;
        foreach ((ResourceId treeId, StateVector wanted, int count) in plan)
        {
            if (operations.Count > 0 && bytes >= limits.Bytes)
            {
                cut = true;
                break;
            }

            IReadOnlyList<LoggedOperation> read = await space.ReadTreeOperationsAsync(
                treeId, wanted, limits with { Bytes = limits.Bytes - bytes }, cancellationToken);
            operations.AddRange(read);
            bytes += read.Sum(logged => (long)logged.Operation.Payload.Utf8.Length);
            cut |= read.Count < count;
        }

        return found.Answer with { Operations = operations, HasMore = cut, Cursor = cut ? null : found.Head };
    }

    // The identities to send, at most a page of them, tree by tree.
    private (List<(ResourceId TreeId, StateVector Wanted, int Count)> Plan, bool Cut) Plan(TreesState trees)
    {
        List<(ResourceId TreeId, StateVector Wanted, int Count)> plan = [];
        int left = limits.Operations;
        foreach ((ResourceId treeId, StateVector held) in request.Vectors!)
        {
            if (!trees.Trees.TryGetValue(treeId, out Tree? tree))
                continue;
            StateVector wanted = new();
            int count = 0;
            foreach (Stamp stamp in tree.Sendable.WorthSending(held))
            {
                if (count == left)
                {
                    if (count > 0)
                        plan.Add((treeId, wanted, count));
                    return (plan, Cut: true);
                }

                wanted.Add(stamp);
                count++;
            }

            if (count > 0)
                plan.Add((treeId, wanted, count));
            left -= count;
        }

        return (plan, Cut: false);
    }

    // Of a page of the log: what was worth sending when it came, what waited for it and is worth sending since, and the seq up to which that
    // is all. What one group released stands together, also when it grows over the limits.
    private (List<LoggedOperation> OnTime, Dictionary<ResourceId, StateVector> Late, long End) Choose(TreesState trees, LogPage page)
    {
        List<LoggedOperation> onTime = [];
        Dictionary<ResourceId, StateVector> late = [];
        int lateCount = 0;
        long groupEnd = 0;
        foreach (LoggedOperation logged in page.Operations)
        {
            OperationId id = logged.Operation.Id;
            if (logged.Seq > groupEnd && onTime.Count + lateCount >= limits.Operations)
                return (onTime, late, groupEnd);
            groupEnd = logged.GroupEnd;
            if (!WantsTree(id.ResourceId) || !trees.Trees.TryGetValue(id.ResourceId, out Tree? tree))
                continue;
            if (tree.Sendable.ContainsOnTime(id.Stamp) && !request.Covers(id.ResourceId, id.Stamp))
                onTime.Add(logged);
            foreach ((_, Stamp stamp) in tree.Sendable.LateAfter(logged.Seq - 1, logged.Seq))
            {
                if (request.Covers(id.ResourceId, stamp))
                    continue;
                if (!late.TryGetValue(id.ResourceId, out StateVector? wanted))
                    late.Add(id.ResourceId, wanted = new StateVector());
                wanted.Add(stamp);
                lateCount++;
            }
        }

        return (onTime, late, page.Cursor);
    }

    private async ValueTask<IReadOnlyList<LoggedOperation>> ReadAllAsync(ResourceId treeId, StateVector wanted, CancellationToken cancellationToken) =>
        await space.ReadTreeOperationsAsync(treeId, wanted, new PageLimits(int.MaxValue, long.MaxValue), cancellationToken);

    private Found Look(TreesState trees, LogHead head) => new(
        new SyncAnswer
        {
            Operations = [],
            Cursor = null,
            Epoch = head.Epoch,
            HasMore = false,
            OtherTrees = [.. trees.Trees.Keys.Where(treeId => !request.Names(treeId)).OrderBy(treeId => treeId.Value, StringComparer.Ordinal)],
            Vectors = request.WantsVectors ? [.. Vectors(trees)] : null,
        },
        head.Seq);

    private IEnumerable<(ResourceId TreeId, byte[] Vector)> Vectors(TreesState trees)
    {
        foreach (Tree tree in trees.Trees.Values.OrderBy(tree => tree.Id.Value, StringComparer.Ordinal))
        {
            if (request.Vectors is not null && !request.Names(tree.Id))
                continue;
            ArrayBufferWriter<byte> buffer = new();
            using Utf8JsonWriter writer = new(buffer);
            tree.Stored.Write(writer);
            writer.Flush();
            yield return (tree.Id, buffer.WrittenSpan.ToArray());
        }
    }

    // What one look at the committed state gives beside the operations.
    private readonly record struct Found(SyncAnswer Answer, long Head);
}
