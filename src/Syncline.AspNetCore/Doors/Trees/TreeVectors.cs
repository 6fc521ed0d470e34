using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.AspNetCore.Doors.Trees;

/// <summary>What a client has of each tree that it names, in the order of the trees' ids.</summary>
internal static class TreeVectors
{
    private static readonly Comparer<ResourceId> ById = Comparer<ResourceId>.Create(static (x, y) => string.CompareOrdinal(x.Value, y.Value));

    public static SortedDictionary<ResourceId, StateVector> New() => new(ById);

    /// <summary>Reads them from a member of a body.</summary>
    /// <param name="body">At the member's value.</param>
    /// <param name="member">Its name.</param>
    /// <param name="allowsNull">Whether null stands for having nothing of a tree.</param>
    public static SortedDictionary<ResourceId, StateVector> Read(ref JsonBody body, string member, bool allowsNull)
    {
        SortedDictionary<ResourceId, StateVector> vectors = New();
        body.BeginObject(member);
        while (body.NextKey() is { } name)
        {
            if (!ResourceId.TryParse(name, out ResourceId treeId))
                throw JsonBody.Invalid($"{member} names an invalid tree id");
            vectors[treeId] = allowsNull && body.IsNull ? new StateVector() : body.StateVector();
        }

        return vectors;
    }
}
