namespace SocketIO.AspNetCore;

/// <summary>The names of many namespaces: segments, of which some are parameters, as <c>/spaces/{id}</c>.</summary>
internal sealed class NamespacePattern(string pattern)
{
    private readonly string[] _segments = pattern.Split('/');

    public static bool IsPattern(string name) => name.Contains('{', StringComparison.Ordinal);

    /// <returns>What stands for the parameters; null when the name is another.</returns>
    public Dictionary<string, string>? Match(string name)
    {
        string[] segments = name.Split('/');
        if (segments.Length != _segments.Length)
            return null;
        Dictionary<string, string> parameters = new(StringComparer.Ordinal);
        for (int i = 0; i < segments.Length; i++)
        {
            if (_segments[i] is ['{', .., '}'] parameter && segments[i].Length > 0)
                parameters[parameter[1..^1]] = segments[i];
            else if (segments[i] != _segments[i])
                return null;
        }

        return parameters;
    }
}
