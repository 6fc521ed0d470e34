using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Syncline.Simulation.Network;
using Syncline.Simulation.Scheduling;

namespace Syncline.Simulation.World;

/// <summary>Owns the spaces, over a line that never fails: makes accounts and spaces, and gives and takes roles, through the same doors as everybody.</summary>
internal sealed class Operator(SimulatedNetwork network, Process process) : IDisposable
{
    private const string Name = "owner";
    private readonly HttpMessageInvoker _http = new(network.Connect(new Link(Name) { IsSafe = true }));

    public static string PasswordOf(string user) => $"password of {user}";

    public async Task MakeAccountAsync(string user) =>
        await AskAsync(HttpMethod.Post, "/auth/register", CredentialsOf(user), token: null);

    /// <summary>Makes the spaces, with these users as editors.</summary>
    public async Task MakeSpacesAsync(IReadOnlyList<string> spaces, IReadOnlyList<string> users)
    {
        await MakeAccountAsync(Name);
        foreach (string user in users)
            await MakeAccountAsync(user);
        foreach (string space in spaces)
        {
            await AskAsync(HttpMethod.Post, "/spaces", $$"""{"id":"{{space}}","name":"{{space}}"}""", await LogInAsync(Name));
            foreach (string user in users)
                await SetRoleAsync(space, user, "editor");
        }
    }

    /// <summary>Gives a role; null takes it away.</summary>
    public async Task SetRoleAsync(string space, string user, string? role)
    {
        HttpMethod method = role is null ? HttpMethod.Delete : HttpMethod.Put;
        await AskAsync(method, $"/spaces/{space}/members/{user}", role is null ? null : $$"""{"role":"{{role}}"}""", await LogInAsync(Name));
    }

    /// <summary>Ends the login that an access token is of.</summary>
    public async Task EndLoginAsync(string token) => await AskAsync(HttpMethod.Post, "/auth/logout", body: null, token);

    public void Dispose() => _http.Dispose();

    private async Task<string> LogInAsync(string user) =>
        (await AskAsync(HttpMethod.Post, "/auth/login", CredentialsOf(user), token: null))["accessToken"]!.GetValue<string>();

    private static string CredentialsOf(string user) => $$"""{"userName":"{{user}}","password":"{{PasswordOf(user)}}"}""";

    // The server may be down, its disk full, or what was asked for done already by a request that it did not answer.
    private async Task<JsonNode> AskAsync(HttpMethod method, string path, string? body, string? token)
    {
        while (true)
        {
            try
            {
                using HttpRequestMessage request = new(method, "http://server" + path);
                if (body is not null)
                    request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                if (token is not null)
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                using HttpResponseMessage response = await _http.SendAsync(request, CancellationToken.None);
                int status = (int)response.StatusCode;
                string text = await response.Content.ReadAsStringAsync();
                if (status < 500)
                {
                    return status is < 300 or 401 or 404 or 409 ? JsonNode.Parse(text.Length == 0 ? "{}" : text)!
                        : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{method} {path} was answered {status} {text}"));
                }
            }
            catch (HttpRequestException)
            {
                // Again.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), process.Time);
        }
    }
}
