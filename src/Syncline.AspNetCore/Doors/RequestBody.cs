using System.IO.Compression;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Doors;

/// <summary>Reads a whole JSON body within its limits, as sent and inflated.</summary>
internal static class RequestBody
{
    // Room is made for what has come, not for what the client says will come: saying so costs it nothing.
    /// <summary>For requests with a few texts in them.</summary>
    public const int SmallBytesMax = 64 * 1024;

    private const int FirstRoomMax = 64 * 1024;

    /// <summary>Any depth may be read: too deep is a matter of the one operation that is.</summary>
    public static JsonReaderOptions AnyDepth { get; } = new() { MaxDepth = int.MaxValue };

    /// <summary>The body's UTF-8 text. It is not yet known to be well-formed JSON; the reader that goes through it finds out.</summary>
    /// <param name="context">The request; what the body holds is given back when it ends.</param>
    /// <param name="limits">How large a body may be.</param>
    /// <param name="bytesMax">A lower limit, as sent and inflated, for requests that are small by their nature.</param>
    /// <exception cref="RequestException">Too large, not JSON by its type, an encoding that is not known or does not decode.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpContext context, LimitOptions limits, int bytesMax = int.MaxValue)
    {
        HttpRequest request = context.Request;
        int sentMax = Math.Min(limits.BodyBytesMax, bytesMax);
        if (request.ContentType is { } type && !IsJson(type))
            throw new RequestException(ErrorCodes.UnsupportedMediaType, "the body's content type is application/json, in UTF-8");
        if (request.ContentLength > sentMax)
            throw TooLarge("body", sentMax);

        // The limit is ours, counted below, so that its answer names it.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = null;
        Stream body = new CountingStream(request.Body, sentMax);
        string encoding = request.Headers.ContentEncoding.ToString();
        int max = sentMax;
        if (encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            max = Math.Min(limits.InflatedBytesMax, bytesMax);
            body = encoding.ToLowerInvariant() switch
            {
                "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
                "br" => new BrotliStream(body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(body, CompressionMode.Decompress),
                _ => throw new RequestException(ErrorCodes.UnsupportedMediaType, "the content encodings known are gzip, br and deflate"),
            };
        }

        BodyBudget.Claim claim = context.RequestServices.GetRequiredService<BodyBudget>().Begin(context.Features.Get<Caller>()?.UserId);
        context.Response.RegisterForDispose(claim);
        byte[] text;
        try
        {
            text = await ReadToEndAsync(body, claim, (int)Math.Min(request.ContentLength + 1 ?? 4096, Math.Min(max, FirstRoomMax)), max, context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            // The one is what gzip and deflate throw at a text that does not decode, the other what Brotli does.
            throw new RequestException(ErrorCodes.InvalidRequest, "the body does not decode by its content encoding");
        }

        return Utf8.IsValid(text) ? text : throw new RequestException(ErrorCodes.InvalidRequest, "the body is not UTF-8");
    }

    private static async ValueTask<byte[]> ReadToEndAsync(Stream body, BodyBudget.Claim claim, int sizeHint, int max, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[Math.Max(sizeHint, 16)];
        claim.Grow(buffer.Length);
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length > max)
                    throw TooLarge("inflated body", max);
                int room = (int)Math.Min((long)buffer.Length * 2, (long)max + 1);
                claim.Grow(room - buffer.Length);
                Array.Resize(ref buffer, room);
            }

            int read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
        }

        if (length > max)
            throw TooLarge("inflated body", max);
        return length == buffer.Length ? buffer : buffer[..length];
    }

    private static bool IsJson(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));

    private static RequestException TooLarge(string what, int max) =>
        new(ErrorCodes.PayloadTooLarge, $"the {what} is larger than the limit of {max} bytes");

    /// <summary>Stops a body that is longer than it may be, before it is decompressed.</summary>
    private sealed class CountingStream(Stream inner, int max) : Stream
    {
        private long _count;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _count;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            _count += read;
            return _count <= max ? read : throw TooLarge("body", max);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
