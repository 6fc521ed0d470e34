using Microsoft.Extensions.Logging;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Storage;
using Syncline.Engine.Writing;

namespace Syncline.Engine.Spaces;

/// <summary>What every live space works with.</summary>
/// <param name="Store">The logs.</param>
/// <param name="Accounts">Spaces and members.</param>
/// <param name="Reader">Reads operations, and knows the models.</param>
/// <param name="Rules">The application's rules, by scope.</param>
/// <param name="Options">Bounds.</param>
/// <param name="TimeProvider">The only clock.</param>
/// <param name="RandomBytes">The only randomness.</param>
/// <param name="Meters">Instruments.</param>
/// <param name="Loggers">Where logs go.</param>
public sealed record EngineServices(
    ISpaceStore Store,
    IAccountStore Accounts,
    OperationReader Reader,
    ILookup<Scope, IOperationRule> Rules,
    EngineOptions Options,
    TimeProvider TimeProvider,
    IRandomBytes RandomBytes,
    EngineMeters Meters,
    ILoggerFactory Loggers);
