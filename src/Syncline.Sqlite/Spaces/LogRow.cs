namespace Syncline.Sqlite.Spaces;

/// <summary>The columns of an operation, in the order in which they are read and inserted.</summary>
internal static class LogRow
{
    public const int Seq = 0;
    public const int Resource = 1;
    public const int GroupEnd = 2;
    public const int Actor = 3;
    public const int Clock = 4;
    public const int Hash = 5;
    public const int Digest = 6;
    public const int User = 7;
    public const int ReceivedAt = 8;
    public const int Tx = 9;
    public const int Key = 10;
    public const int Payload = 11;

    /// <summary>Inserted only: pages do not show it.</summary>
    public const int HighestClock = 12;
}
