using Syncline.Core.Tree;

namespace Syncline.Sqlite.Spaces;

/// <summary>
/// A state vector met in the order of the identity's index, clock and then actor's number: what is still wanted after a place. Each actor's
/// ranges are gone through once, so passing over them costs no more than reading the vector did.
/// </summary>
internal sealed class WantedClocks
{
    private readonly Dictionary<long, Actor> _actors = [];

    // Places as they were when last looked at: never beyond the true ones, so the first is made true before it is given out.
    private readonly PriorityQueue<Actor, Place> _next = new();
    private Place _passed;

    /// <summary>The first place that is wanted after all that was passed; null when there is none.</summary>
    public Place? First
    {
        get
        {
            while (_next.TryPeek(out Actor? actor, out Place place))
            {
                if (place.CompareTo(_passed) > 0) return place;
                if (actor.After(_passed) is { } moved) _next.DequeueEnqueue(actor, moved);
                else _next.Dequeue();
            }

            return null;
        }
    }

    public void Add(long number, ClockRanges ranges)
    {
        Actor actor = new(number, ranges.GetEnumerator());
        if (actor.After(_passed) is not { } place) return;
        _actors.Add(number, actor);
        _next.Enqueue(actor, place);
    }

    /// <summary>Whether the operation is wanted. Asked in ascending order.</summary>
    public bool Contains(in Place place, out bool isLastOfRange)
    {
        isLastOfRange = false;
        return _actors.TryGetValue(place.Actor, out Actor? actor) && actor.Contains(place.Clock, out isLastOfRange);
    }

    /// <summary>Nothing up to and including this place is wanted any more.</summary>
    public void Pass(in Place place) => _passed = place;

    /// <summary>A place in the identity's index.</summary>
    public readonly record struct Place(long Clock, long Actor) : IComparable<Place>
    {
        public int CompareTo(Place other) => Clock != other.Clock ? Clock.CompareTo(other.Clock) : Actor.CompareTo(other.Actor);
    }

    private sealed class Actor
    {
        private readonly long _number;
        private readonly IEnumerator<ClockRange> _ranges;
        private ClockRange _range;
        private bool _isOver;

        public Actor(long number, IEnumerator<ClockRange> ranges)
        {
            _number = number;
            _ranges = ranges;
            MoveNext();
        }

        public bool Contains(long clock, out bool isLastOfRange)
        {
            MoveTo(clock);
            isLastOfRange = !_isOver && _range.Last == clock;
            return !_isOver && _range.First <= clock;
        }

        public Place? After(in Place passed)
        {
            long clock = _number > passed.Actor ? passed.Clock : passed.Clock + 1;
            MoveTo(clock);
            return _isOver ? null : new Place(Math.Max(clock, _range.First), _number);
        }

        private void MoveTo(long clock)
        {
            while (!_isOver && _range.Last < clock)
                MoveNext();
        }

        private void MoveNext()
        {
            _isOver = !_ranges.MoveNext();
            _range = _isOver ? default : _ranges.Current;
        }
    }
}
