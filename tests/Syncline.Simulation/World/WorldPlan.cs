namespace Syncline.Simulation.World;

/// <summary>What kind of world a seed makes: who is there, and how bad the weather is.</summary>
internal sealed record WorldPlan(IReadOnlyList<string> Users, IReadOnlyList<string> Spaces, IReadOnlyList<string> Devices, TimeSpan StormTime, TimeSpan TroublePause)
{
    /// <summary>Draws a world, and sets how likely each fault is: in some worlds never, in some all the time.</summary>
    public static WorldPlan Draw(Dice dice)
    {
        string[] users = [.. new[] { "ann", "ben", "cem" }.Take(dice.Random.Next(1, 4))];
        string[] spaces = [.. new[] { "home", "work" }.Take(dice.Random.Next(1, 3))];
        int devices = dice.Random.Next(2, 5);
        Fault[] byChance =
        [
            Fault.RequestLost, Fault.RequestDuplicated, Fault.ReplyLost, Fault.ReplyCut, Fault.MessageSlow, Fault.ConnectionHalfOpen,
            Fault.AppendRefused, Fault.AppendWrittenUnacknowledged, Fault.AppendNotWrittenUnacknowledged, Fault.LocalWriteRefused, Fault.LocalWriteTorn,
            Fault.LocalReadRefused,
        ];
        foreach (Fault fault in byChance)
            dice.Set(fault, dice.Pick([0, 1, 3, 10]));
        dice.Set(Fault.ConnectionHalfOpen, dice.Pick([0, 10, 40]));
        dice.Set(Fault.LocalWriteTorn, dice.Pick([0, 0, 1, 2]));
        return new WorldPlan(
            users,
            spaces,
            [.. Enumerable.Range(0, devices).Select(i => users[i % users.Length] + (i / users.Length))],
            TimeSpan.FromSeconds(dice.Random.Next(30, 120)),
            dice.Between(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15)));
    }

    /// <summary>The user of a device.</summary>
    public string UserOf(string device) => Users.Single(user => device.StartsWith(user, StringComparison.Ordinal));
}
