using System.Text.Json;
using Syncline.Core.Operations;

namespace Syncline.Bench.Snapshots;

/// <summary>What a client makes of what it fetched: a state of its model that can be looked at.</summary>
internal sealed class SpaceReader(Content content)
{
    private readonly OperationReader _reader = new([content.Model], OperationLimits.Default);
    private OperationId _last;
    private long _seq;

    public IModelState State { get; } = content.Model.CreateState();

    /// <summary>Takes in a line of a bootstrap.</summary>
    public void TakeLine(ReadOnlyMemory<byte> line)
    {
        Utf8JsonReader json = new(line.Span);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isState = json.ValueTextEquals("state"u8);
            json.Read();
            if (isState && !State.TryLoad(json.GetBytesFromBase64(), out string? problem))
                throw new InvalidDataException(problem);
        }

        State.Commit();
    }

    /// <summary>Takes in the answer to a pull.</summary>
    public void TakePage(ReadOnlyMemory<byte> page)
    {
        Utf8JsonReader json = new(page.Span);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isOperations = json.ValueTextEquals("operations"u8);
            json.Read();
            while (isOperations && json.Read() && json.TokenType == JsonTokenType.StartObject)
            {
                int start = (int)json.TokenStartIndex;
                json.Skip();
                Take(page.Span[start..(int)json.BytesConsumed]);
            }

            if (!isOperations)
                json.Skip();
        }

        State.Commit();
    }

    // Nothing is compacted here, so seqs have no gap.
    private void Take(ReadOnlySpan<byte> json)
    {
        OperationReader.Reading reading = _reader.Read(json, ref _last);
        long seq = ++_seq;
        State.Apply(new LoggedOperation
        {
            Seq = seq,
            Operation = reading.Operation ?? throw new InvalidDataException(reading.Refusal!.Detail),
            UserId = default,
            ReceivedAt = default,
            GroupEnd = seq,
            Digest = default,
        });
    }
}
