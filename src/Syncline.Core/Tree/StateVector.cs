using System.Buffers;
using System.Text.Json;
using Syncline.Core.Binary;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// Which operations of a tree somebody has: actor → clocks, as inclusive ranges from 1. A client's vector is a hint: ranges may come in any
/// order, overlap, and match no operation.
/// </summary>
public sealed class StateVector
{
    // Leaves room for the clock after the last.
    private const long ClockMax = long.MaxValue - 2;

    private static readonly ClockRanges None = new();
    private readonly Dictionary<ActorId, ClockRanges> _actors = [];

    /// <summary>The actors with at least one range.</summary>
    public IReadOnlyDictionary<ActorId, ClockRanges> Actors => _actors;

    /// <summary>The clocks held of <paramref name="actor"/>; empty when it is not known.</summary>
    public ClockRanges this[ActorId actor] => _actors.GetValueOrDefault(actor, None);

    /// <summary>Adds one operation.</summary>
    public void Add(Stamp stamp) => Add(stamp.Actor, stamp.Clock, stamp.Clock);

    /// <summary>Adds a range of operations, both bounds inclusive and at least 1.</summary>
    public void Add(ActorId actor, long first, long last) => RangesOf(actor).Add(first, last);

    /// <summary>The clocks held of an actor that is about to have some; who takes the last out takes the actor out.</summary>
    internal ClockRanges RangesOf(ActorId actor)
    {
        if (!_actors.TryGetValue(actor, out ClockRanges? ranges))
            _actors.Add(actor, ranges = new ClockRanges());
        return ranges;
    }

    internal void RemoveActor(ActorId actor) => _actors.Remove(actor);

    /// <summary>Takes one operation out.</summary>
    public void Remove(Stamp stamp)
    {
        if (!_actors.TryGetValue(stamp.Actor, out ClockRanges? ranges))
            return;
        ranges.Remove(stamp.Clock);
        if (ranges.Count == 0)
            _actors.Remove(stamp.Actor);
    }

    /// <summary>Whether the operation is covered.</summary>
    public bool Contains(Stamp stamp) => this[stamp.Actor].Contains(stamp.Clock);

    /// <summary>What this vector covers and <paramref name="other"/> does not.</summary>
    public StateVector Except(StateVector other)
    {
        StateVector result = new();
        foreach ((ActorId actor, ClockRanges ranges) in _actors)
        {
            ClockRanges rest = ranges.Except(other[actor]);
            if (rest.Count > 0)
                result._actors.Add(actor, rest);
        }

        return result;
    }

    /// <summary>Reads <c>{peerId:[[from,to],…]}</c>. The reader stands on its first token, and afterwards on its last.</summary>
    /// <returns>The vector, or null with the reason in <paramref name="problem"/>.</returns>
    public static StateVector? Read(ref Utf8JsonReader reader, out string? problem)
    {
        problem = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            problem = "a state vector is an object of peer ids";
            return null;
        }

        StateVector vector = new();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!JsonStrings.TryGetText(ref reader, out string? name) || !ActorId.TryParse(name, out ActorId actor))
            {
                problem = "a state vector names an invalid peer id";
                return null;
            }

            reader.Read();
            problem = ReadRanges(ref reader, vector, actor);
            if (problem is not null)
                return null;
        }

        return vector;
    }

    /// <summary>Writes <c>{peerId:[[from,to],…]}</c>, peers in ordinal order.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach ((ActorId actor, ClockRanges ranges) in _actors.OrderBy(pair => pair.Key.Value, StringComparer.Ordinal))
        {
            writer.WriteStartArray(actor.Value);
            foreach (ClockRange range in ranges)
            {
                writer.WriteStartArray();
                writer.WriteNumberValue(range.First);
                writer.WriteNumberValue(range.Last);
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// Writes the compact form: of each range what it leaves out since the one before it, and how many more clocks than one it has, as numbers
    /// of few bytes. Actors whose operations interleave have a range for nearly each; in JSON such a vector takes nine times as much.
    /// </summary>
    public void WriteCompact(IBufferWriter<byte> output)
    {
        ByteWriter writer = new(output);
        writer.Write((ulong)_actors.Count);
        foreach ((ActorId actor, ClockRanges ranges) in _actors.OrderBy(pair => pair.Key.Value, StringComparer.Ordinal))
        {
            writer.Write(actor.Value);
            ranges.Write(writer);
        }
    }

    /// <summary>Reads the compact form.</summary>
    /// <exception cref="InvalidDataException">The bytes are none, or name an actor twice or by no valid id.</exception>
    public static StateVector FromCompact(ReadOnlySpan<byte> bytes)
    {
        ByteReader reader = new(bytes);
        StateVector vector = new();
        for (int actors = reader.ReadCount(); actors > 0; actors--)
        {
            if (!ActorId.TryParse(reader.ReadText(), out ActorId actor) || vector._actors.ContainsKey(actor))
                throw new InvalidDataException("An actor is there twice, or its id is not valid.");
            vector.RangesOf(actor).Read(ref reader);
        }

        return reader.IsAtEnd ? vector : throw new InvalidDataException("There are bytes after the end.");
    }

    private static string? ReadRanges(ref Utf8JsonReader reader, StateVector vector, ActorId actor)
    {
        const string Shape = "the ranges of a state vector are [[from,to],…]";
        if (reader.TokenType != JsonTokenType.StartArray)
            return Shape;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                return Shape;
            reader.Read();
            if (!TryReadBound(ref reader, out long first))
                return "a bound of a state vector's range is no integer";
            reader.Read();
            if (!TryReadBound(ref reader, out long last))
                return "a bound of a state vector's range is no integer";
            reader.Read();
            if (reader.TokenType != JsonTokenType.EndArray)
                return Shape;
            if (first > last)
                return "a range of a state vector ends before it begins";

            // Clocks begin at 1; [0,5] is what some clients write for 1…5.
            if (last >= 1)
                vector.Add(actor, Math.Clamp(first, 1, ClockMax), Math.Min(last, ClockMax));
        }

        return null;
    }

    private static bool TryReadBound(ref Utf8JsonReader reader, out long bound)
    {
        bound = 0;
        if (reader.TokenType != JsonTokenType.Number)
            return false;
        JsonNumber.IntegerKind kind = JsonNumber.ReadInteger(reader.ValueSpan, out bound);
        if (kind == JsonNumber.IntegerKind.TooLarge)
            bound = reader.ValueSpan[0] == (byte)'-' ? long.MinValue : long.MaxValue;
        return kind != JsonNumber.IntegerKind.NotAnInteger;
    }
}
