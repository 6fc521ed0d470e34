using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Tests.Client;

/// <summary>The log of a space, between devices that a test has in hand.</summary>
internal sealed class SharedLog
{
    private readonly List<LoggedOperation> _log = [];

    public int Count => _log.Count;

    /// <summary>Brings everything to all of them.</summary>
    public void Exchange(params IReadOnlyList<Device> devices)
    {
        foreach (Device device in devices)
            Push(device);
        foreach (Device device in devices)
            Pull(device);
    }

    public void Push(Device device)
    {
        foreach (Operation operation in device.TakeMade())
            _log.Add(Log(operation, _log.Count + 1));
    }

    public void Pull(Device device, int operationsMax = int.MaxValue)
    {
        int from = (int)(device.Replica.Cursor?.Seq ?? 0);
        LoggedOperation[] page = [.. _log.Skip(from).Take(operationsMax)];
        device.Replica.Receive(page, new LocalCursor(new Epoch("e"), from + page.Length, OperationDigest.Empty));
        Assert.False(device.Replica.IsStale);
    }

    // As it is read from a page: nothing of the maker's objects.
    private static LoggedOperation Log(Operation made, long seq) => new()
    {
        Seq = seq,
        GroupEnd = seq,
        UserId = new UserId("u"),
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Digest = OperationDigest.Empty,
        Operation = new Operation { Id = made.Id, Payload = made.Payload, Key = made.Key, Tx = made.Tx, Hash = made.Hash },
    };
}
