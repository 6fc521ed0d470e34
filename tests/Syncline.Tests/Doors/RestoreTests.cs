using System.Text.Json.Nodes;
using Syncline.AspNetCore;
using Syncline.Core.Operations;
using Syncline.Sqlite.Backups;
using static Syncline.Tests.Doors.TestServer;

namespace Syncline.Tests.Doors;

/// <summary>Yesterday's copy is restored, and the devices bring back today's operations by themselves.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("syncline-restore-").FullName;

    private string Data => Path.Combine(_folder, "data");

    private string Backup => Path.Combine(_folder, "yesterday");

    /// <inheritdoc />
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Devices_bring_todays_operations_back_after_yesterdays_copy_was_restored(bool oneSpace)
    {
        Device[] devices = [new("a"), new("b"), new("c")];
        Device lagging = new("lag");
        Device reader = new("reader");
        string epoch;
        IReadOnlyList<string> expected;
        await using (TestServer server = await StartAsync(Data, configure: null))
        {
            epoch = await server.MakeSpaceAsync();
            await RoundsAsync(server, devices, rounds: 3);
            lagging.Write(2);
            await lagging.PushAsync(server);
            await lagging.PullAsync(server, limit: 5, pages: 1);
            Make();

            // Today. One device pushes without pulling: its cursor stays below what the copy has, its operations are above.
            await RoundsAsync(server, devices, rounds: 3);
            lagging.Write(3);
            await lagging.PushAsync(server);
            await RoundsAsync(server, devices, rounds: 1);
            await reader.PullAsync(server);
            expected = reader.State;
        }

        Restore(oneSpace);
        await using TestServer restored = await StartAsync(Data, configure: null);
        (_, JsonNode atFirst) = await restored.GetAsync("/spaces/plans/pull?after=0");
        long sharedUpTo = atFirst["head"]!.GetValue<long>();
        Assert.True(sharedUpTo < expected.Count);

        // Somebody goes on at once, past the old head: old cursors must not be taken for new ones.
        Device early = new("early");
        early.Write(expected.Count);
        await early.PushAsync(restored);
        Device[] all = [.. devices, lagging, reader, early];
        for (int round = 0; round < 3; round++)
        {
            foreach (Device device in all)
            {
                await device.PullAsync(restored);
                await device.PushAsync(restored);
            }
        }

        foreach (Device device in devices.Append(reader))
        {
            JsonNode problem = Assert.Single(device.Resyncs);
            Assert.Equal(epoch, problem["previous"]!["epoch"]!.GetValue<string>());
            Assert.Equal(sharedUpTo, problem["previous"]!["sharedUpTo"]!.GetValue<long>());
        }

        Assert.Empty(lagging.Resyncs);
        Device fresh = new("fresh");
        await fresh.PullAsync(restored);
        Assert.Equal(expected.Concat(early.State.Where(one => one.StartsWith("note/r/early/", StringComparison.Ordinal))).Order(StringComparer.Ordinal), fresh.State);
        Assert.Equal(fresh.State.Count, fresh.Cursor.After);
        foreach (Device device in all)
        {
            await device.PullAsync(restored);
            Assert.Equal(0, device.OutboxCount);
            Assert.Equal(fresh.State, device.State);
            Assert.Equal((fresh.Cursor, fresh.Digest), (device.Cursor, device.Digest));
        }
    }

    [Fact]
    public async Task The_digest_and_the_bound_of_clocks_go_on_from_the_restored_head()
    {
        const long High = (1L << 42) - 1;
        await using (TestServer server = await StartAsync(Data, configure: null))
        {
            await server.MakeSpaceAsync();
            await server.PushAsync(Note("a", $"{High}"));
            Make();
            await server.PushAsync(Note("a", $"{High + 900_000}"));
        }

        Restore(oneSpace: false);

        await using TestServer restored = await StartAsync(Data, configure: null);
        (_, JsonNode answer) = await restored.PushAsync($"{Note("b", $"{High + 1_500_000}")},{Note("b", $"{High + 1_000_000}")}");
        Assert.Equal("clock_out_of_range", Result(answer, 0));
        Assert.Equal("accepted", Result(answer, 1));
        (_, JsonNode page) = await restored.GetAsync("/spaces/plans/pull?after=0");
        Assert.Equal(
            OperationDigest.Empty.Add(Id("a", High)).Add(Id("b", High + 1_000_000)).ToString(), page["digest"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_others_wrote_is_theirs_to_bring_back()
    {
        string author;
        string other;
        await using (TestServer server = await StartAsync(Data, configure: null, "--Auth:Mode=Local"))
        {
            author = await server.RegisterAsync("author");
            other = await server.RegisterAsync("other");
            await server.MakeSpaceAsync(token: author);
            (int status, _) = await server.SendAsync(HttpMethod.Put, "/spaces/plans/members/other", """{"role":"editor"}""", author);
            Assert.InRange(status, 200, 204);
            await server.PushAsync(Note("pen", "1"), token: author);
            Make();
            await server.PushAsync(Note("pen", "2"), token: author);
        }

        Restore(oneSpace: false);

        // The logins and the key are those of before: nobody logs in again.
        await using TestServer restored = await StartAsync(Data, configure: null, "--Auth:Mode=Local");
        (_, JsonNode answer) = await restored.PushAsync(Note("pen", "2"), token: other);
        Assert.Equal("actor_taken", Result(answer, 0));
        (_, answer) = await restored.PushAsync(Note("pen", "2"), token: author);
        Assert.Equal("accepted", Result(answer, 0));
        (_, answer) = await restored.PushAsync(Note("pen", "2"), token: other);
        Assert.Equal("duplicate", Result(answer, 0));
    }

    private static OperationId Id(string actor, long clock) => new(new Scope("note"), new ResourceId("r"), new ActorId(actor), clock);

    private static async Task RoundsAsync(TestServer server, Device[] devices, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            foreach (Device device in devices)
            {
                device.Write(2 + round);
                await device.PushAsync(server);
                await device.PullAsync(server);
            }
        }

        foreach (Device device in devices)
            await device.PullAsync(server);
    }

    private void Make() => SqliteBackup.Make(Data, Backup, TimeProvider.System, default);

    private void Restore(bool oneSpace)
    {
        SqliteRestore restore = new(Backup, Data, TimeProvider.System, new SystemRandomBytes());
        if (oneSpace) restore.RestoreSpace(new SpaceId("plans"), discard: false, default);
        else restore.RestoreAll(discard: false, default);
    }
}
