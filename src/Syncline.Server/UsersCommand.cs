using System.CommandLine;
using System.Globalization;
using Syncline.AspNetCore;
using Syncline.AspNetCore.Accounts;
using Syncline.Sqlite;

namespace Syncline.Server;

/// <summary><c>syncline users …</c>: works beside a running server.</summary>
internal static class UsersCommand
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "The server's data folder.", DefaultValueFactory = _ => "data" };
        Option<double> days = new("--days") { Description = "How long the invite is good.", DefaultValueFactory = _ => 7 };
        Command invite = new("invite", "Prints an invite that lets one person register.") { data, days };
        invite.SetAction((result, cancellationToken) =>
            InviteAsync(result.GetRequiredValue(data), result.GetRequiredValue(days), cancellationToken));
        Command users = new("users", "Users of the server.");
        users.Add(invite);
        return users;
    }

    private static async Task<int> InviteAsync(string folder, double days, CancellationToken cancellationToken)
    {
        if (days is not (> 0 and <= 365))
        {
            await Console.Error.WriteLineAsync("syncline: --days is more than 0 and at most 365");
            return 1;
        }

        try
        {
            using SqliteAccountStore accounts = SqliteAccountStore.OpenBesideServer(folder);
            string token = await new Invites(accounts, new SystemRandomBytes(), TimeProvider.System).CreateAsync(TimeSpan.FromDays(days), cancellationToken);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"Good for one registration within {days} days: POST /auth/register {{…, \"invite\": \"<token>\"}}"));
            Console.WriteLine(token);
            return 0;
        }
        catch (Exception e) when (BackupCommand.IsForTheOperator(e))
        {
            await Console.Error.WriteLineAsync($"syncline: {e.Message}");
            return 1;
        }
    }
}
