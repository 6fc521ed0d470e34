using Syncline.Core.Operations;

namespace Syncline.Engine.Accounts;

/// <summary>A space as the platform knows it; its log is elsewhere.</summary>
public sealed record SpaceRecord(SpaceId Id, string Name, DateTimeOffset CreatedAt);
