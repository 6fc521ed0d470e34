namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>A test on a disk that loses its power, which stands on SQLite's file system for Unix: skipped on Windows.</summary>
public sealed class PowerLossFactAttribute : FactAttribute
{
    internal const string WindowsReason = "Needs SQLite's file system for Unix.";

    /// <inheritdoc />
    public override string? Skip
    {
        get => OperatingSystem.IsWindows() ? WindowsReason : null;
        set => throw new NotSupportedException();
    }
}

/// <inheritdoc cref="PowerLossFactAttribute" />
public sealed class PowerLossTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc />
    public override string? Skip
    {
        get => OperatingSystem.IsWindows() ? PowerLossFactAttribute.WindowsReason : null;
        set => throw new NotSupportedException();
    }
}
