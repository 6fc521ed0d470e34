using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;
using Syncline.Engine.Storage;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.Bugs;

/// <summary>The server takes an operation for one that it has when only the clock is the same.</summary>
internal sealed class DuplicateByClockAlone : Bug
{
    // The hash that an operation was read with, so that what is taken for it seems to be equal to it.
    private readonly Dictionary<OperationId, ulong> _hashes = [];

    public override string Name => "duplicate-by-clock-alone";

    public override int FoundWithin => 10;

    public override ISpaceStore InLogs(ISpaceStore logs, Process process) => new Store(logs, _hashes);

    public override void InServer(IServiceCollection services, Process process)
    {
        services.RemoveAll<IModel>();
        services.AddSingleton<IModel>(new NotingModel(new TreeModel(new TreeLimits()), _hashes));
        services.AddSingleton<IModel>(new NotingModel(new ListModel(), _hashes));
    }

    private sealed class Store(ISpaceStore inner, Dictionary<OperationId, ulong> hashes) : SpaceStoreAround(inner)
    {
        private readonly Dictionary<(SpaceId Space, long Clock), long> _seqs = [];

        public override async ValueTask<AppendOutcome> AppendAsync(SpaceId space, LogAppend append)
        {
            AppendOutcome outcome = await base.AppendAsync(space, append);
            if (outcome == AppendOutcome.Appended)
            {
                foreach (LoggedOperation logged in append.Operations)
                    _seqs[(space, logged.Operation.Id.Clock)] = logged.Seq;
            }

            return outcome;
        }

        public override async ValueTask<Known> FindAsync(
            SpaceId space, IReadOnlyCollection<OperationId> identities, IReadOnlyCollection<ActorId> actors, CancellationToken cancellationToken)
        {
            Known known = await base.FindAsync(space, identities, actors, cancellationToken);
            Dictionary<OperationId, StoredIdentity> operations = new(known.Operations);
            foreach (OperationId id in identities)
            {
                if (_seqs.TryGetValue((space, id.Clock), out long seq) && hashes.TryGetValue(id, out ulong hash))
                    operations.TryAdd(id, new StoredIdentity(seq, hash));
            }

            return known with { Operations = operations };
        }
    }

    private sealed class NotingModel(IModel inner, Dictionary<OperationId, ulong> hashes) : IModel
    {
        public IReadOnlyCollection<Scope> Scopes => inner.Scopes;

        public int SnapshotFormat => inner.SnapshotFormat;

        public Refusal? Read(in OperationId id, JsonText payload, out IModel.Reading reading)
        {
            Refusal? refusal = inner.Read(id, payload, out reading);
            hashes[id] = reading.PayloadHash;
            return refusal;
        }

        public object? ReadContent(in OperationId id, JsonText payload) => inner.ReadContent(id, payload);

        public IModelState CreateState() => inner.CreateState();

        public IReadOnlyList<string> RegistersOf(Operation operation) => inner.RegistersOf(operation);

        public string? ThingOf(Operation operation) => inner.ThingOf(operation);
    }
}
