using System.ComponentModel.DataAnnotations;

namespace Syncline.Sqlite;

/// <summary>Where and how the data lies. Configuration section <c>Sqlite</c>.</summary>
public sealed class SqliteOptions
{
    /// <summary>The data folder; made when it is not there. Used by one server at a time.</summary>
    [Required]
    public string Folder { get; set; } = "";

    /// <summary>What an acknowledged operation survives. Default <see cref="Durability.Full"/>. Accounts are always fully durable.</summary>
    [EnumDataType(typeof(Durability))]
    public Durability Durability { get; set; } = Durability.Full;

    /// <summary>
    /// Most spaces whose files are held open while nobody uses them, 1 to 100,000. Default 256. One takes three file descriptors and some
    /// 100 KiB; each of the 64 used last takes 180 KiB, or up to six descriptors and 300 KiB when it is read while it is written to. The
    /// server needs a limit of descriptors that allows it (<c>ulimit -n</c>).
    /// </summary>
    [Range(1, 100_000)]
    public int OpenSpacesMax { get; set; } = 256;
}
