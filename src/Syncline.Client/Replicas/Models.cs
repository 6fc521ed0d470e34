using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Client.Replicas;

/// <summary>The models that the client has replicas of, and how their operations are read.</summary>
internal sealed class Models
{
    private readonly IModel[] _models = [new TreeModel(new TreeLimits(int.MaxValue, long.MaxValue)), new ListModel()];

    public Models(OperationLimits limits) => Reader = new OperationReader(_models, limits);

    public OperationReader Reader { get; }

    /// <summary>The scopes that have states.</summary>
    public IReadOnlyList<Scope> Scopes => [.. _models.SelectMany(model => model.Scopes)];

    /// <summary>The model that has states of a scope; null for opaque ones.</summary>
    public IModel? StatefulModelOf(Scope scope) => Reader.ModelOf(scope) is { SnapshotFormat: > 0 } model ? model : null;

    /// <summary>Empty states of all models.</summary>
    public ModelStates CreateStates() => new(this, _models.ToDictionary(model => model, model => model.CreateState()));
}
