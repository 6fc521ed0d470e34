using System.Text.Json;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Tests.Engine;

/// <summary>
/// A model for tests, scope <c>upper</c>: stores <c>{"text":"abc"}</c> as <c>{"text":"ABC"}</c>; <c>{"twice":…}</c> as itself and one operation
/// of the server's; <c>{"nothing":…}</c> as nothing; <c>{"conflict":…}</c> as a conflict. It counts what is applied.
/// </summary>
internal sealed class RewritingModel : IModel
{
    public static readonly Scope Upper = new("upper");

    public IReadOnlyCollection<Scope> Scopes => [Upper];

    public List<string> Applied { get; } = [];

    public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading)
    {
        reading = new IModel.Reading(null, JsonNormalForm.Hash(payload.Utf8.Span));
        return null;
    }

    public IModelState CreateState() => new State(this);

    private sealed class State(RewritingModel model) : IModelState
    {
        public Decision Decide(Operation operation, in DecisionContext context)
        {
            JsonElement payload = JsonDocument.Parse(operation.Payload.Utf8).RootElement;
            if (payload.TryGetProperty("text", out JsonElement text))
                return new Decision.AcceptedAs([operation with { Payload = JsonText.From($$"""{"text":"{{text.GetString()!.ToUpperInvariant()}}"}""") }]);
            if (payload.TryGetProperty("nothing", out _))
                return new Decision.AcceptedAs([]);
            if (payload.TryGetProperty("conflict", out _))
                return new Decision.Conflict(JsonText.From("""{"with":"another"}"""));
            OperationId own = new(Upper, operation.Id.ResourceId, Decision.ReservedActor, context.NextServerClock);
            return new Decision.AcceptedAs([operation, operation with { Id = own, Hash = 7 }]);
        }

        public void Apply(LoggedOperation operation) => model.Applied.Add(operation.Operation.Payload.ToString());

        public int Mark() => model.Applied.Count;

        public void RollbackTo(int mark) => model.Applied.RemoveRange(mark, model.Applied.Count - mark);

        public void Commit()
        {
        }
    }
}
