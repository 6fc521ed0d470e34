using Syncline.Core.Json;

namespace Syncline.Core.Operations;

/// <summary>Any scope that no other model claims: the server stores and forwards, clients merge.</summary>
public sealed class OpaqueModel : IModel
{
    /// <inheritdoc />
    public IReadOnlyCollection<Scope> Scopes => [];

    /// <inheritdoc />
    public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading)
    {
        reading = new IModel.Reading(Content: null, JsonNormalForm.Hash(payload.Utf8.Span));
        return null;
    }

    /// <inheritdoc />
    public IModelState CreateState() => new State();

    /// <inheritdoc />
    public IReadOnlyList<string> RegistersOf(Operation operation) =>
        operation.Key is { } key ? [$"{operation.Id.Scope}\n{operation.Id.ResourceId}\n{key}"] : [];

    private sealed class State : IModelState
    {
        public Decision Decide(Operation operation, in DecisionContext context) => Decision.Accept;

        public void Apply(LoggedOperation operation)
        {
        }

        public int Mark() => 0;

        public void RollbackTo(int mark)
        {
        }

        public void Commit()
        {
        }
    }
}
