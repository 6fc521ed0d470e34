using Syncline.Core.Json;

namespace Syncline.Core.Operations;

/// <summary>What a model decides about one operation. Deciding changes nothing.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>It is stored as it is.</summary>
    public sealed record Accepted : Decision;

    /// <summary>
    /// These operations are stored in its place, in order. The one that keeps the identity carries the hash of the operation as it was
    /// received, so that a repeat is known; the others are the reserved actor's (<see cref="ReservedActor"/>). None: it has no effect, and a
    /// repeat is decided anew.
    /// </summary>
    public sealed record AcceptedAs(IReadOnlyList<Operation> Operations) : Decision;

    /// <summary>It is stored as it is, and what it collided with is reported.</summary>
    public sealed record Conflict(JsonText Description) : Decision;

    /// <summary>It is not stored.</summary>
    public sealed record Refused(Refusal Refusal) : Decision;

    /// <summary>It is stored as it is.</summary>
    public static Decision Accept { get; } = new Accepted();

    /// <summary>The actor that numbers what the server itself writes; nobody else may use it.</summary>
    public static ActorId ReservedActor { get; } = new("server");

    /// <summary>It is not stored, because of <paramref name="code"/>.</summary>
    public static Decision Refuse(string code, string detail) => new Refused(new Refusal(code, detail));
}
