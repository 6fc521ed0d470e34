using System.Buffers;
using System.CommandLine;
using System.Text;
using Syncline.Client;
using Syncline.Core.Operations;

namespace Syncline.Server.Client;

/// <summary><c>syncline log</c>: the operations of a space, a line of JSON each.</summary>
internal static class LogCommand
{
    public static Command Create()
    {
        Argument<string> space = new("space") { Description = "The space's id." };
        Option<long> after = new("--after") { Description = "Only operations after this seq.", DefaultValueFactory = _ => 0 };
        Option<string?> scope = new("--scope") { Description = "Only operations of this scope." };
        Option<bool> follow = new("--follow", "-f") { Description = "Goes on with what comes." };
        Command command = ClientSession.With(new Command("log", "Prints the log of a space as the server has it, an operation a line.") { space, after, scope, follow });
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            (session, token) => PrintAsync(
                session, result.GetRequiredValue(space), result.GetRequiredValue(after), result.GetValue(scope), result.GetValue(follow), token),
            cancellationToken));
        return command;
    }

    private static async Task<int> PrintAsync(
        ClientSession session, string id, long after, string? scope, bool follow, CancellationToken cancellationToken)
    {
        Space space = await session.OpenSpaceAsync(id, cancellationToken);
        using SemaphoreSlim changed = new(0);
        if (follow)
            space.Changed += (_, _) => changed.Release();
        while (true)
        {
            await foreach (LoggedOperation logged in space.ReadLogAsync(after, cancellationToken))
            {
                after = logged.Seq;
                if (scope is null || logged.Operation.Id.Scope.Value == scope)
                    Print(logged);
            }

            if (!follow)
                return 0;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private static void Print(LoggedOperation logged)
    {
        ArrayBufferWriter<byte> line = new();
        OperationJson.WriteAll(line, [logged]);
        Console.WriteLine(Encoding.UTF8.GetString(line.WrittenSpan));
    }
}
