using System.Globalization;
using Syncline.Core.Lists;
using Xunit.Abstractions;

namespace Syncline.Tests.Lists;

/// <summary>How long positions become (docs/performance.md, "Positions"), and that they stay strictly ordered meanwhile.</summary>
public sealed class PositionGrowthTests(ITestOutputHelper output)
{
    private const int Inserts = 10_000;
    private static readonly string[] Actors = ["laptop-7f3", "phone-2c1d", "tablet-9d4"];

    /// <summary>What is inserted where, and the most bytes of JSON that a position may have after all inserts by turns, and in one replica.</summary>
    public static TheoryData<string, int> Patterns => new()
    {
        { "appends", 60 },
        { "prepends", 60 },
        { "after the same left neighbour", 100 },
        { "before the same right neighbour", 100 },
        { "between the last two", 300 },
        { "anywhere", 100 },
    };

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Positions_stay_short_when_three_actors_take_turns(string pattern, int bytesMax)
    {
        List<Position> list = Start();
        List<Position> made = Run(pattern, list, turn => Actors[turn % Actors.Length]);
        AssertRises(list);
        Report(pattern, "by turns", made, bytesMax);
    }

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Positions_stay_short_and_distinct_when_three_actors_insert_from_the_same_state(string pattern, int bytesMax)
    {
        List<Position> made = [];
        foreach (string actor in Actors)
            made.AddRange(Run(pattern, Start(), _ => actor));
        List<Position> merged = [.. Start(), .. made];
        merged.Sort();
        AssertRises(merged);
        for (int i = 1; i < merged.Count; i++)
        {
            Position between = Position.Between(merged[i - 1], merged[i], "desktop-1");
            Assert.True(between > merged[i - 1] && between < merged[i]);
        }

        Report(pattern, "at once", made, bytesMax);
    }

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Positions_stay_short_beside_those_of_other_clients(string pattern, int bytesMax)
    {
        List<Position> list = [Position.Of(new PositionComponent(512, "web-1")), Position.Of(new PositionComponent(513, "web-2"))];
        List<Position> made = Run(pattern, list, turn => Actors[turn % Actors.Length]);
        AssertRises(list);
        Report(pattern, "beside others", made, bytesMax + 100);
    }

    private static List<Position> Start()
    {
        Position first = Position.Between(left: null, right: null, "laptop-7f3");
        return [first, Position.Between(first, right: null, "phone-2c1d")];
    }

    /// <summary>Inserts into an ordered list, and gives what it inserted, in that order.</summary>
    private static List<Position> Run(string pattern, List<Position> list, Func<int, string> actorOf)
    {
        Random random = new(5);
        List<Position> made = new(Inserts);
        for (int turn = 0; turn < Inserts; turn++)
        {
            int at = pattern switch
            {
                "appends" => list.Count,
                "prepends" => 0,
                "after the same left neighbour" => 1,
                "before the same right neighbour" => list.Count - 1,
                "anywhere" => random.Next(list.Count + 1),
                "between the last two" => turn < 2 ? turn + 1 : IndexBetweenLastTwo(list, made),
                _ => throw new System.Diagnostics.UnreachableException(pattern),
            };
            made.Add(Position.Between(at == 0 ? null : list[at - 1], at == list.Count ? null : list[at], actorOf(turn)));
            list.Insert(at, made[^1]);
        }

        return made;
    }

    private static int IndexBetweenLastTwo(List<Position> list, List<Position> made)
    {
        int one = list.BinarySearch(made[^1]);
        int other = list.BinarySearch(made[^2]);
        Assert.Equal(1, Math.Abs(one - other));
        return Math.Max(one, other);
    }

    private static void AssertRises(List<Position> list)
    {
        for (int i = 1; i < list.Count; i++)
            Assert.True(list[i - 1] < list[i], $"{list[i - 1]} is not before {list[i]}");
    }

    private void Report(string pattern, string how, List<Position> made, int bytesMax)
    {
        int[] bytes = [.. made.Select(position => position.ToJson().Utf8.Length)];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{pattern}, {how}: at most {bytes.Max()} bytes, {bytes.Average():0} on average, at most {made.Max(position => position.Components.Length)} components"));
        Assert.InRange(bytes.Max(), 1, bytesMax);
    }
}
