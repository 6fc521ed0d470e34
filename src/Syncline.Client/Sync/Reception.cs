using System.Text.Json;
using Syncline.Client.Storage;
using Syncline.Core.Operations;

namespace Syncline.Client.Sync;

/// <summary>
/// A bootstrap on its way into the local store. It takes the place of what is there in one transaction at its end; only where operations of opaque
/// scopes are more than memory should hold are they written before, and what was there is given up for them.
/// </summary>
/// <param name="services">What the parts of the client share.</param>
/// <param name="space">The space.</param>
/// <param name="putBackAbove">Given the epoch that is received: own operations that the log had above it are to be sent again.</param>
internal sealed class Reception(ClientServices services, SpaceId space, Func<Epoch, long> putBackAbove)
{
    private const int OperationBytes = 200;

    private readonly List<LocalSnapshot> _snapshots = [];
    private readonly List<LoggedOperation> _operations = [];
    private BootstrapHeader? _header;
    private long _bytes;
    private bool _isBegun;

    /// <summary>Whether all that came is understood.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <summary>Takes a line.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public ValueTask TakeAsync(ReadOnlyMemory<byte> line, long bytesMax)
    {
        if (_header is null)
        {
            _header = JsonSerializer.Deserialize(line.Span, ClientJson.Default.BootstrapHeader) ?? throw new JsonException("the header is null");
            IsUsable = _header.Clock is not null;
            return default;
        }

        if (!IsUsable)
            return default;
        if (TryReadSnapshot(line.Span) is { } snapshot)
        {
            _snapshots.Add(snapshot);
            IsUsable = services.Models.StatefulModelOf(snapshot.Resource.Scope)?.SnapshotFormat == snapshot.Format;
            return default;
        }

        LoggedOperation operation = PageReader.ReadOperation(line.Span);
        _operations.Add(operation);
        _bytes += operation.Operation.Payload.Utf8.Length + OperationBytes;
        return _bytes > bytesMax ? new ValueTask(WriteOperationsAsync()) : default;
    }

    /// <summary>Writes what is left; the bootstrap counts from here on.</summary>
    /// <param name="receivedUpTo">The own operations that are in it, given its seq.</param>
    public async Task<(LocalCursor Cursor, long ClockMax)> CompleteAsync(Func<long, OwnOperationChange[]> receivedUpTo)
    {
        BootstrapHeader header = _header ?? throw new InvalidOperationException("nothing was taken");
        Epoch epoch = new(header.Epoch);
        LocalCursor cursor = new(epoch, header.Cursor, PageReader.ReadDigest(header.Digest));
        long clockMax = header.Clock!.Value;
        List<LocalWrite> writes = Begin(epoch);
        writes.Add(new LocalWrite.Receive(space, _operations, Cursor: null, clockMax));
        writes.Add(new LocalWrite.ReplaceSnapshots(space, cursor, _snapshots, services.Models.Scopes, clockMax));
        if (receivedUpTo(Math.Min(header.Cursor, putBackAbove(epoch))) is { Length: > 0 } received)
            writes.Add(new LocalWrite.SetOwn(space, received));
        await services.Writer.WriteAsync(writes);
        return (cursor, clockMax);
    }

    private async Task WriteOperationsAsync()
    {
        List<LocalWrite> writes = Begin(new Epoch(_header!.Epoch));
        writes.Add(new LocalWrite.Receive(space, [.. _operations], Cursor: null, ClockMax: 0));
        await services.Writer.WriteAsync(writes);
        _operations.Clear();
        _bytes = 0;
    }

    private List<LocalWrite> Begin(Epoch epoch)
    {
        if (_isBegun)
            return [];
        _isBegun = true;
        return [new LocalWrite.StartAnew(space, putBackAbove(epoch))];
    }

    // Null when the line is an operation, which has a seq.
    private static LocalSnapshot? TryReadSnapshot(ReadOnlySpan<byte> line)
    {
        Utf8JsonReader reader = new(line, new JsonReaderOptions { MaxDepth = 128 });
        (string? scope, string? resource, int format, byte[]? state) = (null, null, 0, null);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("seq"u8))
                return null;
            if (reader.ValueTextEquals("state"u8))
            {
                reader.Read();
                state = reader.GetBytesFromBase64();
            }
            else if (reader.ValueTextEquals("scope"u8))
            {
                reader.Read();
                scope = reader.GetString();
            }
            else if (reader.ValueTextEquals("resourceId"u8))
            {
                reader.Read();
                resource = reader.GetString();
            }
            else if (reader.ValueTextEquals("format"u8))
            {
                reader.Read();
                format = reader.GetInt32();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (scope is null || resource is null || state is null)
            throw new JsonException("a line of a bootstrap is neither a snapshot nor an operation");
        return new LocalSnapshot(format, new ResourceSnapshot(new Scope(scope), new ResourceId(resource), state));
    }
}
