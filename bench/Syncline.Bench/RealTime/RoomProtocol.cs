using System.Text;

namespace Syncline.Bench.RealTime;

/// <summary>What a client of a room says: to get in, and to send.</summary>
/// <param name="Path">Where its WebSocket is opened.</param>
/// <param name="Steps">What it sends one after the other, each once it has received what stands before it.</param>
/// <param name="Joins">The last step, which the sender leaves out where it would receive its own messages.</param>
/// <param name="Message">What carries a message, given its number.</param>
internal sealed record RoomProtocol(string Path, IReadOnlyList<(string After, string Say)> Steps, (string After, string Say, string Until)? Joins, Func<long, string> Message)
{
    /// <summary>What stands once in each message, and nowhere else: a delivery is one of them seen by one receiver, however messages are packed.</summary>
    public const string Mark = "~T~T";

    private const string SocketPath = "/socket.io/?EIO=4&transport=websocket";

    public static RoomProtocol WebSocket { get; } = new("/ws", [], Joins: null, Payload);

    public static RoomProtocol SocketIO { get; } = new(
        SocketPath, [("maxPayload", "40")], ("40{", "42[\"join\",\"room\"]", ""), number => $"42[\"msg\",\"room\",{Payload(number)}]");

    public static RoomProtocol SignalR { get; } = new(
        "/hub",
        [("", "{\"protocol\":\"json\",\"version\":1}\u001e")],
        ("{}\u001e", "{\"type\":1,\"target\":\"Join\",\"arguments\":[\"room\"]}\u001e", ""),
        number => $"{{\"type\":1,\"target\":\"Msg\",\"arguments\":[\"room\",{Payload(number)}]}}\u001e");

    /// <summary>Operations of a space, from push to everybody who follows it.</summary>
    public static RoomProtocol Space(string space, string token, string epoch) => new(
        SocketPath,
        [("maxPayload", $"40/spaces/{space},{{\"token\":\"{token}\"}}")],
        ("[\"ready\"", $"42/spaces/{space},0[\"follow\",{{\"after\":0,\"epoch\":\"{epoch}\"}}]", "\"ok\":true"),
        number =>
            $"42/spaces/{space},[\"push\",{{\"operations\":[{{\"scope\":\"note\",\"resourceId\":\"r\",\"actor\":\"sender\",\"clock\":{number + 1},\"payload\":{Payload(number)}}}]}}]");

    /// <summary>A text frame of a client, masked with zeros.</summary>
    public static byte[] Frame(string text)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        byte[] head = body.Length < 126 ? [0x81, (byte)(0x80 | body.Length), 0, 0, 0, 0] : [0x81, 0x80 | 126, (byte)(body.Length >> 8), (byte)body.Length, 0, 0, 0, 0];
        return [.. head, .. body];
    }

    private static string Payload(long number) =>
        $"{{\"k\":{number},\"peerId\":\"9f2c6d1e\",\"targetId\":\"5a3d7c52-91f0-4f1d\",\"key\":\"name\",\"value\":\"Hello world\",\"t\":\"{Mark}\"}}";
}
