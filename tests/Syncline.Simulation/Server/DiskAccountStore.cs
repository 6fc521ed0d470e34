using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Server;

/// <summary>Accounts on a disk that takes its time, and that may be full.</summary>
internal sealed class DiskAccountStore(IAccountStore inner, Disk disk, Process process) : IAccountStore
{
    public ValueTask<AddUserOutcome> AddUserAsync(
        User user, string? passwordHash, string? inviteHash, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.AddUserAsync(user, passwordHash, inviteHash, audit, cancellationToken), isWrite: true);

    public ValueTask<User?> FindUserAsync(UserId id, CancellationToken cancellationToken) =>
        RunAsync(() => inner.FindUserAsync(id, cancellationToken), isWrite: false);

    public ValueTask<Credentials?> FindCredentialsAsync(string userName, CancellationToken cancellationToken) =>
        RunAsync(() => inner.FindCredentialsAsync(userName, cancellationToken), isWrite: false);

    public ValueTask SetPasswordHashAsync(UserId id, string passwordHash, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.SetPasswordHashAsync(id, passwordHash, audit, cancellationToken), isWrite: true);

    public ValueTask AddInviteAsync(string inviteHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.AddInviteAsync(inviteHash, expiresAt, audit, cancellationToken), isWrite: true);

    public ValueTask AddLoginAsync(Login login, string refreshHash, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.AddLoginAsync(login, refreshHash, audit, cancellationToken), isWrite: true);

    public ValueTask<RefreshOutcome> RefreshAsync(
        string refreshHash, string nextRefreshHash, DateTimeOffset expiresAt, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.RefreshAsync(refreshHash, nextRefreshHash, expiresAt, audit, cancellationToken), isWrite: true);

    public ValueTask EndLoginAsync(string loginId, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.EndLoginAsync(loginId, audit, cancellationToken), isWrite: true);

    public ValueTask<IReadOnlyList<string>> ReadEndedLoginsAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        RunAsync(() => inner.ReadEndedLoginsAsync(since, cancellationToken), isWrite: false);

    public ValueTask<AddSpaceOutcome> AddSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.AddSpaceAsync(space, owner, spacesMax, audit, cancellationToken), isWrite: true);

    public ValueTask<SpaceId?> FindPersonalSpaceAsync(UserId user, CancellationToken cancellationToken) =>
        RunAsync(() => inner.FindPersonalSpaceAsync(user, cancellationToken), isWrite: false);

    public ValueTask<AddSpaceOutcome> AddPersonalSpaceAsync(
        SpaceRecord space, UserId owner, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.AddPersonalSpaceAsync(space, owner, spacesMax, audit, cancellationToken), isWrite: true);

    public ValueTask<SpaceRecord?> FindSpaceAsync(SpaceId id, CancellationToken cancellationToken) =>
        RunAsync(() => inner.FindSpaceAsync(id, cancellationToken), isWrite: false);

    public ValueTask<bool> RenameSpaceAsync(SpaceId id, string name, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.RenameSpaceAsync(id, name, audit, cancellationToken), isWrite: true);

    public ValueTask<bool> RemoveSpaceAsync(SpaceId id, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.RemoveSpaceAsync(id, audit, cancellationToken), isWrite: true);

    public ValueTask<IReadOnlyList<Membership>> ReadMembershipsAsync(UserId user, CancellationToken cancellationToken) =>
        RunAsync(() => inner.ReadMembershipsAsync(user, cancellationToken), isWrite: false);

    public ValueTask<IReadOnlyList<Member>> ReadMembersAsync(SpaceId space, CancellationToken cancellationToken) =>
        RunAsync(() => inner.ReadMembersAsync(space, cancellationToken), isWrite: false);

    public ValueTask<ChangeMemberOutcome> SetMemberAsync(
        SpaceId space, UserId user, Role role, int spacesMax, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.SetMemberAsync(space, user, role, spacesMax, audit, cancellationToken), isWrite: true);

    public ValueTask<ChangeMemberOutcome> RemoveMemberAsync(SpaceId space, UserId user, Audit audit, CancellationToken cancellationToken) =>
        RunAsync(() => inner.RemoveMemberAsync(space, user, audit, cancellationToken), isWrite: true);

    private async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> work, bool isWrite)
    {
        await disk.PauseAsync(process);
        if (isWrite)
            disk.DemandRoom();
        T result = await work();
        await disk.PauseAsync(process);
        return result;
    }

    private async ValueTask RunAsync(Func<ValueTask> work, bool isWrite) => await RunAsync(
        async () =>
        {
            await work();
            return true;
        },
        isWrite);
}
