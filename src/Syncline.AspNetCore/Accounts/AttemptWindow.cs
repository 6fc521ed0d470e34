using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>
/// Counts attempts per key. A key's window begins with its first attempt; when it has as many as allowed, the key waits for the window's
/// end. The number of keys is bounded: beyond it the oldest window is dropped, so a flood of new keys costs a bounded amount of memory.
/// </summary>
internal sealed class AttemptWindow(TimeProvider timeProvider, TimeSpan length, int attemptsMax, string what, int keysMax = 100_000)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Window>> _windows = new(StringComparer.Ordinal);
    private readonly LinkedList<Window> _byStart = new();

    /// <summary>How many keys have a window now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _windows.Count;
        }
    }

    /// <summary>Throws when the key has had all its attempts.</summary>
    /// <exception cref="RequestException">It has; try again when its window ends.</exception>
    public void Demand(string key)
    {
        lock (_lock)
        {
            DropEnded();
            if (_windows.TryGetValue(key, out LinkedListNode<Window>? node))
                DemandRoom(node.Value);
        }
    }

    /// <summary>Counts an attempt.</summary>
    /// <exception cref="RequestException">The key has had all its attempts already; try again when its window ends.</exception>
    public void Add(string key)
    {
        lock (_lock)
        {
            DropEnded();
            if (!_windows.TryGetValue(key, out LinkedListNode<Window>? node))
            {
                if (_windows.Count >= keysMax)
                    Drop(_byStart.First!);
                node = _byStart.AddLast(new Window(key, timeProvider.GetTimestamp()));
                _windows.Add(key, node);
            }

            DemandRoom(node.Value);
            node.Value.Attempts++;
        }
    }

    /// <summary>Forgets the key's attempts.</summary>
    public void Clear(string key)
    {
        lock (_lock)
        {
            if (_windows.TryGetValue(key, out LinkedListNode<Window>? node))
                Drop(node);
        }
    }

    private void DemandRoom(Window window)
    {
        if (window.Attempts < attemptsMax)
            return;
        throw new RequestException(
            ErrorCodes.RateLimited,
            $"more than {attemptsMax} {what} in {length.TotalMinutes:0.#} min",
            length - timeProvider.GetElapsedTime(window.Start));
    }

    private void DropEnded()
    {
        while (_byStart.First is { } oldest && timeProvider.GetElapsedTime(oldest.Value.Start) >= length)
            Drop(oldest);
    }

    private void Drop(LinkedListNode<Window> node)
    {
        _byStart.Remove(node);
        _windows.Remove(node.Value.Key);
    }

    private sealed class Window(string key, long start)
    {
        public string Key => key;

        public long Start => start;

        public int Attempts { get; set; }
    }
}
