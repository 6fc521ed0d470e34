using System.Text;
using SocketIO.AspNetCore;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.Tests.Protocol;

/// <summary>The text of Socket.IO packets.</summary>
public sealed class PacketTests
{
    [Theory]
    [InlineData("0", "/", 0, null, "")]
    [InlineData("0{\"a\":1}", "/", 0, null, "{\"a\":1}")]
    [InlineData("0/admin", "/admin", 0, null, "")]
    [InlineData("0/admin,{}", "/admin", 0, null, "{}")]
    [InlineData("1/admin,", "/admin", 0, null, "")]
    [InlineData("2[\"hey\"]", "/", 0, null, "[\"hey\"]")]
    [InlineData("2[12]", "/", 0, null, "[12]")]
    [InlineData("2/a/b c,456[\"hey\",1]", "/a/b c", 0, 456L, "[\"hey\",1]")]
    [InlineData("29007199254740991[\"hey\"]", "/", 0, 9007199254740991L, "[\"hey\"]")]
    [InlineData("37[]", "/", 0, 7L, "[]")]
    [InlineData("51-[\"hey\",{\"_placeholder\":true,\"num\":0}]", "/", 1, null, "[\"hey\",{\"_placeholder\":true,\"num\":0}]")]
    [InlineData("52-/x,3[\"hey\",{\"num\":1,\"_placeholder\":true}]", "/x", 2, 3L, "[\"hey\",{\"num\":1,\"_placeholder\":true}]")]
    [InlineData("61-7[{\"_placeholder\":true,\"num\":0}]", "/", 1, 7L, "[{\"_placeholder\":true,\"num\":0}]")]
    [InlineData("51-[\"hey\",{\"\\ud800\":0},{\"_placeholder\":true,\"num\":0}]", "/", 1, null, "[\"hey\",{\"\\ud800\":0},{\"_placeholder\":true,\"num\":0}]")]
    [InlineData("50-[\"hey\"]", "/", 0, null, "[\"hey\"]")]
    public void What_is_well_formed_is_read(string text, string name, int attachments, long? ackId, string data)
    {
        SocketPacket packet = Read(text);
        Assert.Equal(
            ((SocketPacketType)(text[0] - '0'), name, attachments, ackId, data),
            (packet.Type, Text(packet.Namespace), packet.Attachments, packet.AckId, Text(packet.Data)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("a")]
    [InlineData("0[]")]
    [InlineData("0{")]
    [InlineData("0{}x")]
    [InlineData("0\"x\"")]
    [InlineData("1{}")]
    [InlineData("2")]
    [InlineData("2{}")]
    [InlineData("2[]")]
    [InlineData("2[null]")]
    [InlineData("2[{}]")]
    [InlineData("2[\"hey\"")]
    [InlineData("2[\"hey\",]")]
    [InlineData("2[\"hey\"][\"hey\"]")]
    [InlineData("2[\"connect\"]")]
    [InlineData("2[\"disconnect\"]")]
    [InlineData("2[\"connect_error\"]")]
    [InlineData("2[\"newListener\"]")]
    [InlineData("2[\"removeListener\"]")]
    [InlineData("2[\"disconn\\u0065cting\"]")]
    [InlineData("2[\"\\ud800\"]")]
    [InlineData("2-1[\"hey\"]")]
    [InlineData("29007199254740992[\"hey\"]")]
    [InlineData("299999999999999999999999999999[\"hey\"]")]
    [InlineData("3[]")]
    [InlineData("31{}")]
    [InlineData("4{\"message\":\"x\"}")]
    [InlineData("5[\"hey\"]")]
    [InlineData("5-[\"hey\"]")]
    [InlineData("5x-[\"hey\"]")]
    [InlineData("51[\"hey\"]")]
    [InlineData("511-[\"hey\"]")]
    [InlineData("599999999999-[\"hey\"]")]
    [InlineData("51-[\"hey\",{\"_placeholder\":true,\"num\":1}]")]
    [InlineData("51-[\"hey\",{\"_placeholder\":true,\"num\":-1}]")]
    [InlineData("51-[\"hey\",{\"_placeholder\":true,\"num\":\"0\"}]")]
    [InlineData("51-[\"hey\",{\"_placeholder\":true,\"num\":0.5}]")]
    [InlineData("51-[\"hey\",[{\"_placeholder\":true}]]")]
    public void What_is_not_is_refused(string text) => Assert.Throws<PacketException>(() => Read(text));

    [Fact]
    public void JSON_may_be_64_deep_and_no_deeper()
    {
        Read("2[\"hey\"," + new string('[', 63) + new string(']', 63) + "]");
        Assert.Throws<PacketException>(() => Read("2[\"hey\"," + new string('[', 64) + new string(']', 64) + "]"));
        Assert.Throws<PacketException>(() => Read("2[\"hey\"," + new string('[', 1_000_000)));
    }

    private static SocketPacket Read(string text) => PacketReader.Read(Encoding.UTF8.GetBytes(text), attachmentsMax: 10, depthMax: 64);

    private static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);
}
