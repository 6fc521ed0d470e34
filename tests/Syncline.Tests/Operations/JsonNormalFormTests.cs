using System.Text;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Tests.Operations;

/// <summary>Which JSON values are equal, and which are refused.</summary>
public sealed class JsonNormalFormTests
{
    [Theory]
    [InlineData("1", "1.0", "1e0", "10e-1", "1E+0", "0.1e1", "100e-2", "1e00", "1.000", "0.001e3", "1e-0", "1e00000000000000000000000000000")]
    [InlineData("0", "-0", "0.0", "0e5", "-0.0e-7", "0e99999999999999999999")]
    [InlineData("-1", "-1.0", "-10e-1")]
    [InlineData("1500", "1.5e3", "15e2", "150e1")]
    [InlineData("-0.25", "-25e-2", "-2.5E-1")]
    [InlineData("""{"a":1,"b":[true,null]}""", """{ "b" : [ true , null ] , "a" : 1.0 }""", "\n{\t\"\\u0062\":[true,null],\r\"a\":1}\n")]
    [InlineData("\"A\"", "\"\\u0041\"")]
    [InlineData("\"/\"", "\"\\/\"")]
    [InlineData("\"\\n\\t\\b\\f\\r\\\"\\\\\"", "\"\\u000a\\u0009\\u0008\\u000C\\u000D\\u0022\\u005C\"")]
    [InlineData("\"é漢\"", "\"\\u00e9\\u6F22\"")]
    [InlineData("\"🎈\"", "\"\\ud83c\\udf88\"", "\"\\uD83C\\uDF88\"")]
    [InlineData("\"\\ud800\"", "\"\\uD800\"")]
    [InlineData("{}", "{ }")]
    [InlineData("[]", "[ ]")]
    public void Two_spellings_of_one_value_have_one_hash(params string[] spellings) =>
        Assert.Single(spellings.Select(HashOf).Distinct());

    [Fact]
    public void Different_values_have_different_hashes()
    {
        string[] values =
        [
            "null", "true", "false", "0", "1", "-1", "10", "0.1", "1e400", "1e401", "-1e400", "\"\"", "\"0\"", "\"1\"", "\"null\"", "\"a\"", "\"A\"",
            "[]", "{}", "[[]]", "[{}]", "[null]", "[1,2]", "[2,1]", "[[1],2]", "[[1,2]]", "[1,[2]]", "[12]", "[\"1,2\"]",
            "{\"a\":1}", "{\"a\":\"1\"}", "{\"b\":1}", "{\"a\":null}", "{\"\":1}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1},\"c\":2}",
            "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", "{\"a\":\"b\"}", "{\"b\":\"a\"}", "{\"transient\":false}",
            "{\"a\":[{\"b\":1}]}", "{\"a\":[{\"b\":2}]}",
            "9007199254740992", "9007199254740993", "123456789012345678901234567890", "123456789012345678901234567891",
            "0.1234567890123456789012345678901", "0.1234567890123456789012345678902", "1e-400", "-1e-400",
            "\"\\ud800\"", "\"\\ud801\"", "\"\\udc00\"", "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"", "\"\\ufffd\"", "\"?\"",
            "\"\\u0000\"", "\"\\u0000\\u0000\"", "\"𐀀\"", "\"\\\\ud800\"",
        ];
        foreach (IGrouping<ulong, string> equal in values.GroupBy(HashOf))
            Assert.Single(equal);
    }

    [Fact]
    public void A_member_that_counts_as_absent_when_false_is_only_that_of_the_outermost_object()
    {
        Assert.Equal(HashOf("""{"a":1}"""), HashOf("""{"transient":false,"a":1}""", "transient"));
        Assert.Equal(HashOf("""{"a":1}"""), HashOf("""{"a":1,"\u0074ransient":false}""", "transient"));
        Assert.NotEqual(HashOf("""{"a":1}"""), HashOf("""{"a":1,"transient":true}""", "transient"));
        Assert.NotEqual(HashOf("""{"a":1}"""), HashOf("""{"a":1,"transient":null}""", "transient"));
        Assert.NotEqual(HashOf("""{"a":{}}"""), HashOf("""{"a":{"transient":false}}""", "transient"));
        Assert.NotEqual(HashOf("""{"a":1}"""), HashOf("""{"a":1,"transient":false}"""));
    }

    [Fact]
    public void Random_values_keep_their_hash_in_every_spelling() => Seeds.Run(1, 300, random =>
    {
        object? value = RandomValue(random, 4);
        ulong hash = HashOf(Spell(random, value));
        Assert.Equal(hash, HashOf(Spell(random, value)));
        Assert.NotEqual(hash, HashOf(Spell(random, new object?[] { value })));
        Assert.Null(JsonNormalForm.Check(Encoding.UTF8.GetBytes(Spell(random, value)), 64));
    });

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""[{"b":{"a":1,"c":[],"a":1}}]""")]
    [InlineData("""{"a":{"a":1},"b":[{"a":1}],"a":1}""")]
    [InlineData("""{"\ud800":1,"\uD800":1}""")]
    [InlineData("""{"":1,"":1}""")]
    public void A_repeated_member_name_is_refused(string json) => Assert.Equal(ErrorCodes.InvalidOperation, Check(json)?.Code);

    [Theory]
    [InlineData("""{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}""")]
    [InlineData("""[{"a":[{"b":1}],"b":2},{"a":1,"b":{}}]""")]
    [InlineData("""{"a":1,"A":1}""")]
    [InlineData("""["a","a","__proto__"]""")]
    [InlineData("""{"a":"__proto__","proto":1,"__proto":1,"constructor":1}""")]
    public void The_same_name_in_different_objects_is_fine(string json) => Assert.Null(Check(json));

    [Theory]
    [InlineData("""{"__proto__":1}""")]
    [InlineData("""[[{"a":[{"b":{"__proto__":{}}}]}]]""")]
    [InlineData("""{"\u005f_proto__":1}""")]
    [InlineData("""{"a":{"\u005F\u005f\u0070roto\u005f_":1}}""")]
    public void The_name_proto_is_refused_wherever_and_however_it_stands(string json) =>
        Assert.Equal(ErrorCodes.InvalidOperation, Check(json)?.Code);

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Nesting_ends_at_its_limit(string open, string close)
    {
        Assert.Null(Check(Nested(open, close, 64)));
        Assert.Equal(ErrorCodes.PayloadTooLarge, Check(Nested(open, close, 65))?.Code);
        Assert.Equal(ErrorCodes.PayloadTooLarge, Check(Nested(open, close, 100_000))?.Code);
    }

    [Fact]
    public void Siblings_do_not_count_as_depth() => Assert.Null(Check($"[{string.Join(',', Enumerable.Repeat("[{}]", 1_000))}]"));

    [Theory]
    [InlineData("1", 1)]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("-1", -1)]
    [InlineData("1e3", 1000)]
    [InlineData("1.0", 1)]
    [InlineData("-1.50e1", -15)]
    [InlineData("100e-2", 1)]
    [InlineData("0e400", 0)]
    [InlineData("9007199254740992", 9007199254740992)]
    [InlineData("9007199254740993.0", 9007199254740993)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775807.0", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    public void A_number_without_a_fraction_is_an_integer_however_it_is_written(string text, long expected)
    {
        Assert.Equal(JsonNumber.IntegerKind.Integer, JsonNumber.ReadInteger(Encoding.UTF8.GetBytes(text), out long value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("1.5", false)]
    [InlineData("-0.1", false)]
    [InlineData("1e-1", false)]
    [InlineData("1e-400", false)]
    [InlineData("1e-99999999999999999999", false)]
    [InlineData("9223372036854775807.5", false)]
    [InlineData("1e30", true)]
    [InlineData("-1e30", true)]
    [InlineData("9223372036854775808", true)]
    [InlineData("9223372036854775808.0", true)]
    [InlineData("1e19", true)]
    [InlineData("1e400", true)]
    [InlineData("1e99999999999999999999", true)]
    public void A_fraction_is_told_from_an_integer_beyond_64_bits(string text, bool tooLarge) =>
        Assert.Equal(
            tooLarge ? JsonNumber.IntegerKind.TooLarge : JsonNumber.IntegerKind.NotAnInteger,
            JsonNumber.ReadInteger(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void A_number_of_100_000_digits_is_read_without_harm()
    {
        byte[] digits = Encoding.UTF8.GetBytes(new string('9', 100_000));
        Assert.Equal(JsonNumber.IntegerKind.TooLarge, JsonNumber.ReadInteger(digits, out _));
        byte[] one = Encoding.UTF8.GetBytes($"1.{new string('0', 100_000)}");
        Assert.Equal(JsonNumber.IntegerKind.Integer, JsonNumber.ReadInteger(one, out long value));
        Assert.Equal(1, value);
        Assert.Equal(HashOf("1"), JsonNormalForm.Hash(one));
    }

    private static ulong HashOf(string json) => HashOf(json, "");

    private static ulong HashOf(string json, string ignoredWhenFalse) =>
        JsonNormalForm.Hash(Encoding.UTF8.GetBytes(json), Encoding.UTF8.GetBytes(ignoredWhenFalse));

    private static Refusal? Check(string json) => JsonNormalForm.Check(Encoding.UTF8.GetBytes(json), 64);

    private static string Nested(string open, string close, int depth) =>
        string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));

    private static object? RandomValue(Random random, int depth) => random.Next(depth > 0 ? 7 : 5) switch
    {
        0 => null,
        1 => random.Chance(50),
        2 or 3 => random.Next(-1_000, 1_000),
        4 => new string([.. Enumerable.Range(0, random.Next(6)).Select(_ => random.Pick<char>(['a', 'Z', '\n', '"', '\\', 'é', '漢', '\0', '\ud800']))]),
        5 => Enumerable.Range(0, random.Next(5)).Select(_ => RandomValue(random, depth - 1)).ToArray(),
        _ => Enumerable.Range(0, random.Next(5)).ToDictionary(n => $"k{n}é", _ => RandomValue(random, depth - 1), StringComparer.Ordinal),
    };

    private static string Spell(Random random, object? value)
    {
        string space = random.Pick(["", " ", "\n", "\t \r"]);
        return space + value switch
        {
            null => "null",
            bool truth => truth ? "true" : "false",
            int number => random.Next(4) switch
            {
                0 => $"{number}",
                1 => $"{number}.0",
                2 => $"{number}00E-2",
                _ => $"{number / 1000m}e3",
            },
            string text => SpellText(random, text),
            object?[] list => $"[{string.Join(',', list.Select(item => Spell(random, item)))}{space}]",
            Dictionary<string, object?> members => "{" + string.Join(
                ',', members.OrderBy(_ => random.Next()).Select(pair => $"{SpellText(random, pair.Key)}{space}:{Spell(random, pair.Value)}")) + "}",
            _ => throw new ArgumentException("no JSON", nameof(value)),
        } + space;
    }

    private static string SpellText(Random random, string text)
    {
        StringBuilder spelled = new("\"");
        foreach (char character in text)
        {
            if (character < ' ' || character is '"' or '\\' || char.IsSurrogate(character) || random.Chance(40))
                spelled.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                spelled.Append(character);
        }

        return spelled.Append('"').ToString();
    }
}
