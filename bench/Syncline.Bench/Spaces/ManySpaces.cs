using Syncline.Bench.Harness;

namespace Syncline.Bench.Spaces;

/// <summary>Resident memory while some of many spaces are used, again and again, and then others.</summary>
internal static class ManySpaces
{
    private const int OthersMax = 10_000;
    private const int Rounds = 5;

    public static Sample Measure(int onDisk, int active)
    {
        using SpaceFiles files = new(onDisk, openSpacesMax: 256);
        double start = Resident();
        List<double> after = [];
        Stage stage = Stage.Begin();
        for (int round = 0; round < Rounds; round++)
        {
            // Spread over all that are there.
            for (int i = 0; i < active; i++)
                files.Append(i * (onDisk / active));
            after.Add(Resident());
        }

        Sample sample = stage.End(Rounds * active);
        sample.More["start"] = Sample.Number(start);
        sample.More["1 round"] = Sample.Number(after[0]);
        sample.More["5 rounds"] = Sample.Number(after[^1]);
        if (onDisk > active)
        {
            for (int i = 0; i < Math.Min(onDisk, OthersMax); i++)
                files.Append(i);
            sample.More["others"] = Sample.Number(Resident());
        }

        return sample;
    }

    private static double Resident()
    {
        GC.Collect();
        return Memory.ResidentKibibytes(Environment.ProcessId) / 1024;
    }
}
