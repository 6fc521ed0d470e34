namespace Syncline.AspNetCore.Doors;

/// <summary>The members of a small request that are all texts.</summary>
internal sealed class TextMembers
{
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    private TextMembers()
    {
    }

    /// <summary>Reads the members named; others are passed over.</summary>
    public static TextMembers Read(ReadOnlyMemory<byte> text, params ReadOnlySpan<string> names)
    {
        TextMembers members = new();
        JsonBody body = new(text.Span);
        while (body.NextMember() is { } member)
        {
            if (!names.Contains(member))
                body.Skip();
            else if (body.OptionalText(member) is { } value)
                members._texts[member] = value;
        }

        return members;
    }

    /// <summary>The member, or null when it is absent or JSON's null.</summary>
    public string? Optional(string member) => _texts.GetValueOrDefault(member);

    /// <summary>The member, which must be there.</summary>
    public string Required(string member) => Optional(member) ?? throw JsonBody.Missing(member);
}
