using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Syncline.Bench.Http;
using Syncline.Core.Operations;

namespace Syncline.Bench.Snapshots;

/// <summary>A client that has nothing of a space yet, and fetches all of it, by bootstrap or by pull.</summary>
internal sealed class SpaceClient : IDisposable
{
    private const int PageOperations = 1_000;
    private readonly HttpClient _http;
    private byte[] _buffer = new byte[1024 * 1024];

    public SpaceClient(string address, string token)
    {
        _http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Fetches the space as of now.</summary>
    /// <param name="space">The space.</param>
    /// <param name="line">Is given each line when it is there; null passes over them.</param>
    /// <returns>Bytes of the answer.</returns>
    public async Task<long> BootstrapAsync(SpaceId space, Action<ReadOnlyMemory<byte>>? line)
    {
        using HttpResponseMessage answer = await _http.GetAsync(
            new Uri($"/spaces/{space.Value}/bootstrap", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        long bytes = 0;
        int length = 0;
        for (int read; (read = await body.ReadAsync(_buffer.AsMemory(length))) > 0;)
        {
            bytes += read;
            if (line is null)
                continue;
            int searched = length;
            length += read;
            int from = 0;
            for (int end; (end = _buffer.AsSpan(searched, length - searched).IndexOf((byte)'\n')) >= 0; searched = from)
            {
                end += searched;
                line(_buffer.AsMemory(from, end - from));
                from = end + 1;
            }

            _buffer.AsSpan(from, length - from).CopyTo(_buffer);
            length -= from;
            if (length == _buffer.Length)
                Array.Resize(ref _buffer, length * 2);
        }

        return bytes;
    }

    /// <summary>Pulls the space's log from 0 to its head.</summary>
    /// <param name="space">The space.</param>
    /// <param name="page">Is given each answer; null passes over them.</param>
    /// <returns>Bytes of the answers.</returns>
    public async Task<long> PullAsync(SpaceId space, Action<ReadOnlyMemory<byte>>? page)
    {
        long bytes = 0;
        string? epoch = null;
        for (long after = 0, head = long.MaxValue; after < head;)
        {
            using HttpResponseMessage answer = await _http.GetAsync(
                new Uri(string.Create(CultureInfo.InvariantCulture, $"/spaces/{space.Value}/pull?after={after}{epoch}&limit={PageOperations}"), UriKind.Relative),
                HttpCompletionOption.ResponseHeadersRead);
            answer.EnsureSuccessStatusCode();
            await using Stream body = await answer.Content.ReadAsStreamAsync();
            int length = 0;
            for (int read; (read = await body.ReadAsync(_buffer.AsMemory(length))) > 0;)
            {
                length += read;
                if (length == _buffer.Length)
                    Array.Resize(ref _buffer, length * 2);
            }

            bytes += length;
            page?.Invoke(_buffer.AsMemory(0, length));
            ReadOnlySpan<byte> text = _buffer.AsSpan(0, length);
            after = RawConnection.LastNumber(text, "\"cursor\":"u8);
            head = RawConnection.LastNumber(text, "\"head\":"u8);
            epoch ??= $"&epoch={JsonDocument.Parse(_buffer.AsMemory(0, length)).RootElement.GetProperty("epoch").GetString()}";
        }

        return bytes;
    }

    public void Dispose() => _http.Dispose();
}
