using Syncline.Client;

await using SynclineClient client = await SynclineClient.OpenAsync("tasks.db", new Uri("http://127.0.0.1:5080"));
Space home = await client.OpenSpaceAsync("home");
string list = home.Lists.GetLists() is [var first, ..] ? first.Id : home.Lists.CreateList("Groceries");
foreach (string text in args)
    home.Lists.AddTask(list, text);
await client.SaveAsync();
Console.WriteLine(string.Join('\n', home.Lists.GetTasks(list).Select(task => $"- {task.Text}")));
await client.SyncAsync();
