using System.Text.Json;

namespace Syncline.Sqlite.Backups;

/// <summary>
/// <c>backup.json</c>: what says that a folder is a backup. Which spaces it has stands in its accounts, each of which has its file.
/// </summary>
/// <param name="MadeAt">When it was begun.</param>
/// <param name="Spaces">How many spaces it has.</param>
internal sealed record BackupManifest(DateTimeOffset MadeAt, int Spaces)
{
    private const string FileName = "backup.json";
    private const int Format = 1;
    private const int BytesMax = 64 * 1024;

    public void Write(string folder)
    {
        string path = Path.Combine(folder, FileName);
        using (FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            using (Utf8JsonWriter writer = new(file))
            {
                writer.WriteStartObject();
                writer.WriteNumber("format", Format);
                writer.WriteString("madeAt", MadeAt.UtcDateTime);
                writer.WriteNumber("spaces", Spaces);
                writer.WriteEndObject();
            }

            file.Flush(flushToDisk: true);
        }
    }

    /// <exception cref="BackupException">The folder is not there, is no backup, or one of a later format.</exception>
    public static BackupManifest Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new BackupException($"There is no folder {folder}.");
        FileInfo file = new(Path.Combine(folder, FileName));
        if (!file.Exists || file.Length > BytesMax)
        {
            throw new BackupException(
                $"{folder} is no backup: it has no {FileName}. Of a data folder that was copied by other means, 'syncline backup --data COPY' makes one.");
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            int format = json.RootElement.GetProperty("format").GetInt32();
            if (format != Format)
            {
                throw new BackupException(
                    $"The backup {folder} is of format {format}, and this program knows {Format}: restore it with the version that made it.");
            }

            return new BackupManifest(
                json.RootElement.GetProperty("madeAt").GetDateTimeOffset(), json.RootElement.GetProperty("spaces").GetInt32());
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new BackupException($"{file.FullName} is damaged: {exception.Message}", exception);
        }
    }
}
