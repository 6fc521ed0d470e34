using System.Text.Json;
using System.Text.Json.Serialization;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Body of <c>POST /auth/register</c>.</summary>
/// <param name="UserName">2 to 64 of <c>0-9a-z._-</c>, without regard to case; a letter or digit first.</param>
/// <param name="Password">10 to 1,024 characters.</param>
/// <param name="DisplayName">For people, at most 200 characters; the user name where it is absent.</param>
/// <param name="Invite">Needed where registration is by invite.</param>
public sealed record RegisterRequest(string UserName, string Password, string? DisplayName = null, string? Invite = null);

/// <summary>Body of <c>POST /auth/login</c>.</summary>
public sealed record LoginRequest(string UserName, string Password);

/// <summary>Body of <c>POST /auth/refresh</c>.</summary>
/// <param name="RefreshToken">The one of the last answer; each works once.</param>
public sealed record RefreshRequest(string RefreshToken);

/// <summary>A user, as answers name them.</summary>
public sealed record UserAnswer(string Id, string UserName, string DisplayName)
{
    internal static UserAnswer From(User user) => new(user.Id.Value, user.UserName, user.DisplayName);
}

/// <summary>Answer of <c>GET /auth/me</c>.</summary>
public sealed record MeAnswer(UserAnswer User);

/// <summary>Answer of register, login and refresh.</summary>
/// <param name="User">Who is logged in.</param>
/// <param name="AccessToken">For <c>Authorization: Bearer</c>.</param>
/// <param name="ExpiresIn">Seconds that the access token is good for.</param>
/// <param name="RefreshToken">For one refresh.</param>
public sealed record LoginAnswer(UserAnswer User, string AccessToken, long ExpiresIn, string RefreshToken);

/// <summary>How the messages are written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(RefreshRequest))]
[JsonSerializable(typeof(MeAnswer))]
[JsonSerializable(typeof(LoginAnswer))]
internal sealed partial class AuthJson : JsonSerializerContext;
