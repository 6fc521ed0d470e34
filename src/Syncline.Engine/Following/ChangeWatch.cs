using Syncline.Core.Operations;

namespace Syncline.Engine.Following;

/// <summary>
/// One signal for many spaces and for a user's memberships, for a client that waits on all of them. Spaces are watched by their id, so
/// those that nobody uses stay closed.
/// </summary>
public sealed class ChangeWatch : IDisposable
{
    private readonly Registry _registry;
    private readonly UserId _userId;
    private readonly HashSet<SpaceId> _spaces = [];
    private volatile TaskCompletionSource _changed = NewSignal();

    private ChangeWatch(Registry registry, UserId userId)
    {
        _registry = registry;
        _userId = userId;
    }

    /// <summary>Ends at the next change, and when the server stops. Take it before looking, and after a change take it anew.</summary>
    public Task Changed => _registry.SignalOf(this);

    internal Task SignalNow => _changed.Task;

    /// <summary>Whether the server stops, and nothing more will change.</summary>
    public bool IsStopped => _registry.IsStopped;

    /// <summary>Watches more spaces, from now on. The user's own: a watch of any space anybody names would wake for what is not theirs.</summary>
    public void Add(IEnumerable<SpaceId> spaces) => _registry.Add(this, spaces);

    /// <inheritdoc />
    public void Dispose() => _registry.Remove(this);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal() => Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();

    /// <summary>Who watches what. Memory follows the open watches.</summary>
    public sealed class Registry
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<SpaceId, HashSet<ChangeWatch>> _bySpace = [];
        private readonly Dictionary<UserId, HashSet<ChangeWatch>> _byUser = [];

        /// <summary>How a watch's signal is taken: as it is now. The simulation takes it otherwise, to see that this is found.</summary>
        internal Func<ChangeWatch, Task> SignalOf { get; init; } = static watch => watch.SignalNow;

        /// <summary>Whether the server stops.</summary>
        public bool IsStopped { get; private set; }

        /// <summary>Begins to watch.</summary>
        public ChangeWatch Watch(UserId userId, IEnumerable<SpaceId> spaces)
        {
            ChangeWatch watch = new(this, userId);
            lock (_lock)
            {
                Add(_byUser, userId, watch);
                if (IsStopped)
                    watch.Signal();
            }

            Add(watch, spaces);
            return watch;
        }

        internal void Add(ChangeWatch watch, IEnumerable<SpaceId> spaces)
        {
            lock (_lock)
            {
                foreach (SpaceId space in spaces)
                {
                    if (watch._spaces.Add(space))
                        Add(_bySpace, space, watch);
                }
            }
        }

        internal void SpaceChanged(SpaceId space) => Signal(_bySpace, space);

        internal void MembershipChanged(UserId userId) => Signal(_byUser, userId);

        internal void Stop()
        {
            lock (_lock)
            {
                IsStopped = true;
                foreach (ChangeWatch watch in _byUser.Values.SelectMany(set => set))
                    watch.Signal();
            }
        }

        internal void Remove(ChangeWatch watch)
        {
            lock (_lock)
            {
                foreach (SpaceId space in watch._spaces)
                    Remove(_bySpace, space, watch);
                Remove(_byUser, watch._userId, watch);
            }
        }

        private static void Add<TKey>(Dictionary<TKey, HashSet<ChangeWatch>> watches, TKey key, ChangeWatch watch)
            where TKey : notnull
        {
            if (!watches.TryGetValue(key, out HashSet<ChangeWatch>? set))
                watches.Add(key, set = []);
            set.Add(watch);
        }

        private static void Remove<TKey>(Dictionary<TKey, HashSet<ChangeWatch>> watches, TKey key, ChangeWatch watch)
            where TKey : notnull
        {
            if (watches.TryGetValue(key, out HashSet<ChangeWatch>? set) && set.Remove(watch) && set.Count == 0)
                watches.Remove(key);
        }

        private void Signal<TKey>(Dictionary<TKey, HashSet<ChangeWatch>> watches, TKey key)
            where TKey : notnull
        {
            lock (_lock)
            {
                if (watches.TryGetValue(key, out HashSet<ChangeWatch>? set))
                {
                    foreach (ChangeWatch watch in set)
                        watch.Signal();
                }
            }
        }
    }
}
