using Syncline.AspNetCore;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;

namespace Embedded;

/// <summary>Follows the space <c>office</c> for ever and says what is commented: history first, then live, no gap in between.</summary>
internal sealed partial class CommentReader(ISpaces spaces, ILogger<CommentReader> logger) : BackgroundService
{
    public static readonly UserId Bot = new("bot");
    public static readonly SpaceId Office = new("office");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await spaces.CreateAsync(Office, "Office", Bot, stoppingToken);
        try
        {
            await foreach (LoggedOperation comment in spaces.FollowAsync(Office, Bot, after: 0, new Scope("comment"), stoppingToken))
                LogComment(comment.Seq, comment.UserId, comment.Operation.Payload.Utf8.Length);
        }
        catch (SpaceAccessException e) when (e.Code == ErrorCodes.Unavailable)
        {
            // The server stops.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Comment {Seq} of {User}, {Bytes} bytes")]
    private partial void LogComment(long seq, UserId user, int bytes);
}
