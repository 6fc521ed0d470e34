using System.Diagnostics;
using System.Runtime;
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

    /// <summary>
    /// Makes edits, and waits for the file at their end; or times each until its method returns, made in a row, and alone, on a thread that has slept
    /// until the one before was in the file.
    /// </summary>
    public static async Task<Sample> MeasureAsync(bool replies, int count, string kind)
    {
        using TemporaryFolder folder = new();
        if (kind == "bare")
            return LocalWrites.BareReplies(count);

        // Nobody listens there.
        await using SynclineClient client = await SynclineClient.OpenAsync(
            Path.Combine(folder.Path, "client.db"), new Uri("http://127.0.0.1:9"), new SynclineClientOptions { EventContext = null });
        Action<int> edit = Editor(await client.OpenSpaceAsync("space-1"), kind);
        await WarmUpAsync(client, edit);
        return replies ? await TimeRepliesAsync(client, edit, count) : await TimeAllAsync(client, edit, count);
    }

    // Until the runtime compiles nothing anew: it looks a tenth of a second later what was called often.
    private static async Task WarmUpAsync(SynclineClient client, Action<int> edit)
    {
        const int RoundsMax = 20;
        TimeSpan roundTime = TimeSpan.FromMilliseconds(500);
        long compiled = -1;
        for (int round = 0; round < RoundsMax && compiled != JitInfo.GetCompiledMethodCount(); round++)
        {
            compiled = JitInfo.GetCompiledMethodCount();
            long began = Stopwatch.GetTimestamp();
            for (int i = 0; Stopwatch.GetElapsedTime(began) < roundTime; i++)
            {
                edit(i);
                await client.SaveAsync();
            }
        }
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
        double[] inARow = new double[count];
        for (int i = 0; i < count; i++)
            inARow[i] = Time(edit, i);
        double[] alone = new double[count];
        for (int i = 0; i < count; i++)
        {
            await client.SaveAsync();
            alone[i] = Time(edit, i);
        }

        Sample sample = stage.End(2 * count);
        sample.More["median"] = Sample.Number(MedianOf(inARow));
        sample.More["alone"] = Sample.Number(MedianOf(alone));
        return sample;
    }

    private static double Time(Action<int> edit, int i)
    {
        long began = Stopwatch.GetTimestamp();
        edit(i);
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
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
