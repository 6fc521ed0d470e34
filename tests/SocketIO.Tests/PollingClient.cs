using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SocketIO.Tests;

/// <summary>A session by long-polling, packet by packet as the test wants it.</summary>
internal sealed class PollingClient
{
    private readonly HttpClient _http;
    private readonly string _path;

    private PollingClient(HttpClient http, string path, JsonNode open)
    {
        (_http, _path, Open) = (http, path, open);
    }

    /// <summary>What the server said when the session was opened.</summary>
    public JsonNode Open { get; }

    public string Id => Open["sid"]!.GetValue<string>();

    public string Query => $"EIO=4&transport=polling&sid={Id}";

    public static async Task<PollingClient> OpenAsync(HttpClient http, string path)
    {
        string body = await http.GetStringAsync($"{path}?EIO=4&transport=polling");
        Assert.StartsWith("0", body, StringComparison.Ordinal);
        return new PollingClient(http, path, JsonSerializer.Deserialize<JsonNode>(body[1..])!);
    }

    public async Task<(int Status, string Body)> GetAsync(CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage answer = await _http.GetAsync($"{_path}?{Query}", cancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
    }

    public Task<(int Status, string Body)> PostAsync(string body) => PostAsync(Encoding.UTF8.GetBytes(body));

    public async Task<(int Status, string Body)> PostAsync(byte[] body)
    {
        using ByteArrayContent content = new(body);
        using HttpResponseMessage answer = await _http.PostAsync($"{_path}?{Query}", content);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The next packets that are no pings, which are answered.</summary>
    public async Task<string[]> ReceiveAsync()
    {
        while (true)
        {
            (int status, string body) = await GetAsync();
            Assert.Equal(200, status);
            string[] packets = body.Split('\u001e');
            if (packets.Contains("2"))
                await PostAsync("3");
            string[] others = [.. packets.Where(packet => packet != "2")];
            if (others.Length > 0)
                return others;
        }
    }
}
