namespace Syncline.Simulation.Network;

/// <summary>A reply whose connection breaks in the middle.</summary>
internal sealed class CutStream(byte[] bytes, int length) : MemoryStream(bytes, 0, length, writable: false)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Position < Length ? base.ReadAsync(buffer, cancellationToken) : ValueTask.FromException<int>(Broken());

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        await base.CopyToAsync(destination, bufferSize, cancellationToken);
        throw Broken();
    }

    private static IOException Broken() => new("The connection broke in the middle of the answer.");
}
