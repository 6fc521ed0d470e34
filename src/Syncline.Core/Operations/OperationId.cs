namespace Syncline.Core.Operations;

/// <summary>The identity of an operation: names it for ever.</summary>
/// <param name="Scope">What kind of thing it changes.</param>
/// <param name="ResourceId">Which one.</param>
/// <param name="Actor">Who numbered it.</param>
/// <param name="Clock">The actor's Lamport counter over the whole space, from 1.</param>
public readonly record struct OperationId(Scope Scope, ResourceId ResourceId, ActorId Actor, long Clock)
{
    /// <summary>Its place in the order of merging.</summary>
    public Stamp Stamp => new(Clock, Actor);

    /// <inheritdoc />
    public override string ToString() => $"{Scope.Value}/{ResourceId.Value}/{Clock}@{Actor.Value}";
}
