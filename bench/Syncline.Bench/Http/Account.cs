using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Syncline.Core.Operations;

namespace Syncline.Bench.Http;

/// <summary>A user as the server's own accounts have them, with a bearer token.</summary>
/// <param name="Id">The user.</param>
/// <param name="Token">Good for a quarter of an hour, also after a restart of the server.</param>
internal sealed record Account(UserId Id, string Token)
{
    /// <summary>What every request carries.</summary>
    public string Headers => $"Host: 127.0.0.1\r\nAuthorization: Bearer {Token}\r\n";

    public static async Task<Account> RegisterAsync(string address)
    {
        using HttpClient http = new();
        using HttpResponseMessage answer = await http.PostAsync(
            new Uri($"{address}/auth/register"), JsonContent("""{"userName":"bench","password":"ten characters"}"""));
        answer.EnsureSuccessStatusCode();
        JsonElement login = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return new Account(new UserId(login.GetProperty("user").GetProperty("id").GetString()!), login.GetProperty("accessToken").GetString()!);
    }

    public async Task<Epoch> MakeSpaceAsync(string address, string space)
    {
        JsonElement made = await SendAsync(HttpMethod.Post, $"{address}/spaces", $$"""{"id":"{{space}}","name":"{{space}}"}""");
        return new Epoch(made.GetProperty("epoch").GetString()!);
    }

    public async Task<JsonElement> SendAsync(HttpMethod method, string url, string json)
    {
        using HttpClient http = new();
        using HttpRequestMessage request = new(method, url) { Content = JsonContent(json) };
        request.Headers.Authorization = new("Bearer", Token);
        using HttpResponseMessage answer = await http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new InvalidOperationException(text);
    }

    /// <summary>Starts the product in this process, on a data folder that a server of its own takes over later, to fill it.</summary>
    public static async Task<(WebApplication App, Account Account, string Address)> PrepareAsync(string folder)
    {
        WebApplication app = ServerHost.Build(ServerHost.Syncline, "http://127.0.0.1:0", folder);
        await app.StartAsync();
        string address = Server.SynclineHost.AddressesOf(app).First();
        return (app, await RegisterAsync(address), address);
    }

    private static StringContent JsonContent(string json) => new(json, System.Text.Encoding.UTF8, "application/json");
}
