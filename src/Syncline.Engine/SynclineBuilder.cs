using Microsoft.Extensions.DependencyInjection;
using Syncline.Core.Operations;
using Syncline.Engine.Writing;

namespace Syncline.Engine;

/// <summary>What an application says of its Syncline server: the stores, the models and the rules. Each store adds its own extension method.</summary>
public sealed class SynclineBuilder(IServiceCollection services)
{
    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; } = services;

    /// <summary>Adds a rule that judges every operation of a scope, inside the decision and before the scope's model.</summary>
    public SynclineBuilder AddRule<TRule>()
        where TRule : class, IOperationRule
    {
        Services.AddSingleton<IOperationRule, TRule>();
        return this;
    }

    /// <summary>Adds a rule as a function: null lets the operation pass on to the model.</summary>
    public SynclineBuilder AddRule(Scope scope, Func<Operation, RuleContext, Refusal?> judge)
    {
        Services.AddSingleton<IOperationRule>(new FunctionRule(scope, judge));
        return this;
    }

    /// <summary>Adds a model for scopes of the application's own.</summary>
    public SynclineBuilder AddModel(IModel model)
    {
        Services.AddSingleton(model);
        return this;
    }

    private sealed class FunctionRule(Scope scope, Func<Operation, RuleContext, Refusal?> judge) : IOperationRule
    {
        public Scope Scope => scope;

        public Refusal? Judge(Operation operation, in RuleContext context) => judge(operation, context);
    }
}
