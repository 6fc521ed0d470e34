using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;

namespace Syncline.AspNetCore.Doors.Spaces;

/// <summary>A space to make.</summary>
/// <param name="Id">Chosen by the server when left out.</param>
/// <param name="Name">1 to 200 characters.</param>
public sealed record SpaceBody(string? Id, string Name);

/// <summary>A space's new name.</summary>
public sealed record RenameBody(string Name);

/// <summary>A member's role.</summary>
/// <param name="Role">owner, editor or viewer.</param>
public sealed record MemberBody(string Role);

/// <summary>A space as its members see it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Role">What the caller is in it.</param>
/// <param name="Epoch">Its log's epoch; left out in a list when the log cannot be read now.</param>
/// <param name="Head">Its log's last seq; left out likewise.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
public sealed record SpaceAnswer(string Id, string Name, string Role, string? Epoch, long? Head, string CreatedAt)
{
    internal static SpaceAnswer From(Membership membership, LogHead? head) =>
        From(membership.Space, membership.Role, head);

    internal static SpaceAnswer From(SpaceRecord space, Role role, LogHead? head) =>
        new(space.Id.Value, space.Name, RoleNames.Of(role), head?.Epoch.Value, head?.Seq, OperationJson.FormatTime(space.CreatedAt));
}

/// <summary>The caller's spaces.</summary>
public sealed record SpacesAnswer(IReadOnlyList<SpaceAnswer> Spaces);

/// <summary>A member of a space.</summary>
public sealed record MemberAnswer(string UserId, string UserName, string DisplayName, string Role)
{
    internal static MemberAnswer From(Member member) =>
        new(member.User.Id.Value, member.User.UserName, member.User.DisplayName, RoleNames.Of(member.Role));
}

/// <summary>How far a client has read.</summary>
/// <param name="ClientId">The client, as it calls itself.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="Cursor">The seq after which it asked last.</param>
/// <param name="Lag">How far that is behind the head.</param>
/// <param name="SeenAt">When it asked, UTC.</param>
public sealed record ClientAnswer(string ClientId, string UserId, long Cursor, long Lag, string SeenAt)
{
    internal static ClientAnswer From(ClientCursor client, long head) => new(
        client.ClientId, client.UserId.Value, client.Cursor, Math.Max(0, head - client.Cursor), OperationJson.FormatTime(client.SeenAt));
}

/// <summary>The clients of a space, the one seen last first.</summary>
public sealed record ClientsAnswer(IReadOnlyList<ClientAnswer> Clients, long Head);

/// <summary>The members of a space.</summary>
public sealed record MembersAnswer(IReadOnlyList<MemberAnswer> Members);
