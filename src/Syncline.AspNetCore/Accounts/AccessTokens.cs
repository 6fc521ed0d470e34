using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>
/// Issues and reads access tokens: JSON Web Tokens (RFC 7519) with HMAC SHA-256, of this server only. As nobody else issues them, the
/// header is one constant text and is compared as such: no other algorithm, type or key can even be named (RFC 8725, 3.1). The signature is
/// compared in its encoded form, so each token has one spelling. Only what carries a good signature is decoded.
/// </summary>
/// <remarks>
/// A client sends the same token with each of its requests for a quarter of an hour, so what was found good is remembered by its whole text;
/// whether it is good now is asked each time.
/// </remarks>
internal sealed class AccessTokens(SigningKey key, TimeProvider timeProvider, IOptions<AuthOptions> options)
{
    private const int CharactersMax = 4_096;
    private const string Party = "syncline";

    // About a kilobyte each. When there are more, all are forgotten and verified anew.
    private const int RememberedMax = 4_096;

    private readonly ConcurrentDictionary<string, Verified> _remembered = new(StringComparer.Ordinal);

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private string Header =>
        field ??= Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"alg":"HS256","typ":"JWT","kid":"{{key.Id}}"}"""));

    /// <summary>A token for a user's login, good from now on for <see cref="AuthOptions.AccessTokenLifetime"/>.</summary>
    public string Issue(UserId userId, string loginId)
    {
        long issuedAt = timeProvider.GetUtcNow().ToUnixTimeSeconds();
        ArrayBufferWriter<byte> claims = new();
        using (Utf8JsonWriter writer = new(claims))
        {
            writer.WriteStartObject();
            writer.WriteString("sub"u8, userId.Value);
            writer.WriteString("sid"u8, loginId);
            writer.WriteNumber("iat"u8, issuedAt);
            writer.WriteNumber("exp"u8, issuedAt + LifetimeSeconds);
            writer.WriteString("iss"u8, Party);
            writer.WriteString("aud"u8, Party);
            writer.WriteEndObject();
        }

        string signed = $"{Header}.{Base64Url.EncodeToString(claims.WrittenSpan)}";
        return $"{signed}.{Sign(signed)}";
    }

    /// <summary>How long a token lives, in the whole seconds that tokens count in.</summary>
    public long LifetimeSeconds => (long)options.Value.AccessTokenLifetime.TotalSeconds;

    /// <summary>Whose token it is; null when it is not one of ours or not good now.</summary>
    public Caller? Read(ReadOnlySpan<char> token)
    {
        if (token.Length > CharactersMax)
            return null;
        ConcurrentDictionary<string, Verified>.AlternateLookup<ReadOnlySpan<char>> remembered =
            _remembered.GetAlternateLookup<ReadOnlySpan<char>>();
        if (remembered.TryGetValue(token, out Verified? known))
            return IsGood(known) ? known.Caller : null;
        if (Verify(token) is not { } verified || !IsGood(verified))
            return null;
        if (_remembered.Count >= RememberedMax)
            _remembered.Clear();
        remembered.TryAdd(token, verified);
        return verified.Caller;
    }

    private bool IsGood(Verified token)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        return token.IssuedAt <= now && now < token.Caller.ExpiresAt;
    }

    private Verified? Verify(ReadOnlySpan<char> token)
    {
        int headerEnd = token.IndexOf('.');
        int claimsEnd = token.LastIndexOf('.');
        if (headerEnd < 0 || claimsEnd == headerEnd || !token[..headerEnd].SequenceEqual(Header))
            return null;
        if (!SameText(Sign(token[..claimsEnd]), token[(claimsEnd + 1)..]))
            return null;
        return ReadClaims(token[(headerEnd + 1)..claimsEnd]);
    }

    private static bool SameText(string expected, ReadOnlySpan<char> given)
    {
        Span<byte> expectedBytes = stackalloc byte[expected.Length];
        Span<byte> givenBytes = stackalloc byte[expected.Length];
        return given.Length == expected.Length
            && Encoding.ASCII.TryGetBytes(expected, expectedBytes, out _)
            && Ascii.FromUtf16(given, givenBytes, out _) == OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(expectedBytes, givenBytes);
    }

    private static bool TryText(JsonElement claims, string name, [NotNullWhen(true)] out string? text)
    {
        text = claims.TryGetProperty(name, out JsonElement claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString() : null;
        return !string.IsNullOrEmpty(text);
    }

    private static bool TryTime(JsonElement claims, string name, out DateTimeOffset time)
    {
        time = default;
        if (!claims.TryGetProperty(name, out JsonElement claim) || claim.ValueKind != JsonValueKind.Number)
            return false;
        if (!claim.TryGetInt64(out long seconds) || seconds < 0 || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    private string Sign(ReadOnlySpan<char> signed)
    {
        // Whoever sends other characters than ASCII gets a signature of something else, which does not match.
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(signed)];
        Encoding.UTF8.GetBytes(signed, bytes);
        return Base64Url.EncodeToString(HMACSHA256.HashData(key.Bytes, bytes));
    }

    private Verified? ReadClaims(ReadOnlySpan<char> encoded)
    {
        byte[] bytes = new byte[Base64Url.GetMaxDecodedLength(encoded.Length)];
        if (Base64Url.DecodeFromChars(encoded, bytes, out _, out int length) != OperationStatus.Done)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes.AsMemory(0, length), Strict);
            return ReadClaims(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Verified? ReadClaims(JsonElement claims)
    {
        if (claims.ValueKind != JsonValueKind.Object
            || !TryText(claims, "iss", out string? issuer) || issuer != Party
            || !TryText(claims, "aud", out string? audience) || audience != Party
            || !TryText(claims, "sub", out string? userId)
            || !TryText(claims, "sid", out string? loginId)
            || !TryTime(claims, "iat", out DateTimeOffset issuedAt)
            || !TryTime(claims, "exp", out DateTimeOffset expiresAt))
        {
            return null;
        }

        // A token from before the lifetime was shortened ends by the new rule: ended logins are not remembered for longer.
        DateTimeOffset byLifetime = issuedAt.AddSeconds(Math.Min(LifetimeSeconds, (DateTimeOffset.MaxValue - issuedAt).TotalSeconds));
        DateTimeOffset end = byLifetime < expiresAt ? byLifetime : expiresAt;
        return new Verified(new Caller(new UserId(userId), loginId, end), issuedAt);
    }

    private sealed record Verified(Caller Caller, DateTimeOffset IssuedAt);
}
