namespace Syncline.Tests;

/// <summary>Runs a test once per seed; what fails names its seed.</summary>
internal static class Seeds
{
    public static void Run(int first, int count, Action<Random> test)
    {
        for (int seed = first; seed < first + count; seed++)
        {
            try
            {
                test(new Random(seed));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>One of <paramref name="choices"/>.</summary>
    public static T Pick<T>(this Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    /// <summary>True in <paramref name="percent"/> of a hundred cases.</summary>
    public static bool Chance(this Random random, int percent) => random.Next(100) < percent;
}
