using SocketIO.AspNetCore;
using Syncline.Tests;

namespace SocketIO.Tests;

/// <summary>What a broadcast allocates in the whole process, with real connections that read all of it; measured while nothing else runs.</summary>
[Collection(Alone.Name)]
public sealed class AllocationTests
{
    private const int Broadcasts = 2_000;
    private const int BytesPerBroadcastMax = 1_024;

    [Fact]
    public async Task A_broadcast_allocates_little_and_nothing_for_a_receiver()
    {
        double few = await BytesPerBroadcastAsync(receivers: 10);
        double many = await BytesPerBroadcastAsync(receivers: 60);
        Assert.InRange(few, 1, BytesPerBroadcastMax);
        Assert.InRange(many, 1, BytesPerBroadcastMax);

        // Fifty receivers more, and less than a byte for each of them: what is left is the runtime's own.
        Assert.InRange(many - few, double.NegativeInfinity, 50);
    }

    private static async Task<double> BytesPerBroadcastAsync(int receivers)
    {
        await using IOHost host = await IOHost.StartAsync(io => io.MapNamespace("/"));
        List<CountingClient> clients = [];
        for (int i = 0; i < receivers; i++)
            clients.Add(CountingClient.Open(host));
        Broadcast all = host.Server.Namespace("/").All;
        Message message = new("5a3d7c52-91f0-4f1d", "name", "Hello world, this is about as long as an operation is: a hundred and some bytes of text.");
        double least = double.MaxValue;
        for (int round = 0; round < 6; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 1; i <= Broadcasts; i++)
            {
                all.Emit("msg", message);

                // Not more on the way than a connection's queue holds without growing.
                if (i % 4 == 0)
                    CountingClient.WaitFor(clients, (round * Broadcasts) + i);
            }

            least = Math.Min(least, (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / Broadcasts);
        }

        foreach (CountingClient client in clients)
            client.Dispose();
        return least;
    }

    private sealed record Message(string TargetId, string Key, string Value);
}
