using System.CommandLine;
using Syncline.AspNetCore.Accounts;
using Syncline.Engine.Storage;
using Syncline.Sqlite;

namespace Syncline.Server;

/// <summary><c>syncline serve</c>.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        Command command = new("serve", "Starts the server. Options: --urls http://127.0.0.1:5080 --data ./data --Auth:Mode=None, and any other setting.")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        command.SetAction((result, cancellationToken) => RunAsync([.. result.UnmatchedTokens], cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            await using WebApplication app = SynclineHost.Build(arguments);
            await app.StartAsync(cancellationToken);
            Greet(app);
            await app.WaitForShutdownAsync(cancellationToken);
            return 0;
        }
        catch (Exception e) when (e is not ObjectDisposedException
            && e is DataFolderLockedException or StoreUnavailableException or IOException or UnauthorizedAccessException
                or InvalidOperationException or Microsoft.Extensions.Options.OptionsValidationException)
        {
            // What the operator can mend is said in a line, not as a stack of calls.
            await Console.Error.WriteLineAsync($"syncline: {e.Message}");
            return 1;
        }
    }

    private static void Greet(WebApplication app)
    {
        string address = SynclineHost.AddressesOf(app).First();
        bool isOpen = app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<AuthOptions>>().Value.Mode == AuthMode.None;
        Console.WriteLine($"Syncline listens on {string.Join(", ", SynclineHost.AddressesOf(app))}");
        Console.WriteLine($"Its data is in {SynclineHost.DataFolder(app.Configuration)}");
        Console.WriteLine(isOpen
            ? $"Try next: curl -X POST {address}/spaces -H 'content-type: application/json' -d '{{\"id\":\"plans\",\"name\":\"Plans\"}}'"
            : $"Try next: curl -X POST {address}/auth/register -H 'content-type: application/json' "
                + "-d '{\"userName\":\"me\",\"password\":\"ten characters\"}'");
    }
}
