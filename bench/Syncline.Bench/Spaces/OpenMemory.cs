using System.Globalization;
using SQLitePCL;
using Syncline.Bench.Harness;
using Syncline.Bench.Storage;

namespace Syncline.Bench.Spaces;

/// <summary>What a file that is held open costs in resident memory, after three rounds of ten appended rows in each of them.</summary>
internal static class OpenMemory
{
    private const int Rounds = 3;

    public static Sample Store(int spaces)
    {
        using SpaceFiles files = new(spaces, openSpacesMax: spaces);
        files.Append(0);
        double before = Resident();
        for (int round = 0; round < Rounds; round++)
        {
            for (int space = 1; space < spaces; space++)
                files.Append(space);
        }

        return Grown(before, spaces - 1);
    }

    /// <summary>A connection opened as most programs do: default page cache, default lookaside, prepared statements of its own.</summary>
    public static Sample Default(int spaces, bool bundled)
    {
        if (bundled)
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
        else
            raw.SetProvider(new SQLite3Provider_sqlite3());
        Binding.Shape shape = Binding.Shapes[1];
        using TemporaryFolder folder = new();
        List<sqlite3> open = [];
        Open(0);
        double before = Resident();
        for (int space = 1; space < spaces; space++)
            Open(space);
        Sample sample = Grown(before, spaces - 1);
        foreach (sqlite3 database in open)
            database.Dispose();
        return sample;

        void Open(int space)
        {
            raw.sqlite3_open(folder.PathOf(string.Create(CultureInfo.InvariantCulture, $"{space}.db")), out sqlite3 database);
            raw.sqlite3_exec(database, $"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {shape.Schema}");
            open.Add(database);
            for (int round = 0; round < Rounds; round++)
                Binding.WritePeers(database, shape, new Binding.Configuration("NORMAL", 10, 10), first: round * 10);
        }
    }

    private static Sample Grown(double before, int spaces)
    {
        double each = (Resident() - before) / spaces;
        Sample sample = new() { Count = spaces, Milliseconds = 1 };
        sample.More["KiB"] = Sample.Number(each);
        return sample;
    }

    private static double Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Memory.ResidentKibibytes(Environment.ProcessId);
    }
}
