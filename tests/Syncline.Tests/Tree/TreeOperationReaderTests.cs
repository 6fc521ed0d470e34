using System.Text;
using System.Text.Json;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>The quick way to read what RepTree writes, against the way that reads everything.</summary>
public sealed class TreeOperationReaderTests
{
    private const string Alphabet = "\"\\{}[]:,. -+0189azAZ_é\u0001tnf";

    [Fact]
    public void What_RepTree_writes_is_read_the_quick_way() => Seeds.Run(1, 20, random =>
    {
        foreach (TreeOp operation in TreeWorkload.Causal(random, 100))
        {
            bool isPlain = operation.Content is not TreeOperation.SetProperty set
                || (!set.Key.Contains('"', StringComparison.Ordinal) && set.Value?.ToString() is not ['[', ..]);
            Assert.Equal(isPlain, TreeOperationReader.TryReadPlain(Encoding.UTF8.GetBytes(operation.Json), out TreeOperationReader.Bare read));
            if (isPlain)
                Assert.Equal(new TreeOperationReader.Bare(operation.Stamp.Clock, operation.Stamp.Actor.Value, operation.Content, IsTransient: false), read);
        }
    });

    [Fact]
    public void Both_ways_agree_on_every_JSON_text_that_the_quick_one_reads()
    {
        int read = 0;
        int changed = 0;
        Seeds.Run(1, 200, random =>
        {
            foreach (TreeOp operation in TreeWorkload.Causal(random, 60))
            {
                string text = Mutated(random, operation.Json);
                byte[] json = Encoding.UTF8.GetBytes(text);
                if (!IsJson(json) || !TreeOperationReader.TryReadPlain(json, out TreeOperationReader.Bare quick))
                    continue;
                Assert.Null(TreeOperationReader.ReadAny(json, out TreeOperationReader.Bare whole));
                Assert.Equal(whole, quick);
                read++;
                changed += text == operation.Json ? 0 : 1;
            }
        });

        // Else the test would hold nothing against anything.
        Assert.True(read > 1_000 && changed > 300, $"{read} read, {changed} of them changed");
    }

    [Theory]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"_c","value": "2024-01-01T00:00:00.000Z"}""")]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"_c","value":1 }""")]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"_c","value": "x","transient":true}""")]
    public void White_space_around_a_value_is_no_part_of_it(string json)
    {
        Assert.Null(TreeOperationReader.Read(Encoding.UTF8.GetBytes(json), out TreeOperationReader.Bare one));
        Assert.Null(TreeOperationReader.ReadAny(Encoding.UTF8.GetBytes(json), out TreeOperationReader.Bare whole));
        Assert.Equal(((TreeOperation.SetProperty)whole.Operation).Value!.ToString(), ((TreeOperation.SetProperty)one.Operation).Value!.ToString());
    }

    [Theory]
    [InlineData("""{"id":{"counter":1,"peerId":"__proto__"},"targetId":"v","parentId":"r"}""")]
    [InlineData("""{"id":{"counter":1,"peerId":"valueof"},"targetId":"valueOf","parentId":"r"}""")]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":".v","parentId":"r"}""")]
    [InlineData("""{"id":{"counter":1,"peerId":""},"targetId":"v","parentId":"r"}""")]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"constructor","value":1,"transient":false}""")]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":"v","parentId":"r","key":"k"}""")]
    [InlineData("""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"k","value":1,"parentId":"r"}""")]
    [InlineData("""{"id":{"counter":1.5,"peerId":"p"},"targetId":"v","parentId":"r"}""")]
    public void What_is_wrong_is_left_to_the_way_that_can_say_so(string json)
    {
        Assert.False(TreeOperationReader.TryReadPlain(Encoding.UTF8.GetBytes(json), out _));
        Assert.NotNull(TreeOperationReader.Read(Encoding.UTF8.GetBytes(json), out _));
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public void A_transient_write_is_told_from_a_stored_one(string transient, bool expected)
    {
        string json = $$"""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"k","value":"x","transient":{{transient}}}""";
        Assert.True(TreeOperationReader.TryReadPlain(Encoding.UTF8.GetBytes(json), out TreeOperationReader.Bare read));
        Assert.Equal(expected, read.IsTransient);
    }

    private static string Mutated(Random random, string text)
    {
        StringBuilder mutated = new(text);
        for (int changes = random.Next(3); changes > 0; changes--)
        {
            int at = random.Next(mutated.Length);
            switch (random.Next(3))
            {
                case 0:
                    mutated[at] = random.Pick([.. Alphabet]);
                    break;
                case 1:
                    mutated.Insert(at, random.Pick([.. Alphabet]));
                    break;
                default:
                    mutated.Remove(at, 1);
                    break;
            }
        }

        return mutated.ToString();
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
