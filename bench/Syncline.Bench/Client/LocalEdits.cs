using System.Diagnostics;
using Syncline.Bench.Harness;
using Syncline.Bench.Storage;
using Syncline.Client;

namespace Syncline.Bench.Client;

/// <summary>Edits as an application makes them, one after the other, while there is no server.</summary>
internal static class LocalEdits
{
    private const string Notes = "notes";
    private const string Lists = "lists";
    private const string Tree = "tree";

    public static IReadOnlyList<string> Kinds { get; } = [Notes, Lists, Tree];

    /// <summary>Makes edits, and waits for the file at their end; or for each, to time only until its method returns.</summary>
    public static async Task<Sample> MeasureAsync(bool replies, int count, string kind)
    {
        using TemporaryFolder folder = new();
        if (kind == "bare")
            return LocalWrites.BareReplies(count);

        // Nobody listens there.
        await using SynclineClient client = await SynclineClient.OpenAsync(
            Path.Combine(folder.Path, "client.db"), new Uri("http://127.0.0.1:9"), new SynclineClientOptions { EventContext = null });
        Action<int> edit = Editor(await client.OpenSpaceAsync("space-1"), kind);
        for (int i = 0; i < count; i++)
            edit(i);
        await client.SaveAsync();
        return replies ? await TimeRepliesAsync(client, edit, count) : await TimeAllAsync(client, edit, count);
    }

    private static async Task<Sample> TimeAllAsync(SynclineClient client, Action<int> edit, int count)
    {
        Stage stage = Stage.Begin();
        for (int i = 0; i < count; i++)
            edit(i);
        await client.SaveAsync();
        return stage.End(count);
    }

    private static async Task<Sample> TimeRepliesAsync(SynclineClient client, Action<int> edit, int count)
    {
        Stage stage = Stage.Begin();
        double[] microseconds = new double[count];
        for (int i = 0; i < count; i++)
        {
            long began = Stopwatch.GetTimestamp();
            edit(i);
            microseconds[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            await client.SaveAsync();
        }

        Sample sample = stage.End(count);
        sample.More["median"] = Sample.Number(MedianOf(microseconds));
        return sample;
    }

    public static double MedianOf(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private static Action<int> Editor(Space space, string kind)
    {
        switch (kind)
        {
            case Lists:
                string list = space.Lists.CreateList("Groceries");
                string[] tasks = [.. Enumerable.Range(0, 500).Select(i => space.Lists.AddTask(list, $"task {i}"))];
                return i => space.Lists.SetText(tasks[i % tasks.Length], $"What is to be done, as of edit {i}");
            case Tree:
                Syncline.Client.Tree tree = space.NewTree();
                string[] vertices = [.. Enumerable.Range(0, 500).Select(i => tree.Create(tree.Id, $"vertex {i}"))];
                return i => tree.SetProperty(vertices[i % vertices.Length], "text", $"What is to be said, as of edit {i}");
            default:
                return i => space.Append("note", "note-1", $$"""{"text":"What is to be done, as of edit {{i}}","done":false}""");
        }
    }
}
