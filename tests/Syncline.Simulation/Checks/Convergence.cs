using System.Globalization;
using Syncline.Client;
using Syncline.Client.Replicas;
using Syncline.Client.Storage;
using Syncline.Core.Operations;
using Syncline.Engine.Snapshots;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Simulation.Devices;
using Syncline.Simulation.Scheduling;
using Syncline.Simulation.Server;

namespace Syncline.Simulation.Checks;

/// <summary>Whether everybody ends with the same, in time, and with everything that was promised.</summary>
internal sealed class Convergence(Process process, SimulatedServer server, IReadOnlyList<Device> devices, IReadOnlyList<string> spaces)
{
    /// <summary>What is promised while there is a way to the server.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(30);

    // All wait at the server then, and are woken at once; who is not woken learns of it when his wait ends, after 5 s at least.
    private static readonly TimeSpan InCalm = TimeSpan.FromSeconds(3);

    // Half-open connections of before have to be found out first: a wait of 50 s and its patience of 10 s, and a repeat after that.
    private static readonly TimeSpan AfterStorm = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private readonly Dictionary<Device, (int Pending, DateTimeOffset Since)> _progress = [];

    /// <summary>Waits until all agree after the last fault; who is stuck must say why.</summary>
    public Task AwaitAfterStormAsync() => AwaitAgreementAsync(AfterStorm, "after the storm");

    /// <summary>Waits until all agree, when nothing went wrong for long.</summary>
    public Task AwaitInCalmAsync() => AwaitAgreementAsync(InCalm, "in calm");

    /// <summary>All replicas, and the server's own state, are equal to the log replayed.</summary>
    public async Task DemandEqualAsync()
    {
        foreach (SpaceId space in spaces.Select(id => new SpaceId(id)))
        {
            string log = await ReplayAsync(space);
            foreach (Device device in devices)
            {
                Space replica = device.Life!.Spaces.Single(one => one.Id == space);
                string text = replica.Replica.Read(ReplicaText.Of);
                if (replica.Refused.Count == 0 && text != log)
                    throw new Violation($"{device.Name} shows another {space} than the log says:\n{text}\ninstead of\n{log}");
            }

            string live = await ReadLiveAsync(space);
            if (live != log)
                throw new Violation($"the server's state of {space} is not that of its log:\n{live}\ninstead of\n{log}");
        }
    }

    /// <summary>Whatever was made and not refused is in the log.</summary>
    public async Task DemandNothingLostAsync()
    {
        foreach (Device device in devices)
        {
            foreach ((SpaceId space, OperationId id, bool isAcknowledged) in device.Made.Expected)
            {
                Known known = await server.Logs.FindAsync(space, [id], [], CancellationToken.None);
                if (known.Operations.Count == 0)
                    throw new Violation($"{id} of {space} was {(isAcknowledged ? "acknowledged to" : "made on")} {device.Name} and is not in the log");
            }
        }
    }

    private async Task AwaitAgreementAsync(TimeSpan patience, string when)
    {
        DateTimeOffset end = process.Time.GetUtcNow() + patience;
        _progress.Clear();
        while (true)
        {
            string? inTheWay = null;
            foreach (Device device in devices)
            {
                DemandProgress(device);
                inTheWay ??= await InTheWayOfAsync(device);
            }

            if (inTheWay is null)
                return;
            if (process.Time.GetUtcNow() >= end)
                throw new Violation($"{when}, after {patience.TotalSeconds} s: {inTheWay}");
            await Task.Delay(LookEvery, process.Time);
        }
    }

    // While there is a path to the server, what is pending moves on, or the status says why not.
    private void DemandProgress(Device device)
    {
        if (device.Life is not { Client.Status: { } status } || status.PendingCount == 0 || status.Problem is not null)
        {
            _progress.Remove(device);
            return;
        }

        DateTimeOffset now = process.Time.GetUtcNow();
        if (!_progress.TryGetValue(device, out (int Pending, DateTimeOffset Since) last) || last.Pending != status.PendingCount)
            _progress[device] = (status.PendingCount, now);
        else if (now - last.Since > Promised)
            throw new Violation($"{device.Name} is stuck with {status.PendingCount} pending operations for {Promised.TotalSeconds} s, and its status says only {status}");
    }

    private async Task<string?> InTheWayOfAsync(Device device)
    {
        if (device.Life is not { } life)
            return $"{device.Name} is not open";
        SyncStatus status = life.Client.Status;
        if (status.PendingCount > 0 || status.State is not (SyncState.UpToDate or SyncState.Refused))
            return $"{device.Name} is {status}";
        foreach (Space space in life.Spaces)
        {
            LogHead head = (await server.Logs.ReadHeadAsync(space.Id, CancellationToken.None))!;

            // Of another life of the log, which shares all that is there, a device hears with the next operation.
            if (space.Replica.Cursor is not { } cursor || cursor.Seq != head.Seq || (cursor.Epoch != head.Epoch && cursor.Digest != head.Digest))
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"{device.Name} has {space.Id} up to {space.Replica.Cursor} and the log ends at {head.Seq} of {head.Epoch}, status {status}");
            }

            if (cursor.Digest != head.Digest)
                throw new Violation($"{device.Name} holds other operations of {space.Id} than the log, up to {cursor.Seq}");
        }

        return null;
    }

    private async Task<string> ReplayAsync(SpaceId space)
    {
        ModelStates states = new Models(OperationLimits.Default).CreateStates();
        LogPage page = await server.Logs.ReadAsync(space, 0, Selection.All, new PageLimits(int.MaxValue, int.MaxValue), CancellationToken.None);
        foreach (LoggedOperation logged in page.Operations)
            states.Apply(logged with { Operation = logged.Operation with { Content = null } });
        states.Commit();
        return ReplicaText.Of(states);
    }

    private async Task<string> ReadLiveAsync(SpaceId space)
    {
        ServerLife life = server.Life!;
        SpaceSnapshot snapshot = await life.Process.StartAsync(async () =>
        {
            await using LiveSpaces.Lease? lease = await life.Spaces.UseAsync(space, CancellationToken.None);
            return await lease!.Space.TakeSnapshotAsync(CancellationToken.None);
        });
        ModelStates states = new Models(OperationLimits.Default).CreateStates();
        foreach ((ResourceSnapshot part, int format) in snapshot.Parts)
        {
            if (!states.TryLoad(new LocalSnapshot(format, part)))
                throw new Violation($"the server's snapshot of {space} cannot be read");
        }

        return ReplicaText.Of(states);
    }
}
