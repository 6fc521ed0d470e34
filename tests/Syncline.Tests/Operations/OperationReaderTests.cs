using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Syncline.Core.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Operations;

/// <summary>What is refused where operations enter, and with which code.</summary>
public sealed class OperationReaderTests
{
    private const string Opaque = """{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{"x":1}}""";

    private const string TreeMove =
        """{"scope":"tree","resourceId":"t1","actor":"p","clock":7,"payload":{"id":{"counter":7,"peerId":"p"},"targetId":"v","parentId":"t1"}}""";

    private const string TreeSet =
        """{"scope":"tree","resourceId":"t1","actor":"p","clock":7,"payload":{"id":{"counter":7,"peerId":"p"},"targetId":"v","key":"k","value":1}}""";

    private static readonly OperationReader Reader = new([new TreeModel(new TreeLimits())], OperationLimits.Default);

    [Fact]
    public void An_operation_is_read_with_all_that_it_says()
    {
        OperationReader.Reading reading = Read(
            """{ "scope":"app","resourceId":"r1","actor":"laptop-7","clock":1e3,"payload": { "x" : 1.0 } ,"tx":"g","key":"k","other":[{}] }""");
        Assert.Null(reading.Refusal);
        Operation operation = reading.Operation!;
        Assert.Equal(new OperationId(new Scope("app"), new ResourceId("r1"), new ActorId("laptop-7"), 1000), operation.Id);
        Assert.Equal("app/r1/1000@laptop-7", operation.Id.ToString());
        Assert.Equal("""{ "x" : 1.0 }""", operation.Payload.ToString());
        Assert.Equal("g", operation.Tx);
        Assert.Equal("g", reading.Tx);
        Assert.Equal("k", operation.Key);
        Assert.Null(operation.Content);
        Assert.False(operation.IsTransient);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("\"text\"")]
    [InlineData("[]")]
    [InlineData("true")]
    [InlineData("{}")]
    public void What_is_no_operation_is_an_invalid_operation(string json) => AssertRefused(ErrorCodes.InvalidOperation, json);

    [Theory]
    [InlineData("scope")]
    [InlineData("resourceId")]
    [InlineData("actor")]
    [InlineData("clock")]
    [InlineData("payload")]
    public void A_missing_member_is_named(string member)
    {
        JsonObject json = JsonNode.Parse(Opaque)!.AsObject();
        json.Remove(member);
        Assert.Contains(member, AssertRefused(ErrorCodes.InvalidOperation, json.ToJsonString()).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("scope")]
    [InlineData("resourceId")]
    [InlineData("actor")]
    [InlineData("clock")]
    [InlineData("tx")]
    [InlineData("key")]
    public void A_member_of_the_wrong_type_is_named(string member)
    {
        foreach (string value in new[] { "{}", "[]", "true", member == "clock" ? "\"7\"" : "7", member is "tx" or "key" ? "[null]" : "null" })
        {
            JsonObject json = JsonNode.Parse(Opaque)!.AsObject();
            json[member] = JsonNode.Parse(value);
            Assert.Contains(member, AssertRefused(ErrorCodes.InvalidOperation, json.ToJsonString()).Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_null_group_or_key_is_none()
    {
        Operation operation = Accepted("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{"x":1},"tx":null,"key":null}""");
        Assert.Null(operation.Tx);
        Assert.Null(operation.Key);
        Assert.Equal(Accepted(Opaque).Hash, operation.Hash);
    }

    [Theory]
    [InlineData("""{"scope":"App","resourceId":"r1","actor":"a","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":".r","actor":"a","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"__proto__","actor":"a","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"valueOf","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"\ud800","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","actor":"b","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","\u0061ctor":"a","clock":7,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"tx":""}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"key":""}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"key":"\udfff"}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7.5,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":1e-1,"payload":1}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{"a":1,"\u0061":2}}""")]
    [InlineData("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":[{"\u005f_proto__":2}]}""")]
    public void A_bad_id_or_content_is_an_invalid_operation(string json) => AssertRefused(ErrorCodes.InvalidOperation, json);

    [Theory]
    [InlineData("7", 7)]
    [InlineData("7.0", 7)]
    [InlineData("70e-1", 7)]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("9007199254740992", 9007199254740992)]
    [InlineData("1e30", long.MaxValue)]
    [InlineData("-1e30", long.MinValue)]
    [InlineData("9223372036854775808", long.MaxValue)]
    public void A_clock_of_any_size_is_left_to_the_spaces_rule(string clock, long expected)
    {
        Assert.Equal(expected, Accepted(Opaque.Replace(":7,", $":{clock},", StringComparison.Ordinal)).Id.Clock);
        string bare = $$$"""{"id":{"counter":{{{clock}}},"peerId":"p"},"targetId":"v","parentId":"r"}""";
        Assert.Null(TreeOperationReader.Read(Encoding.UTF8.GetBytes(bare), out TreeOperationReader.Bare read));
        Assert.Equal(expected, read.Counter);
    }

    [Fact]
    public void The_group_of_a_refused_operation_is_known_wherever_it_stands()
    {
        Assert.Equal("g", Read("""{"tx":"g","scope":5}""").Tx);
        Assert.Equal("g", Read("""{"scope":{"tx":"no"},"clock":[],"t\u0078":"g"}""").Tx);
        Assert.Equal("g", Read("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{"__proto__":1},"tx":"g"}""").Tx);
        Assert.Equal("g", Read($$"""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":"{{new string('x', 300_000)}}","tx":"g"}""").Tx);
        Assert.Null(Read("""{"scope":5,"tx":7}""").Tx);
        Assert.Null(Read("""{"scope":5,"tx":"\ud800"}""").Tx);
        Assert.Null(Read("[\"tx\",\"g\"]").Tx);
    }

    [Fact]
    public void A_group_and_a_key_end_at_their_longest()
    {
        string json = """{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"tx":"TX","key":"KEY"}""";
        string With(int tx, string key) => json.Replace("TX", new string('t', tx), StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal);
        Accepted(With(128, new string('k', 256)));
        Accepted(With(128, new string('é', 128)));
        AssertRefused(ErrorCodes.InvalidOperation, With(129, "k"));
        AssertRefused(ErrorCodes.InvalidOperation, With(1, new string('k', 257)));
        AssertRefused(ErrorCodes.InvalidOperation, With(1, new string('é', 129)));
    }

    [Fact]
    public void An_operation_over_the_limit_of_bytes_is_too_large()
    {
        OperationReader reader = new([], new OperationLimits(BytesMax: 100, DepthMax: 64));
        OperationReader.Reading Sized(int payload, int key) => reader.Read(Encoding.UTF8.GetBytes(
            $$"""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":"{{new string('x', payload - 2)}}","key":"{{new string('k', key)}}"}"""));
        Assert.Null(Sized(90, 10).Refusal);
        Assert.Equal(ErrorCodes.PayloadTooLarge, Sized(91, 10).Refusal?.Code);
        Assert.Equal(ErrorCodes.PayloadTooLarge, Sized(90, 11).Refusal?.Code);
    }

    [Theory]
    [InlineData(64, null)]
    [InlineData(65, ErrorCodes.PayloadTooLarge)]
    [InlineData(100_000, ErrorCodes.PayloadTooLarge)]
    public void A_payload_over_the_limit_of_depth_is_too_large(int depth, string? code)
    {
        string payload = new string('[', depth) + new string(']', depth);
        Assert.Equal(code, Read(Opaque.Replace("""{"x":1}""", payload, StringComparison.Ordinal)).Refusal?.Code);
    }

    [Fact]
    public void Depth_outside_of_the_payload_breaks_nothing()
    {
        string deep = new string('[', 100_000) + new string(']', 100_000);
        Accepted(Opaque.Replace("{\"scope\"", $"{{\"other\":{deep},\"scope\"", StringComparison.Ordinal));
        AssertRefused(ErrorCodes.InvalidOperation, deep);
        AssertRefused(ErrorCodes.InvalidOperation, Opaque.Replace(":7", $":{deep}", StringComparison.Ordinal));
        Assert.Null(TreeOperationReader.Read(
            Encoding.UTF8.GetBytes($$"""{"o":{{deep}},"id":{"o":{{deep}},"counter":7,"peerId":"p"},"targetId":"v","key":"k","value":{{deep}}}"""), out _));
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_refused_wherever_they_stand()
    {
        foreach (byte[] bad in new byte[][] { [0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80] })
        {
            foreach (string json in new[]
            {
                """{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{"x":"BAD"}}""",
                """{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{"BAD":1}}""",
                """{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"key":"BAD"}""",
                """{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":1,"tx":"BAD"}""",
                """{"scope":"app","resourceId":"BAD","actor":"a","clock":7,"payload":1}""",
                TreeSet.Replace("\"k\"", "\"BAD\"", StringComparison.Ordinal),
            })
            {
                int at = json.IndexOf("BAD", StringComparison.Ordinal);
                byte[] bytes = [.. Encoding.UTF8.GetBytes(json[..at]), .. bad, .. Encoding.UTF8.GetBytes(json[(at + 3)..])];
                OperationReader.Reading reading = Reader.Read(bytes);
                Assert.Equal(ErrorCodes.InvalidOperation, reading.Refusal?.Code);
                Assert.Null(reading.Tx);
            }
        }
    }

    [Fact]
    public void A_repeat_has_the_same_hash_and_another_operation_another()
    {
        ulong hash = Accepted(Opaque).Hash;
        Assert.Equal(hash, Accepted(""" { "payload" : { "\u0078" : 1.0 } , "clock":7.0,"actor":"a","resourceId":"r1","scope":"app"} """).Hash);
        Assert.Equal(hash, Accepted(Opaque.Replace("}}", "},\"tx\":\"g\"}", StringComparison.Ordinal)).Hash);
        Assert.NotEqual(hash, Accepted(Opaque.Replace("}}", "},\"key\":\"k\"}", StringComparison.Ordinal)).Hash);
        Assert.NotEqual(hash, Accepted(Opaque.Replace("\"x\":1", "\"x\":2", StringComparison.Ordinal)).Hash);
        Assert.NotEqual(hash, Accepted(Opaque.Replace("\"x\":1", "\"x\":1,\"transient\":false", StringComparison.Ordinal)).Hash);
        Assert.NotEqual(
            Accepted(Opaque.Replace("}}", "},\"key\":\"k\"}", StringComparison.Ordinal)).Hash,
            Accepted(Opaque.Replace("}}", "},\"key\":\"l\"}", StringComparison.Ordinal)).Hash);
    }

    [Fact]
    public void A_trees_operation_that_says_it_is_not_transient_is_one_that_says_nothing()
    {
        Operation silent = Accepted(TreeSet);
        Assert.Equal(silent.Hash, Accepted(TreeSet.Replace("1}}", "1.0 , \"transient\" : false }}", StringComparison.Ordinal)).Hash);
        Assert.NotEqual(silent.Hash, Accepted(TreeSet.Replace(",\"value\":1", "", StringComparison.Ordinal)).Hash);
        Assert.NotEqual(silent.Hash, Accepted(TreeSet.Replace(":1}}", ":null}}", StringComparison.Ordinal)).Hash);
    }

    [Fact]
    public void A_transient_operation_enters_only_by_a_door_that_takes_it()
    {
        AssertRefused(ErrorCodes.InvalidOperation, TreeSet.Replace("1}}", "1,\"transient\":true}}", StringComparison.Ordinal));
        OperationReader.Reading taken = CreateTransient("""{"id":{"counter":7,"peerId":"p"},"targetId":"v","key":"k","value":1,"transient":true}""");
        Assert.True(taken.Operation!.IsTransient);
        Assert.Equal(
            ErrorCodes.InvalidOperation,
            CreateTransient("""{"id":{"counter":7,"peerId":"p"},"targetId":"v","parentId":"r","transient":true}""").Refusal?.Code);
    }

    [Fact]
    public void A_trees_operations_are_read_as_moves_and_writes()
    {
        Assert.Equal(new TreeOperation.Move("v", "t1"), Accepted(TreeMove).Content);
        Assert.Equal(new TreeOperation.Move("v", null), Accepted(TreeMove.Replace("\"parentId\":\"t1\"", "\"parentId\":null", StringComparison.Ordinal)).Content);
        Assert.Equal(new TreeOperation.SetProperty("v", "k", JsonText.From("1")), Accepted(TreeSet).Content);
        Assert.Equal(
            new TreeOperation.SetProperty("v", "k", JsonText.From("{ \"a\" : [1] }")),
            Accepted(TreeSet.Replace(":1}}", ": { \"a\" : [1] } }}", StringComparison.Ordinal)).Content);
        Assert.Equal(new TreeOperation.SetProperty("v", "k", JsonText.From("null")), Accepted(TreeSet.Replace(":1}}", ":null}}", StringComparison.Ordinal)).Content);
        Assert.Equal(new TreeOperation.SetProperty("v", "k", null), Accepted(TreeSet.Replace(",\"value\":1", "", StringComparison.Ordinal)).Content);
        Assert.Equal(new TreeOperation.SetProperty("v", "", JsonText.From("1")), Accepted(TreeSet.Replace("\"k\"", "\"\"", StringComparison.Ordinal)).Content);
    }

    [Theory]
    [InlineData("\"counter\":7", "\"counter\":8")]
    [InlineData("\"counter\":7", "\"counter\":7.5")]
    [InlineData("\"counter\":7", "\"counter\":\"7\"")]
    [InlineData("\"counter\":7,", "")]
    [InlineData("\"peerId\":\"p\"", "\"peerId\":\"q\"")]
    [InlineData("\"peerId\":\"p\"", "\"peerId\":5")]
    [InlineData(",\"peerId\":\"p\"", "")]
    [InlineData("{\"counter\":7,\"peerId\":\"p\"}", "\"7@p\"")]
    [InlineData("{\"counter\":7,\"peerId\":\"p\"}", "null")]
    [InlineData("\"targetId\":\"v\"", "\"targetId\":\"v w\"")]
    [InlineData("\"targetId\":\"v\"", "\"targetId\":null")]
    [InlineData("\"targetId\":\"v\"", "\"targetId\":5")]
    [InlineData("\"targetId\":\"v\",", "")]
    [InlineData("\"parentId\":\"t1\"", "\"parentId\":\"\"")]
    [InlineData("\"parentId\":\"t1\"", "\"parentId\":5")]
    [InlineData("\"parentId\":\"t1\"", "\"parentId\":\"t1\",\"key\":\"k\"")]
    [InlineData("\"parentId\":\"t1\"", "\"parentId\":null,\"key\":\"k\",\"value\":1")]
    [InlineData("\"parentId\":\"t1\"", "\"value\":1")]
    [InlineData("\"parentId\":\"t1\"", "\"key\":null,\"value\":1")]
    [InlineData("\"parentId\":\"t1\"", "\"key\":5,\"value\":1")]
    [InlineData("\"parentId\":\"t1\"", "\"key\":\"\\ud800\",\"value\":1")]
    [InlineData("\"parentId\":\"t1\"", "\"key\":\"constructor\",\"value\":1")]
    [InlineData("\"parentId\":\"t1\"", "\"key\":\"k\",\"value\":1,\"transient\":\"no\"")]
    [InlineData("\"parentId\":\"t1\"", "\"key\":\"k\",\"value\":{\"a\":{\"__proto__\":1}}")]
    [InlineData("\"parentId\":\"t1\"", "\"parentId\":\"t1\",\"parentId\":\"t1\"")]
    [InlineData("\"resourceId\":\"t1\"", "\"resourceId\":\"0\"")]
    [InlineData("\"clock\":7", "\"clock\":8")]
    [InlineData("\"clock\":7", "\"key\":\"k\",\"clock\":7")]
    [InlineData("\"actor\":\"p\"", "\"actor\":\"P\"")]
    [InlineData("\"p\"", "\"P\"")]
    [InlineData("\"p\"", "\"p.q\"")]
    [InlineData("\"p\"", "\"constructor\"")]
    public void A_trees_operation_of_another_shape_is_an_invalid_operation(string part, string replacement)
    {
        Accepted(TreeMove);
        AssertRefused(ErrorCodes.InvalidOperation, TreeMove.Replace(part, replacement, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("[]")]
    public void A_payload_that_is_no_object_is_a_value_in_opaque_scopes_and_wrong_in_a_tree(string payload)
    {
        Assert.Equal(payload, Accepted(Opaque.Replace("""{"x":1}""", payload, StringComparison.Ordinal)).Payload.ToString());
        AssertRefused(ErrorCodes.InvalidOperation, $$"""{"scope":"tree","resourceId":"t1","actor":"p","clock":7,"payload":{{payload}}}""");
    }

    [Fact]
    public void A_propertys_key_ends_at_its_longest_in_bytes()
    {
        Accepted(TreeSet.Replace("\"k\"", $"\"{new string('é', 128)}\"", StringComparison.Ordinal));
        AssertRefused(ErrorCodes.InvalidOperation, TreeSet.Replace("\"k\"", $"\"{new string('é', 128)}x\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stored_operation_is_restored_as_it_was()
    {
        foreach (string json in new[] { Opaque, TreeMove, TreeSet })
        {
            Operation read = Accepted(json);
            Assert.Equal(read, WithContent(read with { Content = null }));
        }

        Operation move = Accepted(TreeMove);
        Assert.Throws<InvalidDataException>(() => WithContent(move with { Content = null, Payload = JsonText.From("{}") }));
    }

    [Fact]
    public void An_operation_keeps_nothing_of_the_memory_it_was_read_from()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(TreeSet);
        Operation operation = Reader.Read(bytes).Operation!;
        Array.Fill(bytes, (byte)'!');
        Assert.Equal("1", ((TreeOperation.SetProperty)operation.Content!).Value.ToString());
        Assert.StartsWith("{\"id\"", operation.Payload.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_are_delivered_with_their_payload_as_it_was_received()
    {
        Operation first = Accepted("""{"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{ "x" : 1.0, "y":"\ud800é" },"tx":"<g>","key":"é\""}""");
        Operation second = Accepted("""{"scope":"app","resourceId":"r1","actor":"a","clock":8,"payload":null}""");
        ArrayBufferWriter<byte> output = new();
        OperationJson.WriteAll(output, [Log(first, 1), Log(second, 2)]);
        Assert.Equal(
            """{"seq":1,"scope":"app","resourceId":"r1","actor":"a","clock":7,"payload":{ "x" : 1.0, "y":"\ud800é" },"tx":"<g>","key":"é\"","""
            + "\"userId\":\"u\",\"receivedAt\":\"2026-01-02T03:04:05.006Z\"}"
            + """,{"seq":2,"scope":"app","resourceId":"r1","actor":"a","clock":8,"payload":null,"userId":"u","receivedAt":"2026-01-02T03:04:05.006Z"}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
        ArrayBufferWriter<byte> nothing = new();
        OperationJson.WriteAll(nothing, []);
        Assert.Equal(0, nothing.WrittenCount);
        using JsonDocument document = JsonDocument.Parse($"[{Encoding.UTF8.GetString(output.WrittenSpan)}]");
        Assert.Equal(2, document.RootElement.GetArrayLength());
    }

    private static Operation WithContent(Operation stored)
    {
        Reader.ReadContent(stored);
        return stored;
    }

    private static LoggedOperation Log(Operation operation, long seq) => new()
    {
        Seq = seq,
        Operation = operation,
        UserId = new UserId("u"),
        ReceivedAt = new DateTimeOffset(2026, 1, 2, 4, 4, 5, 6, TimeSpan.FromHours(1)),
        GroupEnd = seq,
        Digest = OperationDigest.Empty,
    };

    private static OperationReader.Reading CreateTransient(string payload) => Reader.Create(
        new OperationId(TreeModel.Scope, new ResourceId("t1"), new ActorId("p"), 7), Encoding.UTF8.GetBytes(payload), key: null, tx: null, allowTransient: true);

    private static OperationReader.Reading Read(string json) => Reader.Read(Encoding.UTF8.GetBytes(json));

    private static Operation Accepted(string json)
    {
        OperationReader.Reading reading = Read(json);
        Assert.Null(reading.Refusal);
        return reading.Operation!;
    }

    private static Refusal AssertRefused(string code, string json)
    {
        OperationReader.Reading reading = Read(json);
        Assert.Null(reading.Operation);
        Assert.Equal(code, reading.Refusal?.Code);
        return reading.Refusal!;
    }
}
