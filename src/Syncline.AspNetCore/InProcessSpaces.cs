using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.AspNetCore;

/// <summary>The door for code in the same process.</summary>
internal sealed class InProcessSpaces(
    LiveSpaces spaces, OperationReader reader, KnownUsers users, TimeProvider time, IOptions<LimitOptions> limits) : ISpaces
{
    private PageLimits Page => new(limits.Value.PageOperationsMax, limits.Value.PageBytesMax);

    public async Task<AddSpaceOutcome> CreateAsync(SpaceId space, string name, UserId userId, CancellationToken cancellationToken = default)
    {
        await users.EnsureAsync(userId, [], displayName: null, cancellationToken);
        return await spaces.CreateAsync(new SpaceRecord(space, name, time.GetUtcMilliseconds()), userId, limits.Value.SpacesPerUserMax, cancellationToken);
    }

    public async Task<ChangeMemberOutcome> SetMemberAsync(
        SpaceId space, UserId userId, UserId member, Role? role, CancellationToken cancellationToken = default)
    {
        await using LiveSpaces.Lease lease = await UseAsync(space, cancellationToken);
        lease.Space.DemandRole(userId, Role.Owner);
        await users.EnsureAsync(member, [], displayName: null, cancellationToken);
        return role is { } given
            ? await spaces.SetMemberAsync(space, member, given, limits.Value.SpacesPerUserMax, userId, cancellationToken)
            : await spaces.RemoveMemberAsync(space, member, userId, cancellationToken);
    }

    public async Task<PushOutcome> PushAsync(
        SpaceId space, UserId userId, IReadOnlyList<NewOperation> operations, CancellationToken cancellationToken = default)
    {
        PushItem[] items = [.. operations.Select(Read)];
        await using LiveSpaces.Lease lease = await UseAsync(space, cancellationToken);
        return await lease.Space.PushAsync(userId, epoch: null, items, cancellationToken);
    }

    public async IAsyncEnumerable<LoggedOperation> FollowAsync(
        SpaceId space, UserId userId, long after, Scope? scope = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using LiveSpaces.Lease lease = await UseAsync(space, cancellationToken);
        await lease.Space.DemandServableAsync(lease.Space.Feed.Now.Head.Epoch, after, cancellationToken);
        Selection selection = scope is { } only ? new Selection([only], []) : Selection.All;
        await foreach (FollowPage page in lease.Space.FollowAsync(userId, after, selection, Page, cancellationToken))
        {
            foreach (LoggedOperation operation in page.Operations)
                yield return operation;
        }
    }

    public async Task<FollowPage> PullAsync(SpaceId space, UserId userId, long after, CancellationToken cancellationToken = default)
    {
        await using LiveSpaces.Lease lease = await UseAsync(space, cancellationToken);
        await lease.Space.DemandServableAsync(lease.Space.Feed.Now.Head.Epoch, after, cancellationToken);
        return await lease.Space.Follow(userId, after, Selection.All, Page).NextAsync(wait: false, cancellationToken);
    }

    public async Task<IReadOnlyList<VertexState>?> ReadTreeAsync(
        SpaceId space, UserId userId, ResourceId treeId, bool includeDeleted = false, CancellationToken cancellationToken = default)
    {
        await using LiveSpaces.Lease lease = await UseAsync(space, cancellationToken);
        return await lease.Space.ReadTreesAsync<IReadOnlyList<VertexState>?>(
            userId,
            (trees, _) => trees.Trees.TryGetValue(treeId, out Tree? tree) ? [.. tree.Read(includeDeleted)] : null,
            cancellationToken);
    }

    // Code in the same process can build ids and texts without a check, so here is theirs.
    private PushItem Read(NewOperation operation)
    {
        OperationId id = operation.Id;
        if (!Scope.TryParse(id.Scope.Value, out _) || !ResourceId.TryParse(id.ResourceId.Value, out _) || !ActorId.TryParse(id.Actor.Value, out _))
            return Refuse("scope, resource id or actor is no valid id");
        try
        {
            using (JsonDocument.Parse(operation.Payload.Utf8, new JsonDocumentOptions { MaxDepth = int.MaxValue }))
                return PushItem.From(reader.Create(id, operation.Payload.Utf8.Span, operation.Key, operation.Tx, allowTransient: false));
        }
        catch (JsonException)
        {
            return Refuse("the payload is not JSON");
        }

        PushItem Refuse(string detail) => new(Operation: null, new Refusal(ErrorCodes.InvalidOperation, detail), operation.Tx);
    }

    private async ValueTask<LiveSpaces.Lease> UseAsync(SpaceId space, CancellationToken cancellationToken) =>
        await spaces.UseAsync(space, cancellationToken) ?? throw new SpaceAccessException(ErrorCodes.NotFound, "no such space");
}
