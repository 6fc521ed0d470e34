using System.Diagnostics;
using System.Globalization;
using Syncline.Client;

namespace Syncline.Tests.Client;

/// <summary>Two devices on one machine, each a process or as good as one; one is killed in the middle of its pushes, again and again.</summary>
public sealed class KilledTests
{
    private const int Kills = 50;

    [Fact]
    public async Task A_device_that_is_killed_fifty_times_loses_and_doubles_nothing()
    {
        await using Devices devices = await Devices.StartAsync();
        SynclineClient tablet = await devices.OpenAsync("tablet");
        Space copy = await tablet.OpenSpaceAsync("plans");
        await Devices.SyncAsync(tablet);
        int seed = Environment.TickCount;
        Random random = new(seed);
        HashSet<string> actors = [];
        int saved = 0;
        int fromTablet = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using Process laptop = Start(devices, "run");
            int lines = 1 + random.Next(60);
            for (int i = 0; i < lines; i++)
            {
                string line = await laptop.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"seed {seed}: {await laptop.StandardError.ReadToEndAsync()}");
                saved = Math.Max(saved, Saved(line, actors));
                if (random.Next(4) == 0)
                    Devices.Note(copy, $"tablet-{++fromTablet}");
            }

            laptop.Kill();
            while (await laptop.StandardOutput.ReadLineAsync() is { } late)
                saved = Math.Max(saved, Saved(late, actors));
            await laptop.WaitForExitAsync();
        }

        using Process last = Start(devices, "finish");
        string[] output = (await last.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(output.Contains("repairs 0 refused 0", StringComparer.Ordinal), $"seed {seed}: {string.Join('\n', output)} {await last.StandardError.ReadToEndAsync()}");
        await Devices.SyncAsync(tablet);

        IReadOnlyList<string> onServer = await devices.NotesOnServerAsync();
        string[] laptops = [.. onServer.Where(note => note.StartsWith("\"laptop-", StringComparison.Ordinal))];
        int made = laptops.Length;
        Assert.True(made >= saved, $"seed {seed}: {saved} were in the file, {made} are on the server");
        Assert.Equal(Enumerable.Range(1, made).Select(i => $"\"laptop-{i}\"").Order(StringComparer.Ordinal), laptops);
        Assert.Equal(
            Enumerable.Range(1, fromTablet).Select(i => $"\"tablet-{i}\"").Order(StringComparer.Ordinal),
            onServer.Where(note => note.StartsWith("\"tablet-", StringComparison.Ordinal)));
        Assert.Equal(onServer, await Devices.NotesOf(copy));
        Assert.Equal(onServer, output.Where(line => line.StartsWith("note ", StringComparison.Ordinal)).Select(line => $"\"{line[5..]}\"").Order(StringComparer.Ordinal));
        Assert.Equal(0, tablet.RepairCount);

        // Nothing but a copy of its file makes a device another actor.
        Assert.Single(actors);
    }

    private static int Saved(string line, HashSet<string> actors)
    {
        string[] words = line.Split(' ');
        if (words is ["actor", var actor])
            actors.Add(actor);
        return words is ["saved", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 0;
    }

    private static Process Start(Devices devices, string what) => Process.Start(new ProcessStartInfo("dotnet")
    {
        ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Syncline.ClientProcess.dll"), devices.FileOf("laptop"), devices.Server!.Address.ToString(), "laptop", what },
        UseShellExecute = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
