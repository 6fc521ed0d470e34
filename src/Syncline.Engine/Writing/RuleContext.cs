using Syncline.Core.Operations;
using Syncline.Engine.Accounts;

namespace Syncline.Engine.Writing;

/// <summary>What a rule may look at.</summary>
/// <param name="Space">The space.</param>
/// <param name="UserId">Who pushes.</param>
/// <param name="Role">As what.</param>
/// <param name="Now">The server's time, UTC.</param>
/// <param name="State">The state of the scope's model with all that is accepted before this operation: for <c>tree</c> a
/// <see cref="Core.Tree.TreesState"/>. To be read only.</param>
public readonly record struct RuleContext(SpaceId Space, UserId UserId, Role Role, DateTimeOffset Now, IModelState State);
