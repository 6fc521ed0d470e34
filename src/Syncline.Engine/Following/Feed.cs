using System.Collections.Immutable;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Following;

/// <summary>
/// The newest part of a space's log, and the signal that there is more. Both are one immutable snapshot: a reader takes it, reads, and waits
/// on the signal of that same snapshot, so nothing can arrive unseen between its look and its wait.
/// </summary>
public sealed class Feed
{
    private const int BatchesKept = 64;
    private const long BytesKept = 1024 * 1024;

    // What an operation takes in memory beside its payload, about.
    private const int BytesBesidePayload = 512;
    private readonly Lock _publishing = new();
    private long _bytes;
    private volatile Snapshot _now;

    /// <param name="head">The log's head; what is before it is read from the store.</param>
    internal Feed(LogHead head) => _now = new Snapshot(head, []);

    /// <summary>What is published now, and the signal for what comes next.</summary>
    public Snapshot Now => _now;

    internal void Publish(LogHead head, IReadOnlyList<OperationBatch> batches)
    {
        Snapshot before;
        lock (_publishing)
        {
            before = _now;
            foreach (OperationBatch batch in batches)
                _bytes += Weight(batch);
            int dropped = 0;
            int count = before.Batches.Length + batches.Count;
            for (; count - dropped > 1 && (count - dropped > BatchesKept || _bytes > BytesKept); dropped++)
                _bytes -= Weight(dropped < before.Batches.Length ? before.Batches[dropped] : batches[dropped - before.Batches.Length]);
            _now = new Snapshot(head, [.. before.Batches.AsSpan()[Math.Min(dropped, before.Batches.Length)..], .. batches.Skip(dropped - before.Batches.Length)]);
        }

        before.Signal();
    }

    /// <summary>Begins anew on another life of the log.</summary>
    internal void Replace(LogHead head)
    {
        Snapshot before;
        lock (_publishing)
        {
            before = _now;
            _bytes = 0;
            _now = new Snapshot(head, []);
        }

        before.Signal();
    }

    /// <summary>Wakes all readers so that they look again at what they may read.</summary>
    internal void Pulse()
    {
        Snapshot before;
        lock (_publishing)
        {
            before = _now;
            _now = new Snapshot(before.Head, before.Batches);
        }

        before.Signal();
    }

    private static long Weight(OperationBatch batch) => batch.Bytes + ((long)batch.Operations.Count * BytesBesidePayload);

    /// <summary>The log's head and newest batches at one moment.</summary>
    public sealed class Snapshot
    {
        private readonly TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private FollowPage? _newestAlone;

        internal Snapshot(LogHead head, ImmutableArray<OperationBatch> batches)
        {
            Head = head;
            Batches = batches;
        }

        /// <summary>The log's head.</summary>
        public LogHead Head { get; }

        /// <summary>The newest batches, oldest first; bounded, so there may be older ones in the store only.</summary>
        public ImmutableArray<OperationBatch> Batches { get; }

        /// <summary>Ends when there is a newer snapshot.</summary>
        public Task Next => _next.Task;

        /// <summary>Whether <see cref="Batches"/> has everything after <paramref name="after"/>.</summary>
        public bool Covers(long after) => after >= Head.Seq || (Batches.Length > 0 && after >= Batches[0].First - 1);

        /// <summary>The newest of at least one batch as a page, for all who have everything before it.</summary>
        internal FollowPage NewestAlone
        {
            get
            {
                // Two readers may both make it the first time; the pages are equal, and one of them stays.
                OperationBatch newest = Batches[^1];
                return _newestAlone ??= new FollowPage
                {
                    Operations = newest.Operations,
                    Encoded = newest.EncodedAlone,
                    Cursor = newest.Last,
                    Head = Head,
                    Digest = newest.Operations[^1].Digest,
                    DigestFrom = FollowPage.DigestBeforeLastRun(newest.First - 1, newest.Operations),
                    IsShared = true,
                };
            }
        }

        internal void Signal() => _next.TrySetResult();
    }
}
