using System.Globalization;
using Syncline.Simulation;
using Syncline.Simulation.Bugs;
using Syncline.Simulation.Server;

// --from N --count N [--lines N]    runs seeds, says which faults struck, and exits 1 with the seed that fails
// --survey --from N --count N       runs all of them, and says of each that fails one line
// --bug NAME [--from N] [--count N] the same with a known bug in the product: exits 0 when it is found
// --bugs                            looks for each known bug, within as many seeds as it says
Dictionary<string, string> arguments = new(StringComparer.Ordinal);
for (int i = 0; i < args.Length; i++)
    arguments[args[i]] = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : "";
int from = Number("--from", 1);
Runner runner = new(Console.Out, Number("--lines", 60));
try
{
    bool holds;
    if (arguments.ContainsKey("--bugs"))
    {
        int missed = Bug.All.Count(bug => !runner.Finds(bug, from: 1, bug.FoundWithin, isQuiet: true));
        Console.WriteLine($"{Bug.All.Count - missed} passed, {missed} failed");
        holds = missed == 0;
    }
    else if (arguments.TryGetValue("--bug", out string? name))
    {
        Bug bug = Bug.All.Single(one => one.Name == name);
        holds = runner.Finds(bug, from, Number("--count", bug.FoundWithin), isQuiet: false);
    }
    else if (arguments.ContainsKey("--survey"))
    {
        holds = runner.Survey(from, Number("--count", 100));
    }
    else
    {
        holds = runner.Replays(from) && runner.Holds(from, Number("--count", 100));
    }

    return holds ? 0 : 1;
}
finally
{
    KeyFile.Delete();
}

int Number(string name, int otherwise) =>
    arguments.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
