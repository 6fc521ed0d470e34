using System.Diagnostics.Metrics;

namespace Syncline.Engine;

/// <summary>The engine's instruments, under the meter <c>Syncline</c>. Durations are in seconds.</summary>
public sealed class EngineMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Syncline";

    private readonly Meter _meter;

    /// <summary>Makes the instruments; with a factory, where the host has one, so that tests can tell hosts apart.</summary>
    public EngineMeters(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(new MeterOptions(Name)) ?? new Meter(Name);
        OperationsAppended = _meter.CreateCounter<long>("syncline.operations.appended", "{operation}", "Operations appended to logs.");
        OperationsDropped = _meter.CreateCounter<long>("syncline.operations.dropped", "{operation}", "Superseded operations dropped from logs.");
        BatchSize = _meter.CreateHistogram<int>("syncline.batch.size", "{operation}", "Operations of one append.");
        AppendDuration = _meter.CreateHistogram<double>("syncline.append.duration", "s", "Time of one append, to the durable log.");
        DeliveryDelay = _meter.CreateHistogram<double>(
            "syncline.delivery.delay", "s", "Time from the receipt of an operation to its delivery to a waiting reader.");
        Rejections = _meter.CreateCounter<long>("syncline.operations.rejected", "{operation}", "Operations rejected, by code.");
        OpenSpaces = _meter.CreateUpDownCounter<int>("syncline.spaces.open", "{space}", "Spaces that are live.");
        Waits = _meter.CreateUpDownCounter<int>("syncline.waits", "{wait}", "Requests that wait for operations.");
    }

    /// <summary>Operations appended.</summary>
    public Counter<long> OperationsAppended { get; }

    /// <summary>Superseded operations that compaction dropped from logs.</summary>
    public Counter<long> OperationsDropped { get; }

    /// <summary>Operations of one append.</summary>
    public Histogram<int> BatchSize { get; }

    /// <summary>Seconds of one append.</summary>
    public Histogram<double> AppendDuration { get; }

    /// <summary>Seconds from receipt to delivery to a waiting reader.</summary>
    public Histogram<double> DeliveryDelay { get; }

    /// <summary>Operations rejected, with the tag <c>code</c>.</summary>
    public Counter<long> Rejections { get; }

    /// <summary>Live spaces.</summary>
    public UpDownCounter<int> OpenSpaces { get; }

    /// <summary>Waiting requests.</summary>
    public UpDownCounter<int> Waits { get; }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();
}
