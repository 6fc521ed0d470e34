using Syncline.Bench.Harness;
using Syncline.Bench.Storage;

namespace Syncline.Bench.Spaces;

/// <summary>Ten operations to each of many spaces in turns: each opened and closed again, or all held open.</summary>
internal static class RoundRobin
{
    private const int ColdWarmUp = 500;
    private const int WarmRounds = 3;

    public static Sample ColdBare(int spaces) => Cold(spaces, (files, space) =>
    {
        using BareLog log = Open(files, space);
        log.Append(files.NextRows(space));
    });

    // One file may stay open: the next space closes it.
    public static Sample ColdStore(int spaces) => Cold(spaces, (files, space) => files.Append(space));

    public static Sample WarmBare(int spaces)
    {
        using SpaceFiles files = new(spaces, openSpacesMax: 1);
        BareLog[] logs = [.. Enumerable.Range(0, spaces).Select(space => Open(files, space))];
        try
        {
            return Warm(spaces, space => logs[space].Append(files.NextRows(space)));
        }
        finally
        {
            foreach (BareLog log in logs)
                log.Dispose();
        }
    }

    public static Sample WarmStore(int spaces)
    {
        using SpaceFiles files = new(spaces, openSpacesMax: spaces);
        return Warm(spaces, files.Append);
    }

    private static Sample Cold(int spaces, Action<SpaceFiles, int> use)
    {
        using SpaceFiles files = new(spaces + ColdWarmUp, openSpacesMax: 1);
        for (int space = spaces; space < spaces + ColdWarmUp; space++)
            use(files, space);
        Stage stage = Stage.Begin();
        for (int space = 0; space < spaces; space++)
            use(files, space);
        return stage.End(spaces);
    }

    private static Sample Warm(int spaces, Action<int> append)
    {
        for (int space = 0; space < spaces; space++)
            append(space);
        Stage stage = Stage.Begin();
        for (int round = 0; round < WarmRounds; round++)
        {
            for (int space = 0; space < spaces; space++)
                append(space);
        }

        return stage.End(WarmRounds * spaces);
    }

    private static BareLog Open(SpaceFiles files, int space) => BareLog.Open(files.PathOf(space), cacheKibibytes: 256);
}
