using System.Globalization;
using Syncline.Client;
using Syncline.Core.Operations;

// A device in a process of its own, to be killed: it makes numbered notes one after the other, and tells each once it is in its file. Asked to
// finish, it makes none, and ends when the server has all of them.
string file = args[0];
Uri server = new(args[1]);
string name = args[2];
bool finishes = args[3] == "finish";
await using SynclineClient client = await SynclineClient.OpenAsync(file, server);
Space space = await client.OpenSpaceAsync("plans");
int next = 1 + (await space.ReadOperationsAsync("note"))
    .Select(operation => operation.Payload.ToString().Trim('"'))
    .Where(text => text.StartsWith(name + "-", StringComparison.Ordinal))
    .Select(text => int.Parse(text.AsSpan(name.Length + 1), CultureInfo.InvariantCulture))
    .DefaultIfEmpty(0)
    .Max();
Console.WriteLine($"actor {client.Actor}");
if (finishes)
{
    using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
    await client.SyncAsync(patience.Token);
    Console.WriteLine($"repairs {client.RepairCount} refused {space.Refused.Count}");
    foreach (Operation operation in await space.ReadOperationsAsync("note"))
        Console.WriteLine($"note {operation.Payload.ToString().Trim('"')}");
    return;
}

while (true)
{
    // Sometimes a group, sometimes one.
    int count = next % 5 == 0 ? 3 : 1;
    space.Edit(() =>
    {
        for (int i = 0; i < count; i++)
            space.Append("note", "r", string.Create(CultureInfo.InvariantCulture, $"\"{name}-{next++}\""));
    });
    await client.SaveAsync();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"saved {next - 1}"));
}
