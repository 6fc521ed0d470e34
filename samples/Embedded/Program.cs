using Embedded;
using Microsoft.AspNetCore.Authentication;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Engine.Writing;
using Syncline.Sqlite;

// An application of one's own with Syncline in it: its own authentication decides who somebody is, its own rule what may be written, and its
// own code reads and writes the same spaces as the clients do.
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthentication("demo").AddScheme<AuthenticationSchemeOptions, DemoAuthentication>("demo", configureOptions: null);
builder.Services.Configure<AuthOptions>(auth => auth.Mode = AuthMode.Application);
builder.Services.AddSyncline(builder.Configuration)
    .UseSqlite(builder.Configuration["data"] ?? "data")
    .AddRule(new Scope("comment"), (operation, context) => operation.Payload.Utf8.Length > 1_000
        ? new Refusal(ErrorCodes.InvalidOperation, "a comment has at most 1,000 bytes")
        : null);
builder.Services.AddHostedService<CommentReader>();

WebApplication app = builder.Build();
app.UseAuthentication();
app.MapSyncline();

// The server comments too, as a member of the space, under an actor of its own.
app.MapPost("/remind/{space}", async (SpaceId space, ISpaces spaces, TimeProvider time, CancellationToken cancellationToken) =>
{
    OperationId id = new(new Scope("comment"), new ResourceId("board"), new ActorId("reminder"), time.GetUtcNow().ToUnixTimeSeconds());
    NewOperation comment = new(id, JsonText.From("""{"text":"Please have a look at the plan."}"""));
    PushOutcome outcome = await spaces.PushAsync(space, CommentReader.Bot, [comment], cancellationToken);
    return outcome is PushOutcome.Judged { Results: [OperationResult.Accepted accepted] } ? Results.Ok(accepted.Seq) : Results.Conflict();
});
app.Run();
