using Syncline.Simulation.Devices;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.Server;

namespace Syncline.Simulation.World;

/// <summary>What strikes a world from the outside now and then: crashes, partitions, restores, full disks, wrong clocks, roles and logins taken away.</summary>
internal sealed class Troubles(
    WorldPlan plan, Dice dice, Process process, Trace trace, SimulatedServer server, Operator @operator, IReadOnlyList<Device> devices)
{
    private readonly List<SimulatedServer.Backup> _backups = [];
    private readonly List<Task> _lasting = [];

    /// <summary>Strikes until the storm is over.</summary>
    public async Task RunAsync(DateTimeOffset end)
    {
        foreach (Device device in devices)
            device.DiedWhileWriting = () => process.Post(_ => Last(RestartAsync(device)), state: null);
        while (process.Time.GetUtcNow() < end)
        {
            await Task.Delay(dice.Between(TimeSpan.Zero, plan.TroublePause), process.Time);
            Strike();
        }
    }

    /// <summary>Waits for what was begun, and puts everything right.</summary>
    public async Task EndAsync()
    {
        dice.IsCalm = true;
        while (_lasting.Find(trouble => !trouble.IsCompleted) is { } trouble)
            await trouble;
        server.Disk.IsFull = false;
        if (server.Life is null)
            await server.StartAsync();
        foreach (Device device in devices)
        {
            (device.Link.IsDown, device.DiskIsFull, device.ClockError) = (false, false, TimeSpan.Zero);
            if (!device.IsRunning)
                device.Start();
        }

        foreach (string space in plan.Spaces)
        {
            foreach (string user in plan.Users)
                await @operator.SetRoleAsync(space, user, "editor");
        }

        trace.Say("world", "is calm");
    }

    private void Strike()
    {
        Device device = dice.Pick(devices);
        switch (dice.Random.Next(12))
        {
            case 0 or 1:
                Last(PartitionAsync(device));
                break;
            case 2 or 3:
                Last(CrashDeviceAsync(device));
                break;
            case 4:
                Last(CrashServerAsync(restored: null));
                break;
            case 5:
                _backups.Add(server.Copy());
                trace.Say("world", "takes a backup");
                break;
            case 6 when _backups.Count > 0:
                Last(CrashServerAsync(dice.Pick(_backups)));
                break;
            case 7:
                Last(FillDeviceAsync(device));
                break;
            case 8:
                Last(FillServerAsync());
                break;
            case 9:
                device.ClockError = dice.Between(TimeSpan.FromDays(-30), TimeSpan.FromDays(30));
                dice.Count(Fault.ClockJumped);
                trace.Say(device.Name, $"its clock jumps to {device.ClockError}");
                break;
            case 10:
                Last(ChangeRoleAsync());
                break;
            case 11:
                Last(RevokeAsync(device));
                break;
        }
    }

    private void Last(Task trouble) => _lasting.Add(trouble);

    private Task PauseAsync(int secondsMost) => Task.Delay(dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(secondsMost)), process.Time);

    private async Task PartitionAsync(Device device)
    {
        device.Link.IsDown = true;
        dice.Count(Fault.Partition);
        trace.Say(device.Name, "its line is cut");
        await PauseAsync(40);
        device.Link.IsDown = false;
        trace.Say(device.Name, "its line is back");
    }

    private async Task CrashDeviceAsync(Device device)
    {
        device.Crash("between two steps");
        await RestartAsync(device);
    }

    private async Task RestartAsync(Device device)
    {
        await PauseAsync(15);
        if (!device.IsRunning)
            device.Start();
    }

    private async Task CrashServerAsync(SimulatedServer.Backup? restored)
    {
        // One crash at a time; another's restart is not ours to disturb.
        if (server.Life is null)
            return;
        server.Crash();
        dice.Count(Fault.ServerCrashed);
        if (restored is not null)
        {
            server.PutBack(restored);
            dice.Count(Fault.ServerRestored);
            trace.Say("world", "puts a backup back");
        }

        await PauseAsync(5);
        await server.StartAsync();
    }

    private async Task FillDeviceAsync(Device device)
    {
        device.DiskIsFull = true;
        dice.Count(Fault.DeviceDiskFull);
        trace.Say(device.Name, "its disk is full");
        await PauseAsync(20);
        device.DiskIsFull = false;
    }

    private async Task FillServerAsync()
    {
        server.Disk.IsFull = true;
        dice.Count(Fault.ServerDiskFull);
        trace.Say("server", "its disk is full");
        await PauseAsync(15);
        server.Disk.IsFull = false;
    }

    private async Task ChangeRoleAsync()
    {
        (string space, string user) = (dice.Pick(plan.Spaces), dice.Pick(plan.Users));
        string? role = dice.Pick<string?>(["viewer", null]);
        dice.Count(Fault.RoleChanged);
        trace.Say("world", $"makes {user} {role ?? "a stranger"} in {space}");
        await @operator.SetRoleAsync(space, user, role);
        await PauseAsync(20);
        await @operator.SetRoleAsync(space, user, "editor");
        trace.Say("world", $"makes {user} an editor in {space}");
    }

    private async Task RevokeAsync(Device device)
    {
        if (device.Link.Token is not { } token)
            return;
        dice.Count(Fault.LoginRevoked);
        trace.Say(device.Name, "its login is ended elsewhere");
        await @operator.EndLoginAsync(token);
    }
}
