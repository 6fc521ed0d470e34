using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Syncline.Core.Binary;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>The actors of a tree that have a stored operation. They come in order and are taken back in reverse order.</summary>
internal sealed class ActorTable(StateVector stored)
{
    private readonly Dictionary<string, TreeActor> _byId = new(StringComparer.Ordinal);
    private readonly List<TreeActor> _all = [];

    // Operations come in runs of one actor.
    private TreeActor? _latest;

    public IReadOnlyList<TreeActor> All => _all;

    public TreeActor this[int number] => _all[number];

    public bool TryFind(ActorId id, [NotNullWhen(true)] out TreeActor? actor)
    {
        if (_latest is { } latest && string.Equals(latest.Id.Value, id.Value, StringComparison.Ordinal))
            actor = latest;
        else if (_byId.TryGetValue(id.Value, out actor))
            _latest = actor;
        return actor is not null;
    }

    public TreeActor FindOrAdd(ActorId id)
    {
        if (TryFind(id, out TreeActor? known))
            return known;
        TreeActor added = new(id, _all.Count, stored.RangesOf(id));
        _byId.Add(id.Value, added);
        _all.Add(added);
        return _latest = added;
    }

    /// <summary>Takes back the actor that was added last.</summary>
    public void RemoveLast(TreeActor actor)
    {
        Debug.Assert(ReferenceEquals(_all[^1], actor), "actors are taken back in reverse order");
        _all.RemoveAt(_all.Count - 1);
        _byId.Remove(actor.Id.Value);
        stored.RemoveActor(actor.Id);
        _latest = null;
    }

    public void Write(ByteWriter writer)
    {
        writer.Write((ulong)_all.Count);
        foreach (TreeActor actor in _all)
        {
            writer.Write(actor.Id.Value);
            actor.Stored.Write(writer);
        }
    }

    public void Read(ref ByteReader reader)
    {
        for (int count = reader.ReadCount(); count > 0; count--)
        {
            if (!ActorId.TryParse(reader.ReadText(), out ActorId id) || TryFind(id, out _))
                throw new InvalidDataException("An actor is there twice, or its id is not valid.");
            FindOrAdd(id).Stored.Read(ref reader);
        }
    }

    public Stamp StampOf(long clock, int actor) => new(clock, _all[actor].Id);

    /// <summary>The order of merging, for stamps whose actor is a number.</summary>
    public int Compare(long leftClock, int leftActor, long rightClock, int rightActor)
    {
        if (leftClock != rightClock)
            return leftClock < rightClock ? -1 : 1;
        return leftActor == rightActor ? 0 : string.CompareOrdinal(_all[leftActor].Id.Value, _all[rightActor].Id.Value);
    }
}
