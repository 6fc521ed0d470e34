using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Syncline.AspNetCore;
using Syncline.Bench.Harness;
using Syncline.Bench.Http;
using Syncline.Bench.Storage;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Pull;

/// <summary>
/// Pulls over HTTP beside a loop that reads the same rows of the same files with nothing around it: one long log in pages, and many short
/// ones of spaces that nobody has open.
/// </summary>
internal sealed class PullArea : IArea
{
    private const string Space = "pulled";
    private const int Rows = 200_000;
    private const int PageRows = 1_000;
    private const int ColdSpaces = 2_000;
    private const int ColdRows = 500;

    // Others of the same kind, for the server to compile its paths on.
    private const int WarmSpaces = 600;
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(5);

    public string Name => "pull";

    public string Summary => "pulls over HTTP in pages, and of cold spaces, beside a bare SQLite loop over the same files";

    public async Task RunAsync(BenchOptions options)
    {
        using Folder folder = new();
        Console.WriteLine("No limits are raised. Accounts with tokens.");
        string[] prepared = await PrepareAsync(folder, options);
        int runs = options.Runs(3);
        if (options.Wants("pages"))
            await PagesAsync(runs, prepared);
        if (options.Wants("cold"))
            await ColdAsync(runs, prepared);
    }

    public async Task<Sample> MeasureAsync(string workload, IReadOnlyList<string> arguments)
    {
        (string folder, Account account, Epoch epoch) = (arguments[0], new Account(new UserId("-"), arguments[1]), new Epoch(arguments[2]));
        return workload switch
        {
            "bare" => Bare(folder),
            "http" => await HttpAsync(folder, account, epoch, clients: int.Parse(arguments[3], CultureInfo.InvariantCulture)),
            "coldbare" => ColdBare(folder),
            "coldhttp" => await ColdHttpAsync(folder, account),
            _ => throw new ArgumentException($"no workload {workload}", nameof(workload)),
        };
    }

    private async Task PagesAsync(int runs, string[] prepared)
    {
        Table table = new($"{Table.Number(Rows)} operations in pages of {PageRows}", "operations/s", "ratio to the bare loop", "allocated", "server's peak");
        Series bare = await FreshProcess.OursAsync(Name, "bare", runs, prepared);
        table.Row("bare loop on LibSqlite, rows copied as UTF-8", Table.Rate(bare), "", "", "");
        foreach (string clients in new[] { "1", "4" })
        {
            Series ours = await FreshProcess.OursAsync(Name, "http", runs, [.. prepared, clients]);
            table.Row(
                $"HTTP, {clients} at a time",
                Table.Rate(ours),
                Table.AtLeast(ours.Median.PerSecond / bare.Median.PerSecond, 0.25),
                $"{Table.Number(ours.Median.AllocatedPerItem)} B/op",
                Table.Megabytes(ours.PeakMegabytes));
        }
    }

    private async Task ColdAsync(int runs, string[] prepared)
    {
        Table table = new($"{ColdRows} operations of each of {Table.Number(ColdSpaces)} cold spaces", "ms", "ratio to the bare loop", "allocated", "server's peak");
        Series bare = await FreshProcess.OursAsync(Name, "coldbare", runs, prepared);
        table.Row("bare loop on LibSqlite: open, read, close", Table.Number(bare.Median.Milliseconds), "", "", "");
        Series ours = await FreshProcess.OursAsync(Name, "coldhttp", runs, prepared);
        table.Row(
            $"HTTP, {Table.Number(ColdSpaces)} clients at once",
            Table.Number(ours.Median.Milliseconds),
            Table.AtMost(ours.Median.Milliseconds / bare.Median.Milliseconds, 3),
            $"{Table.Number(ours.Median.AllocatedPerItem)} B/op",
            Table.Megabytes(ours.PeakMegabytes));
    }

    // Nothing here changes the files, so one preparation serves all runs.
    private static async Task<string[]> PrepareAsync(Folder folder, BenchOptions options)
    {
        (WebApplication app, Account account, string address) = await Account.PrepareAsync(folder.Path);
        await using (app)
        {
            Epoch epoch = await account.MakeSpaceAsync(address, Space);
            ISpaceStore store = app.Services.GetRequiredService<ISpaceStore>();
            ActorId[] actors = Workload.Actors(8);
            await FillAsync(new SpaceId(Space), epoch, Rows, 1_000);
            ISpaces spaces = app.Services.GetRequiredService<ISpaces>();
            for (int i = 0; i < ColdSpaces + WarmSpaces && options.Wants("cold"); i++)
            {
                SpaceId space = new(ColdSpace(i));
                await spaces.CreateAsync(space, space.Value, account.Id);
                await FillAsync(space, (await store.ReadHeadAsync(space, default))!.Epoch, ColdRows, ColdRows);
            }

            await app.StopAsync();
            return [folder.Path, account.Token, epoch.Value];

            async Task FillAsync(SpaceId space, Epoch epochOf, int rows, int step)
            {
                for (LogHead head = LogHead.Empty(epochOf); head.Seq < rows;)
                {
                    LogAppend append = Workload.Next(head, step, actors);
                    await store.AppendAsync(space, append);
                    head = Workload.After(head, append);
                }
            }
        }
    }

    private static Sample Bare(string folder)
    {
        using BareLog log = BareLog.Open(FileOf(folder, Space));
        ReadAll(log, PageRows);
        const int Times = 5;
        long count = 0;
        Stage stage = Stage.Begin();
        for (int i = 0; i < Times; i++)
            count += ReadAll(log, PageRows);
        return stage.End(count) with { Check = Check(count, Rows * Times) };
    }

    private static Sample ColdBare(string folder)
    {
        for (int i = 0; i < WarmSpaces; i++)
            ReadOne(i);
        long count = 0;
        Stage stage = Stage.Begin();
        for (int i = 0; i < ColdSpaces; i++)
            count += ReadOne(WarmSpaces + i);
        return stage.End(count) with { Check = Check(count, ColdSpaces * ColdRows) };

        long ReadOne(int i)
        {
            using BareLog log = BareLog.Open(FileOf(folder, ColdSpace(i)));
            return ReadAll(log, PageRows);
        }
    }

    private static long ReadAll(BareLog log, int page)
    {
        long after = 0;
        long count = 0;
        for (long before = -1; before != after;)
        {
            before = after;
            after = log.Read(after, page, ref count);
        }

        return count;
    }

    private static async Task<Sample> HttpAsync(string folder, Account account, Epoch epoch, int clients)
    {
        using ServerProcess server = await ServerProcess.SynclineAsync(folder);
        List<RawConnection> connections = [];
        for (int i = 0; i < clients; i++)
            connections.Add(await RawConnection.OpenAsync(server.Port, 2 * 1024 * 1024));
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < Warmup)
            await Task.WhenAll(connections.Select(PullAllAsync));

        const int Times = 2;
        long allocatedBefore = await server.AllocatedBytesAsync();
        began = Stopwatch.GetTimestamp();
        for (int i = 0; i < Times; i++)
            await Task.WhenAll(connections.Select(PullAllAsync));
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        long allocated = await server.AllocatedBytesAsync() - allocatedBefore;
        foreach (RawConnection connection in connections)
            connection.Dispose();
        return new Sample
        {
            Count = (double)Rows * Times * clients,
            Milliseconds = milliseconds,
            AllocatedBytes = allocated,
            PeakMegabytes = server.PeakMegabytes,
        };

        Task PullAllAsync(RawConnection connection) => Task.Run(async () =>
        {
            for (long after = 0; after < Rows;)
            {
                byte[] request = Encoding.ASCII.GetBytes(string.Create(
                    CultureInfo.InvariantCulture,
                    $"GET /spaces/{Space}/pull?after={after}&epoch={epoch.Value}&limit={PageRows} HTTP/1.1\r\n{account.Headers}\r\n"));
                long next = RawConnection.LastNumber((await connection.ExchangeAsync(request)).Span, "\"cursor\":"u8);
                after = next == after + PageRows ? next : throw new InvalidDataException($"a page ends at {next}");
            }
        });
    }

    private static async Task<Sample> ColdHttpAsync(string folder, Account account)
    {
        using ServerProcess server = await ServerProcess.SynclineAsync(folder);
        RawConnection[] connections = new RawConnection[ColdSpaces];
        for (int i = 0; i < ColdSpaces; i++)
            connections[i] = await RawConnection.OpenAsync(server.Port, 256 * 1024);
        long began = Stopwatch.GetTimestamp();
        for (int first = 0; Stopwatch.GetElapsedTime(began) < Warmup; first = (first + 100) % WarmSpaces)
            await Task.WhenAll(Enumerable.Range(0, 100).Select(i => PullAsync(i, first + i)));

        long allocatedBefore = await server.AllocatedBytesAsync();
        began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, ColdSpaces).Select(i => PullAsync(i, WarmSpaces + i)));
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        long allocated = await server.AllocatedBytesAsync() - allocatedBefore;
        foreach (RawConnection connection in connections)
            connection.Dispose();
        return new Sample
        {
            Count = ColdSpaces * ColdRows,
            Milliseconds = milliseconds,
            AllocatedBytes = allocated,
            PeakMegabytes = server.PeakMegabytes,
        };

        async Task PullAsync(int client, int space)
        {
            byte[] request = Encoding.ASCII.GetBytes($"GET /spaces/{ColdSpace(space)}/pull?after=0 HTTP/1.1\r\n{account.Headers}\r\n");
            long cursor = RawConnection.LastNumber((await connections[client].ExchangeAsync(request)).Span, "\"cursor\":"u8);
            if (cursor != ColdRows)
                throw new InvalidDataException($"a page ends at {cursor}");
        }
    }

    private static string? Check(long count, long expected) => count == expected ? "ok" : $"{count} rows instead of {expected}";

    private static string ColdSpace(int i) => string.Create(CultureInfo.InvariantCulture, $"{i * 7919 % 10_000:0000}-cold");

    private static string FileOf(string folder, string space) =>
        Directory.EnumerateFiles(folder, $"{space}.db", SearchOption.AllDirectories).First();
}
