using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SocketIO.AspNetCore.Protocol;

namespace SocketIO.AspNetCore;

/// <summary>The arguments of an event or an acknowledgement, as they were sent.</summary>
public readonly struct EventArguments : IEquatable<EventArguments>
{
    private readonly ReadOnlyMemory<byte> _array;
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _attachments;
    private readonly JsonSerializerOptions _options;

    // Where each element begins and ends in the array, without the event's name.
    private readonly int[] _places;
    private readonly int _skipped;

    internal EventArguments(ReadOnlyMemory<byte> array, IReadOnlyList<ReadOnlyMemory<byte>> attachments, JsonSerializerOptions options, bool hasName)
    {
        (_array, _attachments, _options) = (array, attachments, options);
        _places = PlacesIn(array.Span, hasName);
    }

    private EventArguments(EventArguments whole, int skipped)
    {
        this = whole;
        _skipped += skipped;
    }

    /// <summary>How many there are.</summary>
    public int Count => _places is null ? 0 : (_places.Length / 2) - _skipped;

    /// <summary>The attachments of the packet; the JSON has placeholders for them.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> BinaryParts => _attachments ?? [];

    /// <summary>How much memory they hold, with the binary parts.</summary>
    public long Bytes
    {
        get
        {
            long bytes = _array.Length;
            foreach (ReadOnlyMemory<byte> part in BinaryParts)
                bytes += part.Length;
            return bytes;
        }
    }

    /// <summary>All of them, as JSON values with commas between them.</summary>
    public ReadOnlyMemory<byte> Json => Count == 0 ? default : _array[_places[2 * _skipped].._places[^1]];

    /// <summary>Reads one. A missing one reads as null does.</summary>
    /// <typeparam name="T">Its type, which the options of <c>AddSocketIO</c> know; binary values are <c>byte[]</c> or <c>ReadOnlyMemory&lt;byte&gt;</c>.</typeparam>
    /// <exception cref="JsonException">It is something else.</exception>
    public T? Get<T>(int index)
    {
        if (index >= Count)
            return default;
        ReadOnlyMemory<byte> json = JsonOf(index);
        JsonTypeInfo<T> type = (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T));
        return _attachments.Count == 0
            ? JsonSerializer.Deserialize(json.Span, type)
            : Attachments.Read(_attachments, () => JsonSerializer.Deserialize(json.Span, type));
    }

    /// <summary>The JSON of one.</summary>
    public ReadOnlyMemory<byte> JsonOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int place = 2 * (index + _skipped);
        return _array[_places[place].._places[place + 1]];
    }

    /// <summary>The same without the first ones.</summary>
    public EventArguments Skip(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return new EventArguments(this, Math.Min(count, Count));
    }

    /// <summary>Whether both are the same arguments of the same packet.</summary>
    public bool Equals(EventArguments other) => _array.Equals(other._array) && _skipped == other._skipped;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EventArguments other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_array, _skipped);

    /// <summary>Whether both are the same arguments of the same packet.</summary>
    public static bool operator ==(EventArguments left, EventArguments right) => left.Equals(right);

    /// <summary>Whether they are not.</summary>
    public static bool operator !=(EventArguments left, EventArguments right) => !left.Equals(right);

    private static int[] PlacesIn(ReadOnlySpan<byte> array, bool hasName)
    {
        int count = 0;
        Utf8JsonReader counter = new(array, PacketReader.AnyDepth);
        counter.Read();
        while (counter.Read() && counter.TokenType != JsonTokenType.EndArray)
        {
            counter.Skip();
            count++;
        }

        int[] places = new int[2 * (hasName ? count - 1 : count)];
        Utf8JsonReader reader = new(array, PacketReader.AnyDepth);
        reader.Read();
        if (hasName)
            reader.Read();
        for (int place = 0; place < places.Length; place += 2)
        {
            reader.Read();
            places[place] = (int)reader.TokenStartIndex;
            reader.Skip();
            places[place + 1] = (int)reader.BytesConsumed;
        }

        return places;
    }
}
