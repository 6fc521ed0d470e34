using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>The log of one space as it was acknowledged; null where there was no space.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Operations">All of it.</param>
/// <param name="Ends">The seqs at which batches ended, and 0.</param>
internal sealed record AcknowledgedLog(Epoch Epoch, IReadOnlyList<LoggedOperation> Operations, IReadOnlySet<long> Ends);

/// <summary>A log as it was found after a loss of power.</summary>
internal sealed record FoundLog(LogHead Head, IReadOnlyList<LoggedOperation> Operations);

/// <summary>What was acknowledged of one space, and the checks of what is found of it.</summary>
/// <param name="id">The space.</param>
/// <param name="mayLoseEnd">With reduced durability the log's last batches may be lost, if the epoch tells.</param>
internal sealed class SpaceHistory(SpaceId id, bool mayLoseEnd)
{
    // What clients have seen of each epoch, and may still hold cursors of.
    private readonly Dictionary<Epoch, IReadOnlyList<LoggedOperation>> _seen = [];
    private AcknowledgedLog? _possible;
    private bool _isInDoubt;

    public SpaceId Id => id;

    public AcknowledgedLog? Acknowledged { get; private set; }

    /// <summary>Something begins that turns the log into another. Until it is acknowledged, either may be found.</summary>
    public void Begin(AcknowledgedLog? possible) => (_possible, _isInDoubt) = (possible, true);

    /// <summary>What was begun is acknowledged.</summary>
    public void Acknowledge() => Settle(_possible);

    /// <summary>What was found is seen by clients: it is what must be there from now on.</summary>
    public void Accept(FoundLog? found)
    {
        if (found is null)
        {
            Settle(null);
            return;
        }

        HashSet<long> ends = [.. found.Operations.Select(logged => logged.Seq).Where(IsEnd), 0];
        Settle(new AcknowledgedLog(found.Head.Epoch, found.Operations, ends));
    }

    /// <exception cref="AcknowledgedLostException">Something that was acknowledged is not there.</exception>
    public void Check(FoundLog? found)
    {
        if (found is null)
        {
            if (Acknowledged is not null && !(_isInDoubt && _possible is null)) throw Lost("the space");
            return;
        }

        if (Acknowledged is null)
        {
            Assert.True(_isInDoubt && _possible is not null, $"{id} is back after its deletion was acknowledged, or was never made.");
            Assert.Equal(_possible.Epoch, found.Head.Epoch);
            Assert.Empty(found.Operations);
            return;
        }

        CheckOperations(Acknowledged, found);
        CheckEpoch(Acknowledged, found);
        CheckCursors(found);
    }

    private void CheckOperations(AcknowledgedLog acknowledged, FoundLog found)
    {
        int common = Math.Min(acknowledged.Operations.Count, found.Operations.Count);
        for (int i = 0; i < common; i++)
        {
            if (acknowledged.Operations[i] != found.Operations[i]) throw Lost($"operation {i + 1} as it was");
        }

        if (found.Operations.Count < acknowledged.Operations.Count)
        {
            if (!mayLoseEnd) throw Lost($"operation {found.Operations.Count + 1} of {acknowledged.Operations.Count}");
            Assert.Contains(found.Operations.Count, acknowledged.Ends);
        }
        else if (found.Operations.Count > acknowledged.Operations.Count)
        {
            // Not acknowledged, and there: the whole batch that was under way.
            Assert.True(_isInDoubt && _possible is not null, $"{id} has operations that nobody pushed.");
            Assert.Equal(_possible.Operations, found.Operations);
        }
    }

    private void CheckEpoch(AcknowledgedLog acknowledged, FoundLog found)
    {
        if (found.Head.Epoch == acknowledged.Epoch)
        {
            if (found.Operations.Count < acknowledged.Operations.Count)
                throw Lost($"operation {found.Operations.Count + 1} without a change of epoch");
            return;
        }

        Assert.True(mayLoseEnd, $"{id} has another epoch, with full durability.");
        Assert.DoesNotContain(found.Head.Epoch, _seen.Keys);
        Assert.Equal(acknowledged.Epoch, found.Head.Earlier[0].Epoch);
    }

    // A cursor that is served goes on from the operations that its owner has.
    private void CheckCursors(FoundLog found)
    {
        foreach ((Epoch epoch, IReadOnlyList<LoggedOperation> seen) in _seen)
        {
            for (int seq = 1; seq <= seen.Count && found.Head.CanServe(epoch, seq); seq++)
                Assert.Equal(seen[seq - 1], found.Operations[seq - 1]);
        }
    }

    private bool IsEnd(long seq) =>
        Acknowledged?.Ends.Contains(seq) == true || _possible?.Ends.Contains(seq) == true;

    private void Settle(AcknowledgedLog? log)
    {
        (Acknowledged, _possible, _isInDoubt) = (log, null, false);
        if (log is not null) _seen[log.Epoch] = log.Operations;
    }

    private AcknowledgedLostException Lost(string what) => new($"{id} has lost {what}.");
}
