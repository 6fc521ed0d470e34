using Syncline.Core.Operations;
using static Syncline.Tests.Lists.ListOp;

namespace Syncline.Tests.Lists;

/// <summary>Random histories over few lists and tasks, so that everything meets everything.</summary>
internal static class ListWorkload
{
    private static readonly string[] ListIds = ["l", "m", "n"];
    private static readonly string[] TaskIds = ["t", "u", "v", "w"];

    /// <summary>Operations with distinct identities, clocks close together, from three actors.</summary>
    public static IEnumerable<Operation> Wild(Random random, int count)
    {
        HashSet<Stamp> used = [];
        while (used.Count < count)
        {
            Stamp stamp = new(random.Next(1, count + 5), new ActorId($"p{random.Next(3)}"));
            if (used.Add(stamp))
                yield return One(random, stamp.Clock, stamp.Actor.Value);
        }
    }

    private static Operation One(Random random, long clock, string actor)
    {
        string list = random.Pick(ListIds);
        string task = random.Pick(TaskIds);
        string value = $"{actor}-{clock}";
        string pos = At(random.Next(4), actor);
        return random.Next(13) switch
        {
            0 => Create(clock, actor, list, value, pos),
            1 => RemoveList(clock, actor, list),
            2 => Registry(clock, actor, $$""" "type":"renameList","itemId":"{{list}}","listId":"{{list}}","payload":{"title":"{{value}}"} """, "index"),
            3 => List(list, clock, actor, $$""" "type":"renameList","payload":{"title":"{{value}}"} """),
            4 => Registry(clock, actor, $$""" "type":"reorderList","itemId":"{{list}}","payload":{"pos":{{pos}} } """),
            5 => Insert(list, clock, actor, task, value, pos),
            6 => Restore(list, clock, actor, task),
            7 => Remove(list, clock, actor, task),
            8 => Text(list, clock, actor, task, value),
            9 => Note(list, clock, actor, task, value),
            10 => Done(list, clock, actor, task, random.Chance(50)),
            11 => Move(list, clock, actor, task, pos, random.Chance(60) ? random.Pick(ListIds) : null),
            _ => random.Chance(50) ? List(list, clock, actor, """ "type":"colour" """) : Registry(clock, actor, """ "type":"share" """),
        };
    }
}
