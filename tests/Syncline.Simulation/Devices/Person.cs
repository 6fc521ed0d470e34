using Syncline.Client;
using Syncline.Client.Storage;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.World;

namespace Syncline.Simulation.Devices;

/// <summary>Who uses a device: edits at random, logs in when asked to, decides what becomes of refused operations, and keeps that no refusal is silent.</summary>
internal sealed class Person(ClientLife life, Dice dice, Trace trace)
{
    private static readonly TimeSpan PauseMost = TimeSpan.FromSeconds(4);
    private readonly Editing _editing = new(dice);

    public async Task LiveAsync()
    {
        while (true)
        {
            await Task.Delay(dice.Between(TimeSpan.FromMilliseconds(1), PauseMost), life.Process.Time);
            if (life.Client.Status.State == SyncState.Unauthorized)
                await LogInAsync();
            if (!dice.IsCalm && !life.Device.DiskIsFull)
                Edit();
            if (!life.Device.PersonRests && dice.Chance(20))
                await DecideAsync();
        }
    }

    private void Edit()
    {
        Space space = dice.Pick(life.Spaces);
        string what = _editing.Edit(space);
        trace.Say(life.Process.Name, $"{what} in {space.Id}");
    }

    private async Task LogInAsync()
    {
        try
        {
            await life.Client.LogInAsync(life.Device.User, Operator.PasswordOf(life.Device.User));
            trace.Say(life.Process.Name, "logged in");
        }
        catch (SynclineException e)
        {
            trace.Say(life.Process.Name, $"cannot log in: {e.Message}");
        }
    }

    private async Task DecideAsync()
    {
        foreach (Space space in life.Spaces)
        {
            IReadOnlyList<OwnOperation> refused = space.Refused;
            if (refused.Count == 0)
                continue;
            bool again = dice.Chance(50);
            trace.Say(life.Process.Name, $"{(again ? "makes anew" : "drops")} {refused.Count} refused, the first for {refused[0].Refusal?.Code}");
            if (again)
                await space.RetryAsync(refused);
            else
                await space.DiscardAsync(refused);
        }
    }
}
