using Syncline.Core.Binary;

namespace Syncline.Core.Lists;

/// <summary>Seqs, ascending. They mostly come so.</summary>
internal sealed class SeqSet
{
    private readonly List<long> _seqs = [];

    public int Count => _seqs.Count;

    public IReadOnlyList<long> All => _seqs;

    /// <summary>False when it is there.</summary>
    public bool Add(long seq)
    {
        int at = _seqs.Count == 0 || _seqs[^1] < seq ? ~_seqs.Count : _seqs.BinarySearch(seq);
        if (at >= 0)
            return false;
        _seqs.Insert(~at, seq);
        return true;
    }

    public void Remove(long seq)
    {
        int at = _seqs.BinarySearch(seq);
        if (at >= 0)
            _seqs.RemoveAt(at);
    }

    public void Write(ByteWriter writer)
    {
        writer.Write((ulong)_seqs.Count);
        long before = 0;
        foreach (long seq in _seqs)
        {
            writer.Write(seq - before);
            before = seq;
        }
    }

    public void Read(ref ByteReader reader)
    {
        long seq = 0;
        for (int count = reader.ReadCount(); count > 0; count--)
        {
            ulong more = reader.ReadNumber();
            if (more == 0 || more > (ulong)(long.MaxValue - seq))
                throw new InvalidDataException("The seqs do not rise.");
            seq += (long)more;
            _seqs.Add(seq);
        }
    }
}
