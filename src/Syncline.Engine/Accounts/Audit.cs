using Syncline.Core.Operations;

namespace Syncline.Engine.Accounts;

/// <summary>Who did something, and when, for the audit trail that is written with it.</summary>
/// <param name="By">The acting user; null for the operator at the command line.</param>
/// <param name="At">The server's time, UTC.</param>
public readonly record struct Audit(UserId? By, DateTimeOffset At);
