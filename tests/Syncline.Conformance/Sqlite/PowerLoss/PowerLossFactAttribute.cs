namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>A test on a disk that loses its power: the disk stands on SQLite's file system for Unix.</summary>
public sealed class PowerLossFactAttribute : FactAttribute
{
    /// <summary>Skips the test on Windows.</summary>
    public PowerLossFactAttribute()
    {
        if (OperatingSystem.IsWindows()) Skip = "Needs SQLite's file system for Unix.";
    }
}
