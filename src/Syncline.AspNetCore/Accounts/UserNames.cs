using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Syncline.Core.Operations;

namespace Syncline.AspNetCore.Accounts;

/// <summary>The names that users have.</summary>
internal static class UserNames
{
    /// <summary>Most characters of a name for people.</summary>
    public const int DisplayNameMax = 200;

    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz._-");

    /// <summary>Takes <c>[0-9a-z][0-9a-z._-]{1,63}</c> without regard to case, less the names reserved for every id; in lower case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? value, [NotNullWhen(true)] out string? userName)
    {
        userName = null;
        if (value is not { Length: >= 2 and <= 64 } || !Ascii.IsValid(value))
            return false;
        string lower = value.ToLowerInvariant();
        bool valid = char.IsAsciiLetterOrDigit(lower[0])
            && !lower.AsSpan().ContainsAnyExcept(Characters)
            && ResourceId.TryParse(value, out _)
            && ResourceId.TryParse(lower, out _);
        userName = valid ? lower : null;
        return valid;
    }

    /// <summary>Whether a text can stand for a person: 1 to 200 characters, none of them a control character, not only white space.</summary>
    public static bool IsDisplayName([NotNullWhen(true)] string? value) =>
        value is { Length: <= DisplayNameMax } && !string.IsNullOrWhiteSpace(value) && !value.Any(char.IsControl);

    /// <summary>A name for a user that has none of their own that fits.</summary>
    /// <param name="id">The user.</param>
    /// <param name="attempt">Counts up while the name turns out to be taken.</param>
    public static string Made(UserId id, int attempt) =>
        $"u-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{attempt}\n{id.Value}")).AsSpan(0, 8))}";
}
