using System.Globalization;
using System.Text;
using Syncline.Client.Replicas;
using Syncline.Core.Lists;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Simulation.Checks;

/// <summary>
/// A replica as text, so that two are equal exactly when their texts are. Of lists it is the bytes of their snapshots, which are canonical; a tree's
/// rows stand in the order in which they came, so of trees it is all vertices, the deleted ones too, in the tree's own order.
/// </summary>
internal static class ReplicaText
{
    public static string Of(ModelStates states)
    {
        StringBuilder text = new();
        foreach ((ResourceId id, Tree tree) in states.Of<TreesState>().Trees.OrderBy(pair => pair.Key.Value, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"tree {id}\n");
            foreach (VertexState vertex in tree.Read(includeDeleted: true))
            {
                text.Append(CultureInfo.InvariantCulture, $"  {vertex.Id} under {vertex.ParentId}:");
                foreach ((string key, Core.Json.JsonText value) in vertex.Properties)
                    text.Append(CultureInfo.InvariantCulture, $" {key}={value}");
                text.Append('\n');
            }
        }

        foreach (ResourceSnapshot snapshot in states.Of<ListsState>().WriteSnapshots().OrderBy(one => one.Scope.Value + one.ResourceId.Value, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture, $"{snapshot.Scope} {snapshot.ResourceId} {Convert.ToHexStringLower(snapshot.State.Span)}\n");
        return text.ToString();
    }
}
