using System.Globalization;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using static Syncline.Tests.Engine.EngineWorld;

namespace Syncline.Tests.Engine;

public sealed class SeenClientsTests
{
    [Fact]
    public async Task Cursors_are_written_once_a_minute_however_often_a_client_asks()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        using CancellationTokenSource stopping = new();
        Task writing = world.Spaces.WriteClientsAsync(stopping.Token);
        for (int cursor = 0; cursor < 59; cursor++)
        {
            space.NoteClient(Alice, "laptop", cursor);
            space.NoteClient(Bob, "laptop", 1);
            space.NoteClient(Bob, clientId: null, 7);
            world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, world.Memory.ClientWrites);
        world.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, world.Memory.ClientWrites);
        Assert.Equal(
            ["alice laptop 58", "bob laptop 1"],
            (await world.Memory.ReadClientsAsync(Plans, default)).Select(client => $"{client.UserId.Value} {client.ClientId} {client.Cursor}"));

        // Nothing new, nothing to write.
        world.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, world.Memory.ClientWrites);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public async Task Cursors_are_written_when_the_space_closes_and_read_beside_those_in_memory()
    {
        await using EngineWorld world = await StartAsync();
        (await world.UseAsync()).NoteClient(Alice, "laptop", 3);
        await world.CloseAsync();
        Assert.Single(await world.Memory.ReadClientsAsync(Plans, default));
        world.Time.Advance(TimeSpan.FromSeconds(5));
        LiveSpace space = await world.UseAsync();
        space.NoteClient(Alice, "phone", 1);
        Assert.Equal(["phone 1", "laptop 3"], await ReadAsync(space));
        space.NoteClient(Alice, "laptop", 4);
        Assert.Equal(["laptop 4", "phone 1"], await ReadAsync(space));
    }

    [Fact]
    public async Task Nothing_is_written_into_the_next_space_of_a_deleted_ones_id()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        space.NoteClient(Alice, "laptop", 3);
        await world.Spaces.DeleteAsync(Plans, Alice, default);
        await world.Spaces.CreateAsync(new(Plans, "Again", world.Time.GetUtcNow()), Alice, 10, default);
        await space.WriteClientsAsync();
        Assert.Empty(await world.Memory.ReadClientsAsync(Plans, default));
    }

    [Fact]
    public async Task What_cannot_be_written_fails_nobody_and_is_written_later()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        space.NoteClient(Alice, "laptop", 3);
        space.NoteClient(Alice, "phone", 1);
        world.Memory.IsUnavailable = true;
        await space.WriteClientsAsync();
        space.NoteClient(Alice, "laptop", 4);
        world.Memory.IsUnavailable = false;
        Assert.Equal(["laptop 4", "phone 1"], await ReadAsync(space));
        await space.WriteClientsAsync();
        Assert.Equal(["laptop 4", "phone 1"], await ReadAsync(space));
        Assert.Equal(1, world.Memory.ClientWrites);
    }

    [Fact]
    public async Task A_hundred_clients_of_a_user_are_remembered_and_none_for_more_than_60_days()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        for (int n = 0; n < 110; n++)
            NoteNext(world, space, Alice, n);
        IReadOnlyList<string> clients = await ReadAsync(space);
        Assert.Equal(("c109 109", "c10 10", 100), (clients[0], clients[^1], clients.Count));
        await space.WriteClientsAsync();
        world.Time.Advance(TimeSpan.FromSeconds(1));
        space.NoteClient(Alice, "c5", 5);
        clients = await ReadAsync(space);
        Assert.Equal(("c5 5", "c11 11", 100), (clients[0], clients[^1], clients.Count));

        world.Time.Advance(TimeSpan.FromDays(60));
        Assert.Equal(["c5 5"], await ReadAsync(space));
        world.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Empty(await ReadAsync(space));
    }

    [Fact]
    public async Task A_thousand_clients_of_all_users_are_remembered()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        for (int n = 0; n < 1_100; n++)
            NoteNext(world, space, new UserId(string.Create(CultureInfo.InvariantCulture, $"user{n % 20}")), n);
        IReadOnlyList<string> clients = await ReadAsync(space);
        Assert.Equal(("c1099 1099", "c100 100", 1_000), (clients[0], clients[^1], clients.Count));
        await space.WriteClientsAsync();
        Assert.Equal(clients, await ReadAsync(space));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_member_that_makes_up_clients_takes_nobody_elses_place(bool isWrittenBetween)
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        NoteNext(world, space, Alice, 0);
        for (int n = 1; n <= 3_000; n++)
        {
            NoteNext(world, space, Vera, n);
            if (isWrittenBetween && n % 50 == 0)
                await space.WriteClientsAsync();
        }

        Assert.Equal("c0 0", (await ReadAsync(space))[^1]);
        await world.CloseAsync();
        Assert.Equal("c0 0", (await ReadAsync(await world.UseAsync()))[^1]);
    }

    [Fact]
    public async Task Only_owners_read_them()
    {
        await using EngineWorld world = await StartAsync();
        LiveSpace space = await world.UseAsync();
        SpaceAccessException refused = await Assert.ThrowsAsync<SpaceAccessException>(() => space.ReadClientsAsync(Bob, default).AsTask());
        Assert.Equal(ErrorCodes.Forbidden, refused.Code);
    }

    private static void NoteNext(EngineWorld world, LiveSpace space, UserId user, int n)
    {
        world.Time.Advance(TimeSpan.FromMilliseconds(1));
        space.NoteClient(user, string.Create(CultureInfo.InvariantCulture, $"c{n}"), n);
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(LiveSpace space) =>
        [.. (await space.ReadClientsAsync(Alice, default)).Select(client => $"{client.ClientId} {client.Cursor}")];
}
