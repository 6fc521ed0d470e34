using Syncline.Core.Operations;

namespace Syncline.Client.Storage;

/// <summary>What a local store says of itself.</summary>
/// <param name="Actor">Numbers the operations that are made here. A new one when the store was made, copied or put back from a backup.</param>
/// <param name="NextNumber">Greater than the number of every own operation.</param>
/// <param name="Account">Whose data it is; null before the server first said so.</param>
/// <param name="RefreshToken">What a login left to go on with; null when there is none.</param>
public sealed record LocalDevice(ActorId Actor, long NextNumber, LocalAccount? Account, string? RefreshToken);
