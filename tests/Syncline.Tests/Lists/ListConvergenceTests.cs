using Syncline.Core.Operations;
using static Syncline.Tests.Lists.ListOp;

namespace Syncline.Tests.Lists;

/// <summary>The same operations give the same state, byte for byte, in whatever order, however often, and with a restart between any two.</summary>
public sealed class ListConvergenceTests
{
    private static readonly Operation[] Before = [Create(1, "a", "l", pos: At(1)), Create(2, "a", "m", "Other", At(2)), Insert("l", 3, "a", "t", "one", At(5)), Insert("l", 4, "a", "u", "two", At(9))];

    public static TheoryData<string> Cases => [.. Scenarios.Keys];

    /// <summary>What two or three replicas do that do not know of each other, and what all of them show in the end.</summary>
    private static Dictionary<string, (Operation[][] Replicas, string Shown)> Scenarios { get; } = new(StringComparer.Ordinal)
    {
        ["text against move"] = ([[Text("l", 5, "a", "t", "new")], [Move("l", 5, "b", "t", At(20))]], "l 'Plan': u=two t=new; m 'Other':"),
        ["text against done"] = ([[Text("l", 5, "a", "t", "new")], [Done("l", 5, "b", "t", true)]], "l 'Plan': t=new+ u=two; m 'Other':"),
        ["text against note"] = ([[Text("l", 5, "a", "t", "new")], [Note("l", 5, "b", "t", "why")]], "l 'Plan': t=new(why) u=two; m 'Other':"),
        ["equal clocks"] = ([[Text("l", 5, "a", "t", "of a")], [Text("l", 5, "b", "t", "of b")], [Text("l", 5, "B", "t", "of B")]], "l 'Plan': t=of b u=two; m 'Other':"),
        ["a write of what is there"] = ([[Text("l", 5, "a", "t", "x"), Text("l", 6, "a", "t", "one")], [Text("l", 5, "b", "t", "y")]], "l 'Plan': t=one u=two; m 'Other':"),
        ["remove against edit"] = ([[Remove("l", 5, "a", "t")], [Text("l", 9, "b", "t", "late"), Done("l", 10, "b", "t", true)]], "l 'Plan': u=two; m 'Other':"),
        ["remove against edit, restored"] = (
            [[Remove("l", 5, "a", "t"), Restore("l", 6, "a", "t")], [Text("l", 9, "b", "t", "late")]], "l 'Plan': t=late u=two; m 'Other':"),
        ["remove then insert again"] = ([[Remove("l", 5, "a", "t"), Insert("l", 6, "a", "t", "again", At(30))], [Remove("l", 5, "b", "t")]], "l 'Plan': u=two t=again; m 'Other':"),
        ["insert again against remove"] = ([[Remove("l", 5, "a", "t"), Restore("l", 6, "a", "t")], [Remove("l", 6, "b", "t")]], "l 'Plan': u=two; m 'Other':"),
        ["edit before insert"] = ([[Text("l", 8, "b", "n", "early"), Done("l", 9, "b", "n", true)], [Insert("l", 5, "a", "n", "first", At(7))]], "l 'Plan': t=one n=early+ u=two; m 'Other':"),
        ["edit without insert"] = ([[Text("l", 8, "b", "n", "early")], [Move("l", 5, "a", "n", At(7))]], "l 'Plan': t=one u=two; m 'Other':"),
        ["rename against rename"] = (
            [[Registry(5, "a", """ "type":"renameList","listId":"l","payload":{"title":"A"} """)], [List("l", 5, "b", """ "type":"renameList","payload":{"title":"B"} """)]],
            "l 'B': t=one u=two; m 'Other':"),
        ["rename against reorder"] = (
            [[List("l", 5, "a", """ "type":"renameList","payload":{"title":"A"} """)], [Registry(5, "b", $$""" "type":"reorderList","itemId":"l","payload":{"pos":{{At(9)}} } """)]],
            "m 'Other':; l 'A': t=one u=two"),
        ["a move to two lists"] = (
            [[Move("l", 5, "a", "t", At(1), "m")], [Move("l", 6, "b", "t", At(1), "n")], [Move("l", 5, "c", "u", At(0), "m")]], "n '': t=one; l 'Plan':; m 'Other': u=two"),
        ["move to another list against remove"] = ([[Move("l", 9, "a", "t", At(1), "m")], [Remove("l", 5, "b", "t")]], "l 'Plan': u=two; m 'Other':"),
        ["move to another list against edit"] = ([[Move("l", 5, "a", "t", At(1), "m")], [Text("l", 5, "b", "t", "new")]], "l 'Plan': u=two; m 'Other': t=new"),
        ["move to another list and back"] = ([[Move("l", 5, "a", "t", At(1), "m"), Move("l", 6, "a", "t", At(99))], [Move("l", 5, "b", "t", At(2))]], "l 'Plan': u=two t=one; m 'Other':"),
        ["move against removal of the list"] = ([[Move("l", 5, "a", "t", At(1), "m")], [RemoveList(5, "b", "m")]], "l 'Plan': u=two"),
        ["move out against removal of the home"] = ([[Move("l", 5, "a", "t", At(1), "m")], [RemoveList(5, "b", "l")]], "m 'Other': t=one"),
        ["removal of a list against edits in it"] = ([[RemoveList(5, "a", "l"), Create(6, "a", "l", "Back", At(1))], [Text("l", 9, "b", "t", "kept")]], "l 'Back': t=kept u=two; m 'Other':"),
        ["a shape that nobody knows"] = (
            [[List("l", 5, "a", """ "type":"colour","itemId":"t","payload":{"text":"no"} """)], [Registry(5, "b", """ "type":"share","listId":"l" """)]], "l 'Plan': t=one u=two; m 'Other':"),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void All_replicas_end_with_equal_bytes(string scenario)
    {
        (Operation[][] replicas, string shown) = Scenarios[scenario];
        Operation[] all = [.. Before, .. replicas.SelectMany(own => own)];
        string expected = ListReplica.Of(all).Bytes;
        Assert.Equal(shown, ListReplica.Of(all).Shown());
        Seeds.Run(1, 60, random =>
        {
            foreach (Operation[] own in replicas)
            {
                ListReplica replica = Deliver(random, all, [.. Before, .. own], inOrderOfTheirs: random.Chance(50));
                Assert.Equal(expected, replica.Bytes);
                Assert.Equal(shown, replica.Shown());
            }
        });
    }

    [Fact]
    public void Writes_of_one_register_by_one_actor_with_one_clock_converge_too()
    {
        // A resource of the registry does not say which list it is: only there may an actor that counts wrongly write a register twice.
        Operation[] all =
        [
            .. Before,
            Registry(5, "a", """ "type":"createList","listId":"l","payload":{"title":"A","pos":[{"digit":3,"actor":"a"}]} """, "r1"),
            Registry(5, "a", """ "type":"removeList","listId":"l","payload":{} """, "r2"),
            Registry(5, "a", $$""" "type":"reorderList","listId":"l","payload":{"pos":{{At(9)}} } """, "r3"),
            List("l", 5, "a", """ "type":"renameList","payload":{"title":"B"} """),
            Registry(6, "a", """ "type":"createList","listId":"l" """, "r2"),
        ];
        ListReplica first = ListReplica.Of(all);
        Seeds.Run(1, 60, random =>
        {
            ListReplica replica = Deliver(random, all, [], inOrderOfTheirs: false);
            Assert.Equal(first.Bytes, replica.Bytes);
        });
        Assert.Equal("m 'Other':; l 'B': t=one u=two", first.Shown());
        ListReplica removed = ListReplica.Of(all[..^1]);
        Seeds.Run(100, 60, random => Assert.Equal(removed.Bytes, Deliver(random, all[..^1], [], inOrderOfTheirs: false).Bytes));
    }

    [Fact]
    public void Random_histories_of_three_replicas_end_with_equal_bytes() => Seeds.Run(100, 200, random =>
    {
        Operation[] all = [.. ListWorkload.Wild(random, random.Next(5, 150))];
        ListReplica first = Deliver(random, all, [], inOrderOfTheirs: true);
        for (int replica = 0; replica < 2; replica++)
        {
            ListReplica other = Deliver(random, all, [.. all.Where(one => one.Id.Actor.Value == $"p{replica}")], inOrderOfTheirs: random.Chance(30));
            Assert.Equal(first.Bytes, other.Bytes);
            Assert.Equal(first.Shown(), other.Shown());
        }

        Assert.Equal(ReferenceLists.Shown(all), first.Shown());
    });

    [Fact]
    public void Dropping_what_has_a_later_write_on_each_of_its_registers_changes_nothing() => Seeds.Run(500, 100, random =>
    {
        Core.Lists.ListModel model = new();
        Operation[] all = [.. ListWorkload.Wild(random, random.Next(5, 150))];
        Dictionary<string, Stamp> winners = [];
        foreach (Operation operation in all)
        {
            foreach (string register in model.RegistersOf(operation))
                winners[register] = winners.TryGetValue(register, out Stamp known) && known > operation.Id.Stamp ? known : operation.Id.Stamp;
        }

        ListReplica whole = Deliver(random, all, [], inOrderOfTheirs: true);
        ListReplica compacted = new();
        for (int i = 0; i < all.Length; i++)
        {
            IReadOnlyList<string> registers = model.RegistersOf(all[i]);
            if (registers.Count == 0 || registers.Any(register => winners[register] == all[i].Id.Stamp))
                compacted.Take(all[i].Log(i + 1));
        }

        compacted.State.Commit();
        Assert.Equal(whole.Bytes, compacted.Bytes);
        Assert.Equal(whole.Shown(), compacted.Shown());
    });

    // The log gives each operation its seq; a replica may see its own first, and the rest in any order and more than once.
    private static ListReplica Deliver(Random random, Operation[] all, Operation[] first, bool inOrderOfTheirs)
    {
        LoggedOperation[] log = [.. all.Select((operation, index) => operation.Log(index + 1))];
        LoggedOperation[] rest = [.. log.Where(logged => !first.Contains(logged.Operation)), .. log.Where(_ => random.Chance(20))];
        if (!inOrderOfTheirs)
            random.Shuffle(rest);
        ListReplica replica = new();
        foreach (LoggedOperation logged in log.Where(logged => first.Contains(logged.Operation)).Concat(rest))
        {
            replica.Take(logged);
            if (random.Chance(10))
                TakeBackAndAgain(random, replica, log);
            if (random.Chance(15))
                replica.Restart(random);
        }

        replica.State.Commit();
        return replica;
    }

    private static void TakeBackAndAgain(Random random, ListReplica replica, LoggedOperation[] log)
    {
        replica.State.Commit();
        string before = replica.Bytes;
        int mark = replica.State.Mark();
        for (int count = random.Next(1, 10); count > 0; count--)
            replica.State.Apply(random.Pick(log));
        replica.State.RollbackTo(mark);
        replica.State.Commit();
        Assert.Equal(before, replica.Bytes);
    }
}
