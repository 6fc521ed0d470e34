using Syncline.Conformance.InMemory;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance;

/// <summary>What every <see cref="ISpaceStore"/> does.</summary>
public abstract partial class SpaceStoreConformance
{
    private static readonly SpaceId Space = new("space-1");
    private static readonly Epoch First = new("epoch-1");
    private static readonly PageLimits NoLimits = new(int.MaxValue, long.MaxValue);

    /// <summary>A store without spaces.</summary>
    protected abstract ISpaceStore Store { get; }

    [Fact]
    public async Task A_space_that_was_never_made_has_no_head() => Assert.Null(await Store.ReadHeadAsync(Space, default));

    [Fact]
    public async Task A_space_that_was_never_made_is_not_found() => await AssertNotFoundAsync();

    [Fact]
    public async Task A_new_space_is_empty()
    {
        await CreateAsync();

        LogHead head = await HeadAsync();

        Assert.Equal(First, head.Epoch);
        Assert.Equal((0, OperationDigest.Empty, 0), (head.Seq, head.Digest, head.HighestClock));
        Assert.Empty(head.Earlier);
    }

    [Fact]
    public async Task Making_a_space_again_changes_nothing()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));

        await Store.CreateAsync(Space, new Epoch("epoch-2"), Now, default);

        LogHead head = await HeadAsync();
        Assert.Equal((First, 1), (head.Epoch, head.Seq));
    }

    [Fact]
    public async Task An_append_for_another_epoch_is_not_written()
    {
        await CreateAsync();
        LogHead head = await HeadAsync();

        AppendOutcome outcome = await Store.AppendAsync(Space, After(head with { Epoch = new Epoch("another") }, Logged(Id("a", 1))));

        Assert.Equal(AppendOutcome.HeadMoved, outcome);
        Assert.Equal(0, (await HeadAsync()).Seq);
    }

    [Fact]
    public async Task What_is_known_names_where_the_log_stands()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 2)));

        Known known = await Store.FindAsync(Space, [], [], default);

        Assert.Equal((First, 2), (known.Epoch, known.Head));
    }

    [Fact]
    public async Task A_deleted_space_is_not_found()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));
        await ReadAllAsync();

        await Store.DeleteAsync(Space, default);

        Assert.Null(await Store.ReadHeadAsync(Space, default));
        await AssertNotFoundAsync();
        Assert.Null(await Store.ReadHeadAsync(Space, default));
    }

    [Fact]
    public async Task Deleting_what_is_not_there_changes_nothing()
    {
        await Store.DeleteAsync(Space, default);

        Assert.Null(await Store.ReadHeadAsync(Space, default));
    }

    [Fact]
    public async Task The_id_of_a_deleted_space_can_be_used_again_and_nothing_of_the_old_one_shows()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));
        await Store.DeleteAsync(Space, default);

        await Store.CreateAsync(Space, new Epoch("epoch-2"), Now, default);

        LogHead head = await HeadAsync();
        Assert.Equal((new Epoch("epoch-2"), 0, 0), (head.Epoch, head.Seq, head.HighestClock));
        Known known = await Store.FindAsync(Space, [Id("a", 1)], [new ActorId("a")], default);
        Assert.Empty(known.Operations);
        Assert.Empty(known.Actors);
        Assert.Empty(await ReadAllAsync());
    }

    [Fact]
    public async Task An_append_moves_the_head_the_digest_and_the_highest_clock()
    {
        await CreateAsync();

        LogAppend batch = await AppendAsync(Logged(Id("a", 5)), Logged(Id("b", 3)));

        LogHead head = await HeadAsync();
        Assert.Equal((2, batch.Operations[1].Digest, 5), (head.Seq, head.Digest, head.HighestClock));
        Assert.Equal(OperationDigest.Empty.Add(Id("a", 5)).Add(Id("b", 3)), head.Digest);
    }

    [Fact]
    public async Task The_highest_clock_does_not_fall()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1L << 42)));
        await AppendAsync(Logged(Id("b", 1)));

        Assert.Equal(1L << 42, (await HeadAsync()).HighestClock);
    }

    [Fact]
    public async Task An_append_that_expects_another_head_writes_nothing()
    {
        await CreateAsync();
        LogHead before = await HeadAsync();
        await AppendAsync(Logged(Id("a", 1)));
        LogHead after = await HeadAsync();

        foreach (LogHead wrong in new[] { before, after with { Seq = 2 } })
            Assert.Equal(AppendOutcome.HeadMoved, await Store.AppendAsync(Space, After(wrong, Logged(Id("b", 2, "r2"), user: "bob"))));

        LogHead head = await HeadAsync();
        Assert.Equal((1, 1), (head.Seq, head.HighestClock));
        Known known = await Store.FindAsync(Space, [Id("b", 2, "r2")], [new ActorId("b")], default);
        Assert.Empty(known.Operations);
        Assert.Empty(known.Actors);
        await AppendAsync(Logged(Id("b", 2, "r2"), user: "bob"));
        Assert.Equal([Id("a", 1), Id("b", 2, "r2")], (await ReadAllAsync()).Select(logged => logged.Operation.Id));
    }

    [Fact]
    public async Task Of_many_appends_to_one_head_exactly_one_is_written()
    {
        await CreateAsync();
        LogHead head = await HeadAsync();

        AppendOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(1, 8).Select(n =>
            Task.Run(async () => await Store.AppendAsync(Space, After(head, Logged(Id($"a{n}", 1)))))));

        Assert.Equal(1, outcomes.Count(outcome => outcome == AppendOutcome.Appended));
        Assert.Equal(1, (await HeadAsync()).Seq);
    }

    [Fact]
    public async Task Everything_of_an_operation_comes_back_as_it_was()
    {
        await CreateAsync();
        DateTimeOffset received = Now.AddMilliseconds(123);
        LoggedOperation[] operations =
        [
            Logged(Id("a", 1, scope: "tree"), """{ "b" : 1.0e0,"a":"\u0041\/é😀\u0000", "b2": [] }""", "alice", hash: ulong.MaxValue),
            Logged(Id("A", 1L << 42, "R1"), "null", "bob", key: "k é", tx: "tx \u0001", hash: 0) with { ReceivedAt = received },
            Logged(Id("a:b.c_d-e", 2, "r:1.x_-"), "\"\"", "użytkownik", tx: "tx \u0001", hash: 1UL << 63),
            Logged(Id("server", 3), "-0.10", "alice", key: ""),
        ];

        LogAppend batch = await AppendAsync(operations);

        Assert.Equal(batch.Operations, await ReadAllAsync());
        Assert.Equal([1, 3, 3, 4], (await ReadAllAsync()).Select(logged => logged.GroupEnd));
    }

    [Fact]
    public async Task A_large_payload_comes_back_as_it_was()
    {
        await CreateAsync();
        string payload = $"\"{new string('x', 256 * 1024 - 2)}\"";

        await AppendAsync(Logged(Id("a", 1), payload));

        Assert.Equal(payload, Assert.Single(await ReadAllAsync()).Operation.Payload.ToString());
    }

    [Fact]
    public async Task A_stored_identity_is_found_with_its_seq_and_hash_and_no_other_is()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1), hash: 10), Logged(Id("a", 4), hash: ulong.MaxValue));

        OperationId[] others =
        [
            Id("a", 2), Id("a", 5), Id("b", 4), Id("A", 4), Id("a", 4, "r2"), Id("a", 4, "R1"), Id("a", 4, scope: "list"), Id("a", 0), Id("a", -1),
        ];
        Known known = await Store.FindAsync(Space, [Id("a", 4), .. others, Id("a", 1)], [], default);

        Assert.Equal(
            new Dictionary<OperationId, StoredIdentity> { [Id("a", 1)] = new(1, 10), [Id("a", 4)] = new(2, ulong.MaxValue) },
            known.Operations);
        Assert.Empty(known.Actors);
    }

    [Fact]
    public async Task An_identity_asked_for_twice_is_found_once()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));

        Known known = await Store.FindAsync(Space, [Id("a", 1), Id("a", 1)], [new ActorId("a"), new ActorId("a")], default);

        Assert.Single(known.Operations);
        Assert.Single(known.Actors);
    }

    [Fact]
    public async Task One_clock_of_an_actor_may_stand_in_several_resources_and_scopes()
    {
        await CreateAsync();
        OperationId[] ids = [Id("a", 1), Id("a", 1, "r2"), Id("a", 1, scope: "list"), Id("b", 1)];
        await AppendAsync([.. ids.Select(id => Logged(id))]);

        Known known = await Store.FindAsync(Space, ids, [], default);

        Assert.Equal([1, 2, 3, 4], ids.Select(id => known.Operations[id].Seq));
    }

    [Fact]
    public async Task An_actor_belongs_to_the_user_it_was_given_to_first()
    {
        await CreateAsync();
        LogAppend batch = After(await HeadAsync(), Logged(Id("a", 1)), Logged(Id("server", 1)));
        await Store.AppendAsync(Space, batch with { NewActors = [new(new ActorId("a"), new UserId("alice"))] });
        batch = After(await HeadAsync(), Logged(Id("a", 2)));
        await Store.AppendAsync(Space, batch with { NewActors = [new(new ActorId("a"), new UserId("bob"))] });

        Known known = await Store.FindAsync(Space, [], [new ActorId("a"), new ActorId("server"), new ActorId("A")], default);

        Assert.Equal(new Dictionary<ActorId, UserId> { [new ActorId("a")] = new("alice") }, known.Actors);
        Assert.Empty(known.Operations);
    }

    [Fact]
    public async Task An_actor_whose_operations_are_stored_may_be_given_to_a_user_later()
    {
        await CreateAsync();
        await Store.AppendAsync(Space, After(await HeadAsync(), Logged(Id("a", 1))) with { NewActors = [] });
        Assert.Empty((await Store.FindAsync(Space, [], [new ActorId("a")], default)).Actors);

        await AppendAsync(Logged(Id("a", 2), user: "bob"));

        Known known = await Store.FindAsync(Space, [], [new ActorId("a")], default);
        Assert.Equal(new UserId("bob"), known.Actors[new ActorId("a")]);
    }

    [Theory]
    [InlineData(0, 3, 3)]
    [InlineData(3, 3, 6)]
    [InlineData(5, 3, 7)]
    [InlineData(6, 1, 7)]
    [InlineData(0, 1000, 7)]
    public async Task A_page_begins_after_its_cursor_and_ends_at_its_limit(long after, int limit, long cursor)
    {
        await CreateAsync();
        await AppendAsync([.. Enumerable.Range(1, 7).Select(n => Logged(Id("a", n)))]);

        LogPage page = await ReadAsync(after, Selection.All, new PageLimits(limit, long.MaxValue));

        Assert.Equal(Enumerable.Range((int)after + 1, (int)(cursor - after)).Select(seq => (long)seq), page.Operations.Select(logged => logged.Seq));
        Assert.Equal((cursor, 7), (page.Cursor, page.Head));
        Assert.Equal(cursor < 7, page.HasMore);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 2)]
    [InlineData(2, 9)]
    public async Task A_page_after_the_head_is_empty_and_its_cursor_stays(int operations, long after)
    {
        await CreateAsync();
        if (operations > 0) await AppendAsync([.. Enumerable.Range(1, operations).Select(n => Logged(Id("a", n)))]);

        LogPage page = await ReadAsync(after, Selection.All, NoLimits);

        Assert.Empty(page.Operations);
        Assert.Equal((after, operations, false), (page.Cursor, page.Head, page.HasMore));
    }

    [Theory]
    [InlineData(20, 2)]
    [InlineData(29, 2)]
    [InlineData(30, 3)]
    [InlineData(9, 1)]
    [InlineData(0, 1)]
    public async Task A_page_holds_at_most_its_limit_of_bytes_but_at_least_one_operation(long bytes, int operations)
    {
        await CreateAsync();
        await AppendAsync([.. Enumerable.Range(1, 4).Select(n => Logged(Id("a", n), "\"12345678\""))]);

        LogPage page = await ReadAsync(0, Selection.All, new PageLimits(int.MaxValue, bytes));

        Assert.Equal(operations, page.Operations.Count);
        Assert.Equal(operations, page.Cursor);
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(2, 0, 4)]
    [InlineData(3, 0, 4)]
    [InlineData(4, 0, 4)]
    [InlineData(1, 1, 4)]
    [InlineData(5, 0, 5)]
    public async Task A_page_grows_over_its_limit_of_operations_rather_than_part_a_group(int limit, long after, long cursor)
    {
        await CreateAsync();
        await AppendAsync(
            Logged(Id("a", 1)), Logged(Id("a", 2), tx: "t"), Logged(Id("a", 3), tx: "t"), Logged(Id("a", 4), tx: "t"), Logged(Id("a", 5)));

        LogPage page = await ReadAsync(after, Selection.All, new PageLimits(limit, long.MaxValue));

        Assert.Equal(cursor, page.Cursor);
        Assert.Equal(cursor - after, page.Operations.Count);
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(20, 4)]
    [InlineData(39, 4)]
    [InlineData(50, 5)]
    public async Task A_page_grows_over_its_limit_of_bytes_rather_than_part_a_group(long bytes, long cursor)
    {
        await CreateAsync();
        const string TenBytes = "\"12345678\"";
        await AppendAsync(
            Logged(Id("a", 1), TenBytes),
            Logged(Id("a", 2), TenBytes, tx: "t"),
            Logged(Id("a", 3), TenBytes, tx: "t"),
            Logged(Id("a", 4), TenBytes, tx: "t"),
            Logged(Id("a", 5), TenBytes));

        LogPage page = await ReadAsync(0, Selection.All, new PageLimits(int.MaxValue, bytes));

        Assert.Equal(cursor, page.Cursor);
        Assert.Equal(cursor, page.Operations.Count);
    }

    [Fact]
    public async Task Two_groups_of_one_name_in_two_batches_are_two_groups()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1), tx: "t"), Logged(Id("a", 2), tx: "t"));
        await AppendAsync(Logged(Id("a", 3), tx: "t"), Logged(Id("a", 4), tx: "t"));

        LogPage page = await ReadAsync(0, Selection.All, new PageLimits(1, long.MaxValue));

        Assert.Equal(2, page.Cursor);
        Assert.Equal([2, 2, 4, 4], (await ReadAllAsync()).Select(logged => logged.GroupEnd));
    }

    [Fact]
    public async Task A_selection_leaves_out_what_it_does_not_name_and_the_cursor_moves_over_it()
    {
        await CreateAsync();
        await AppendAsync(
            Logged(Id("a", 1, "r1", "note")),
            Logged(Id("a", 2, "r2", "note")),
            Logged(Id("a", 3, "r1", "list")),
            Logged(Id("a", 4, "r2", "list")),
            Logged(Id("a", 5, "r3", "base")));

        Assert.Equal([1, 2], await SelectAsync(["note"], []));
        Assert.Equal([1, 2, 5], await SelectAsync(["note", "base", "nothing"], []));
        Assert.Equal([2, 4], await SelectAsync([], ["r2"]));
        Assert.Equal([4], await SelectAsync(["list"], ["r2", "r3"]));
        Assert.Empty(await SelectAsync(["base"], ["r1"]));
        Assert.Empty(await SelectAsync(["nothing"], []));

        async Task<IEnumerable<long>> SelectAsync(string[] scopes, string[] resources)
        {
            Selection selection = new(scopes.Select(scope => new Scope(scope)), resources.Select(resource => new ResourceId(resource)));
            LogPage page = await ReadAsync(0, selection, NoLimits);
            Assert.Equal((5, 5), (page.Cursor, page.Head));
            return page.Operations.Select(logged => logged.Seq);
        }
    }

    [Fact]
    public async Task A_selected_operation_is_found_however_much_lies_before_it()
    {
        await CreateAsync();
        await AppendAsync([.. Enumerable.Range(1, 3000).Select(n => Logged(Id("a", n))), Logged(Id("a", 3001, "wanted")), Logged(Id("a", 3002))]);

        LogPage page = await ReadAsync(0, new Selection([], [new ResourceId("wanted")]), new PageLimits(1, 1));

        Assert.Equal(3001, Assert.Single(page.Operations).Seq);
    }

    [Fact]
    public async Task A_cursor_never_stands_inside_a_group_even_when_part_of_it_is_selected()
    {
        await CreateAsync();
        await AppendAsync(
            Logged(Id("a", 1, "wanted")),
            Logged(Id("a", 2), tx: "t"),
            Logged(Id("a", 3, "wanted"), "\"long enough\"", tx: "t"),
            Logged(Id("a", 4), tx: "t"),
            Logged(Id("a", 5, "wanted")));
        Selection selection = new([], [new ResourceId("wanted")]);

        LogPage first = await ReadAsync(0, selection, new PageLimits(10, 3));
        LogPage second = await ReadAsync(first.Cursor, selection, new PageLimits(1, 3));

        Assert.Equal(1, Assert.Single(first.Operations).Seq);
        Assert.Equal(1, first.Cursor);
        Assert.Equal(3, Assert.Single(second.Operations).Seq);
        Assert.Equal(4, second.Cursor);
    }

    [Fact]
    public async Task Ranges_come_in_the_order_of_clock_and_actor_and_hold_what_the_vector_covers()
    {
        await CreateAsync();
        await AppendAsync(
            Logged(Id("b", 2)), Logged(Id("a", 3)), Logged(Id("a", 2)), Logged(Id("B", 2)), Logged(Id("a", 2, "r2")),
            Logged(Id("a", 9, scope: "list")), Logged(Id("c", 1)), Logged(Id("b", 7)), Logged(Id("a", 10)));
        StateVector wanted = new();
        wanted.Add(new ActorId("a"), 1, 9);
        wanted.Add(new ActorId("b"), 1, 3);
        wanted.Add(new ActorId("b"), 7, long.MaxValue - 2);
        wanted.Add(new ActorId("B"), 2, 2);
        wanted.Add(new ActorId("nobody"), 1, 100);

        IReadOnlyList<LoggedOperation> operations = await RangesAsync(wanted, NoLimits);

        Assert.Equal([Id("B", 2), Id("a", 2), Id("b", 2), Id("a", 3), Id("b", 7)], operations.Select(logged => logged.Operation.Id));
        Assert.Equal([4, 3, 1, 2, 8], operations.Select(logged => logged.Seq));
    }

    [Fact]
    public async Task Ranges_of_an_unknown_resource_or_actor_or_by_an_empty_vector_are_empty()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)));
        StateVector nobody = new();
        nobody.Add(new ActorId("nobody"), 1, 5);
        StateVector all = new();
        all.Add(new ActorId("a"), 1, 5);

        Assert.Empty(await RangesAsync(nobody, NoLimits));
        Assert.Empty(await RangesAsync(new StateVector(), NoLimits));
        Assert.Empty(await Store.ReadRangesAsync(Space, new Scope("note"), new ResourceId("r2"), all, NoLimits, default));
        Assert.Empty(await Store.ReadRangesAsync(Space, new Scope("list"), new ResourceId("r1"), all, NoLimits, default));
    }

    [Theory]
    [InlineData(2, long.MaxValue, 2)]
    [InlineData(int.MaxValue, 29, 2)]
    [InlineData(int.MaxValue, 30, 3)]
    [InlineData(int.MaxValue, 1, 1)]
    public async Task Ranges_are_cut_at_the_limits_but_hold_at_least_one_operation(int limit, long bytes, int count)
    {
        await CreateAsync();
        await AppendAsync([.. Enumerable.Range(1, 4).Select(n => Logged(Id("a", n), "\"12345678\""))]);
        StateVector wanted = new();
        wanted.Add(new ActorId("a"), 1, 4);

        Assert.Equal(count, (await RangesAsync(wanted, new PageLimits(limit, bytes))).Count);
    }

    [Fact]
    public async Task A_vector_of_very_many_ranges_that_match_nothing_is_answered()
    {
        await CreateAsync();
        await AppendAsync([.. Enumerable.Range(1, 500).Select(n => Logged(Id("a", n * 1000L)))]);
        StateVector wanted = new();
        for (long clock = 1; clock < 500_000; clock += 10)
            wanted.Add(new ActorId("a"), clock, clock + 1);
        wanted.Add(new ActorId("a"), 77_000, 77_000);

        Assert.Equal([Id("a", 77_000)], (await RangesAsync(wanted, NoLimits)).Select(logged => logged.Operation.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_logs_are_read_as_the_plainest_store_reads_them(int seed)
    {
        InMemorySpaceStore plain = new();
        Random random = new(seed);
        await CreateAsync();
        await plain.CreateAsync(Space, First, Now, default);
        Dictionary<string, long> clocks = [];
        for (int batch = 0; batch < 40; batch++)
        {
            LogAppend append = After(await HeadAsync(), [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => NextOperation())]);
            OperationId[] identities =
            [
                .. append.Operations.Select(logged => logged.Operation.Id),
                .. Enumerable.Range(0, 20).Select(_ => Id($"a{random.Next(6)}", random.Next(1, 120), $"r{random.Next(4)}", $"s{random.Next(3)}")),
            ];
            Assert.Equal(
                (await plain.FindAsync(Space, identities, [], default)).Operations.OrderBy(one => one.Value.Seq),
                (await Store.FindAsync(Space, identities, [], default)).Operations.OrderBy(one => one.Value.Seq));
            await Store.AppendAsync(Space, append);
            await plain.AppendAsync(Space, append);
        }

        for (int i = 0; i < 200; i++)
        {
            PageLimits limits = new(random.Next(1, 20), random.Next(0, 150));
            Selection selection = new(
                random.Next(2) == 0 ? [] : [new Scope($"s{random.Next(3)}")], random.Next(2) == 0 ? [] : [new ResourceId($"r{random.Next(4)}")]);
            long after = random.Next(0, 200);
            LogPage expected = await plain.ReadAsync(Space, after, selection, limits, default);
            LogPage page = await Store.ReadAsync(Space, after, selection, limits, default);
            Assert.Equal(expected.Operations, page.Operations);
            Assert.Equal((expected.Cursor, expected.Head), (page.Cursor, page.Head));

            StateVector wanted = new();
            for (int range = random.Next(12); range > 0; range--)
            {
                long first = random.Next(1, 150);
                wanted.Add(new ActorId($"a{random.Next(6)}"), first, first + random.Next(30));
            }

            Scope scope = new($"s{random.Next(3)}");
            ResourceId resource = new($"r{random.Next(4)}");
            Assert.Equal(
                await plain.ReadRangesAsync(Space, scope, resource, wanted, limits, default),
                await Store.ReadRangesAsync(Space, scope, resource, wanted, limits, default));
        }

        LoggedOperation NextOperation()
        {
            string actor = $"a{random.Next(6)}";
            (string resource, string scope) = ($"r{random.Next(4)}", $"s{random.Next(3)}");

            // Some count for each resource by itself.
            string counter = actor is "a0" or "a1" or "a2" ? $"{actor} {scope} {resource}" : actor;
            long clock = clocks[counter] = clocks.GetValueOrDefault(counter) + random.Next(1, 4);
            string? tx = random.Next(3) == 0 ? $"t{random.Next(2)}" : null;
            return Logged(
                Id(actor, clock, resource, scope), $"\"{new string('p', random.Next(20))}\"", tx: tx);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Ranges_that_lie_far_apart_in_a_long_log_are_read_as_the_plainest_store_reads_them(int seed)
    {
        InMemorySpaceStore plain = new();
        Random random = new(seed);
        await CreateAsync();
        await plain.CreateAsync(Space, First, Now, default);

        // Some actors write always, some now and then; one wrote long ago, and its clocks are everybody's too.
        long[] clocks = new long[12];
        List<LoggedOperation> operations = [];
        while (operations.Count < 4_000)
        {
            int actor = random.Next(operations.Count < 100 ? 12 : random.Next(40) == 0 ? 11 : 6);
            clocks[actor] = Math.Max(clocks[actor], operations.Count / 4) + 1;
            operations.Add(Logged(Id($"a{actor}", clocks[actor], random.Next(20) == 0 ? "r2" : "r1")));
        }

        LogAppend append = After(await HeadAsync(), operations);
        await Store.AppendAsync(Space, append);
        await plain.AppendAsync(Space, append);
        for (int i = 0; i < 60; i++)
        {
            StateVector wanted = new();
            for (int range = random.Next(1, 40); range > 0; range--)
            {
                long first = random.Next(1, 1_200);
                wanted.Add(new ActorId($"a{random.Next(12)}"), first, first + (random.Next(4) == 0 ? random.Next(600) : random.Next(3)));
            }

            PageLimits limits = new(random.Next(3) == 0 ? random.Next(1, 30) : int.MaxValue, random.Next(3) == 0 ? random.Next(1, 100) : long.MaxValue);
            ResourceId resource = new($"r{random.Next(1, 3)}");
            Assert.Equal(
                await plain.ReadRangesAsync(Space, new Scope("note"), resource, wanted, limits, default),
                await Store.ReadRangesAsync(Space, new Scope("note"), resource, wanted, limits, default));
        }
    }

    [Fact]
    public async Task Ranges_hold_an_operation_whose_actor_used_the_same_clock_in_a_resource_before()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1, "r2")), Logged(Id("a", 2, "r2")), Logged(Id("a", 3, "r2")), Logged(Id("a", 1)), Logged(Id("a", 2)), Logged(Id("a", 3)));
        StateVector wanted = new();
        wanted.Add(new ActorId("a"), 1, 3);

        Assert.Equal([Id("a", 1), Id("a", 2), Id("a", 3)], (await RangesAsync(wanted, NoLimits)).Select(logged => logged.Operation.Id));
    }

    [Fact]
    public async Task Spaces_do_not_see_each_other()
    {
        SpaceId other = new("space-2");
        await CreateAsync();
        await Store.CreateAsync(other, new Epoch("epoch-2"), Now, default);
        await AppendAsync(Logged(Id("a", 1)));

        LogHead? head = await Store.ReadHeadAsync(other, default);
        Assert.Equal(0, head!.Seq);
        Assert.Empty((await Store.FindAsync(other, [Id("a", 1)], [new ActorId("a")], default)).Actors);
        await Store.DeleteAsync(other, default);
        Assert.Single(await ReadAllAsync());
    }

    [Fact]
    public async Task Readers_beside_a_writer_see_every_operation_once_in_order_and_whole_batches()
    {
        await CreateAsync();
        const int Batches = 100;
        Task writer = Task.Run(async () =>
        {
            for (int batch = 0; batch < Batches; batch++)
                await AppendAsync([.. Enumerable.Range(1, 3).Select(n => Logged(Id("a", batch * 3 + n)))]);
        });
        Task<List<long>>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(FollowAsync))];

        await writer;
        foreach (List<long> seen in await Task.WhenAll(readers))
            Assert.Equal(Enumerable.Range(1, Batches * 3).Select(seq => (long)seq), seen);

        async Task<List<long>> FollowAsync()
        {
            List<long> seen = [];
            long cursor = 0;
            while (cursor < Batches * 3)
            {
                LogPage page = await ReadAsync(cursor, Selection.All, new PageLimits(50, long.MaxValue));
                Assert.Equal(0, page.Head % 3);
                seen.AddRange(page.Operations.Select(logged => logged.Seq));
                cursor = page.Cursor;
            }

            return seen;
        }
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        CancellationToken cancelled = new(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.CreateAsync(Space, First, Now, cancelled));
        Assert.Null(await Store.ReadHeadAsync(Space, default));
        await CreateAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.DeleteAsync(Space, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.ReadAsync(Space, 0, Selection.All, NoLimits, cancelled));
        Assert.NotNull(await Store.ReadHeadAsync(Space, default));
    }

    [Fact]
    public async Task A_dropped_operation_is_gone_from_the_log_and_known_as_a_duplicate()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1), hash: 11), Logged(Id("a", 2), hash: 12), Logged(Id("b", 9), hash: 13), Logged(Id("a", 3), hash: 14));
        LogHead before = await HeadAsync();

        Assert.True(await CompactAsync(after: 0, upTo: 3, dropped: [1, 3]));

        Assert.Equal([2, 4], (await ReadAllAsync()).Select(logged => logged.Seq));
        Assert.Equivalent(before, await HeadAsync());
        Known known = await Store.FindAsync(Space, [Id("a", 1), Id("b", 9), Id("a", 2)], [], default);
        Assert.Equal(new StoredIdentity(1, 11), known.Operations[Id("a", 1)]);
        Assert.Equal(new StoredIdentity(3, 13), known.Operations[Id("b", 9)]);
        Assert.Equal(new StoredIdentity(2, 12), known.Operations[Id("a", 2)]);
        IReadOnlyDictionary<ResourceId, StateVector> gone = await Store.ReadDroppedAsync(Space, new Scope("note"), 1, default);
        StateVector vector = Assert.Single(gone).Value;
        Assert.True(vector.Contains(new Stamp(9, new ActorId("b"))));
        Assert.False(vector.Contains(new Stamp(1, new ActorId("a"))));
        LogPage page = await ReadAsync(0, Selection.All, new PageLimits(1, long.MaxValue));
        Assert.Equal((2, 4), (page.Cursor, page.Head));
        StateVector wanted = new();
        wanted.Add(new ActorId("a"), 1, 2);
        wanted.Add(new ActorId("b"), 9, 9);
        Assert.Equal([2], (await RangesAsync(wanted, NoLimits)).Select(logged => logged.Seq));
    }

    [Fact]
    public async Task A_step_that_is_not_for_the_log_as_it_is_writes_nothing()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 2)), Logged(Id("a", 3)));
        Assert.True(await CompactAsync(after: 0, upTo: 1, dropped: []));
        Assert.Equal(1, await Store.ReadCompactedUpToAsync(Space, default));

        Assert.False(await CompactAsync(after: 0, upTo: 2, dropped: [1]));
        Assert.False(await Store.CompactAsync(Space, new CompactionStep(new Epoch("another"), 1, 2, [], [1], Now)));

        Assert.Equal(3, (await ReadAllAsync()).Count);
        Assert.Equal(1, await Store.ReadCompactedUpToAsync(Space, default));
    }

    [Fact]
    public async Task The_winners_of_registers_are_those_that_the_last_step_named()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 2), "{\"x\":2}"), Logged(Id("a", 3)));
        RegisterKey first = RegisterKey.Of(new OpaqueModel(), "first");
        RegisterKey second = RegisterKey.Of(new OpaqueModel(), "second");
        RegisterKey none = RegisterKey.Of(new OpaqueModel(), "none");
        await CompactAsync(after: 0, upTo: 1, dropped: [], new(first, 1), new(second, 1));
        await CompactAsync(after: 1, upTo: 2, dropped: [], new KeyValuePair<RegisterKey, long>(first, 2));

        IReadOnlyDictionary<RegisterKey, LoggedOperation> winners = await Store.FindWinnersAsync(Space, [first, second, none], default);

        Assert.Equal((2, 1), (winners[first].Seq, winners[second].Seq));
        Assert.Equal("{\"x\":2}", winners[first].Operation.Payload.ToString());
        Assert.False(winners.ContainsKey(none));
    }

    [Fact]
    public async Task Stubs_go_when_they_are_old_but_not_before_their_group()
    {
        await CreateAsync();
        await AppendAsync(
            Logged(Id("a", 1)), Logged(Id("a", 2), tx: "t"), Logged(Id("a", 3), tx: "t"), Logged(Id("a", 4), tx: "t"), Logged(Id("a", 5)), Logged(Id("a", 6)));
        await CompactAsync(after: 0, upTo: 5, dropped: [1, 2, 4, 5]);

        await TidyAsync(Now);
        Assert.Equal([1, 2, 3, 4, 5], await KnownAsync());
        await TidyAsync(Now.AddMilliseconds(1));
        Assert.Equal([2, 3, 4], await KnownAsync());

        // The last of the group goes; later still, its stubs.
        await CompactAsync(after: 5, upTo: 6, dropped: [3]);
        await TidyAsync(Now.AddMilliseconds(2));
        Assert.Empty(await KnownAsync());

        async Task<IEnumerable<long>> KnownAsync()
        {
            Known known = await Store.FindAsync(Space, [.. Enumerable.Range(1, 5).Select(clock => Id("a", clock))], [], default);
            return known.Operations.Values.Select(stored => stored.Seq).Order();
        }
    }

    [Fact]
    public async Task Stubs_of_a_group_go_together()
    {
        await CreateAsync();
        await AppendAsync(
            Logged(Id("a", 1), tx: "t"), Logged(Id("a", 2), tx: "t"), Logged(Id("a", 3), tx: "t"), Logged(Id("a", 4), tx: "u"), Logged(Id("a", 5), tx: "u"), Logged(Id("a", 6)));
        await CompactAtAsync(Now, after: 0, upTo: 2, dropped: [2]);
        await CompactAtAsync(Now, after: 2, upTo: 4, dropped: [1, 4]);
        await CompactAtAsync(Now.AddDays(1), after: 4, upTo: 5, dropped: [3, 5]);

        // A repeat of a group that is known in part could not be answered.
        await TidyAsync(Now.AddHours(1));
        Assert.Equal([1, 2, 3, 4, 5], await KnownAsync());
        await TidyAsync(Now.AddDays(1).AddHours(1));
        Assert.Empty(await KnownAsync());

        async Task CompactAtAsync(DateTimeOffset at, long after, long upTo, long[] dropped) =>
            Assert.True(await Store.CompactAsync(Space, new CompactionStep(First, after, upTo, [], dropped, at)));

        async Task<IEnumerable<long>> KnownAsync()
        {
            Known known = await Store.FindAsync(Space, [.. Enumerable.Range(1, 6).Select(clock => Id("a", clock))], [], default);
            return known.Operations.Values.Select(stored => stored.Seq).Where(seq => seq < 6).Order();
        }
    }

    [Fact]
    public async Task A_snapshot_counts_once_it_is_complete_and_until_the_next()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 2, "p1", "tree")));
        Assert.Equal(["note", "tree"], (await Store.ReadScopesAsync(Space, default)).Select(scope => scope.Value).Order());
        Assert.Null(await Store.FindSnapshotAsync(Space, default));

        long id = await Store.BeginSnapshotAsync(Space, default);
        await Store.AddSnapshotChunkAsync(Space, id, 0, 0, new byte[] { 1, 2 });
        await Store.AddSnapshotChunkAsync(Space, id, 1, 0, new byte[] { 3 });
        Assert.Null(await Store.FindSnapshotAsync(Space, default));
        StoredSnapshot snapshot = new(
            id,
            First,
            2,
            (await HeadAsync()).Digest,
            Now,
            [new Scope("list"), new Scope("registry")],
            [new Scope("list")],
            [new(new Scope("list"), new ResourceId("l1"), 1, 2, new byte[] { 9 }), new(new Scope("list"), new ResourceId("l2"), 2, 1, new byte[] { 8 })]);
        Assert.False(await Store.CompleteSnapshotAsync(Space, snapshot with { Epoch = new Epoch("another") }));
        Assert.True(await Store.CompleteSnapshotAsync(Space, snapshot));

        await TidyAsync(Now);
        Assert.Equivalent(snapshot, await Store.FindSnapshotAsync(Space, default));
        Assert.Equal(new byte[] { 1, 2 }, await Store.ReadSnapshotChunkAsync(Space, id, 0, 0, default));
        Assert.Equal(new byte[] { 3 }, await Store.ReadSnapshotChunkAsync(Space, id, 1, 0, default));
        Assert.Null(await Store.ReadSnapshotChunkAsync(Space, id, 1, 1, default));
        byte[] room = [9, 9, 9];
        Assert.Equal(2, await Store.ReadSnapshotChunkAsync(Space, id, 0, 0, room, default));
        Assert.Equal([1, 2, 9], room);
        Assert.Null(await Store.ReadSnapshotChunkAsync(Space, id, 0, 0, room.AsMemory(2), default));
        Assert.Null(await Store.ReadSnapshotChunkAsync(Space, id, 1, 1, room, default));

        long next = await Store.BeginSnapshotAsync(Space, default);
        Assert.NotEqual(id, next);
        await Store.AddSnapshotChunkAsync(Space, next, 0, 0, new byte[] { 4 });
        Assert.True(await Store.CompleteSnapshotAsync(Space, snapshot with { Id = next, Parts = [snapshot.Parts[1]] }));
        await TidyAsync(Now);
        Assert.Null(await Store.ReadSnapshotChunkAsync(Space, id, 0, 0, default));
        Assert.Equal(next, (await Store.FindSnapshotAsync(Space, default))!.Id);

        await Store.DropSnapshotAsync(Space, id);
        Assert.NotNull(await Store.FindSnapshotAsync(Space, default));
        await Store.DropSnapshotAsync(Space, next);
        Assert.Null(await Store.FindSnapshotAsync(Space, default));
        await TidyAsync(Now);
        Assert.Null(await Store.ReadSnapshotChunkAsync(Space, next, 0, 0, default));
    }

    [Fact]
    public async Task What_is_purged_is_gone_and_known_to_be()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 2)), Logged(Id("a", 3)));
        RegisterKey thing = RegisterKey.Of(new OpaqueModel(), "thing");
        RegisterKey other = RegisterKey.Of(new OpaqueModel(), "other");
        await CompactAsync(after: 0, upTo: 2, dropped: [], new(other, 1), new(thing, 2));

        Assert.False(await Store.PurgeAsync(Space, new PurgeStep(new Epoch("another"), [thing], [other], [1], Now)));
        Assert.Empty(await Store.ReadPurgedAsync(Space, default));
        Assert.True(await Store.PurgeAsync(Space, new PurgeStep(First, [thing], [other], [1], Now)));

        Assert.Equal([thing], await Store.ReadPurgedAsync(Space, default));
        Assert.Equal([2, 3], (await ReadAllAsync()).Select(logged => logged.Seq));
        Assert.Equal([thing], (await Store.FindWinnersAsync(Space, [thing, other], default)).Keys);
        Assert.Equal(1, (await Store.FindAsync(Space, [Id("a", 1)], [], default)).Operations[Id("a", 1)].Seq);

        // Again is no harm.
        Assert.True(await Store.PurgeAsync(Space, new PurgeStep(First, [thing], [], [], Now)));
        Assert.Equal(ResetOutcome.Reset, await Store.ResetAsync(Space, new LogReset(First, 3, new Epoch("epoch-2"), 4, "key", "", Now)));
        Assert.Empty(await Store.ReadPurgedAsync(Space, default));
    }

    [Fact]
    public async Task A_reset_leaves_nothing_of_compaction_and_snapshots()
    {
        await CreateAsync();
        await AppendAsync(Logged(Id("a", 1)), Logged(Id("a", 2)), Logged(Id("a", 3)));
        RegisterKey register = RegisterKey.Of(new OpaqueModel(), "register");
        await CompactAsync(after: 0, upTo: 2, dropped: [1], new KeyValuePair<RegisterKey, long>(register, 2));
        long id = await Store.BeginSnapshotAsync(Space, default);
        await Store.AddSnapshotChunkAsync(Space, id, 0, 0, new byte[] { 1 });
        StoredSnapshot.Part part = new(new Scope("note"), new ResourceId("r1"), 1, 1, new byte[] { 9 });
        Assert.True(await Store.CompleteSnapshotAsync(
            Space, new StoredSnapshot(id, First, 3, (await HeadAsync()).Digest, Now, [part.Scope], [], [part])));

        Epoch second = new("epoch-2");
        Assert.Equal(ResetOutcome.Reset, await Store.ResetAsync(Space, new LogReset(First, 3, second, 4, "key", "state", Now)));

        Assert.Equal(4, await Store.ReadCompactedUpToAsync(Space, default));
        Assert.Empty(await Store.FindWinnersAsync(Space, [register], default));
        Assert.Empty(await Store.ReadDroppedAsync(Space, new Scope("note"), 0, default));
        Assert.Empty((await Store.FindAsync(Space, [Id("a", 1), Id("a", 2)], [], default)).Operations);
        Assert.Null(await Store.FindSnapshotAsync(Space, default));
        await TidyAsync(Now);
        Assert.Null(await Store.ReadSnapshotChunkAsync(Space, id, 0, 0, default));

        // What still runs for the log that is gone writes nothing.
        Assert.False(await CompactAsync(after: 4, upTo: 5, dropped: []));
        Assert.False(await Store.CompleteSnapshotAsync(Space, new StoredSnapshot(id, First, 3, OperationDigest.Empty, Now, [], [], [])));
    }

    [Fact]
    public async Task A_store_that_can_write_says_so() => await Store.CheckAsync(default);

    private async Task<bool> CompactAsync(long after, long upTo, IReadOnlyList<long> dropped, params KeyValuePair<RegisterKey, long>[] winners) =>
        await Store.CompactAsync(Space, new CompactionStep(First, after, upTo, winners, dropped, Now));

    private async Task TidyAsync(DateTimeOffset stubsBefore)
    {
        while (await Store.TidyAsync(Space, stubsBefore, default))
            continue;
    }

    private async Task CreateAsync() => await Store.CreateAsync(Space, First, Now, default);

    private async Task<LogHead> HeadAsync() => Assert.IsType<LogHead>(await Store.ReadHeadAsync(Space, default));

    private async Task<LogAppend> AppendAsync(params LoggedOperation[] operations)
    {
        LogAppend append = After(await HeadAsync(), operations);
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(Space, append));
        return append;
    }

    private async Task<LogPage> ReadAsync(long after, Selection selection, PageLimits limits) =>
        await Store.ReadAsync(Space, after, selection, limits, default);

    private async Task<IReadOnlyList<LoggedOperation>> ReadAllAsync() => (await ReadAsync(0, Selection.All, NoLimits)).Operations;

    private async Task<IReadOnlyList<LoggedOperation>> RangesAsync(StateVector wanted, PageLimits limits) =>
        await Store.ReadRangesAsync(Space, new Scope("note"), new ResourceId("r1"), wanted, limits, default);

    private async Task AssertNotFoundAsync()
    {
        LogAppend append = After(LogHead.Empty(First), Logged(Id("a", 1)));
        SpaceNotFoundException exception =
            await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await Store.AppendAsync(Space, append));
        Assert.Equal(Space, exception.Space);
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await Store.FindAsync(Space, [], [], default));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await ReadAllAsync());
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await RangesAsync(new StateVector(), NoLimits));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await Store.FindGenerationAsync(Space, First, "key", Now, default));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await Store.ReadGenerationSnapshotAsync(Space, "key", default));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await Store.ResetAsync(Space, Reset(First, 0, 0)));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await Store.ReadClientsAsync(Space, default));
        await Assert.ThrowsAsync<SpaceNotFoundException>(async () => await WriteClientsAsync([]));
    }
}
