using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using static Syncline.Tests.Accounts.AccountServer;

namespace Syncline.Tests.Accounts;

public sealed class LocalAccountsTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Whoever_registers_is_logged_in_and_can_log_in_again()
    {
        await using AccountServer server = await StartAsync();

        Answer registered = await server.PostAsync("/auth/register", new { userName = "Alice.B", password = Password, displayName = "Alice Ü" });
        Assert.Equal(201, registered.Status);
        string id = registered.Body!["user"]!["id"]!.GetValue<string>();
        string user = $$"""{"id":"{{id}}","userName":"alice.b","displayName":"Alice Ü"}""";
        Assert.Equal(32, id.Length);
        Assert.Equal(["user", "accessToken", "expiresIn", "refreshToken"], registered.Body.AsObject().Select(member => member.Key));
        Assert.Equal(900, registered.Body["expiresIn"]!.GetValue<int>());
        Assert.Equal("no-store", registered.Headers.CacheControl!.ToString());
        Assert.Equal("application/json", registered.ContentHeaders.ContentType!.MediaType);

        Answer loggedIn = await server.PostAsync("/auth/login", new { userName = "ALICE.B", password = Password });
        Assert.Equal(200, loggedIn.Status);
        foreach (Answer answer in new[] { registered, loggedIn, await server.GetAsync("/auth/me", loggedIn.AccessToken) })
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(user), answer.Body!["user"]));
        Assert.Equal(id, (await server.GetAsync("/whoami", registered.AccessToken)).Body!["id"]!.GetValue<string>());
        Assert.NotEqual(registered.RefreshToken, loggedIn.RefreshToken);
    }

    [Fact]
    public async Task A_token_is_taken_from_the_header_only_and_while_it_is_good()
    {
        await using AccountServer server = await StartAsync();
        string token = (await server.RegisterAsync("alice")).AccessToken;

        Assert.Equal(200, (await Me("Bearer " + token)).Status);
        Assert.Equal(200, (await Me("bearer  " + token)).Status);
        Assert.Equal(401, (await Me("Basic " + token)).Status);
        Assert.Equal(401, (await Me("Bearer")).Status);
        Assert.Equal(401, (await Me(token)).Status);
        Assert.Equal(401, (await Me(null)).Status);
        Answer refused = await server.GetAsync($"/auth/me?access_token={token}&token={token}");
        Assert.Equal((401, ErrorCodes.Unauthenticated), (refused.Status, refused.Code));
        Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());

        server.Time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(401, (await Me("Bearer " + token)).Status);

        Task<Answer> Me(string? authorization) => server.SendAsync(
            HttpMethod.Get,
            "/auth/me",
            with: request =>
            {
                if (authorization is not null)
                    request.Headers.TryAddWithoutValidation("Authorization", authorization);
            });
    }

    [Theory]
    [InlineData("""{"password":"0123456789"}""", "the member userName is missing")]
    [InlineData("""{"userName":null,"password":"0123456789"}""", "the member userName is missing")]
    [InlineData("""{"userName":"a","password":"0123456789"}""", "userName is not 2 to 64")]
    [InlineData("""{"userName":".a","password":"0123456789"}""", "userName is not 2 to 64")]
    [InlineData("""{"userName":"a b","password":"0123456789"}""", "userName is not 2 to 64")]
    [InlineData("""{"userName":"K1\u212A","password":"0123456789"}""", "userName is not 2 to 64")]
    [InlineData("""{"userName":"Constructor","password":"0123456789"}""", "userName is not 2 to 64")]
    [InlineData("""{"userName":"alice"}""", "the member password is missing")]
    [InlineData("""{"userName":"alice","password":7}""", "password is not a text")]
    [InlineData("""{"userName":"alice","password":"012345678"}""", "password is shorter than 10")]
    [InlineData("""{"userName":"alice","password":"0123456789","displayName":""}""", "displayName is empty")]
    [InlineData("""{"userName":"alice","password":"0123456789","displayName":"a\nb"}""", "displayName is empty")]
    [InlineData("""{"userName":"alice","password":"0123456789","displayName":7}""", "displayName is not a text")]
    [InlineData("[]", "the body is not a JSON object")]
    public async Task A_wrong_member_is_named(string body, string says)
    {
        await using AccountServer server = await StartAsync();
        Answer answer = await SendTextAsync(server, "/auth/register", body);
        Assert.Equal((400, ErrorCodes.InvalidRequest), (answer.Status, answer.Code));
        Assert.StartsWith(says, answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_at_their_limits_pass_and_beyond_them_are_named()
    {
        await using AccountServer server = await StartAsync();
        string longest = new('p', 1_024);
        Answer passed = await server.PostAsync(
            "/auth/register", new { userName = new string('u', 64), password = longest, displayName = new string('d', 200), more = new[] { 1 } });
        Assert.Equal(201, passed.Status);

        Answer password = await server.PostAsync("/auth/register", new { userName = "alice", password = longest + "p" });
        Assert.Equal("password is longer than 1024 characters", password.Detail);
        Assert.Equal(400, (await server.PostAsync("/auth/login", new { userName = "alice", password = longest + "p" })).Status);
        Assert.Equal(400, (await server.PostAsync("/auth/register", new { userName = new string('u', 65), password = longest })).Status);
        Assert.Equal(
            400, (await server.PostAsync("/auth/register", new { userName = "bob", password = longest, displayName = new string('d', 201) })).Status);
    }

    [Fact]
    public async Task Another_content_type_is_answered_as_a_problem()
    {
        await using AccountServer server = await StartAsync();
        const string body = """{"userName":"alice","password":"0123456789"}""";
        Answer refused = await SendTextAsync(server, "/auth/register", body, "text/plain");
        Assert.Equal((415, ErrorCodes.UnsupportedMediaType), (refused.Status, refused.Code));
        Assert.Equal(201, (await SendTextAsync(server, "/auth/register", body, null)).Status);
        Assert.Equal(200, (await SendTextAsync(server, "/auth/login", body, "application/vnd.syncline+json")).Status);
    }

    [Fact]
    public async Task A_name_is_given_once_without_regard_to_case()
    {
        await using AccountServer server = await StartAsync();
        await server.RegisterAsync("alice");
        Answer answer = await server.PostAsync("/auth/register", new { userName = "ALICE", password = Password });
        Assert.Equal((409, ErrorCodes.NameTaken), (answer.Status, answer.Code));
        Assert.Equal("the userName alice is in use", answer.Detail);
    }

    [Theory]
    [InlineData("alice", "wrong password")]
    [InlineData("alice", "")]
    [InlineData("nobody", Password)]
    [InlineData("constructor", Password)]
    [InlineData("toString", Password)]
    [InlineData("not a name", Password)]
    [InlineData("", Password)]
    [InlineData("embedded", "")]
    [InlineData("embedded", "nobody")]
    public async Task A_wrong_name_and_a_wrong_password_are_answered_alike(string userName, string password)
    {
        await using AccountServer server = await StartAsync();
        await server.RegisterAsync("alice");
        await server.Store.AddUserAsync(
            new User(new UserId("e"), "embedded", "Embedded"), null, null, new Audit(null, server.Time.GetUtcNow()), CancellationToken.None);

        Answer answer = await server.PostAsync("/auth/login", new { userName, password });
        Assert.Equal((401, ErrorCodes.Unauthenticated), (answer.Status, answer.Code));
        Assert.Equal("the userName or the password is wrong", answer.Detail);
    }

    [Fact]
    public async Task A_hash_of_an_older_kind_is_replaced_at_the_next_login()
    {
        await using AccountServer server = await StartAsync();
        await server.RegisterAsync("alice");
        Credentials credentials = (await server.Store.FindCredentialsAsync("alice", CancellationToken.None))!;
        using Passwords weak = new(iterations: 10);
        string old = await weak.HashAsync(credentials.User, Password, CancellationToken.None);
        await server.Store.SetPasswordHashAsync(
            credentials.User.Id, old, new Audit(null, server.Time.GetUtcNow()), CancellationToken.None);

        Assert.Equal(200, (await LoginAsync(server)).Status);
        Assert.NotEqual(old, (await server.Store.FindCredentialsAsync("alice", CancellationToken.None))!.PasswordHash);
        Assert.Equal(200, (await LoginAsync(server)).Status);
    }

    [Fact]
    public async Task A_refresh_token_works_once_and_the_next_goes_on()
    {
        await using AccountServer server = await StartAsync();
        Answer first = await server.RegisterAsync("alice");
        server.Time.Advance(TimeSpan.FromDays(59));
        Answer second = await RefreshAsync(server, first.RefreshToken);
        Assert.Equal(200, second.Status);
        Assert.Equal("alice", second.Body!["user"]!["userName"]!.GetValue<string>());
        Assert.Equal(200, (await server.GetAsync("/auth/me", second.AccessToken)).Status);
        server.Time.Advance(TimeSpan.FromDays(59));
        Assert.Equal(200, (await RefreshAsync(server, second.RefreshToken)).Status);
    }

    [Fact]
    public async Task A_refresh_token_used_twice_ends_the_login_and_its_access_tokens_at_once()
    {
        await using AccountServer server = await StartAsync();
        Answer first = await server.RegisterAsync("alice");
        Answer other = await LoginAsync(server);
        Answer second = await RefreshAsync(server, first.RefreshToken);
        Assert.Equal(200, (await server.GetAsync("/auth/me", second.AccessToken)).Status);

        Answer twice = await RefreshAsync(server, first.RefreshToken);

        Assert.Equal((401, ErrorCodes.Unauthenticated), (twice.Status, twice.Code));
        Assert.Equal(401, (await server.GetAsync("/auth/me", first.AccessToken)).Status);
        Assert.Equal(401, (await server.GetAsync("/auth/me", second.AccessToken)).Status);
        Assert.Equal(401, (await RefreshAsync(server, second.RefreshToken)).Status);
        Assert.Equal(200, (await server.GetAsync("/auth/me", other.AccessToken)).Status);
        Assert.Contains(server.Logs.Lines, line => line.StartsWith("Warning 203 Login ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refresh_tokens_that_are_unknown_or_too_old_are_refused()
    {
        await using AccountServer server = await StartAsync();
        Answer registered = await server.RegisterAsync("alice");
        Assert.Equal(401, (await RefreshAsync(server, "unknown")).Status);
        Assert.Equal(401, (await RefreshAsync(server, new string('x', 10_000))).Status);
        Assert.Equal(413, (await RefreshAsync(server, new string('x', 100_000))).Status);
        Assert.Equal(401, (await RefreshAsync(server, registered.AccessToken)).Status);
        Assert.Equal(400, (await server.PostAsync("/auth/refresh", new { token = registered.RefreshToken })).Status);
        server.Time.Advance(TimeSpan.FromDays(60));
        Assert.Equal(401, (await RefreshAsync(server, registered.RefreshToken)).Status);
    }

    [Fact]
    public async Task Logging_out_ends_one_login_at_once()
    {
        await using AccountServer server = await StartAsync();
        Answer first = await server.RegisterAsync("alice");
        Answer other = await LoginAsync(server);

        Answer logout = await server.SendAsync(HttpMethod.Post, "/auth/logout", token: first.AccessToken);

        Assert.Equal((204, null), (logout.Status, logout.Body));
        Assert.Equal(401, (await server.GetAsync("/auth/me", first.AccessToken)).Status);
        Assert.Equal(401, (await server.SendAsync(HttpMethod.Post, "/auth/logout", token: first.AccessToken)).Status);
        Assert.Equal(401, (await RefreshAsync(server, first.RefreshToken)).Status);
        Assert.Equal(200, (await server.GetAsync("/auth/me", other.AccessToken)).Status);
    }

    [Fact]
    public async Task A_login_that_has_ended_stays_so_over_a_restart()
    {
        Setup kept = null!;
        await using AccountServer server = await StartAsync(setup => kept = setup);
        string ended = (await server.RegisterAsync("alice")).AccessToken;
        string going = (await LoginAsync(server)).AccessToken;
        await server.SendAsync(HttpMethod.Post, "/auth/logout", token: ended);

        await using AccountServer restarted = await StartAsync(setup =>
        {
            setup.Time = kept.Time;
            setup.Store = kept.Store;
            setup.SigningKeyFile = kept.SigningKeyFile;
        });
        Assert.Equal(401, (await restarted.GetAsync("/auth/me", ended)).Status);
        Assert.Equal(200, (await restarted.GetAsync("/auth/me", going)).Status);

        EndedLogins remembered = restarted.Services.GetRequiredService<EndedLogins>();
        Assert.Equal(1, remembered.Count);
        restarted.Time.Advance(TimeSpan.FromMinutes(15));
        remembered.Add("another");
        Assert.Equal(1, remembered.Count);
    }

    [Fact]
    public async Task The_eleventh_guess_of_one_users_password_waits_whatever_it_is()
    {
        await using AccountServer server = await StartAsync();
        await server.RegisterAsync("alice");
        await server.RegisterAsync("bob");
        for (int i = 0; i < 9; i++)
            Assert.Equal(401, (await LoginAsync(server, "alice", "wrong")).Status);
        Assert.Equal(200, (await LoginAsync(server)).Status);
        for (int i = 0; i < 10; i++)
            Assert.Equal(401, (await LoginAsync(server, "Alice", "wrong")).Status);
        server.Time.Advance(TimeSpan.FromSeconds(60.5));

        Answer refused = await LoginAsync(server);

        Assert.Equal((429, ErrorCodes.RateLimited), (refused.Status, refused.Code));
        Assert.Equal(240, refused.Body!["retryAfter"]!.GetValue<int>());
        Assert.Equal(TimeSpan.FromSeconds(240), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(200, (await LoginAsync(server, "bob", Password)).Status);
        server.Time.Advance(TimeSpan.FromSeconds(240));
        Assert.Equal(200, (await LoginAsync(server)).Status);
    }

    [Fact]
    public async Task Guesses_made_at_once_do_not_get_around_the_limit()
    {
        await using AccountServer server = await StartAsync();
        await server.RegisterAsync("alice");
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => LoginAsync(server, "alice", $"guess {n}")));
        Assert.Equal(10, answers.Count(answer => answer.Status == 401));
        Assert.Equal(30, answers.Count(answer => answer.Status == 429));
    }

    [Fact]
    public async Task Logins_at_once_that_are_right_are_not_limited()
    {
        await using AccountServer server = await StartAsync();
        await server.RegisterAsync("alice");
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => LoginAsync(server)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
    }

    [Fact]
    public async Task Failed_logins_of_one_address_are_limited_over_all_names()
    {
        await using AccountServer server = await StartAsync(setup => setup.Limits = limits => limits.FailedLoginsPerAddressMax = 20);
        await server.RegisterAsync("alice");
        for (int i = 0; i < 20; i++)
            Assert.Equal(401, (await LoginAsync(server, i % 2 == 0 ? $"nobody{i}" : "no name", "wrong")).Status);

        Answer refused = await LoginAsync(server);

        Assert.Equal((429, ErrorCodes.RateLimited), (refused.Status, refused.Code));
        Assert.Equal(300, refused.Body!["retryAfter"]!.GetValue<int>());
        server.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(200, (await LoginAsync(server)).Status);
    }

    [Fact]
    public async Task Registrations_of_one_address_are_limited()
    {
        await using AccountServer server = await StartAsync();
        for (int i = 0; i < 30; i++)
            await server.RegisterAsync(string.Create(CultureInfo.InvariantCulture, $"user{i}"));
        server.Time.Advance(TimeSpan.FromSeconds(20));

        Answer refused = await server.PostAsync("/auth/register", new { userName = "late", password = Password });

        Assert.Equal((429, ErrorCodes.RateLimited), (refused.Status, refused.Code));
        Assert.Equal(40, refused.Body!["retryAfter"]!.GetValue<int>());
        server.Time.Advance(TimeSpan.FromSeconds(40));
        await server.RegisterAsync("late");
    }

    [Fact]
    public async Task An_invite_lets_one_person_in_until_it_expires()
    {
        await using AccountServer server = await StartAsync(setup => setup.Auth = auth => auth.Registration = RegistrationMode.Invite);
        Invites invites = server.Services.GetRequiredService<Invites>();
        string invite = await invites.CreateAsync(TimeSpan.FromDays(1));
        string late = await invites.CreateAsync(TimeSpan.FromDays(1));
        Assert.Equal(43, invite.Length);

        Answer without = await server.PostAsync("/auth/register", new { userName = "alice", password = Password });
        Assert.Equal((403, "registration here needs an invite"), (without.Status, without.Detail));
        Assert.Equal(403, await RegisterAsync("alice", invite + "x"));
        Assert.Equal(201, await RegisterAsync("alice", invite));
        Assert.Equal(403, await RegisterAsync("bob", invite));
        Assert.Equal(409, await RegisterAsync("alice", late));
        server.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(403, await RegisterAsync("bob", late));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await invites.CreateAsync(TimeSpan.Zero));

        async Task<int> RegisterAsync(string userName, string token) =>
            (await server.PostAsync("/auth/register", new { userName, password = Password, invite = token })).Status;
    }

    [Fact]
    public async Task Nobody_registers_where_registration_is_closed()
    {
        await using AccountServer server = await StartAsync(setup => setup.Auth = auth => auth.Registration = RegistrationMode.Closed);
        string invite = await server.Services.GetRequiredService<Invites>().CreateAsync(TimeSpan.FromDays(1));
        Answer answer = await server.PostAsync("/auth/register", new { userName = "alice", password = Password, invite });
        Assert.Equal((403, ErrorCodes.Forbidden), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("http://127.0.0.1:0", null, null, 201)]
    [InlineData("http://127.0.0.1:0", "localhost:5000", null, 201)]
    [InlineData("http://127.0.0.1:0", "sync.example.org", null, 403)]
    [InlineData("http://127.0.0.1:0", null, "203.0.113.7", 403)]
    [InlineData("http://0.0.0.0:0", null, null, 403)]
    public async Task By_default_registration_is_open_on_this_machine_only(string url, string? host, string? forwardedFor, int status)
    {
        await using AccountServer server = await StartAsync(setup => setup.Url = url);
        int port = server.Client.BaseAddress!.Port;
        Answer answer = await server.SendAsync(
            HttpMethod.Post,
            $"http://127.0.0.1:{port}/auth/register",
            new { userName = "alice", password = Password },
            with: request =>
            {
                request.Headers.Host = host;
                if (forwardedFor is not null)
                    request.Headers.Add("X-Forwarded-For", forwardedFor);
            });
        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task No_secret_is_ever_logged()
    {
        await using AccountServer server = await StartAsync();
        const string secret = "very secret passphrase";
        Answer registered = await server.RegisterAsync("alice", secret);
        await LoginAsync(server, "alice", secret);
        await LoginAsync(server, "alice", secret + "!");
        await LoginAsync(server, secret, secret);
        await SendTextAsync(server, "/auth/login", $$"""{"userName":"alice","password":"{{secret}}" """);
        await server.PostAsync("/auth/register", new { userName = "alice", password = secret });
        Answer refreshed = await RefreshAsync(server, registered.RefreshToken);
        await RefreshAsync(server, registered.RefreshToken);
        await server.GetAsync("/auth/me", refreshed.AccessToken);
        string hash = (await server.Store.FindCredentialsAsync("alice", CancellationToken.None))!.PasswordHash!;

        string[] secrets =
            [secret, hash, registered.RefreshToken, registered.AccessToken, refreshed.RefreshToken, refreshed.AccessToken];
        Assert.True(server.Logs.Lines.Count > 20);
        Assert.All(server.Logs.Lines, line => Assert.All(secrets, text => Assert.DoesNotContain(text, line, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_a_place_for_its_key_the_server_does_not_start_and_says_what_to_do()
    {
        OptionsValidationException e = await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(setup => setup.SigningKeyFile = null));
        Assert.StartsWith("Auth:SigningKeyFile is not set", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_out_of_bounds_stop_the_start()
    {
        await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(setup => setup.Auth = auth => auth.AccessTokenLifetime = TimeSpan.FromSeconds(1)));
        await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(setup => setup.Auth = auth => auth.RefreshTokenLifetime = TimeSpan.FromMinutes(10)));
        await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(setup => setup.Auth = auth => auth.Mode = (AuthMode)7));
        await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(setup => setup.Limits = limits => limits.PushOperationsMax = 0));
    }

    [Fact]
    public async Task The_document_of_the_api_describes_every_endpoint()
    {
        await using AccountServer server = await StartAsync();
        JsonNode document = (await server.GetAsync("/openapi/v1.json")).Body!;

        JsonObject paths = document["paths"]!.AsObject();
        Assert.Equal(
            ["/auth/login", "/auth/logout", "/auth/me", "/auth/refresh", "/auth/register", "/whoami"],
            paths.Select(path => path.Key).Order(StringComparer.Ordinal));
        JsonNode register = paths["/auth/register"]!["post"]!;
        Assert.Equal("Register", register["operationId"]!.GetValue<string>());
        Assert.Equal(["201", "400", "403", "404", "409", "429"], register["responses"]!.AsObject().Select(response => response.Key));
        string reference = register["requestBody"]!["content"]!["application/json"]!["schema"]!["$ref"]!.GetValue<string>();
        JsonNode schema = document["components"]!["schemas"]![reference.Split('/')[^1]]!;
        Assert.Equal(["userName", "password", "displayName", "invite"], schema["properties"]!.AsObject().Select(property => property.Key));
        Assert.Equal(["userName", "password"], schema["required"]!.AsArray().Select(name => name!.GetValue<string>()));
    }

    private static Task<Answer> LoginAsync(AccountServer server, string userName = "alice", string password = Password) =>
        server.PostAsync("/auth/login", new { userName, password });

    private static Task<Answer> RefreshAsync(AccountServer server, string refreshToken) =>
        server.PostAsync("/auth/refresh", new { refreshToken });

    private static Task<Answer> SendTextAsync(AccountServer server, string path, string body, string? contentType = "application/json") =>
        server.SendAsync(
            HttpMethod.Post,
            path,
            with: request =>
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.ContentType = contentType is null ? null : new MediaTypeHeaderValue(contentType);
            });
}
