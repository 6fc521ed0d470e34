using Syncline.Engine;

namespace Syncline.Simulation.Server;

/// <summary>The server's randomness: epochs, ids, secrets.</summary>
internal sealed class SeededBytes(Random random) : IRandomBytes
{
    public void Fill(Span<byte> destination) => random.NextBytes(destination);
}
