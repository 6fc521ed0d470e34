namespace Syncline.Client.Sync;

/// <summary>Reads lines of any length from a stream.</summary>
internal static class LineReader
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Passes on each line without its end.</summary>
    /// <param name="stream">What is read.</param>
    /// <param name="take">Is given each line; the memory is reused once it returns.</param>
    /// <param name="progress">Called whenever something came.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="IOException">The last line has no end.</exception>
    public static async Task ReadAsync(Stream stream, Func<ReadOnlyMemory<byte>, ValueTask> take, Action progress, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
                Array.Resize(ref buffer, checked(buffer.Length * 2));
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            progress();
            int searched = length;
            length += read;
            int start = 0;
            while (true)
            {
                int end = buffer.AsSpan(searched, length - searched).IndexOf((byte)'\n');
                if (end < 0)
                    break;
                await take(buffer.AsMemory(start, searched + end - start));
                start = searched = searched + end + 1;
            }

            buffer.AsSpan(start, length - start).CopyTo(buffer);
            length -= start;
        }

        if (length > 0)
            throw new IOException("The answer was broken off.");
    }
}
