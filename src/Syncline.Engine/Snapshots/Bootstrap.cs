using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Syncline.Core.Operations;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;

namespace Syncline.Engine.Snapshots;

/// <summary>
/// A whole space as of one seq, for a client that has nothing of it: the states of the models, and the operations that no model has a state of.
/// The states come from the stored snapshot where there is one, as they are; else from the models.
/// </summary>
public sealed class Bootstrap
{
    private readonly EngineServices _services;
    private readonly LiveSpace _space;
    private readonly UserId _userId;
    private readonly StoredSnapshot? _stored;
    private readonly SpaceSnapshot? _taken;
    private readonly Selection? _others;

    private Bootstrap(
        EngineServices services, LiveSpace space, UserId userId, LogHead head, StoredSnapshot? stored, SpaceSnapshot? taken, Selection? others)
    {
        _services = services;
        _space = space;
        _userId = userId;
        _stored = stored;
        _taken = taken;
        _others = others;
        Epoch = head.Epoch;
        HighestClock = head.HighestClock;
        (Seq, Digest) = stored is null ? (taken!.Head.Seq, taken.Head.Digest) : (stored.Seq, stored.Digest);
        Parts = stored is null
            ? [.. taken!.Parts.Select(part => new Part(part.Snapshot.Scope, part.Snapshot.ResourceId, part.Format))]
            : [.. stored.Parts.Select(part => new Part(part.Scope, part.ResourceId, part.Format))];
    }

    /// <summary>The log's epoch.</summary>
    public Epoch Epoch { get; }

    /// <summary>Seq that everything is as of: where to pull on from.</summary>
    public long Seq { get; }

    /// <summary>The log's digest at that seq.</summary>
    public OperationDigest Digest { get; }

    /// <summary>No operation up to that seq has a higher clock.</summary>
    public long HighestClock { get; }

    /// <summary>The states.</summary>
    public IReadOnlyList<Part> Parts { get; }

    /// <summary>How many bytes of states are in memory for as long as this is; 0 when they are read from what is stored.</summary>
    public long BytesHeld => _taken is null ? 0 : _taken.Parts.Sum(part => (long)part.Snapshot.State.Length);

    internal static async ValueTask<Bootstrap> BeginAsync(
        EngineServices services, LiveSpace space, UserId userId, CancellationToken cancellationToken)
    {
        LogHead head = space.Feed.Now.Head;
        StoredSnapshot? stored = await FindUsableAsync(services, space.Id, head, cancellationToken);
        SpaceSnapshot? taken = stored is null ? await space.ShareSnapshotAsync(cancellationToken) : null;

        // After the states: the first operation of a scope that is not among these is after the states too, and is pulled.
        IReadOnlyList<Scope> used = await services.Store.ReadScopesAsync(space.Id, cancellationToken);
        Scope[] others = [.. used.Where(scope => !HasStates(services, scope)), .. taken?.ScopesBeside ?? stored!.ScopesBeside];
        return new Bootstrap(services, space, userId, taken?.Head ?? head, stored, taken, others.Length == 0 ? null : new Selection(others, []));
    }

    private static async ValueTask<StoredSnapshot?> FindUsableAsync(
        EngineServices services, SpaceId space, LogHead head, CancellationToken cancellationToken)
    {
        if (await services.Store.FindSnapshotAsync(space, cancellationToken) is not { } stored || stored.Seq > head.Seq)
            return null;
        IReadOnlyList<Scope> used = await services.Store.ReadScopesAsync(space, cancellationToken);
        return used.Where(scope => HasStates(services, scope)).All(stored.Scopes.Contains)
            && stored.Parts.All(part => part.Format == services.Reader.ModelOf(part.Scope).SnapshotFormat)
                ? stored
                : null;
    }

    private static bool HasStates(EngineServices services, Scope scope) => services.Reader.ModelOf(scope).SnapshotFormat > 0;

    /// <summary>Reads the bytes of a state, piece by piece.</summary>
    /// <exception cref="InvalidDataException">What is stored is damaged, or was replaced meanwhile: what was read is of no use. Begin anew.</exception>
    /// <exception cref="SpaceAccessException">The user may not read the space any more.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(int part, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_stored is null)
        {
            ReadOnlyMemory<byte> state = _taken!.Parts[part].Snapshot.State;
            for (int from = 0; from < state.Length; from += StoredSnapshot.ChunkBytes)
            {
                _space.DemandRole(_userId, Accounts.Role.Viewer);
                yield return state.Slice(from, Math.Min(StoredSnapshot.ChunkBytes, state.Length - from));
            }

            yield break;
        }

        StoredSnapshot.Part stored = _stored.Parts[part];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = 0;
        for (int chunk = 0; length < stored.Length; chunk++)
        {
            _space.DemandRole(_userId, Accounts.Role.Viewer);
            byte[]? bytes = await _services.Store.ReadSnapshotChunkAsync(_space.Id, _stored.Id, part, chunk, cancellationToken);
            if (bytes is not { Length: > 0 })
                throw new InvalidDataException("The snapshot was replaced.");
            hash.AppendData(bytes);
            length += bytes.Length;
            yield return bytes;
        }

        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(stored.Hash.Span))
        {
            await _services.Store.DropSnapshotAsync(_space.Id, _stored.Id);
            throw new InvalidDataException("The snapshot's bytes are not those that were written.");
        }
    }

    /// <summary>Reads the operations that no model has a state of, page by page, in seq order.</summary>
    /// <exception cref="SpaceAccessException">The user may not read the space any more, or the log has begun another epoch.</exception>
    public async IAsyncEnumerable<IReadOnlyList<LoggedOperation>> ReadOperationsAsync(
        PageLimits limits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long after = 0; _others is not null && after < Seq;)
        {
            _space.DemandRole(_userId, Accounts.Role.Viewer);
            LogPage page = await _services.Store.ReadAsync(_space.Id, after, _others, limits, cancellationToken);

            // Of another life there is nothing here up to this seq, which would look like the end.
            await _space.DemandEpochAsync(Epoch, cancellationToken);
            after = page.Cursor;
            LoggedOperation[] others = [.. page.Operations.Where(logged => logged.Seq <= Seq && HasNoState(logged.Operation))];
            if (others.Length > 0)
                yield return others;
        }
    }

    private bool HasNoState(Operation operation)
    {
        _services.Reader.ReadContent(operation);
        return operation.Content is null;
    }

    /// <summary>The state of one resource.</summary>
    /// <param name="Scope">The resource's scope.</param>
    /// <param name="ResourceId">The resource.</param>
    /// <param name="Format">The version of its bytes.</param>
    public readonly record struct Part(Scope Scope, ResourceId ResourceId, int Format);
}
