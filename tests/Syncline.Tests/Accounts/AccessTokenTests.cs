using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;
using Syncline.Core.Operations;

namespace Syncline.Tests.Accounts;

public sealed class AccessTokenTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("syncline-tokens-");
    private readonly ManualTime _time = new();
    private readonly AuthOptions _options;
    private readonly SigningKey _key;
    private readonly AccessTokens _tokens;

    public AccessTokenTests()
    {
        _options = new AuthOptions { SigningKeyFile = Path.Combine(_folder.FullName, "signing.key") };
        _key = new SigningKey(Options.Create(_options), new AccountServer.SystemRandom(), NullLogger<SigningKey>.Instance);
        _key.Load();
        _tokens = new AccessTokens(_key, _time, Options.Create(_options));
    }

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    private string GoodHeader => $$"""{"alg":"HS256","typ":"JWT","kid":"{{_key.Id}}"}""";

    private string GoodClaims => Claims();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_token_says_whose_it_is_and_until_when()
    {
        string token = _tokens.Issue(new UserId("u1"), "login1");

        Assert.Equal(new Caller(new UserId("u1"), "login1", _time.GetUtcNow().AddMinutes(15)), _tokens.Read(token));
        Assert.Equal(token, Signed(GoodHeader, GoodClaims));
    }

    [Fact]
    public void A_token_ends_with_its_lifetime()
    {
        string token = _tokens.Issue(new UserId("u1"), "login1");
        _time.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));
        Assert.NotNull(_tokens.Read(token));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_tokens.Read(token));
    }

    [Fact]
    public void A_shortened_lifetime_holds_for_tokens_from_before()
    {
        string token = _tokens.Issue(new UserId("u1"), "login1");
        _options.AccessTokenLifetime = TimeSpan.FromMinutes(1);
        Assert.Equal(_time.GetUtcNow().AddMinutes(1), _tokens.Read(token)!.ExpiresAt);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_tokens.Read(token));
    }

    [Fact]
    public void No_other_header_is_taken_even_with_a_good_signature()
    {
        string[] headers =
        [
            """{"alg":"none"}""",
            $$"""{"alg":"none","typ":"JWT","kid":"{{_key.Id}}"}""",
            $$"""{"alg":"RS256","typ":"JWT","kid":"{{_key.Id}}"}""",
            $$"""{"alg":"HS512","typ":"JWT","kid":"{{_key.Id}}"}""",
            $$"""{"alg":"HS256","typ":"at+jwt","kid":"{{_key.Id}}"}""",
            """{"alg":"HS256","typ":"JWT","kid":"0000000000000000"}""",
            """{"alg":"HS256","typ":"JWT"}""",
            $$"""{"alg":"HS256","kid":"{{_key.Id}}"}""",
            "{}",
            "",
        ];
        Assert.All(headers, header => Assert.Null(_tokens.Read(Signed(header, GoodClaims))));
        Assert.All(headers, header => Assert.Null(_tokens.Read($"{Encoded(header)}.{Encoded(GoodClaims)}.")));
    }

    [Fact]
    public void No_claims_but_our_own_kind_are_taken()
    {
        string[] claims =
        [
            Claims(exp: null),
            Claims(exp: "\"soon\""),
            Claims(exp: "1e400"),
            Claims(exp: "99999999999999999"),
            Claims(exp: "-1"),
            Claims(exp: Text(Now)),
            Claims(iat: null),
            Claims(iat: Text(Now + 1)),
            Claims(sub: null),
            Claims(sub: "\"\""),
            Claims(sub: "7"),
            Claims(sid: null),
            Claims(iss: "\"other\""),
            Claims(iss: null),
            Claims(aud: "\"other\""),
            Claims(aud: """["syncline"]"""),
            Claims(aud: null),
            GoodClaims.Replace("{", """{"sub":"root",""", StringComparison.Ordinal),
            "[]",
            "null",
            "{",
            "",
        ];
        Assert.All(claims, claim => Assert.Null(_tokens.Read(Signed(GoodHeader, claim))));
    }

    [Fact]
    public void A_signature_by_another_key_or_none_or_a_changed_one_is_refused()
    {
        string good = _tokens.Issue(new UserId("u1"), "login1");
        string[] parts = good.Split('.');
        char last = good[^1];

        // The last character carries two bits that mean nothing: there are three more spellings of the same 32 bytes.
        string[] otherSpellings =
            [.. "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".Where(c => c != last).Select(c => good[..^1] + c)];
        string[] forged =
        [
            Signed(GoodHeader, GoodClaims, RandomNumberGenerator.GetBytes(32)),
            Signed(GoodHeader, GoodClaims, []),
            $"{parts[0]}.{parts[1]}.",
            $"{parts[0]}.{parts[1]}",
            $"{parts[0]}..{parts[2]}",
            $".{parts[1]}.{parts[2]}",
            $"{parts[0]}.{Encoded(Claims(sub: "\"root\""))}.{parts[2]}",
            good + "=",
            good + ".",
            good + "A",
            good + " ",
            " " + good,
            good[..^1],
            good.Replace('.', ' '),
            "",
            ".",
            "..",
            "é.é.é",
            .. otherSpellings,
        ];
        Assert.All(forged, token => Assert.Null(_tokens.Read(token)));
        Assert.NotNull(_tokens.Read(good));
    }

    [Fact]
    public void What_is_not_base64url_or_too_long_is_refused_even_when_signed()
    {
        string header = Encoded(GoodHeader);
        Assert.Null(_tokens.Read(WithSignature($"{header}.!{Encoded(GoodClaims)}", _key.Bytes)));
        Assert.Null(_tokens.Read(WithSignature($"{header}.{Convert.ToBase64String(Encoding.UTF8.GetBytes("{\"sub\":\"??>>\"}"))}", _key.Bytes)));
        Assert.Null(_tokens.Read(WithSignature($"{header}.{Encoded(GoodClaims)}.x", _key.Bytes)));
        Assert.NotNull(_tokens.Read(Signed(GoodHeader, Claims(sub: $"\"{new string('u', 2_000)}\""))));
        Assert.Null(_tokens.Read(Signed(GoodHeader, Claims(sub: $"\"{new string('u', 4_000)}\""))));
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Encoded(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string WithSignature(string signed, ReadOnlySpan<byte> key) =>
        $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)))}";

    private static string Signed(string header, string claims, ReadOnlySpan<byte> key) =>
        WithSignature($"{Encoded(header)}.{Encoded(claims)}", key);

    private string Signed(string header, string claims) => Signed(header, claims, _key.Bytes);

    private string Claims(
        string? sub = "\"u1\"",
        string? sid = "\"login1\"",
        string? iat = "now",
        string? exp = "now+15",
        string? iss = "\"syncline\"",
        string? aud = "\"syncline\"")
    {
        if (iat == "now")
            iat = Text(Now);
        if (exp == "now+15")
            exp = Text(Now + 900);
        (string Name, string? Value)[] all = [("sub", sub), ("sid", sid), ("iat", iat), ("exp", exp), ("iss", iss), ("aud", aud)];
        return "{" + string.Join(',', all.Where(claim => claim.Value is not null).Select(claim => $"\"{claim.Name}\":{claim.Value}")) + "}";
    }
}
