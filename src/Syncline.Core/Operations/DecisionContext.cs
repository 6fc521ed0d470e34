namespace Syncline.Core.Operations;

/// <summary>What a decision may depend on beside the state.</summary>
/// <param name="UserId">Who pushes.</param>
/// <param name="Now">The server's time, UTC.</param>
/// <param name="NextServerClock">The clock that an operation of the reserved actor would take next.</param>
public readonly record struct DecisionContext(UserId UserId, DateTimeOffset Now, long NextServerClock);
