using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Syncline.AspNetCore.Doors;
using Syncline.Server;

namespace Syncline.Tests.Doors;

/// <summary>The whole server program in this process: real Kestrel on a free port of loopback, SQLite in a temporary folder.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly string _data;
    private readonly bool _ownsData;

    private TestServer(WebApplication app, string data, bool ownsData)
    {
        App = app;
        _data = data;
        _ownsData = ownsData;
        Address = new Uri(SynclineHost.AddressesOf(app).First());
        Http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = Address };
    }

    public WebApplication App { get; }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public string Data => _data;

    public static Task<TestServer> StartAsync(params string[] settings) => StartAsync(data: null, configure: null, settings);

    public static async Task<TestServer> StartAsync(string? data, Action<WebApplicationBuilder>? configure, params string[] settings)
    {
        string folder = data ?? Directory.CreateTempSubdirectory("syncline-test-").FullName;
        string[] mode = settings.Any(setting => setting.StartsWith("--Auth:Mode", StringComparison.Ordinal)) ? [] : ["--Auth:Mode=None"];
        WebApplication app = SynclineHost.Build(
            ["--urls", "http://127.0.0.1:0", "--data", folder, "--Logging:LogLevel:Default=None", .. mode, .. settings], configure);
        await app.StartAsync();
        return new TestServer(app, folder, ownsData: data is null);
    }

    /// <summary>Has the server take its time from a clock that the test moves.</summary>
    public static void UseTime(WebApplicationBuilder builder, TimeProvider time) => builder.Services.AddSingleton(time);

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public async Task<string> MakeSpaceAsync(string id = "plans", string? token = null)
    {
        (int status, JsonNode answer) = await SendAsync(HttpMethod.Post, "/spaces", $$"""{"id":"{{id}}","name":"Plans"}""", token);
        Assert.Equal(201, status);
        return answer["epoch"]!.GetValue<string>();
    }

    public async Task<(int Status, JsonNode Answer)> SendAsync(
        HttpMethod method, string path, string? body = null, string? token = null, CancellationToken cancellationToken = default)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using HttpResponseMessage response = await Http.SendAsync(request, cancellationToken);
        return await ReadAsync(response);
    }

    /// <summary>Makes an account and gives its access token.</summary>
    public async Task<string> RegisterAsync(string name)
    {
        (int status, JsonNode answer) = await SendAsync(
            HttpMethod.Post, "/auth/register", $$"""{"userName":"{{name}}","password":"correct horse battery"}""");
        Assert.Equal(201, status);
        return answer["accessToken"]!.GetValue<string>();
    }

    /// <summary>Makes somebody a member of the space <c>plans</c>, or another kind of one.</summary>
    public Task<(int Status, JsonNode Answer)> SetRoleAsync(string user, string role, string token) =>
        SendAsync(HttpMethod.Put, $"/spaces/plans/members/{user}", $$"""{"role":"{{role}}"}""", token);

    public static async Task<(int Status, JsonNode Answer)> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        int status = (int)response.StatusCode;
        if (status >= 400)
        {
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            JsonNode problem = JsonNode.Parse(text)!;
            Assert.Equal(status, problem["status"]!.GetValue<int>());
            bool retryable = problem["retryable"]!.GetValue<bool>();
            Assert.Equal(retryable, response.Headers.RetryAfter is not null);
            Assert.Equal(retryable, problem["retryAfter"] is not null);
            Assert.NotEmpty(problem["detail"]!.GetValue<string>());
        }

        return (status, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 100 })!);
    }

    public Task<(int Status, JsonNode Answer)> GetAsync(string path, string? token = null) => SendAsync(HttpMethod.Get, path, token: token);

    public Task<(int Status, JsonNode Answer)> PushAsync(string operations, string space = "plans", string? token = null) =>
        SendAsync(HttpMethod.Post, $"/spaces/{space}/push", $$"""{"clientId":"c","operations":[{{operations}}]}""", token);

    public Task<(int Status, JsonNode Answer)> PutAsync(string operations, string space = "plans", string tree = "root", string? token = null) =>
        SendAsync(
            HttpMethod.Put,
            $"/spaces/{space}/operations",
            $$"""{"treeId":"{{tree}}","operations":[{{operations}}]}""",
            token);

    public Task<(int Status, JsonNode Answer)> SyncAsync(string body, string space = "plans", string? token = null) =>
        SendAsync(HttpMethod.Post, $"/spaces/{space}/sync", body, token);

    public static string Note(string actor, string clock, string payload = "{}", string more = "") =>
        $$"""{"scope":"note","resourceId":"r","actor":"{{actor}}","clock":{{clock}},"payload":{{payload}}{{more}}}""";

    public static string Move(string peer, string counter, string target, string? parent) =>
        $$$"""{"operation":{"id":{"counter":{{{counter}}},"peerId":"{{{peer}}}"},"targetId":"{{{target}}}","parentId":{{{(parent is null ? "null" : $"\"{parent}\"")}}} }}""";

    public static string Set(string peer, string counter, string target, string key, string? value, string more = "") =>
        $$$"""{"operation":{"id":{"counter":{{{counter}}},"peerId":"{{{peer}}}"},"targetId":"{{{target}}}","key":"{{{key}}}"{{{(value is null ? "" : $",\"value\":{value}")}}}{{{more}}} }}""";

    /// <summary>Returns when so many requests wait.</summary>
    public async Task UntilWaitingAsync(int count)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        while (Get<WaitGate>().Count != count)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>The code of the i-th result of a push, or its status when it was not rejected.</summary>
    public static string Result(JsonNode answer, int index) =>
        answer["results"]![index]!["code"]?.GetValue<string>() ?? answer["results"]![index]!["status"]!.GetValue<string>();

    /// <summary>The code of the i-th operation of a PUT; null when it was not rejected.</summary>
    public static string? Rejected(JsonNode answer, int index) =>
        answer["rejected"]!.AsArray().SingleOrDefault(one => one!["index"]!.GetValue<int>() == index)?["code"]!.GetValue<string>();

    /// <summary>The ids of the operations of a tree in a sync's answer, in their order.</summary>
    public static string Ids(JsonNode answer, string tree = "root") =>
        string.Join(' ', answer["operations"]![tree]?.AsArray().Select(one => one!["id"]!.GetValue<string>()) ?? []);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        if (_ownsData)
            Directory.Delete(_data, recursive: true);
    }
}
