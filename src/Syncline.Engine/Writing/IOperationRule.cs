using Syncline.Core.Operations;

namespace Syncline.Engine.Writing;

/// <summary>An application's own rule for a scope. It runs inside the decision, one at a time per space, before the model's.</summary>
public interface IOperationRule
{
    /// <summary>The scope it judges.</summary>
    Scope Scope { get; }

    /// <summary>Null to let the operation pass on to the model; else why it is refused. Must not block: it holds up its space.</summary>
    Refusal? Judge(Operation operation, in RuleContext context);
}
