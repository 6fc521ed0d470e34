using System.ComponentModel.DataAnnotations;

namespace Syncline.Engine;

/// <summary>What the engine keeps in memory. Configuration section <c>Engine</c>.</summary>
public sealed class EngineOptions
{
    /// <summary>Most spaces that are live at one time; the one idle for longest is closed to open another. Default 1,000.</summary>
    [Range(1, 1_000_000)]
    public int LiveSpacesMax { get; set; } = 1_000;

    /// <summary>How long a space that nobody uses stays live. Default 5 minutes, at least 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan IdleTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Most pushes that wait for one space's writer; more callers wait for a place. Default 1,024.</summary>
    [Range(1, 1_000_000)]
    public int PushesWaitingMax { get; set; } = 1_024;

    /// <summary>Most operations that one round of a writer appends; a greater push is a round of its own. Default 2,000.</summary>
    [Range(1, 100_000)]
    public int BatchOperationsMax { get; set; } = 2_000;

    /// <summary>Most operations of one batch that followers share. Default 1,000, as many as a page.</summary>
    [Range(1, 100_000)]
    public int SharedBatchOperationsMax { get; set; } = 1_000;

    /// <summary>Most bytes of payload of one batch that followers share. Default 256 KiB; a single operation or group may be larger.</summary>
    [Range(1_024, 1 << 30)]
    public int SharedBatchBytesMax { get; set; } = 256 * 1024;

    /// <summary>
    /// How long a log is kept whole: what is superseded is dropped from it only once what superseded it has been there for so long. Default 30
    /// days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "36500.00:00:00")]
    public TimeSpan HistoryTime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a dropped operation is still known, so that a late repeat of it is a duplicate. Default 60 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "36500.00:00:00")]
    public TimeSpan StubTime { get; set; } = TimeSpan.FromDays(60);

    /// <summary>
    /// How long what is in deleted tasks and lists is kept, after which it is purged: nothing but the deletion is left, and later writes to them are refused.
    /// Not before <see cref="HistoryTime"/>. Default: for ever.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "36500.00:00:00")]
    public TimeSpan? PurgeTime { get; set; }

    /// <summary>How often the spaces that changed are looked after: compaction, snapshots. Default 10 minutes, at least 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan MaintenanceInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Most operations that compaction looks through in one step; between two steps the space does other things. Default 500.</summary>
    [Range(1, 100_000)]
    public int CompactionStepMax { get; set; } = 500;

    /// <summary>
    /// How many operations a log grows by, at least, until a snapshot of the space is stored again; it also grows by a quarter. Default 5,000.
    /// </summary>
    [Range(1, 1_000_000_000)]
    public int SnapshotOperationsMin { get; set; } = 5_000;
}
