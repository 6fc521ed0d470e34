using System.Diagnostics.CodeAnalysis;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Sqlite;
using static Syncline.Conformance.Operations;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>Random changes of users, spaces and members. What is known of them is a set of facts, each a line of text.</summary>
internal sealed class AccountsWorkload : IWorkload
{
    private static readonly Audit Audit = new(null, Now);
    private static readonly Role[] Roles = [Role.Viewer, Role.Editor];

    private readonly List<UserId> _users = [];
    private readonly List<(SpaceId Id, UserId Owner)> _spaces = [];
    private HashSet<string> _acknowledged = [];
    private HashSet<string>? _possible;
    [SuppressMessage("Usage", "CA2213", Justification = "Who starts the workload owns the disk.")]
    private PowerLossDisk _disk = null!;

    private SqliteDataFolder _folder = null!;
    private SqliteAccountStore _store = null!;
    private string _path = "";

    public void Start(string folder, PowerLossDisk disk)
    {
        (_path, _disk) = (folder, disk);
        Open();
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    public async Task CheckAsync()
    {
        HashSet<string> found = await ReadFactsAsync();
        if (!found.SetEquals(_acknowledged) && !(_possible is not null && found.SetEquals(_possible)))
        {
            throw new AcknowledgedLostException(
                $"Acknowledged: {string.Join(", ", _acknowledged.Except(found))}; found: {string.Join(", ", found.Except(_acknowledged))}.");
        }

        if (_disk.IsUp) (_acknowledged, _possible) = (found, null);
    }

    public async Task StepAsync(Random random)
    {
        UserId[] users = [.. _users.Where(user => _acknowledged.Contains(UserFact(user)))];
        (SpaceId Id, UserId Owner)[] spaces = [.. _spaces.Where(space => _acknowledged.Contains(SpaceFact(space.Id)))];
        int choice = random.Next(100);
        if (users.Length == 0 || choice < 30) await AddUserAsync();
        else if (spaces.Length == 0 || choice < 50) await AddSpaceAsync(users[random.Next(users.Length)]);
        else if (choice < 75) await SetMemberAsync(spaces[random.Next(spaces.Length)], users[random.Next(users.Length)], random);
        else if (choice < 85) await RemoveMemberAsync(spaces[random.Next(spaces.Length)], users[random.Next(users.Length)]);
        else if (choice < 92) await RemoveSpaceAsync(spaces[random.Next(spaces.Length)].Id);
        else Restart();
    }

    private void Open()
    {
        _folder = new SqliteDataFolder(new SqliteOptions { Folder = _path }, _disk);
        _store = new SqliteAccountStore(_folder);
    }

    private void Restart()
    {
        Dispose();
        Open();
    }

    private async Task AddUserAsync()
    {
        UserId user = new($"user-{_users.Count}");
        _users.Add(user);
        await ChangeAsync(
            [.. _acknowledged, UserFact(user)],
            async () => Assert.Equal(
                AddUserOutcome.Added, await _store.AddUserAsync(new User(user, user.Value, "Some user"), "hash", null, Audit, default)));
    }

    private async Task AddSpaceAsync(UserId owner)
    {
        SpaceId space = new($"space-{_spaces.Count}");
        _spaces.Add((space, owner));
        await ChangeAsync(
            [.. _acknowledged, SpaceFact(space), MemberFact(space, owner, Role.Owner)],
            async () => Assert.Equal(
                AddSpaceOutcome.Added,
                await _store.AddSpaceAsync(new SpaceRecord(space, "Some space", Now), owner, int.MaxValue, Audit, default)));
    }

    private async Task SetMemberAsync((SpaceId Id, UserId Owner) space, UserId user, Random random)
    {
        if (user == space.Owner) return;

        Role role = Roles[random.Next(Roles.Length)];
        await ChangeAsync(
            [.. WithoutMember(space.Id, user), MemberFact(space.Id, user, role)],
            async () => Assert.Equal(
                ChangeMemberOutcome.Changed, await _store.SetMemberAsync(space.Id, user, role, int.MaxValue, Audit, default)));
    }

    private async Task RemoveMemberAsync((SpaceId Id, UserId Owner) space, UserId user)
    {
        HashSet<string> without = WithoutMember(space.Id, user);
        if (user == space.Owner || without.Count == _acknowledged.Count) return;

        await ChangeAsync(
            without,
            async () => Assert.Equal(ChangeMemberOutcome.Changed, await _store.RemoveMemberAsync(space.Id, user, Audit, default)));
    }

    private async Task RemoveSpaceAsync(SpaceId space) =>
        await ChangeAsync(
            [.. _acknowledged.Where(fact => fact != SpaceFact(space) && !fact.StartsWith(MembersOf(space), StringComparison.Ordinal))],
            async () => Assert.True(await _store.RemoveSpaceAsync(space, Audit, default)));

    private async Task ChangeAsync(HashSet<string> possible, Func<Task> change)
    {
        _possible = possible;
        await change();
        if (_disk.IsUp) (_acknowledged, _possible) = (possible, null);
    }

    private async Task<HashSet<string>> ReadFactsAsync()
    {
        HashSet<string> facts = [];
        foreach (UserId user in _users)
        {
            if (await _store.FindCredentialsAsync(user.Value, default) is not { PasswordHash: "hash" } credentials) continue;
            Assert.Equal(new User(user, user.Value, "Some user"), credentials.User);
            facts.Add(UserFact(user));
        }

        foreach ((SpaceId space, _) in _spaces)
        {
            if (await _store.FindSpaceAsync(space, default) is not null) facts.Add(SpaceFact(space));
            foreach (Member member in await _store.ReadMembersAsync(space, default))
                facts.Add(MemberFact(space, member.User.Id, member.Role));
        }

        return facts;
    }

    private HashSet<string> WithoutMember(SpaceId space, UserId user) =>
        [.. _acknowledged.Where(fact => !fact.StartsWith($"{MembersOf(space)}{user.Value} ", StringComparison.Ordinal))];

    private static string UserFact(UserId user) => $"user {user.Value}";

    private static string SpaceFact(SpaceId space) => $"space {space.Value}";

    private static string MemberFact(SpaceId space, UserId user, Role role) => $"{MembersOf(space)}{user.Value} {role}";

    private static string MembersOf(SpaceId space) => $"member {space.Value} ";
}
