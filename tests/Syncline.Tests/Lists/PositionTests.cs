using System.Text;
using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Lists;

namespace Syncline.Tests.Lists;

/// <summary>The order is that of existing clients, and between any two positions there is another wherever that order has one.</summary>
public sealed class PositionTests
{
    private static readonly PositionComponent[] Alphabet =
    [
        new(0, "\0"), new(0, "\0\0"), new(0, "!"), new(0, "a"), new(0, "b"), new(1, ""), new(1, "a"), new(1, "c"), new(2, "b"), new(9007199254740992, "a"), new(1e300, ""),
    ];

    [Theory]
    [InlineData("[]", "[]")]
    [InlineData("[{}]", "[{\"digit\":0,\"actor\":\"\"}]")]
    [InlineData("[{},{\"digit\":5}]", "[{\"digit\":5,\"actor\":\"\"}]")]
    [InlineData("[{\"digit\":5},null]", "[{\"digit\":5,\"actor\":\"\"},{\"digit\":0,\"actor\":\"\"}]")]
    [InlineData("[null,7,\"x\",[1],{\"digit\":1,\"actor\":\"b\"}]", "[{\"digit\":1,\"actor\":\"b\"}]")]
    [InlineData("[{\"digit\":3.99,\"actor\":\"b\",\"more\":{\"digit\":9}}]", "[{\"digit\":3,\"actor\":\"b\"}]")]
    [InlineData("[{\"digit\":-1,\"actor\":\"b\"}]", "[{\"digit\":0,\"actor\":\"b\"}]")]
    [InlineData("[{\"digit\":\"5\",\"actor\":5}]", "[{\"digit\":0,\"actor\":\"\"}]")]
    [InlineData("[{\"digit\":1e400,\"actor\":\"b\"}]", "[{\"digit\":0,\"actor\":\"b\"}]")]
    [InlineData("[{\"digit\":9007199254740993}]", "[{\"digit\":9007199254740992,\"actor\":\"\"}]")]
    [InlineData("[{\"digit\":1e300}]", "[{\"digit\":1E+300,\"actor\":\"\"}]")]
    [InlineData("[{\"actor\":\"\\ud800\\u0001\\\"é\\ud83d\\ude00\"}]", "[{\"digit\":0,\"actor\":\"\\ud800\\u0001\\\"é😀\"}]")]
    public void What_clients_write_is_read_as_they_read_it(string json, string expected)
    {
        Position position = Read(json);
        Assert.Equal(expected, position.ToString());
        Assert.Equal(position, Read(position.ToString()));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("\"x\"")]
    [InlineData("5")]
    public void What_is_no_array_is_no_position(string json) => Assert.False(TryRead(json, out _));

    [Fact]
    public void The_order_is_that_of_existing_clients()
    {
        Position[] all = [.. Paths(2)];
        foreach (Position left in all)
        {
            foreach (Position right in all)
            {
                int expected = CompareAsTheyDo(left.Components, right.Components);
                Assert.Equal(expected, Math.Sign(left.CompareTo(right)));
                Assert.Equal(expected == 0, left == right);
            }
        }
    }

    [Fact]
    public void Actors_are_ordered_by_UTF16_code_units() => Assert.True(
        Position.Of(new PositionComponent(1, "\ud83d\ude00")) < Position.Of(new PositionComponent(1, "\uff5e")));

    [Theory]
    [InlineData("a")]
    [InlineData("-")]
    [InlineData("z9")]
    public void Between_any_two_there_is_one_wherever_the_order_has_one(string actor)
    {
        Position[] all = [.. Paths(3)];
        Array.Sort(all);
        for (int i = 0; i < all.Length; i++)
        {
            // All pairs would be a million: those that are near each other, and some that are not.
            for (int j = i + 1; j < all.Length; j += j - i < 80 ? 1 : 37)
                CheckBetween(all[i], all[j], actor);
            CheckBetween(left: null, all[i], actor);
            CheckBetween(all[i], right: null, actor);
        }
    }

    [Fact]
    public void Where_the_order_has_none_there_is_none_among_all_longer_paths()
    {
        Position[] all = [.. Paths(3)];
        Position[] few = [.. Paths(1)];
        int pairs = 0;
        foreach (Position left in few)
        {
            foreach (Position right in few.Where(right => right > left && HasNone(left, right)))
            {
                pairs++;
                Assert.DoesNotContain(all, between => between > left && between < right);
            }
        }

        // Each of the twelve paths that end with no zero and itself with one; that and itself with the least actor, where that is there.
        Assert.Equal((1 + Alphabet.Length) + 1, pairs);
    }

    [Fact]
    public void Equal_positions_get_the_next_place_after_both()
    {
        Position both = Read("[{\"digit\":5,\"actor\":\"b\"}]");
        Position next = Position.Between(both, both, "a");
        Assert.True(next > both);
        Assert.True(next < Read("[{\"digit\":5,\"actor\":\"c\"}]"));
    }

    [Fact]
    public void Neighbours_in_the_wrong_order_are_an_error() => Assert.Throws<ArgumentException>(
        () => Position.Between(Read("[{\"digit\":6}]"), Read("[{\"digit\":5}]"), "a"));

    [Fact]
    public void No_digit_leaves_the_whole_numbers_that_a_double_has()
    {
        Position last = Read("[{\"digit\":9007199254740000,\"actor\":\"b\"}]");
        for (int i = 0; i < 2_000; i++)
        {
            Position next = Position.Between(last, right: null, "a");
            Assert.True(next > last);
            Assert.All(next.Components.ToArray(), component => Assert.InRange(component.Digit, 0, 9007199254740991));
            last = next;
        }

        Assert.Equal(2, last.Components.Length);
        Position first = Position.Between(left: null, Read("[{\"digit\":1e300}]"), "a");
        Assert.InRange(Assert.Single(first.Components.ToArray()).Digit, 1, 9007199254740991);
    }

    private static void CheckBetween(Position? left, Position? right, string actor)
    {
        Position between = Position.Between(left, right, actor);
        bool isAfterLeft = left is null || between > left;
        bool isBeforeRight = right is null || between < right;
        bool expected = right is not { } end || !HasNone(left, end);
        Assert.True(
            isAfterLeft && isBeforeRight == expected,
            $"{between} is not {(expected ? "between" : "after both of")} {left?.ToString() ?? "nothing"} and {right?.ToString() ?? "nothing"}");
        Assert.Equal(between, Read(between.ToString()));
        if (left is not null && right is not null && expected && !IsNarrow(left.Value, right.Value))
            Assert.Equal(actor, between.Components[^1].Actor);
    }

    // The statement that the code is tested against: equal, or the right one is the left one and a zero, or the left one ends with a zero and the
    // right one has the least actor there is in its place.
    private static bool HasNone(Position? left, Position right)
    {
        if (left is null)
            return right == default;
        ReadOnlySpan<PositionComponent> low = left.Value.Components;
        ReadOnlySpan<PositionComponent> high = right.Components;
        if (low.SequenceEqual(high))
            return true;
        return low is [.. var path, { Digit: 0, Actor: "" }]
            ? high.StartsWith(path) && high[path.Length..] is [{ Digit: 0, Actor: "\0" }]
            : high.StartsWith(low) && high[low.Length..] is [{ Digit: 0, Actor: "" }];
    }

    // Nothing but least actors between them: what room there is has no place for an actor of one's own.
    private static bool IsNarrow(Position left, Position right)
    {
        ReadOnlySpan<PositionComponent> low = left.Components is [.. var path, { Digit: 0, Actor: "" }] ? path : left.Components;
        return right.Components.StartsWith(low)
            && right.Components[low.Length..].ToArray().All(component => component is { Digit: 0, Actor: "" or "\0" });
    }

    private static IEnumerable<Position> Paths(int length)
    {
        yield return default;
        yield return Position.Of(PositionComponent.Zero);
        if (length == 0)
            yield break;
        foreach (PositionComponent first in Alphabet)
        {
            foreach (Position rest in Paths(length - 1))
                yield return Position.Of([first, .. rest.Components]);
        }
    }

    // Their comparison, spelled out as it is in docs/protocol.md.
    private static int CompareAsTheyDo(ReadOnlySpan<PositionComponent> left, ReadOnlySpan<PositionComponent> right)
    {
        for (int i = 0; i < Math.Max(left.Length, right.Length); i++)
        {
            (double digit, string actor) = i < left.Length ? left[i] : PositionComponent.Zero;
            (double otherDigit, string otherActor) = i < right.Length ? right[i] : PositionComponent.Zero;
            int order = digit == otherDigit ? Math.Sign(string.CompareOrdinal(actor, otherActor)) : Math.Sign(digit - otherDigit);
            if (order != 0)
                return order;
        }

        return Math.Sign(left.Length - right.Length);
    }

    private static Position Read(string json) => TryRead(json, out Position position) ? position : throw new FormatException(json);

    private static bool TryRead(string json, out Position position)
    {
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(json), JsonNormalForm.AnyDepth);
        reader.Read();
        return Position.TryRead(ref reader, out position);
    }
}
