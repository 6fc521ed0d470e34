using Microsoft.AspNetCore.Http;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Finds out who makes a request; one implementation per <see cref="AuthMode"/>.</summary>
internal interface ICallers
{
    /// <summary>The caller, or null when the request does not say who it is from.</summary>
    /// <exception cref="Doors.RequestException">The request must not be answered at all, whoever it is from.</exception>
    ValueTask<Caller?> FindAsync(HttpContext context);

    /// <summary>Whether the caller's login has ended since the request was let in: after a wait it gets nothing any more.</summary>
    bool HasEnded(Caller caller) => false;

    /// <summary>Has a wait of the caller's cancelled when their login ends, until <see cref="LeaveWait"/>.</summary>
    void EnterWait(Caller caller, CancellationTokenSource wait)
    {
    }

    /// <summary>Ends what <see cref="EnterWait"/> began.</summary>
    void LeaveWait(Caller caller, CancellationTokenSource wait)
    {
    }

    /// <summary>Refuses requests that must not be answered at all, those that need no caller included.</summary>
    void Screen(HttpContext context);
}
