using System.Text;
using System.Text.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>Sets of clocks, state vectors, and the sorted list beneath them.</summary>
public sealed class ClockRangesTests
{
    private static readonly ActorId A = new("a");

    [Theory]
    [InlineData(30, 2)]
    [InlineData(300, 10)]
    [InlineData(20_000, 3)]
    public void A_set_of_clocks_is_the_set_that_a_hash_set_holds(long clockMax, int lengthMax) => Seeds.Run(1, 10, random =>
    {
        ClockRanges ranges = new();
        HashSet<long> model = [];
        for (int step = 0; step < 3_000; step++)
        {
            long clock = random.NextInt64(1, clockMax);
            if (random.Chance(65))
            {
                long last = clock + random.Next(lengthMax);
                ranges.Add(clock, last);
                for (long one = clock; one <= last; one++)
                    model.Add(one);
            }
            else
            {
                ranges.Remove(clock);
                model.Remove(clock);
            }

            long probe = random.NextInt64(1, clockMax + 5);
            Assert.Equal(model.Contains(probe), ranges.Contains(probe));
            Assert.Equal(FirstGap(model, probe), ranges.FirstGap(probe));
            if (step % 50 == 0)
                Assert.Equal(FewestRanges(model), ranges);
        }

        Assert.Equal(FewestRanges(model), ranges);
        Assert.Equal(FewestRanges(model).Count, ranges.Count);
    });

    [Fact]
    public void The_difference_of_two_sets_is_that_of_two_hash_sets() => Seeds.Run(1, 500, random =>
    {
        long clockMax = random.Pick<long>([5, 50, 5_000]);
        (ClockRanges left, HashSet<long> leftModel) = RandomSet(random, clockMax);
        (ClockRanges right, HashSet<long> rightModel) = RandomSet(random, clockMax);
        leftModel.ExceptWith(rightModel);
        Assert.Equal(FewestRanges(leftModel), left.Except(right));
    });

    [Fact]
    public void Ranges_reach_from_the_first_clock_to_the_last_that_a_client_may_name()
    {
        StateVector vector = TreeText.ReadVector("""{"a":[[1,9223372036854775807],[5,1e30]]}""");
        Assert.True(vector.Contains(new Stamp(1, A)));
        Assert.True(vector.Contains(new Stamp(9007199254740991, A)));
        Assert.Single(vector[A]);
        vector.Add(A, 1, 3);
        Assert.Single(vector[A]);
    }

    [Theory]
    [InlineData("""{}""", """{}""")]
    [InlineData("""{"a":[]}""", """{}""")]
    [InlineData("""{"a":[[0,5]]}""", """{"a":[[1,5]]}""")]
    [InlineData("""{"a":[[0,0],[-7,-3]]}""", """{}""")]
    [InlineData("""{"a":[[7,9],[1,2],[3,4]]}""", """{"a":[[1,4],[7,9]]}""")]
    [InlineData("""{"a":[[1,5],[3,9],[2,2],[1,5]]}""", """{"a":[[1,9]]}""")]
    [InlineData("""{"b":[[1,1]],"B":[[2,2]],"a":[[1e1,20.0]]}""", """{"B":[[2,2]],"a":[[10,20]],"b":[[1,1]]}""")]
    [InlineData("""{"a":[[1,1]],"\u0061":[[2,2]]}""", """{"a":[[1,2]]}""")]
    public void A_vector_is_read_as_the_clocks_it_covers(string json, string normal) =>
        Assert.Equal(normal, TreeText.Of(TreeText.ReadVector(json)));

    [Theory]
    [InlineData("""{"a":[[5,4]]}""")]
    [InlineData("""{"a":[[-1,-5]]}""")]
    [InlineData("""{"a":[[0,-1]]}""")]
    [InlineData("""{"a":[[1.5,2]]}""")]
    [InlineData("""{"a":[[1,2.5]]}""")]
    [InlineData("""{"a":[["1",2]]}""")]
    [InlineData("""{"a":[[1,null]]}""")]
    [InlineData("""{"a":[[1]]}""")]
    [InlineData("""{"a":[[]]}""")]
    [InlineData("""{"a":[[1,2,3]]}""")]
    [InlineData("""{"a":[[[1],2]]}""")]
    [InlineData("""{"a":[1,2]}""")]
    [InlineData("""{"a":{"1":2}}""")]
    [InlineData("""{"a":null}""")]
    [InlineData("""{"":[[1,2]]}""")]
    [InlineData("""{"__proto__":[[1,2]]}""")]
    [InlineData("""{"\ud800":[[1,2]]}""")]
    [InlineData("""{"a b":[[1,2]]}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("1")]
    public void A_vector_of_another_shape_is_refused_with_a_reason(string json)
    {
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Assert.Null(StateVector.Read(ref reader, out string? problem));
        Assert.NotNull(problem);
    }

    [Fact]
    public void A_reader_stands_on_the_vectors_last_token_afterwards()
    {
        Utf8JsonReader reader = new("""[{"a":[[1,2]]},7]"""u8);
        reader.Read();
        reader.Read();
        Assert.NotNull(StateVector.Read(ref reader, out _));
        Assert.Equal(JsonTokenType.EndObject, reader.TokenType);
        Assert.True(reader.Read());
        Assert.Equal(7, reader.GetInt32());
    }

    [Fact]
    public void What_a_vector_covers_beyond_what_is_stored_changes_no_answer()
    {
        StateVector stored = TreeText.ReadVector("""{"a":[[1,5],[9,9]],"b":[[2,3]]}""");
        StateVector have = TreeText.ReadVector("""{"a":[[6,8],[20,30]],"stranger":[[1,100]],"b":[[3,1000]]}""");
        Assert.Equal("""{"a":[[1,5],[9,9]],"b":[[2,2]]}""", TreeText.Of(stored.Except(have)));
    }

    [Fact]
    public void An_actor_without_clocks_leaves_the_vector()
    {
        StateVector vector = new();
        vector.Add(new Stamp(3, A));
        vector.Remove(new Stamp(4, A));
        vector.Remove(new Stamp(3, new ActorId("b")));
        Assert.Equal("""{"a":[[3,3]]}""", TreeText.Of(vector));
        vector.Remove(new Stamp(3, A));
        Assert.Empty(vector.Actors);
    }

    [Fact]
    public void A_sorted_list_of_many_runs_holds_what_a_sorted_set_holds() => Seeds.Run(1, 12, random =>
    {
        SortedChunks<ClockRange> chunks = new();
        SortedSet<long> model = [];
        int target = random.Pick([3, 600, 6_000]);
        for (int step = 0; step < target * 4; step++)
        {
            long key = (step % 3) switch { 0 => step + 1, 1 => (target * 10) - step, _ => random.Next(1, target * 10) };
            if (model.Count < target && model.Add(key))
                chunks.Insert(new ClockRange(key, key));
            SortedChunks<ClockRange>.Position at = chunks.LowerBound(random.Next(target * 10));
            if (!chunks.IsEnd(at) && random.Chance(40))
                RemoveSome(chunks, model, at, random.Next(1, 4));
        }

        while (model.Count > 0)
        {
            Assert.Equal(model.Count, chunks.Count);
            Assert.Equal(model, chunks.Items.Select(range => range.First));
            RemoveSome(chunks, model, chunks.LowerBound(random.Pick([.. model])), (target / 5) + 1);
        }

        Assert.Empty(chunks.Items);
        Assert.True(chunks.IsEnd(chunks.LowerBound(0)));
    });

    private static void RemoveSome(SortedChunks<ClockRange> chunks, SortedSet<long> model, SortedChunks<ClockRange>.Position at, int count)
    {
        for (; count > 0 && !chunks.IsEnd(at); count--)
        {
            long key = chunks[at].First;
            Assert.True(model.Remove(key));
            chunks.RemoveAt(ref at);
            long next = model.GetViewBetween(key, long.MaxValue).Min;
            Assert.Equal(next == 0, chunks.IsEnd(at));
            if (next > 0)
                Assert.Equal(next, chunks[at].First);
            long before = model.GetViewBetween(0, key).Max;
            Assert.Equal(before > 0, chunks.TryPrevious(at, out SortedChunks<ClockRange>.Position previous));
            if (before > 0)
                Assert.Equal(before, chunks[previous].First);
        }
    }

    private static long FirstGap(HashSet<long> model, long clock)
    {
        while (model.Contains(clock))
            clock++;
        return clock;
    }

    private static List<ClockRange> FewestRanges(HashSet<long> model) =>
        [.. model.Where(clock => !model.Contains(clock - 1)).Order().Select(first => new ClockRange(first, FirstGap(model, first) - 1))];

    private static (ClockRanges Ranges, HashSet<long> Model) RandomSet(Random random, long clockMax)
    {
        ClockRanges ranges = new();
        HashSet<long> model = [];
        for (int count = random.Next(40); count > 0; count--)
        {
            long first = random.NextInt64(1, clockMax);
            long last = first + random.NextInt64((clockMax / 20) + 2);
            ranges.Add(first, last);
            for (long clock = first; clock <= last; clock++)
                model.Add(clock);
        }

        return (ranges, model);
    }
}
