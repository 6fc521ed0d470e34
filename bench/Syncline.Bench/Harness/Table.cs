using System.Globalization;

namespace Syncline.Bench.Harness;

/// <summary>Prints a Markdown table row by row, as the rows come.</summary>
internal sealed class Table
{
    private readonly int _columns;

    public Table(params string[] columns)
    {
        _columns = columns.Length;
        Console.WriteLine();
        Write(columns);
        Write([.. columns.Select((_, i) => i == 0 ? "---" : "--:")]);
    }

    public void Row(params string[] cells)
    {
        if (cells.Length != _columns)
            throw new ArgumentException($"{cells.Length} cells for {_columns} columns", nameof(cells));
        Write(cells);
    }

    /// <summary>Three significant digits, with k and M.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        >= 999_500 => Digits(value / 1_000_000) + " M",
        >= 9_995 => Digits(value / 1_000) + " k",
        _ => Digits(value),
    };

    public static string Rate(Series series) => Number(series.Median.PerSecond) + "/s";

    public static string Megabytes(double value) => value.ToString("F0", CultureInfo.InvariantCulture) + " MB";

    /// <summary>A ratio that should be at least a goal.</summary>
    public static string AtLeast(double ratio, double goal) => Verdict(ratio, "≥", goal, ratio >= goal);

    /// <summary>A ratio that should be at most a goal.</summary>
    public static string AtMost(double ratio, double goal) => Verdict(ratio, "≤", goal, ratio <= goal);

    /// <summary>A difference that should be at most a goal.</summary>
    public static string AtMost(double difference, double goal, string unit) =>
        $"{Number(difference)} {unit} (goal ≤ {Number(goal)}) {(difference <= goal ? "✓" : "**missed**")}";

    private static string Verdict(double ratio, string sign, double goal, bool met) =>
        $"{Digits(ratio)} × (goal {sign} {Digits(goal)}) {(met ? "✓" : "**missed**")}";

    private static string Digits(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("F0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("F1", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("F2", CultureInfo.InvariantCulture),
        _ => value.ToString("F3", CultureInfo.InvariantCulture),
    };

    private static void Write(string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
}
