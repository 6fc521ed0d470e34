using System.CommandLine;
using System.Globalization;
using Syncline.AspNetCore;
using Syncline.Core.Operations;
using Syncline.Sqlite.Backups;

namespace Syncline.Server;

/// <summary><c>syncline restore</c>: while no server uses the data folder.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        Option<string> from = new("--from") { Description = "The backup's folder.", Required = true };
        Option<string> data = new("--data") { Description = "The server's data folder.", DefaultValueFactory = _ => "data" };
        Option<string?> space = new("--space") { Description = "The one space to restore. Without it: all spaces and the accounts." };
        Option<bool> discard = new("--discard") { Description = "Delete what was replaced, instead of keeping it aside in the data folder." };
        Command command = new("restore", "Restores a backup. The server must be stopped; devices bring back by themselves what they had pushed since.")
        {
            from, data, space, discard,
        };
        command.SetAction((result, cancellationToken) => RunAsync(
            new SqliteRestore(result.GetRequiredValue(from), result.GetRequiredValue(data), TimeProvider.System, new SystemRandomBytes()),
            result.GetValue(space),
            result.GetValue(discard),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(SqliteRestore restore, string? space, bool discard, CancellationToken cancellationToken)
    {
        SpaceId one = default;
        if (space is not null && !SpaceId.TryParse(space, out one))
        {
            await Console.Error.WriteLineAsync($"syncline: '{space}' is no space id");
            return 1;
        }

        try
        {
            RestoreReport report = space is null
                ? restore.RestoreAll(discard, cancellationToken)
                : restore.RestoreSpace(one, discard, cancellationToken);
            string what = space is null
                ? string.Create(CultureInfo.InvariantCulture, $"{report.Spaces} spaces and the accounts")
                : $"space {one}";
            Console.WriteLine($"Restored {what} as of {report.MadeAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
            if (report.Aside is { } aside) Console.WriteLine($"What was replaced is kept in {aside}: delete it when you do not need it any more");
            return 0;
        }
        catch (Exception e) when (BackupCommand.IsForTheOperator(e))
        {
            await Console.Error.WriteLineAsync($"syncline: {e.Message}");
            return 1;
        }
    }
}
