using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Engine;

namespace Syncline.AspNetCore.Doors;

/// <summary>Bounds how many requests of one user wait at one time, and for how long.</summary>
internal sealed class WaitGate(IOptions<LimitOptions> limits, ICallers callers, EngineMeters meters, TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<UserId, int> _waits = [];
    private int _count;

    /// <summary>How many requests wait now, their time running.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Enters a wait. Dispose to leave it.</summary>
    /// <param name="caller">Who waits; never beyond the life of their token.</param>
    /// <param name="asked">The time asked for, lowered to the limit.</param>
    /// <param name="aborted">Ends the wait when the client goes away.</param>
    public Wait Enter(Caller caller, TimeSpan asked, CancellationToken aborted)
    {
        TimeSpan left = caller.ExpiresAt - timeProvider.GetUtcNow();
        TimeSpan time = new(Math.Max(0, Math.Min(Math.Min(asked.Ticks, limits.Value.WaitMax.Ticks), left.Ticks)));
        int waits = _waits.AddOrUpdate(caller.UserId, 1, (_, count) => count + 1);
        if (waits > limits.Value.WaitsPerUserMax)
        {
            Leave(caller.UserId);
            throw new RequestException(
                ErrorCodes.TooManyWaits, $"more than {limits.Value.WaitsPerUserMax} requests of this user are waiting", TimeSpan.FromSeconds(5));
        }

        Wait wait = new(this, caller, time, timeProvider, aborted);
        meters.Waits.Add(1);
        Interlocked.Increment(ref _count);
        return wait;
    }

    private ICallers Callers => callers;

    private void CountLeft()
    {
        meters.Waits.Add(-1);
        Interlocked.Decrement(ref _count);
    }

    private void Leave(UserId userId)
    {
        while (_waits.TryGetValue(userId, out int count))
        {
            bool left = count == 1
                ? _waits.TryRemove(new KeyValuePair<UserId, int>(userId, count))
                : _waits.TryUpdate(userId, count - 1, count);
            if (left)
                return;
        }
    }

    /// <summary>A wait in progress.</summary>
    public sealed class Wait : IDisposable
    {
        private readonly WaitGate _gate;
        private readonly Caller _caller;
        private readonly CancellationToken _aborted;
        private readonly CancellationTokenRegistration _onAborted;

        // One source for all that ends a wait: thousands of them are open at one time.
        private readonly CancellationTokenSource _over;

        internal Wait(WaitGate gate, Caller caller, TimeSpan time, TimeProvider timeProvider, CancellationToken aborted)
        {
            _gate = gate;
            _caller = caller;
            _aborted = aborted;
            _over = new CancellationTokenSource(time, timeProvider);
            _onAborted = aborted.UnsafeRegister(static over => ((CancellationTokenSource)over!).Cancel(), _over);
            gate.Callers.EnterWait(caller, _over);
        }

        /// <summary>Cancelled at the end of the time, with the caller's login, and when the client goes away.</summary>
        public CancellationToken Token => _over.Token;

        /// <summary>Whether the wait is over, the client still being there to be told.</summary>
        public bool IsOver => _over.IsCancellationRequested && !_aborted.IsCancellationRequested;

        /// <summary>Demands that who waited may still be answered: the login may have ended while nobody looked.</summary>
        /// <exception cref="RequestException">It has.</exception>
        public void DemandCaller()
        {
            if (_gate.Callers.HasEnded(_caller))
                throw new RequestException(ErrorCodes.Unauthenticated, "the login has ended during the wait");
        }

        /// <inheritdoc />
        public void Dispose()
        {
            // First, and waited for: afterwards nobody cancels what is disposed.
            _onAborted.Dispose();
            _gate.Callers.LeaveWait(_caller, _over);
            _gate.Leave(_caller.UserId);
            _gate.CountLeft();
            _over.Dispose();
        }
    }
}
