using System.Text.Json;
using System.Text.Json.Serialization;

namespace Syncline.Bench.Harness;

/// <summary>One measurement of one process.</summary>
internal sealed record Sample
{
    /// <summary>How many things were done.</summary>
    [JsonPropertyName("n")]
    public required double Count { get; init; }

    /// <summary>In which time.</summary>
    [JsonPropertyName("ms")]
    public required double Milliseconds { get; init; }

    /// <summary>The most memory that the process had, in MB; set where it is read.</summary>
    [JsonPropertyName("rssMB")]
    public double PeakMegabytes { get; init; }

    /// <summary>Managed bytes that our own code allocated in that time; 0 for a peer.</summary>
    [JsonPropertyName("allocated")]
    public long AllocatedBytes { get; init; }

    /// <summary>"ok" when the result was compared with the known one; anything else is a failure.</summary>
    [JsonPropertyName("check")]
    public string? Check { get; init; }

    /// <summary>What else a workload tells.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> More { get; set; } = [];

    [JsonIgnore]
    public double PerSecond => Count / Milliseconds * 1000;

    [JsonIgnore]
    public double AllocatedPerItem => AllocatedBytes / Count;

    public double Value(string name) => More[name].GetDouble();

    public static JsonElement Number(double value) => JsonSerializer.SerializeToElement(value, SampleJson.Default.Double);
}

[JsonSerializable(typeof(Sample))]
[JsonSerializable(typeof(double))]
internal sealed partial class SampleJson : JsonSerializerContext;
