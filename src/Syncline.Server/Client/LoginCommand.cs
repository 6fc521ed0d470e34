using System.CommandLine;
using System.Text;

namespace Syncline.Server.Client;

/// <summary><c>syncline login</c>: keeps a login in the local file.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        Argument<string> user = new("user") { Description = "The user name." };
        Option<bool> register = new("--register") { Description = "Makes the account first." };
        Option<string?> invite = new("--invite") { Description = "The invite, where the server wants one." };
        Command command = ClientSession.With(new Command("login", "Logs in to a server; the password is read from the terminal, or from SYNCLINE_PASSWORD.") { user, register, invite });
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            async (session, token) =>
            {
                string password = Environment.GetEnvironmentVariable("SYNCLINE_PASSWORD") ?? ReadPassword();
                if (result.GetValue(register))
                    await session.Client.RegisterAsync(result.GetRequiredValue(user), password, result.GetValue(invite), token);
                else
                    await session.Client.LogInAsync(result.GetRequiredValue(user), password, token);
                return 0;
            },
            cancellationToken));
        return command;
    }

    private static string ReadPassword()
    {
        if (Console.IsInputRedirected)
            return Console.ReadLine() ?? "";
        Console.Error.Write("Password: ");
        StringBuilder password = new();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                password.Length = Math.Max(0, password.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                password.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return password.ToString();
    }
}
