using Syncline.Client.Storage;
using Syncline.Core.Operations;
using static Syncline.Conformance.Sqlite.Local.LocalStoreFile;

namespace Syncline.Conformance.Sqlite.Local;

/// <summary>An actor belongs to one store: a copy, or an older file that was put back, takes another one.</summary>
public sealed class CopiedStoreTests : IDisposable
{
    // What a store's note may be off by, and more than that.
    private const long NoticedAfterNanoseconds = 200_000_000;

    private static readonly string[] Endings = ["", ".run", "-wal"];

    private readonly TemporaryData _data = new();
    private readonly TemporaryData _copy = new();

    /// <summary>How files come back from a backup.</summary>
    public enum Way
    {
        /// <summary>Into the files that are there.</summary>
        WrittenOver,

        /// <summary>As new files in their place.</summary>
        Replaced,
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _data.Dispose();
        _copy.Dispose();
    }

    [Fact]
    public async Task A_store_keeps_its_actor_however_often_it_is_opened()
    {
        ActorId actor = (await LookAsync(_data)).Actor;
        for (int opening = 0; opening < 5; opening++)
        {
            Assert.Equal(actor, (await LookAsync(_data)).Actor);
            await UseAsync(_data);
        }

        Assert.Equal(actor, (await LookAsync(_data)).Actor);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_takes_a_new_actor_and_the_original_keeps_its_own(bool withRunFile)
    {
        IReadOnlyList<OwnOperation> own = await UseAsync(_data);
        CopyTo(_copy, withRunFile ? Endings : [""]);

        LocalDevice copied = await LookAsync(_copy);
        LocalDevice original = await LookAsync(_data);

        Assert.Equal(own[0].Operation.Id.Actor, original.Actor);
        Assert.NotEqual(original.Actor, copied.Actor);
        Assert.Equal(3, copied.NextNumber);
        await using SqliteLocalStore store = Open(_copy);
        Assert.Equal(own, await store.OutboxAsync());
        Assert.Equal(copied.Actor, await store.ActorAsync());
    }

    [Fact]
    public async Task A_copy_of_a_store_that_is_in_use_takes_a_new_actor()
    {
        await using SqliteLocalStore store = Open(_data);
        IReadOnlyList<OwnOperation> own = await store.MakeAsync(3);

        // Also without what is in the write-ahead log: then it is an older store.
        CopyTo(_copy, ["", "-wal"]);

        await using SqliteLocalStore copied = Open(_copy);
        Assert.NotEqual(await store.ActorAsync(), await copied.ActorAsync());
        Assert.Equal(own, await copied.OutboxAsync());
    }

    [Theory]
    [InlineData(Way.WrittenOver)]
    [InlineData(Way.Replaced)]
    public async Task An_older_store_that_is_put_back_takes_a_new_actor_and_gives_no_number_again(Way way)
    {
        ActorId actor = (await UseAsync(_data))[0].Operation.Id.Actor;
        CopyTo(_copy, [""]);
        await UseAsync(_data, 5);

        PutBack([""], way);

        LocalDevice device = await LookAsync(_data);
        Assert.NotEqual(actor, device.Actor);
        Assert.Equal(8, device.NextNumber);
        Assert.Equal(device, await LookAsync(_data));
    }

    [Fact]
    public async Task An_older_store_from_the_same_opening_is_noticed_too()
    {
        ActorId actor;
        await using (SqliteLocalStore store = Open(_data))
        {
            actor = await store.ActorAsync();
            await store.MakeAsync(1);
            CopyTo(_copy, ["", "-wal"]);
            await store.MakeAsync(1);
        }

        PutBack(["", "-wal"], Way.WrittenOver);

        await using SqliteLocalStore putBack = Open(_data);
        Assert.Equal([1], (await putBack.OutboxAsync()).Select(own => own.Number));
        Assert.NotEqual(actor, await putBack.ActorAsync());
    }

    [Theory]
    [InlineData(Way.WrittenOver)]
    [InlineData(Way.Replaced)]
    public async Task An_older_store_that_is_put_back_with_all_that_lay_beside_it_is_noticed_by_the_file_system(Way way)
    {
        ActorId actor = (await UseAsync(_data))[0].Operation.Id.Actor;
        CopyTo(_copy, Endings);
        await UseAsync(_data, 5);
        WaitUntilNoticed();

        PutBack(Endings, way);

        Assert.NotEqual(actor, (await LookAsync(_data)).Actor);
    }

    [Fact]
    public async Task A_store_that_was_put_back_as_it_was_keeps_its_actor()
    {
        ActorId actor = (await UseAsync(_data))[0].Operation.Id.Actor;
        CopyTo(_copy, [""]);
        await LookAsync(_data);

        PutBack([""], Way.Replaced);

        Assert.Equal(actor, (await LookAsync(_data)).Actor);
    }

    [Fact]
    public async Task A_store_whose_folder_moved_keeps_its_actor()
    {
        ActorId actor = (await UseAsync(_data))[0].Operation.Id.Actor;
        Directory.Move(_data.Path, _copy.PathOf("moved"));
        Directory.CreateDirectory(_data.Path);

        await using SqliteLocalStore moved = Open(_copy.PathOf("moved", "local.db"));

        Assert.Equal(actor, await moved.ActorAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Synrun 1 and what is no note of a number")]
    public async Task A_store_whose_run_file_is_broken_takes_a_new_actor(string content)
    {
        ActorId actor = (await UseAsync(_data))[0].Operation.Id.Actor;
        File.WriteAllText(FileOf(_data) + ".run", content);

        LocalDevice device = await LookAsync(_data);

        Assert.NotEqual(actor, device.Actor);
        Assert.InRange(device.NextNumber, 3, long.MaxValue);
    }

    [Fact]
    public async Task A_new_store_beside_the_run_file_of_one_that_was_removed_begins_at_one()
    {
        await UseAsync(_data, 9);
        File.Delete(FileOf(_data));

        LocalDevice device = await LookAsync(_data);

        Assert.Equal(1, device.NextNumber);
        Assert.Equal(device, await LookAsync(_data));
    }

    [Fact]
    public async Task A_write_that_failed_raises_no_doubt()
    {
        ActorId actor;
        await using (SqliteLocalStore store = Open(_data))
        {
            actor = (await store.MakeAsync(2))[0].Operation.Id.Actor;
            await Assert.ThrowsAsync<ArgumentException>(async () => await store.WriteAsync(
                [
                    new LocalWrite.AddOwn(Space, [(await store.OutboxAsync())[0] with { Number = 50, Operation = Operations.Logged(Operations.Id("x", 9)).Operation }]),
                    new LocalWrite.PutBack(new SpaceId("missing"), 0),
                ],
                default));
            await store.MakeAsync(1);
        }

        Assert.Equal((actor, 4), ((await LookAsync(_data)).Actor, (await LookAsync(_data)).NextNumber));
    }

    private void CopyTo(TemporaryData target, string[] endings)
    {
        foreach (string ending in endings.Where(ending => File.Exists(FileOf(_data) + ending)))
            Write(FileOf(_data) + ending, FileOf(target) + ending, FileMode.CreateNew);
    }

    // What is left of the write-ahead log belongs to the file that goes.
    private void PutBack(string[] endings, Way way)
    {
        File.Delete(FileOf(_data) + "-wal");
        foreach (string ending in endings.Where(ending => File.Exists(FileOf(_copy) + ending)))
        {
            string path = FileOf(_data) + ending;
            if (way == Way.Replaced) File.Delete(path);
            Write(FileOf(_copy) + ending, path, File.Exists(path) ? FileMode.Truncate : FileMode.CreateNew);
        }
    }

    // Byte by byte, with the times of the source, as "cp -p" does.
    private static void Write(string source, string target, FileMode mode)
    {
        // A store that is in use keeps others from opening what it has locked, but "cp" does not ask.
        using (FileStream from = new(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        using (FileStream to = new(target, mode, FileAccess.Write))
            from.CopyTo(to);
        File.SetLastWriteTimeUtc(target, File.GetLastWriteTimeUtc(source));
    }

    private void WaitUntilNoticed()
    {
        using FileStream clock = new(_copy.PathOf("clock"), FileMode.Create);
        FileStamp first = FileStamp.Of(clock.SafeFileHandle);
        FileStamp now;
        do
        {
            RandomAccess.Write(clock.SafeFileHandle, [1], 0);
            now = FileStamp.Of(clock.SafeFileHandle);
        }
        while (now.ChangedAt - first.ChangedAt < NoticedAfterNanoseconds);
    }
}
