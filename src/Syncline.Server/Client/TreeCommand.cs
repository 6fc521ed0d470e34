using System.CommandLine;
using System.Text.Json;
using Syncline.Client;
using Syncline.Core.Json;

namespace Syncline.Server.Client;

/// <summary><c>syncline tree …</c>: shows a tree, follows it, and edits it.</summary>
internal static class TreeCommand
{
    private static readonly Argument<string> SpaceId = new("space") { Description = "The space's id." };

    private static readonly Option<string?> TreeId = new("--tree")
    {
        Description = "The tree's id. By default the space's only tree.",
        Recursive = true,
    };

    public static Command Create()
    {
        Command command = ClientSession.With(new Command("tree", "Shows and edits the trees of a space. A vertex is named by its id, or by names from the root: a/b/c.") { TreeId });
        command.Add(CreateShow());
        command.Add(CreateAdd());
        command.Add(CreateEdit("move", "Moves a vertex under another.", ["vertex", "parent"], (tree, words) => tree.Move(IdOf(tree, words[0]), IdOf(tree, words[1]))));
        command.Add(CreateEdit("rename", "Renames a vertex.", ["vertex", "name"], (tree, words) => tree.SetName(IdOf(tree, words[0]), words[1])));
        command.Add(CreateEdit("set", "Sets a property: JSON, or a text where it is none.", ["vertex", "key", "value"], (tree, words) => tree.SetProperty(IdOf(tree, words[0]), words[1], ValueOf(words[2]))));
        command.Add(CreateEdit("unset", "Removes a property.", ["vertex", "key"], (tree, words) => tree.RemoveProperty(IdOf(tree, words[0]), words[1])));
        command.Add(CreateEdit("delete", "Moves a vertex to the trash.", ["vertex"], (tree, words) => tree.Delete(IdOf(tree, words[0]))));
        return command;
    }

    private static Command CreateShow()
    {
        Option<bool> follow = new("--follow", "-f") { Description = "Shows it again after each change." };
        Command command = new("show", "Shows a tree.") { SpaceId, follow };
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            async (session, token) =>
            {
                Tree tree = OpenTree(await session.OpenSpaceAsync(result.GetRequiredValue(SpaceId), token), result.GetValue(TreeId));
                Show(tree);
                if (!result.GetValue(follow))
                    return 0;
                tree.Changed += (_, _) =>
                {
                    Console.WriteLine();
                    Show(tree);
                };
                return await ClientSession.FollowAsync(token);
            },
            cancellationToken));
        return command;
    }

    private static Command CreateAdd()
    {
        Argument<string> name = new("name") { Description = "The new vertex's name." };
        Option<string?> under = new("--under") { Description = "The parent; by default the root." };
        Command command = new("add", "Adds a vertex, and prints its id. The first one of a space makes the tree.") { SpaceId, name, under };
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            async (session, token) =>
            {
                Space space = await session.OpenSpaceAsync(result.GetRequiredValue(SpaceId), token);
                Tree tree = result.GetValue(TreeId) is null && space.TreeIds.Count == 0 ? space.NewTree() : OpenTree(space, result.GetValue(TreeId));
                Console.WriteLine(tree.Create(result.GetValue(under) is { } parent ? IdOf(tree, parent) : tree.Id, result.GetRequiredValue(name)));
                return await session.FinishEditAsync(space, token);
            },
            cancellationToken));
        return command;
    }

    private static Command CreateEdit(string name, string description, string[] words, Action<Tree, string[]> edit)
    {
        Argument<string>[] arguments = [.. words.Select(word => new Argument<string>(word))];
        Command command = new(name, description) { SpaceId };
        foreach (Argument<string> argument in arguments)
            command.Add(argument);
        command.SetAction((result, cancellationToken) => ClientSession.RunAsync(
            result,
            async (session, token) =>
            {
                Space space = await session.OpenSpaceAsync(result.GetRequiredValue(SpaceId), token);
                edit(OpenTree(space, result.GetValue(TreeId)), [.. arguments.Select(result.GetRequiredValue)]);
                return await session.FinishEditAsync(space, token);
            },
            cancellationToken));
        return command;
    }

    private static Tree OpenTree(Space space, string? treeId)
    {
        if (treeId is not null)
            return space.OpenTree(treeId);
        IReadOnlyList<string> trees = space.TreeIds;
        return trees.Count switch
        {
            1 => space.OpenTree(trees[0]),
            0 => throw new ArgumentException($"the space {space.Id} has no tree"),
            _ => throw new ArgumentException($"the space {space.Id} has {trees.Count} trees, name one with --tree: {string.Join(' ', trees)}"),
        };
    }

    private static void Show(Tree tree)
    {
        Dictionary<string, int> depths = new(StringComparer.Ordinal);
        foreach (Vertex vertex in tree.ReadAll())
        {
            int depth = vertex.ParentId is { } parent && depths.TryGetValue(parent, out int above) ? above + 1 : 0;
            depths[vertex.Id] = depth;
            string properties = string.Join(
                ", ", vertex.Properties.Where(property => property.Key is not (Vertex.NameKey or Vertex.CreatedKey)).Select(property => $"{property.Key}: {property.Value}"));
            Console.WriteLine($"{new string(' ', depth * 2)}{vertex.Name ?? "(no name)"}  [{vertex.Id}]{(properties.Length > 0 ? $"  {{{properties}}}" : "")}");
        }
    }

    private static string IdOf(Tree tree, string text) =>
        tree.Find(text)?.Id
        ?? tree.FindByPath(text.Split('/', StringSplitOptions.RemoveEmptyEntries))?.Id
        ?? throw new ArgumentException($"there is no vertex '{text}'");

    private static JsonText ValueOf(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return JsonText.From(text);
        }
        catch (JsonException)
        {
            return JsonText.From($"\"{JsonEncodedText.Encode(text)}\"");
        }
    }
}
