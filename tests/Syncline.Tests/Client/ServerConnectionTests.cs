using System.Net;
using System.Text;
using Syncline.Client.Sync;
using Syncline.Core.Operations;

namespace Syncline.Tests.Client;

/// <summary>How long the client waits for what comes.</summary>
public sealed class ServerConnectionTests
{
    private const string Page = """{"operations":[],"cursor":7,"epoch":"e","head":7,"hasMore":false,"digest":"0000000000000000"}""";
    private const string Changes = """{"changed":[],"added":[],"removed":[]}""";

    [Fact]
    public async Task A_slow_line_has_time_as_long_as_something_comes()
    {
        ManualTime time = new();
        using ServerConnection server = new(new Uri("http://server"), new SlowLine(time, TimeSpan.FromSeconds(8), TimeSpan.Zero), disposeHandler: true, time);
        Reply<PulledPage> page = await server.PullAsync(new SpaceId("home"), after: null, 10, clientId: null, CancellationToken.None);
        Assert.Equal(7, page.Answer?.Cursor.Seq);
        Reply<ChangesAnswer> changes = await server.ChangesAsync(new ChangesRequest("c", new Dictionary<string, SpaceCursor>(), 0), CancellationToken.None);
        Assert.True(changes.IsAnswered, changes.Problem?.Detail);
    }

    [Fact]
    public async Task A_line_on_which_nothing_comes_is_given_up()
    {
        ManualTime time = new();
        using ServerConnection server = new(new Uri("http://server"), new SlowLine(time, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(11)), disposeHandler: true, time);
        Reply<PulledPage> page = await server.PullAsync(new SpaceId("home"), after: null, 10, clientId: null, CancellationToken.None);
        Assert.Equal(Problem.Unreachable, page.Problem?.Code);
    }

    /// <summary>Answers in pieces, with time between them and more before the last.</summary>
    private sealed class SlowLine(ManualTime time, TimeSpan between, TimeSpan beforeLast) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StreamContent(new Pieces(time, between, beforeLast, request.RequestUri!.AbsolutePath.EndsWith("/pull", StringComparison.Ordinal) ? Page : Changes)),
            });
    }

    private sealed class Pieces(ManualTime time, TimeSpan between, TimeSpan beforeLast, string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        private const int Piece = 8;

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            time.Advance(Position + Piece >= Length ? between + beforeLast : between);
            cancellationToken.ThrowIfCancellationRequested();
            return base.ReadAsync(buffer[..Math.Min(Piece, buffer.Length)], cancellationToken);
        }
    }
}
