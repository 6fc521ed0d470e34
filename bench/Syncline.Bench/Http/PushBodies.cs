using System.Text;

namespace Syncline.Bench.Http;

/// <summary>What the clients push: one operation as the storage workload has it, or RepTree's own.</summary>
internal static class PushBodies
{
    public const string Tree = "5a3d7c52-91f0-4f1d-8d5a-0c6d1c2b3a4f";

    /// <summary>A push of so many operations of one actor, numbered from the base on.</summary>
    public static PatchedRequest Push(Account account, string space, string scope, string actor, int operations)
    {
        StringBuilder body = new();
        body.Append("{\"operations\":[");
        for (int i = 0; i < operations; i++)
        {
            string number = $"@{i:00}";
            body.Append(i > 0 ? "," : "");
            body.Append($$"""{"scope":"{{scope}}","resourceId":"{{Tree}}","actor":"{{actor}}","clock":{{number}},"payload":""");
            body.Append(scope == "tree" ? TreePayload(actor, i) : $$"""{"t":"set","v":1,"id":{"counter":{{number}},"peerId":"9f2c6d1e-aaaa-bbbb"},"key":"name","hasValue":true,"value":"Hello world"}""");
            body.Append('}');
        }

        body.Append("]}");
        return new PatchedRequest($"POST /spaces/{space}/push HTTP/1.1\r\n{account.Headers}", body.ToString());
    }

    /// <summary>The tree's root, so that the vertices have something to hang on.</summary>
    public static string Root => $$$"""
        {"operations":[{"scope":"tree","resourceId":"{{{Tree}}}","actor":"root","clock":1,"payload":{"id":{"counter":1,"peerId":"root"},"targetId":"{{{Tree}}}","parentId":null}}]}
        """;

    // A vertex and its name in turns.
    private static string TreePayload(string actor, int i)
    {
        string id = $$"""{"id":{"counter":@{{i:00}},"peerId":"{{actor}}"},"targetId":"9f2c6d1e-4b1f-4c55-{{actor[^4..]}}-@{{i - (i % 2):00}}",""";
        return i % 2 == 0 ? $$"""{{id}}"parentId":"{{Tree}}"}""" : $$"""{{id}}"key":"name","value":"Hello world"}""";
    }
}
