using Syncline.Client.Storage;

namespace Syncline.Conformance.Sqlite.Local;

/// <summary>A client that writes until it is killed, in a process of its own.</summary>
internal static class LocalStoreVictim
{
    public const string Command = "write-until-killed";

    public const int OperationsPerWrite = 7;

    /// <summary>The test runner does not come this way: it loads the tests into a process of its own.</summary>
    public static async Task<int> Main(string[] arguments)
    {
        if (arguments is not [Command, string path]) return 2;

        await using SqliteLocalStore store = LocalStoreFile.Open(path);
        while (true)
        {
            await store.MakeAsync(OperationsPerWrite);
            Console.WriteLine("acknowledged");
        }
    }
}
