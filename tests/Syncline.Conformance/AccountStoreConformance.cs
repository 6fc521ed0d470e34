using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance;

/// <summary>What every <see cref="IAccountStore"/> does.</summary>
public abstract class AccountStoreConformance
{
    private static readonly User Alice = new(new UserId("u-alice"), "alice", "Alice A.");
    private static readonly User Bob = new(new UserId("u-bob"), "bob", "Bob é");
    private static readonly User Carol = new(new UserId("u-carol"), "carol", "Carol");
    private static readonly SpaceRecord Plan = new(new SpaceId("plan"), "The plan", Now);
    private static readonly Login Laptop = new("login-1", Alice.Id, Now.AddDays(30));
    private static readonly Audit AtStart = new(Alice.Id, Now);

    /// <summary>A store without users.</summary>
    protected abstract IAccountStore Store { get; }

    [Fact]
    public async Task A_user_is_found_by_id_and_by_name_as_they_were_added()
    {
        Assert.Equal(AddUserOutcome.Added, await Store.AddUserAsync(Alice, "hash", null, AtStart, default));
        Assert.Equal(AddUserOutcome.Added, await Store.AddUserAsync(Bob, null, null, new Audit(null, Now), default));

        Assert.Equal(Alice, await Store.FindUserAsync(Alice.Id, default));
        Assert.Equal(new Credentials(Alice, "hash"), await Store.FindCredentialsAsync("alice", default));
        Assert.Equal(new Credentials(Bob, null), await Store.FindCredentialsAsync("bob", default));
        Assert.Null(await Store.FindUserAsync(new UserId("U-ALICE"), default));
        Assert.Null(await Store.FindCredentialsAsync("nobody", default));
    }

    [Fact]
    public async Task A_name_or_an_id_is_given_once()
    {
        await AddUsersAsync();

        Assert.Equal(AddUserOutcome.NameTaken, await Store.AddUserAsync(Alice with { Id = new UserId("u-2") }, null, null, AtStart, default));
        Assert.Equal(AddUserOutcome.NameTaken, await Store.AddUserAsync(Alice with { UserName = "other" }, null, null, AtStart, default));

        Assert.Null(await Store.FindUserAsync(new UserId("u-2"), default));
        Assert.Null(await Store.FindCredentialsAsync("other", default));
    }

    [Fact]
    public async Task A_password_is_replaced_and_only_that_users()
    {
        await AddUsersAsync();

        await Store.SetPasswordHashAsync(Alice.Id, "new", AtStart, default);
        await Store.SetPasswordHashAsync(new UserId("nobody"), "new", AtStart, default);

        Assert.Equal("new", (await Store.FindCredentialsAsync("alice", default))!.PasswordHash);
        Assert.Equal("hash", (await Store.FindCredentialsAsync("bob", default))!.PasswordHash);
    }

    [Fact]
    public async Task An_invite_lets_one_person_in()
    {
        await Store.AddInviteAsync("invite", Now.AddDays(1), AtStart, default);

        Assert.Equal(AddUserOutcome.Added, await Store.AddUserAsync(Alice, "hash", "invite", AtStart, default));
        Assert.Equal(AddUserOutcome.InviteInvalid, await Store.AddUserAsync(Bob, "hash", "invite", AtStart, default));
        Assert.Null(await Store.FindUserAsync(Bob.Id, default));
    }

    [Fact]
    public async Task An_invite_works_until_it_expires()
    {
        await Store.AddInviteAsync("one", Now.AddDays(1), AtStart, default);
        await Store.AddInviteAsync("two", Now.AddDays(1), AtStart, default);

        Assert.Equal(AddUserOutcome.Added, await AddAsync(Alice, "one", Now.AddDays(1).AddMilliseconds(-1)));
        Assert.Equal(AddUserOutcome.InviteInvalid, await AddAsync(Bob, "two", Now.AddDays(1)));
        Assert.Equal(AddUserOutcome.InviteInvalid, await AddAsync(Bob, "unknown", Now));

        async Task<AddUserOutcome> AddAsync(User user, string invite, DateTimeOffset at) =>
            await Store.AddUserAsync(user, "hash", invite, new Audit(null, at), default);
    }

    [Fact]
    public async Task A_taken_name_uses_no_invite_up_and_shows_only_to_who_has_one()
    {
        await AddUsersAsync();
        User second = Alice with { Id = new UserId("u-2") };
        await Store.AddInviteAsync("invite", Now.AddDays(1), AtStart, default);

        Assert.Equal(AddUserOutcome.InviteInvalid, await Store.AddUserAsync(second, "hash", "wrong", AtStart, default));
        Assert.Equal(AddUserOutcome.NameTaken, await Store.AddUserAsync(second, "hash", "invite", AtStart, default));
        Assert.Equal(AddUserOutcome.Added, await Store.AddUserAsync(second with { UserName = "alice2" }, "hash", "invite", AtStart, default));
    }

    [Fact]
    public async Task Each_refresh_token_works_once_and_the_login_goes_on_with_the_next()
    {
        await LogInAsync();

        Assert.Equal(new RefreshOutcome.Refreshed(Laptop with { ExpiresAt = Now.AddDays(31) }), await RefreshAsync("t1", "t2", Now.AddDays(1)));
        Assert.Equal(new RefreshOutcome.Refreshed(Laptop with { ExpiresAt = Now.AddDays(32) }), await RefreshAsync("t2", "t3", Now.AddDays(2)));
        Assert.Equal(new RefreshOutcome.Unknown(), await RefreshAsync("other", "t4", Now.AddDays(2)));
        Assert.Empty(await Store.ReadEndedLoginsAsync(Now, default));
    }

    [Fact]
    public async Task The_second_use_of_a_refresh_token_ends_the_login()
    {
        await LogInAsync();
        await RefreshAsync("t1", "t2", Now.AddMinutes(1));

        Assert.Equal(new RefreshOutcome.UsedTwice(Laptop.Id), await RefreshAsync("t1", "stolen", Now.AddMinutes(2)));

        Assert.Equal(new RefreshOutcome.Unknown(), await RefreshAsync("t2", "t3", Now.AddMinutes(3)));
        Assert.Equal(new RefreshOutcome.Unknown(), await RefreshAsync("stolen", "t3", Now.AddMinutes(3)));
        Assert.Equal(new RefreshOutcome.Unknown(), await RefreshAsync("t1", "t3", Now.AddMinutes(3)));
        Assert.Equal([Laptop.Id], await Store.ReadEndedLoginsAsync(Now.AddMinutes(2), default));
    }

    [Fact]
    public async Task Of_many_uses_of_a_refresh_token_at_once_one_works_at_most()
    {
        await LogInAsync();

        RefreshOutcome[] outcomes = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(n => Task.Run(async () => await RefreshAsync("t1", $"next-{n}", Now.AddMinutes(1)))));

        Assert.Equal(1, outcomes.Count(outcome => outcome is RefreshOutcome.Refreshed));
        Assert.Equal(1, outcomes.Count(outcome => outcome is RefreshOutcome.UsedTwice));
    }

    [Fact]
    public async Task A_login_expires_unless_it_is_refreshed_before()
    {
        await LogInAsync();

        Assert.IsType<RefreshOutcome.Refreshed>(await RefreshAsync("t1", "t2", Laptop.ExpiresAt.AddMilliseconds(-1)));
        Assert.IsType<RefreshOutcome.Unknown>(await RefreshAsync("t2", "t3", Laptop.ExpiresAt.AddDays(30)));
        Assert.Empty(await Store.ReadEndedLoginsAsync(Now, default));
    }

    [Fact]
    public async Task Ending_a_login_ends_its_tokens_and_no_other_login()
    {
        await LogInAsync();
        await Store.AddLoginAsync(Laptop with { Id = "login-2" }, "other", AtStart, default);

        await Store.EndLoginAsync(Laptop.Id, new Audit(Alice.Id, Now.AddMinutes(1)), default);
        await Store.EndLoginAsync(Laptop.Id, new Audit(Alice.Id, Now.AddMinutes(9)), default);
        await Store.EndLoginAsync("nothing", AtStart, default);

        Assert.IsType<RefreshOutcome.Unknown>(await RefreshAsync("t1", "t2", Now.AddMinutes(2)));
        Assert.IsType<RefreshOutcome.Refreshed>(await RefreshAsync("other", "other-2", Now.AddMinutes(2)));
        Assert.Equal([Laptop.Id], await Store.ReadEndedLoginsAsync(Now.AddMinutes(1), default));
        Assert.Empty(await Store.ReadEndedLoginsAsync(Now.AddMinutes(1).AddMilliseconds(1), default));
    }

    [Fact]
    public async Task A_new_space_has_its_owner()
    {
        await AddUsersAsync();

        Assert.Equal(AddSpaceOutcome.Added, await Store.AddSpaceAsync(Plan, Alice.Id, 10, AtStart, default));

        Assert.Equal(Plan, await Store.FindSpaceAsync(Plan.Id, default));
        Assert.Equal([new Membership(Plan, Role.Owner)], await Store.ReadMembershipsAsync(Alice.Id, default));
        Assert.Equal([new Member(Alice, Role.Owner)], await Store.ReadMembersAsync(Plan.Id, default));
        Assert.Empty(await Store.ReadMembershipsAsync(Bob.Id, default));
    }

    [Fact]
    public async Task A_space_id_is_given_once()
    {
        await AddUsersAsync();
        await AddPlanAsync();

        Assert.Equal(AddSpaceOutcome.NameTaken, await Store.AddSpaceAsync(Plan with { Name = "Other" }, Bob.Id, 10, AtStart, default));

        Assert.Equal(Plan, await Store.FindSpaceAsync(Plan.Id, default));
        Assert.Empty(await Store.ReadMembershipsAsync(Bob.Id, default));
    }

    [Fact]
    public async Task A_user_that_there_is_not_gets_no_space()
    {
        Assert.Equal(AddSpaceOutcome.NoSuchUser, await Store.AddSpaceAsync(Plan, Alice.Id, 10, AtStart, default));
        Assert.Equal(AddSpaceOutcome.NoSuchUser, await Store.AddPersonalSpaceAsync(Plan, Alice.Id, 10, AtStart, default));

        Assert.Null(await Store.FindSpaceAsync(Plan.Id, default));
        Assert.Null(await Store.FindPersonalSpaceAsync(Alice.Id, default));
    }

    [Fact]
    public async Task A_user_belongs_to_no_more_spaces_than_allowed()
    {
        await AddUsersAsync();
        await AddPlanAsync();
        SpaceRecord second = Plan with { Id = new SpaceId("second") };

        Assert.Equal(AddSpaceOutcome.QuotaExceeded, await Store.AddSpaceAsync(second, Alice.Id, 1, AtStart, default));
        Assert.Null(await Store.FindSpaceAsync(second.Id, default));
        Assert.Equal(AddSpaceOutcome.Added, await Store.AddSpaceAsync(second, Bob.Id, 1, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.QuotaExceeded, await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Viewer, 1, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.Changed, await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Viewer, 2, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.Changed, await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Editor, 1, AtStart, default));
    }

    [Fact]
    public async Task A_space_is_renamed_when_it_is_there()
    {
        await AddUsersAsync();
        await AddPlanAsync();

        Assert.True(await Store.RenameSpaceAsync(Plan.Id, "New", AtStart, default));
        Assert.False(await Store.RenameSpaceAsync(new SpaceId("nothing"), "New", AtStart, default));

        Assert.Equal(Plan with { Name = "New" }, await Store.FindSpaceAsync(Plan.Id, default));
    }

    [Fact]
    public async Task A_removed_space_has_no_members_and_its_id_is_free()
    {
        await AddUsersAsync();
        await AddPlanAsync();
        await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Editor, 10, AtStart, default);

        Assert.True(await Store.RemoveSpaceAsync(Plan.Id, AtStart, default));
        Assert.False(await Store.RemoveSpaceAsync(Plan.Id, AtStart, default));

        Assert.Null(await Store.FindSpaceAsync(Plan.Id, default));
        Assert.Empty(await Store.ReadMembersAsync(Plan.Id, default));
        Assert.Empty(await Store.ReadMembershipsAsync(Bob.Id, default));
        Assert.Equal(AddSpaceOutcome.Added, await Store.AddSpaceAsync(Plan, Carol.Id, 10, AtStart, default));
    }

    [Fact]
    public async Task A_personal_space_is_one_per_user_and_a_space_like_any()
    {
        await AddUsersAsync();
        await AddPlanAsync();
        SpaceRecord personal = new(new SpaceId("personal-1"), "Personal", Now);
        SpaceRecord second = personal with { Id = new SpaceId("personal-2") };
        Assert.Null(await Store.FindPersonalSpaceAsync(Alice.Id, default));
        Assert.Equal(AddSpaceOutcome.QuotaExceeded, await Store.AddPersonalSpaceAsync(personal, Alice.Id, 1, AtStart, default));
        Assert.Null(await Store.FindPersonalSpaceAsync(Alice.Id, default));
        Assert.Equal(AddSpaceOutcome.NameTaken, await Store.AddPersonalSpaceAsync(personal with { Id = Plan.Id }, Alice.Id, 10, AtStart, default));

        Assert.Equal(AddSpaceOutcome.Added, await Store.AddPersonalSpaceAsync(personal, Alice.Id, 2, AtStart, default));
        Assert.Equal(AddSpaceOutcome.NameTaken, await Store.AddPersonalSpaceAsync(second, Alice.Id, 10, AtStart, default));
        Assert.Equal(AddSpaceOutcome.Added, await Store.AddPersonalSpaceAsync(second, Bob.Id, 10, AtStart, default));

        Assert.Equal(personal.Id, await Store.FindPersonalSpaceAsync(Alice.Id, default));
        Assert.Equal(second.Id, await Store.FindPersonalSpaceAsync(Bob.Id, default));
        Assert.Equal(
            [new Membership(personal, Role.Owner), new Membership(Plan, Role.Owner)], await Store.ReadMembershipsAsync(Alice.Id, default));
    }

    [Fact]
    public async Task A_personal_space_that_is_deleted_or_left_is_nobodys_and_another_takes_its_place()
    {
        await AddUsersAsync();
        SpaceRecord[] spaces = [.. Enumerable.Range(1, 3).Select(n => new SpaceRecord(new SpaceId($"personal-{n}"), "Personal", Now))];
        await Store.AddPersonalSpaceAsync(spaces[0], Alice.Id, 10, AtStart, default);
        await Store.RemoveSpaceAsync(spaces[0].Id, AtStart, default);
        Assert.Null(await Store.FindPersonalSpaceAsync(Alice.Id, default));

        Assert.Equal(AddSpaceOutcome.Added, await Store.AddPersonalSpaceAsync(spaces[1], Alice.Id, 10, AtStart, default));
        await Store.SetMemberAsync(spaces[1].Id, Bob.Id, Role.Owner, 10, AtStart, default);
        await Store.RemoveMemberAsync(spaces[1].Id, Alice.Id, AtStart, default);
        Assert.Null(await Store.FindPersonalSpaceAsync(Alice.Id, default));
        Assert.Null(await Store.FindPersonalSpaceAsync(Bob.Id, default));

        Assert.Equal(AddSpaceOutcome.Added, await Store.AddPersonalSpaceAsync(spaces[2], Alice.Id, 10, AtStart, default));
        Assert.Equal(spaces[2].Id, await Store.FindPersonalSpaceAsync(Alice.Id, default));
        await Store.RemoveSpaceAsync(spaces[1].Id, AtStart, default);
        Assert.Equal(spaces[2].Id, await Store.FindPersonalSpaceAsync(Alice.Id, default));
    }

    [Fact]
    public async Task Of_many_who_make_a_users_personal_space_one_does()
    {
        await AddUsersAsync();

        AddSpaceOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(1, 8).Select(n => Task.Run(async () =>
            await Store.AddPersonalSpaceAsync(new SpaceRecord(new SpaceId($"personal-{n}"), "Personal", Now), Alice.Id, 10, AtStart, default))));

        Assert.Equal(1, outcomes.Count(outcome => outcome == AddSpaceOutcome.Added));
        Assert.Single(await Store.ReadMembershipsAsync(Alice.Id, default));
    }

    [Fact]
    public async Task Members_come_by_user_name_and_memberships_by_space_id()
    {
        await AddUsersAsync();
        SpaceRecord other = new(new SpaceId("a-space"), "Other", Now.AddDays(-1));
        await AddPlanAsync();
        await Store.AddSpaceAsync(other, Carol.Id, 10, AtStart, default);
        await Store.SetMemberAsync(Plan.Id, Carol.Id, Role.Viewer, 10, AtStart, default);
        await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Editor, 10, AtStart, default);

        Assert.Equal(
            [new Member(Alice, Role.Owner), new Member(Bob, Role.Editor), new Member(Carol, Role.Viewer)],
            await Store.ReadMembersAsync(Plan.Id, default));
        Assert.Equal(
            [new Membership(other, Role.Owner), new Membership(Plan, Role.Viewer)], await Store.ReadMembershipsAsync(Carol.Id, default));
    }

    [Fact]
    public async Task The_last_owner_is_neither_lowered_nor_removed()
    {
        await AddUsersAsync();
        await AddPlanAsync();
        await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Editor, 10, AtStart, default);

        Assert.Equal(ChangeMemberOutcome.LastOwner, await Store.SetMemberAsync(Plan.Id, Alice.Id, Role.Editor, 10, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.LastOwner, await Store.RemoveMemberAsync(Plan.Id, Alice.Id, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.Changed, await Store.SetMemberAsync(Plan.Id, Alice.Id, Role.Owner, 10, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.Changed, await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Owner, 10, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.Changed, await Store.SetMemberAsync(Plan.Id, Alice.Id, Role.Viewer, 10, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.LastOwner, await Store.RemoveMemberAsync(Plan.Id, Bob.Id, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.Changed, await Store.RemoveMemberAsync(Plan.Id, Alice.Id, AtStart, default));

        Assert.Equal([new Member(Bob, Role.Owner)], await Store.ReadMembersAsync(Plan.Id, default));
    }

    [Fact]
    public async Task Of_two_owners_who_leave_at_once_one_stays()
    {
        await AddUsersAsync();
        await AddPlanAsync();
        await Store.SetMemberAsync(Plan.Id, Bob.Id, Role.Owner, 10, AtStart, default);

        ChangeMemberOutcome[] outcomes = await Task.WhenAll(
            new[] { Alice, Bob }.Select(user => Task.Run(async () => await Store.RemoveMemberAsync(Plan.Id, user.Id, AtStart, default))));

        Assert.Equal([ChangeMemberOutcome.Changed, ChangeMemberOutcome.LastOwner], outcomes.Order());
        Assert.Single(await Store.ReadMembersAsync(Plan.Id, default));
    }

    [Fact]
    public async Task Who_or_what_is_not_there_is_not_found()
    {
        await AddUsersAsync();
        await AddPlanAsync();
        SpaceId nothing = new("nothing");

        Assert.Equal(ChangeMemberOutcome.NotFound, await Store.SetMemberAsync(nothing, Bob.Id, Role.Editor, 10, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.NotFound, await Store.SetMemberAsync(Plan.Id, new UserId("nobody"), Role.Editor, 10, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.NotFound, await Store.RemoveMemberAsync(Plan.Id, Bob.Id, AtStart, default));
        Assert.Equal(ChangeMemberOutcome.NotFound, await Store.RemoveMemberAsync(nothing, Alice.Id, AtStart, default));
        Assert.Null(await Store.FindSpaceAsync(nothing, default));
        Assert.Empty(await Store.ReadMembersAsync(nothing, default));
    }

    [Fact]
    public async Task A_cancelled_call_changes_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Store.AddUserAsync(Alice, null, null, AtStart, new CancellationToken(canceled: true)));

        Assert.Null(await Store.FindUserAsync(Alice.Id, default));
    }

    private async Task AddUsersAsync()
    {
        foreach (User user in new[] { Alice, Bob, Carol })
            await Store.AddUserAsync(user, "hash", null, AtStart, default);
    }

    private async Task AddPlanAsync() => await Store.AddSpaceAsync(Plan, Alice.Id, 10, AtStart, default);

    private async Task LogInAsync()
    {
        await AddUsersAsync();
        await Store.AddLoginAsync(Laptop, "t1", AtStart, default);
    }

    private async Task<RefreshOutcome> RefreshAsync(string hash, string next, DateTimeOffset at) =>
        await Store.RefreshAsync(hash, next, at.AddDays(30), new Audit(Alice.Id, at), default);
}
