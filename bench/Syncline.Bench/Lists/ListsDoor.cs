using System.Globalization;
using System.Text;
using System.Text.Json;
using Syncline.Bench.Http;

namespace Syncline.Bench.Lists;

/// <summary>One of the doors through which lists are pushed and pulled, each time with a new set of data.</summary>
internal abstract class ListsDoor(ServerProcess server, Account account)
{
    /// <summary>The native push and pull, of a space.</summary>
    public const string Native = "/spaces";

    /// <summary>The task-list protocol, of the user's own data set.</summary>
    public const string Sync = "/sync";

    private int _begun;

    public static ListsDoor Of(string name, ServerProcess server, Account account) => name switch
    {
        Native => new NativeDoor(server, account),
        Sync => new SyncDoor(server, account),
        _ => throw new ArgumentException($"no door {name}", nameof(name)),
    };

    protected Account Account => account;

    protected string Root => server.Address;

    /// <summary>Begins with nothing; gives the cursor to pull from.</summary>
    public Task<long> BeginAsync() => BeginAsync(_begun++);

    /// <summary>A push of operations.</summary>
    public abstract byte[] Push(IEnumerable<string> operations);

    /// <summary>Makes a push one to the present data.</summary>
    public abstract void Address(byte[] push);

    /// <summary>A pull of what is after a cursor.</summary>
    public abstract byte[] Pull(long after);

    /// <summary>Where to pull on from, by the answer to a pull.</summary>
    public abstract long CursorOf(ReadOnlySpan<byte> answer);

    protected abstract Task<long> BeginAsync(int number);

    protected byte[] Post(string path, string body) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"POST {path} HTTP/1.1\r\n{account.Headers}Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));

    private sealed class NativeDoor(ServerProcess server, Account account) : ListsDoor(server, account)
    {
        private string _space = "";
        private string _epoch = "";

        public override byte[] Push(IEnumerable<string> operations) => Post($"/spaces/{Name(0)}/push", $$"""{"operations":[{{string.Join(',', operations)}}]}""");

        public override void Address(byte[] push) => Encoding.ASCII.GetBytes(_space, push.AsSpan("POST /spaces/".Length));

        // Answered when there is something.
        public override byte[] Pull(long after) => Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"GET /spaces/{_space}/pull?after={after}&epoch={_epoch}&wait=25 HTTP/1.1\r\n{Account.Headers}\r\n"));

        public override long CursorOf(ReadOnlySpan<byte> answer) => RawConnection.LastNumber(answer, "\"cursor\":"u8);

        protected override async Task<long> BeginAsync(int number)
        {
            _space = Name(number);
            _epoch = (await Account.MakeSpaceAsync(Root, _space)).Value;
            return 0;
        }

        private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"lists-{number:0000}");
    }

    private sealed class SyncDoor(ServerProcess server, Account account) : ListsDoor(server, account)
    {
        public override byte[] Push(IEnumerable<string> operations) => Post("/sync/push", $$"""{"clientId":"laptop","ops":[{{string.Join(',', operations)}}]}""");

        public override void Address(byte[] push)
        {
            // The data set is the user's, whichever it is.
        }

        public override byte[] Pull(long after) => Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"GET /sync/pull?since={after}&clientId=phone&limit=1000 HTTP/1.1\r\n{Account.Headers}\r\n"));

        // That of the last operation is that of the page.
        public override long CursorOf(ReadOnlySpan<byte> answer) => RawConnection.LastNumber(answer, "\"serverSeq\":"u8);

        protected override async Task<long> BeginAsync(int number)
        {
            JsonElement reset = await Account.SendAsync(
                HttpMethod.Post, $"{Root}/sync/reset", $$"""{"clientId":"laptop","datasetGenerationKey":"set-{{number}}","snapshot":""}""");
            return reset.GetProperty("serverSeq").GetInt64();
        }
    }
}
