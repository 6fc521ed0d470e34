using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>What a tree knows of one actor: found once per operation, and named by a small number where many refer to it.</summary>
internal sealed class TreeActor(ActorId id, int number, ClockRanges stored)
{
    public ActorId Id { get; } = id;

    public int Number { get; } = number;

    /// <summary>The clocks of its stored operations; the same object as in the tree's vector.</summary>
    public ClockRanges Stored { get; } = stored;

    /// <summary>By clock, what <see cref="SendIndex"/> has of it.</summary>
    public SortedChunks<SendIndex.Entry> Sendable { get; set; } = new();

    /// <summary>How many entries of <see cref="Sendable"/> are writes that were superseded.</summary>
    public int Superseded { get; set; }

    /// <summary>Whether these are to be dropped at the next commit.</summary>
    public bool IsToTidy { get; set; }
}
