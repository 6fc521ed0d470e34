using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SocketIO.AspNetCore;
using SocketIO.AspNetCore.EngineIO;
using SocketIO.AspNetCore.EngineIO.WebSockets;
using SocketIO.AspNetCore.Protocol;
using WebSocketException = SocketIO.AspNetCore.EngineIO.WebSockets.WebSocketException;

namespace SocketIO.Tests;

/// <summary>
/// Valid traffic, changed at random from a seed: what is read is well-formed or refused by name, and nothing else is thrown. A long run:
/// <c>SOCKETIO_FUZZ_SECONDS=600 dotnet test tests/SocketIO.Tests --filter FullyQualifiedName~Fuzz</c>.
/// </summary>
public sealed class FuzzTests
{
    private const int Seed = 1;
    private const int Inputs = 20_000;

    private static readonly string[] Texts =
    [
        """0{"token":"abc"}""", "0/spaces/plans,{}", "1/spaces/plans,", """2["message",1,"2",{"3":[true,null,-1.5e3]}]""",
        """2/spaces/plans,456["push",{"operations":[{"scope":"note","payload":"häß ☃ 𝄞 \u00e4\ud834\udd1e"}]}]""",
        """31[{"ok":true}]""", """52-/spaces/plans,7["bytes",{"_placeholder":true,"num":0},{"a":[{"num":1,"_placeholder":true}]}]""",
        """61-12[{"_placeholder":true,"num":0}]""", """2["\"quoted\\name"]""", """2[12,"a number as a name"]""",
    ];

    private static readonly byte[][] Insertions =
    [
        .. ((string[])["\"", "\\", "{", "}", "[", "]", ",", ":", "-", "0", "99999999999999999999", "null", "_placeholder", "\\ud800", "\u001e", "b", "4", "☃", "\0"])
            .Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x80, 0x7F, 0xFF],
    ];

    [Fact]
    public Task Packets() => RunAsync(static random =>
    {
        byte[] text = Mutated(random, Encoding.UTF8.GetBytes(Pick(random, Texts)));
        try
        {
            SocketPacket packet = PacketReader.Read(text, attachmentsMax: 10, depthMax: 64);
            if (packet.Type is SocketPacketType.Event or SocketPacketType.BinaryEvent)
                CheckArguments(packet);
        }
        catch (PacketException)
        {
            // Refused by name.
        }

        return ValueTask.CompletedTask;
    });

    [Fact]
    public Task Frames() => RunAsync(static async random =>
    {
        using MemoryStream traffic = new();
        using (WebSocket client = WebSocket.CreateFromStream(traffic, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero, DangerousDeflateOptions = Deflate(random) }))
        {
            for (int i = random.Next(4); i >= 0; i--)
            {
                byte[] message = Encoding.UTF8.GetBytes("4" + Pick(random, Texts) + new string('x', random.Next(3) * 300));
                await client.SendAsync(message, random.Next(2) == 0 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: random.Next(4) > 0, default);
            }
        }

        byte[] bytes = Mutated(random, traffic.ToArray());
        using WebSocketReader reader = new(new Trickle(bytes, random), messageBytesMax: 2_000, random.Next(2) == 0 ? new MessageInflater() : null);
        try
        {
            while (await reader.ReadAsync(default) is { } opcode)
            {
                Assert.True(reader.Message.Length <= 2_000);
                if (opcode == AspNetCore.EngineIO.WebSockets.Frames.Text)
                    Assert.True(System.Text.Unicode.Utf8.IsValid(reader.Message.Span));
            }
        }
        catch (WebSocketException)
        {
            // Refused with a code.
        }
    });

    [Fact]
    public async Task Sessions()
    {
        await using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using SocketIOServer server = new(
            Microsoft.Extensions.Options.Options.Create(new SocketIOOptions { MessagesPerSecondMax = 0 }),
            services.GetRequiredService<IMeterFactory>(),
            NullLogger<SocketIOServer>.Instance,
            new Lifetime(),
            TimeProvider.System);
        SocketHandlers handlers = server.MapNamespace("/");
        handlers.On("message", e => e.Socket.Emit("message-back", e.Arguments)).OnAny(e =>
        {
            e.Acknowledge(e.Arguments);
            return ValueTask.CompletedTask;
        });
        server.MapNamespace("/spaces/{id}").On<JsonElement>("push", (socket, push) => socket.Others.Emit("pushed", push));
        await RunAsync(async random =>
        {
            EngineConnection connection = server.MakeConnection(new ClaimsPrincipal());
            try
            {
                string body = "40\u001e40/spaces/plans,\u001e4" + string.Join('\u001e', Enumerable.Range(0, 1 + random.Next(4)).Select(_ => Packet(random)));
                byte[] bytes = random.Next(3) == 0 ? Encoding.UTF8.GetBytes(body) : Mutated(random, Encoding.UTF8.GetBytes(body));
                await PollingBody.ReceiveAsync(bytes, connection);
            }
            catch (PacketException)
            {
                // Refused by name.
            }

            connection.Close();
            Assert.Empty(server.Namespace("/").Sockets);
            Assert.Empty(server.Namespace("/spaces/plans").Sockets);
        });
    }

    private static string Packet(Random random) => random.Next(4) == 0 ? "bAQIDBA==" : "4" + Pick(random, Texts);

    private static WebSocketDeflateOptions? Deflate(Random random) => random.Next(2) == 0
        ? new WebSocketDeflateOptions { ClientContextTakeover = false, ServerContextTakeover = false }
        : null;

    private static void CheckArguments(in SocketPacket packet)
    {
        ReadOnlyMemory<byte>[] attachments = [.. Enumerable.Range(0, packet.Attachments).Select(i => new ReadOnlyMemory<byte>(new byte[i]))];
        EventArguments arguments = new(packet.Data.ToArray(), attachments, JsonSerializerOptions.Default, hasName: true);
        for (int i = 0; i < arguments.Count; i++)
            using (JsonDocument.Parse(arguments.JsonOf(i)))
            {
            }

        EncodedPacket again = PacketWriter.Begin(packet.Namespace, JsonSerializerOptions.Default, "again").Add(arguments).End(packet.AckId);
        ReadOnlySpan<byte> frames = again.Frames.Span;
        ReadOnlySpan<byte> text = AspNetCore.EngineIO.WebSockets.Frames.Split(ref frames, out _);
        SocketPacket read = PacketReader.Read(text[1..].ToArray(), attachmentsMax: 10, depthMax: 64);
        Assert.Equal((packet.AckId, packet.Attachments), (read.AckId, read.Attachments));
        Assert.True(packet.Namespace.Span.SequenceEqual(read.Namespace.Span));
    }

    private static async Task RunAsync(Func<Random, ValueTask> input)
    {
        string? seconds = Environment.GetEnvironmentVariable("SOCKETIO_FUZZ_SECONDS");
        TimeSpan time = seconds is null ? TimeSpan.Zero : TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
        long started = Stopwatch.GetTimestamp();
        for (int seed = Seed; seed < Seed + Inputs || Stopwatch.GetElapsedTime(started) < time; seed++)
        {
            try
            {
                await input(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }
        }
    }

    private static T Pick<T>(Random random, T[] items) => items[random.Next(items.Length)];

    private static byte[] Mutated(Random random, byte[] valid)
    {
        List<byte> bytes = [.. valid];
        for (int i = random.Next(4); i > 0 && bytes.Count > 0; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(8)));
                    break;
                case 2:
                    bytes.InsertRange(at, Pick(random, Insertions));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(0, random.Next(bytes.Count)));
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Gives bytes a few at a time.</summary>
    private sealed class Trickle(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, 1 + random.Next(200))], cancellationToken);
    }

    private sealed class Lifetime : Microsoft.Extensions.Hosting.IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => default;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication()
        {
        }
    }
}
