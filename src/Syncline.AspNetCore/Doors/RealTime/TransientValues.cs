using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.AspNetCore.Doors.RealTime;

/// <summary>
/// RepTree's transient properties of one connection: the latest value of each vertex and key, for those who come later. There is a bound to them; what
/// is beyond it is relayed and not kept.
/// </summary>
internal sealed class TransientValues
{
    public const int CountMax = 1_000;
    public const int BytesMax = 256 * 1024;

    private readonly Dictionary<(ResourceId TreeId, string Vertex, string Key), Operation> _values = [];
    private int _bytes;

    public IEnumerable<(ResourceId TreeId, Operation Operation)> All => _values.Select(value => (value.Key.TreeId, value.Value));

    public void Keep(ResourceId treeId, Operation operation)
    {
        if (TreeOperationReader.Read(operation.Payload.Utf8, out TreeOperationReader.Bare bare) is not null || bare.Operation is not TreeOperation.SetProperty property)
            return;
        (ResourceId, string, string) key = (treeId, property.TargetId, property.Key);
        if (_values.TryGetValue(key, out Operation? known))
        {
            if (known.Id.Stamp >= operation.Id.Stamp)
                return;

            // It is not the latest any more, whether or not there is room for what is.
            _values.Remove(key);
            _bytes -= known.Payload.Utf8.Length;
        }

        int bytes = operation.Payload.Utf8.Length;
        if (_values.Count >= CountMax || _bytes + bytes > BytesMax)
            return;
        _values.Add(key, operation);
        _bytes += bytes;
    }
}
