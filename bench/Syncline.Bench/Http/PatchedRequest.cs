using System.Globalization;
using System.Text;

namespace Syncline.Bench.Http;

/// <summary>
/// A request that is written once and sent many times with other numbers in it: each place holds ten digits, so that nothing moves. A place
/// is marked <c>@nn</c> in the text and holds the base plus nn.
/// </summary>
internal sealed class PatchedRequest
{
    /// <summary>The least number of ten digits.</summary>
    public const long FirstNumber = 1_000_000_000;

    private readonly byte[] _bytes;
    private readonly (int At, int Plus)[] _places;

    /// <param name="head">Request line and headers, without the length.</param>
    /// <param name="body">The body; null for none.</param>
    public PatchedRequest(string head, string? body)
    {
        StringBuilder text = new();
        List<(int At, int Plus)> places = [];
        if (body is not null)
        {
            int length = body.Length + (body.Split('@').Length - 1) * 7;
            head += $"Content-Type: application/json\r\nContent-Length: {length.ToString(CultureInfo.InvariantCulture)}\r\n";
        }

        string[] parts = $"{head}\r\n{body}".Split('@');
        text.Append(parts[0]);
        foreach (string part in parts[1..])
        {
            places.Add((text.Length, int.Parse(part.AsSpan(0, 2), CultureInfo.InvariantCulture)));
            text.Append("0000000000").Append(part, 2, part.Length - 2);
        }

        _bytes = Encoding.ASCII.GetBytes(text.ToString());
        _places = [.. places];
    }

    public ReadOnlyMemory<byte> With(long number)
    {
        foreach ((int at, int plus) in _places)
        {
            long left = number + plus;
            for (int i = at + 9; i >= at; i--)
            {
                (left, long digit) = Math.DivRem(left, 10);
                _bytes[i] = (byte)('0' + digit);
            }
        }

        return _bytes;
    }
}
