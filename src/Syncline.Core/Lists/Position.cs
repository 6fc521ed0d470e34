using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Syncline.Core.Json;

namespace Syncline.Core.Lists;

/// <summary>
/// Where something stands in its list: a path of components, in the shape and the order of the JavaScript clients that wrote the first of them
/// (docs/protocol.md, "Positions"). The default is the empty path, which is before all others.
/// </summary>
/// <remarks>
/// Compared component by component, a missing one as <see cref="PositionComponent.Zero"/>; where all are equal, the shorter is first. A zero stands
/// only at the end of a path: reading drops all others. How new ones are chosen stands in <see cref="PositionSpace"/>.
/// </remarks>
public readonly struct Position : IEquatable<Position>, IComparable<Position>
{
    // Up to here a digit is written without an exponent.
    private const double WholeMax = 1e18;

    private static readonly IdentifierCache ActorTexts = new(256, static _ => true);

    private readonly PositionComponent[]? _components;

    private Position(PositionComponent[] components) => _components = components;

    /// <summary>The path.</summary>
    public ReadOnlySpan<PositionComponent> Components => _components;

    public static bool operator ==(Position left, Position right) => left.Equals(right);

    public static bool operator !=(Position left, Position right) => !left.Equals(right);

    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;

    /// <summary>
    /// A position after <paramref name="left"/> and before <paramref name="right"/>, strictly, wherever the order has one. It has none between
    /// equal positions, between a path and the same with a zero (0, "") at its end, and between that and the path with (0, "\0") at its end:
    /// then the answer comes right after <paramref name="right"/>. Only other clients write such.
    /// </summary>
    /// <param name="left">Null: before everything.</param>
    /// <param name="right">Null: after everything.</param>
    /// <param name="actor">Who asks; not empty. It keeps positions apart that others choose for the same place at the same time.</param>
    /// <exception cref="ArgumentException"><paramref name="left"/> is after <paramref name="right"/>.</exception>
    public static Position Between(Position? left, Position? right, string actor)
    {
        ArgumentException.ThrowIfNullOrEmpty(actor);
        if (left > right)
            throw new ArgumentException("The left position is after the right one.", nameof(left));
        return PositionSpace.Between(left, right, actor);
    }

    /// <summary>A path as it is read: zeros that do not stand at its end are dropped.</summary>
    public static Position Of(params ReadOnlySpan<PositionComponent> components)
    {
        int kept = 0;
        for (int i = 0; i < components.Length; i++)
            kept += Keeps(components, i) ? 1 : 0;
        if (kept == 0)
            return default;
        PositionComponent[] path = new PositionComponent[kept];
        for (int i = components.Length - 1; i >= 0; i--)
        {
            if (Keeps(components, i))
                path[--kept] = components[i];
        }

        return new Position(path);
    }

    /// <summary>The same of a path that nobody else holds: it is kept as it is when there is nothing to drop.</summary>
    internal static Position Owning(PositionComponent[] components)
    {
        for (int i = 0; i < components.Length; i++)
        {
            if (!Keeps(components, i))
                return Of(components);
        }

        return components.Length == 0 ? default : new Position(components);
    }

    /// <inheritdoc />
    public int CompareTo(Position other)
    {
        ReadOnlySpan<PositionComponent> mine = Components;
        ReadOnlySpan<PositionComponent> theirs = other.Components;
        int common = Math.Min(mine.Length, theirs.Length);
        for (int i = 0; i < common; i++)
        {
            int order = mine[i].CompareTo(theirs[i]);
            if (order != 0)
                return order;
        }

        // What is left of the longer stands against zeros, which nothing is less than; and where it is one, the shorter is first.
        return mine.Length.CompareTo(theirs.Length);
    }

    /// <inheritdoc />
    public bool Equals(Position other) => Components.SequenceEqual(other.Components);

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is Position other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (PositionComponent component in Components)
            hash.Add(component);
        return hash.ToHashCode();
    }

    /// <summary>As it is written into an operation: <c>[{"digit":…,"actor":"…"},…]</c>.</summary>
    public JsonText ToJson()
    {
        StringBuilder json = new("[");
        foreach (PositionComponent component in Components)
        {
            json.Append(json.Length == 1 ? "{\"digit\":" : ",{\"digit\":");
            if (component.Digit < WholeMax)
                json.Append((long)component.Digit);
            else
                json.Append(CultureInfo.InvariantCulture, $"{component.Digit:R}");
            json.Append(",\"actor\":");
            JsonStrings.AppendQuoted(json, component.Actor);
            json.Append('}');
        }

        return JsonText.From(json.Append(']').ToString());
    }

    /// <inheritdoc />
    public override string ToString() => ToJson().ToString();

    /// <summary>Reads a position from an operation.</summary>
    /// <param name="reader">On the first token of the value; afterwards on its last.</param>
    /// <param name="position">What those clients read: what is not of their shape in it counts as zero or "".</param>
    /// <returns>Whether it is an array.</returns>
    internal static bool TryRead(ref Utf8JsonReader reader, out Position position)
    {
        position = default;
        if (reader.TokenType != JsonTokenType.StartArray)
            return false;
        List<PositionComponent> components = new(1);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            components.Add(ReadComponent(ref reader));
        position = Of(CollectionsMarshal.AsSpan(components));
        return true;
    }

    private static bool Keeps(ReadOnlySpan<PositionComponent> components, int index) =>
        index == components.Length - 1 || !components[index].IsZero;

    private static PositionComponent ReadComponent(ref Utf8JsonReader reader)
    {
        double digit = 0;
        string actor = "";
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return PositionComponent.Zero;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isDigit = JsonStrings.NameIs(ref reader, "digit"u8);
            bool isActor = JsonStrings.NameIs(ref reader, "actor"u8);
            reader.Read();
            if (isDigit && reader.TokenType == JsonTokenType.Number)
                digit = ReadDigit(reader.ValueSpan);
            else if (isActor && reader.TokenType == JsonTokenType.String)
                actor = ReadActor(ref reader);
            reader.Skip();
        }

        return new PositionComponent(digit, actor);
    }

    // A number beyond the doubles is an infinity to JavaScript, and that is no digit to those clients.
    private static double ReadDigit(ReadOnlySpan<byte> number)
    {
        double digit = Math.Floor(double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture));
        return double.IsFinite(digit) && digit > 0 ? digit : 0;
    }

    private static string ReadActor(ref Utf8JsonReader reader) =>
        !reader.ValueIsEscaped && ActorTexts.TryGet(reader.ValueSpan, out string? known) ? known : JsonStrings.GetText16(ref reader);
}
