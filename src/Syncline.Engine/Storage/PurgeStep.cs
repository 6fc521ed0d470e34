using Syncline.Core.Operations;

namespace Syncline.Engine.Storage;

/// <summary>Deleted things of which nothing but their deletion is to be left.</summary>
/// <param name="Epoch">The epoch that the log must have, else nothing is written.</param>
/// <param name="Things">The registers that name them: from now on they are purged.</param>
/// <param name="Registers">Their other registers, which nobody wins any more.</param>
/// <param name="Dropped">Seqs of the operations that won those: each leaves a stub.</param>
/// <param name="At">When.</param>
public sealed record PurgeStep(
    Epoch Epoch, IReadOnlyList<RegisterKey> Things, IReadOnlyList<RegisterKey> Registers, IReadOnlyList<long> Dropped, DateTimeOffset At);
