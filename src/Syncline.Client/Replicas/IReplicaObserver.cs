using Syncline.Core.Operations;

namespace Syncline.Client.Replicas;

/// <summary>Is told what changes in a space, within its lock: it notes and returns.</summary>
internal interface IReplicaObserver
{
    /// <summary>An operation was applied.</summary>
    void Applied(Operation operation, bool isOwn);

    /// <summary>What was applied is about to be made permanent: until then the states tell what changed in them.</summary>
    void Committing(ModelStates states);

    /// <summary>An edit was made; this takes it back.</summary>
    void Edited(UndoStep step);

    /// <summary>Everything may be different.</summary>
    void WasReset();
}
