using System.Buffers;
using System.IO.Compression;
using System.Numerics;
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
        Held body = await HoldAsync(context, context.RequestServices.GetRequiredService<BodyBudget>(), limits, bytesMax);
        context.Response.RegisterForDispose(body);
        return body.Text;
    }

    /// <summary>
    /// As <see cref="ReadAsync"/>, for requests that are done with the text before they end: many of them wait meanwhile. What was read from it
    /// is held all the same, so the claim is given back with the request only.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="budget">What the body is held within.</param>
    /// <param name="limits">How large a body may be.</param>
    /// <param name="bytesMax">A lower limit.</param>
    public static async ValueTask<Held> HoldAsync(HttpContext context, BodyBudget budget, LimitOptions limits, int bytesMax = int.MaxValue)
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
        string encoding = request.Headers.ContentEncoding.ToString();
        (Stream body, int max, string what) = encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)
            ? (request.Body, sentMax, "body")
            : (Inflate(new CountingStream(request.Body, sentMax), encoding), Math.Min(limits.InflatedBytesMax, bytesMax), "inflated body");
        int room = (int)Math.Min(request.ContentLength + 1 ?? 4096, Math.Min(max, FirstRoomMax));
        Held held = new(budget.Begin(context.Features.Get<Caller>()?.UserId));
        try
        {
            await held.FillAsync(body, room, max, what, context.RequestAborted);
            return Utf8.IsValid(held.Text.Span) ? held : throw new RequestException(ErrorCodes.InvalidRequest, "the body is not UTF-8");
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            // The one is what gzip and deflate throw at a text that does not decode, the other what Brotli does.
            held.Dispose();
            throw new RequestException(ErrorCodes.InvalidRequest, "the body does not decode by its content encoding");
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static Stream Inflate(Stream body, string encoding) => encoding.ToLowerInvariant() switch
    {
        "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        "deflate" => new ZLibStream(body, CompressionMode.Decompress),
        _ => throw new RequestException(ErrorCodes.UnsupportedMediaType, "the content encodings known are gzip, br and deflate"),
    };

    private static bool IsJson(string contentType) =>
        contentType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || IsJsonWithParameters(contentType);

    private static bool IsJsonWithParameters(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));

    private static RequestException TooLarge(string what, int max) =>
        new(ErrorCodes.PayloadTooLarge, $"the {what} is larger than the limit of {max} bytes");

    /// <summary>A body in a pooled buffer, and its claim on the budget for as long as something that was read from it is held.</summary>
    public sealed class Held : IDisposable
    {
        private readonly BodyBudget.Claim _claim;
        private byte[] _buffer = [];
        private int _length;

        internal Held(BodyBudget.Claim claim) => _claim = claim;

        /// <summary>The body's UTF-8 text, until it is given back.</summary>
        public ReadOnlyMemory<byte> Text => _buffer.AsMemory(0, _length);

        internal async ValueTask FillAsync(Stream body, int room, int max, string what, CancellationToken cancellationToken)
        {
            room = Math.Max(room, 16);
            Grow(room);
            while (true)
            {
                if (_length == room)
                {
                    if (_length > max)
                        throw TooLarge(what, max);
                    room = (int)Math.Min((long)room * 2, (long)max + 1);
                    Grow(room);
                }

                int read = await body.ReadAsync(_buffer.AsMemory(_length, room - _length), cancellationToken);
                if (read == 0)
                    break;
                _length += read;
            }

            if (_length > max)
                throw TooLarge(what, max);
        }

        /// <summary>Gives the text's buffer back; the claim stays.</summary>
        public void GiveBackText()
        {
            byte[] buffer = Interlocked.Exchange(ref _buffer, []);

            // Small ones may hold a password.
            if (_length <= SmallBytesMax)
                buffer.AsSpan(0, _length).Clear();
            _length = 0;
            if (buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(buffer);
        }

        public void Dispose()
        {
            _claim.Dispose();
            GiveBackText();
        }

        private void Grow(int room)
        {
            // The pool has powers of two.
            _claim.Grow(BitOperations.RoundUpToPowerOf2((uint)room) - _claim.Bytes);
            byte[] larger = ArrayPool<byte>.Shared.Rent(room);
            _buffer.AsSpan(0, _length).CopyTo(larger);
            if (_buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }

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
