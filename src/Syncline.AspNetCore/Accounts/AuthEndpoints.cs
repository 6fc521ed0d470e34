using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>The door of the accounts: <c>/auth/*</c>. Everything but <c>/auth/me</c> is there in mode Local only.</summary>
internal static class AuthEndpoints
{
    private const string Json = "application/json";
    private static readonly DoorFilter.AnonymousEndpoint Anonymous = new();

    /// <summary>Maps the endpoints; the group brings <see cref="DoorFilter"/>.</summary>
    public static void Map(RouteGroupBuilder group)
    {
        RouteGroupBuilder auth = group.MapGroup("/auth").WithTags("Accounts");

        auth.MapPost("/register", RegisterAsync)
            .WithMetadata(Anonymous)
            .WithName("Register")
            .WithSummary("Makes an account and logs it in.")
            .TakesJson<RegisterRequest>()
            .Produces<LoginAnswer>(StatusCodes.Status201Created, Json)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);

        auth.MapPost("/login", LoginAsync)
            .WithMetadata(Anonymous)
            .WithName("LogIn")
            .WithSummary("Starts a login.")
            .TakesJson<LoginRequest>()
            .Produces<LoginAnswer>(StatusCodes.Status200OK, Json)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);

        auth.MapPost("/refresh", RefreshAsync)
            .WithMetadata(Anonymous)
            .WithName("Refresh")
            .WithSummary("Gives new tokens for a refresh token, which works once; a second use ends the login.")
            .TakesJson<RefreshRequest>()
            .Produces<LoginAnswer>(StatusCodes.Status200OK, Json)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status404NotFound);

        auth.MapPost("/logout", LogoutAsync)
            .WithName("LogOut")
            .WithSummary("Ends the caller's login, its access tokens included.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status404NotFound);

        auth.MapGet("/me", MeAsync)
            .WithName("Me")
            .WithSummary("Says who the caller is.")
            .Produces<MeAnswer>(StatusCodes.Status200OK, Json)
            .ProducesProblem(StatusCodes.Status401Unauthorized);
    }

    private static async Task<IResult> RegisterAsync(
        HttpContext context, LocalAccounts accounts, RegistrationPolicy policy, IOptions<AuthOptions> auth, IOptions<LimitOptions> limits)
    {
        DemandLocal(auth);
        RegisterRequest request = ReadRegister(await RequestBody.ReadAsync(context, limits.Value, RequestBody.SmallBytesMax));
        LoginAnswer answer = await accounts.RegisterAsync(
            request, policy.For(context), context.Connection.RemoteIpAddress, context.RequestAborted);
        return Answer(context, answer, StatusCodes.Status201Created);
    }

    private static async Task<IResult> LoginAsync(
        HttpContext context, LocalAccounts accounts, IOptions<AuthOptions> auth, IOptions<LimitOptions> limits)
    {
        DemandLocal(auth);
        LoginRequest request = ReadLogin(await RequestBody.ReadAsync(context, limits.Value, RequestBody.SmallBytesMax));
        return Answer(context, await accounts.LoginAsync(request, context.Connection.RemoteIpAddress, context.RequestAborted));
    }

    private static async Task<IResult> RefreshAsync(
        HttpContext context, LocalAccounts accounts, IOptions<AuthOptions> auth, IOptions<LimitOptions> limits)
    {
        DemandLocal(auth);
        RefreshRequest request = ReadRefresh(await RequestBody.ReadAsync(context, limits.Value, RequestBody.SmallBytesMax));
        return Answer(context, await accounts.RefreshAsync(request, context.RequestAborted));
    }

    private static async Task<IResult> LogoutAsync(HttpContext context, LocalAccounts accounts, IOptions<AuthOptions> auth)
    {
        DemandLocal(auth);
        await accounts.LogoutAsync(context.Caller(), context.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> MeAsync(HttpContext context, IAccountStore store)
    {
        User user = await store.FindUserAsync(context.Caller().UserId, context.RequestAborted)
            ?? throw new RequestException(ErrorCodes.Unauthenticated, "the user is not there any more");
        return TypedResults.Json(new MeAnswer(UserAnswer.From(user)), AuthJson.Default.MeAnswer);
    }

    private static void DemandLocal(IOptions<AuthOptions> auth)
    {
        if (auth.Value.Mode != AuthMode.Local)
            throw new RequestException(ErrorCodes.NotFound, "this server has no accounts of its own");
    }

    private static JsonHttpResult<LoginAnswer> Answer(HttpContext context, LoginAnswer answer, int status = StatusCodes.Status200OK)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(answer, AuthJson.Default.LoginAnswer, statusCode: status);
    }

    private static RegisterRequest ReadRegister(ReadOnlyMemory<byte> text)
    {
        TextMembers body = TextMembers.Read(text, "userName", "password", "displayName", "invite");
        return new RegisterRequest(body.Required("userName"), body.Required("password"), body.Optional("displayName"), body.Optional("invite"));
    }

    private static LoginRequest ReadLogin(ReadOnlyMemory<byte> text)
    {
        TextMembers body = TextMembers.Read(text, "userName", "password");
        return new LoginRequest(body.Required("userName"), body.Required("password"));
    }

    private static RefreshRequest ReadRefresh(ReadOnlyMemory<byte> text) =>
        new(TextMembers.Read(text, "refreshToken").Required("refreshToken"));
}
