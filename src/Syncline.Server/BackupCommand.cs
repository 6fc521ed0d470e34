using System.CommandLine;
using System.Globalization;
using Syncline.Engine.Storage;
using Syncline.Sqlite;
using Syncline.Sqlite.Backups;

namespace Syncline.Server;

/// <summary><c>syncline backup</c>: works beside a running server.</summary>
internal static class BackupCommand
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "The server's data folder.", DefaultValueFactory = _ => "data" };
        Option<string> to = new("--to") { Description = "The folder to make. It must not be there yet.", Required = true };
        Command command = new("backup", "Copies all spaces and accounts, while the server runs or not. The key that signs tokens is left out.") { data, to };
        command.SetAction((result, cancellationToken) =>
            RunAsync(result.GetRequiredValue(data), result.GetRequiredValue(to), cancellationToken));
        return command;
    }

    /// <summary>What the operator can mend is said in a line, not as a stack of calls.</summary>
    internal static bool IsForTheOperator(Exception exception) =>
        exception is BackupException or DataFolderLockedException or StoreUnavailableException or IOException or UnauthorizedAccessException
            or OperationCanceledException;

    private static async Task<int> RunAsync(string data, string to, CancellationToken cancellationToken)
    {
        try
        {
            BackupReport report = SqliteBackup.Make(data, to, TimeProvider.System, cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"Backed up {report.Spaces} spaces and the accounts, {report.Bytes} bytes, to {report.Folder}"));
            return 0;
        }
        catch (Exception e) when (IsForTheOperator(e))
        {
            await Console.Error.WriteLineAsync($"syncline: {e.Message}");
            return 1;
        }
    }
}
