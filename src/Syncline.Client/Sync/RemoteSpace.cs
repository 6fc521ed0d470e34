namespace Syncline.Client.Sync;

/// <summary>A space as the server shows it to its members.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Role">What the user may do in it: owner, editor or viewer.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
public sealed record RemoteSpace(string Id, string Name, string Role, DateTimeOffset CreatedAt);
