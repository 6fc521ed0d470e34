using System.Text.Json;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Trees;

/// <summary>We do with operations what the published package does with them.</summary>
public sealed class RepTreeFixtureTests
{
    private static readonly JsonElement Small = Fixture.Load("small-2-peers.json");
    private static readonly string SmallId = Small.GetProperty("final").GetProperty("rootId").GetString()!;
    private static readonly Operation[] SmallOperations = Fixture.Operations(Small.GetProperty("ops"), SmallId);

    public static TheoryData<string> Orders() =>
        [.. Small.GetProperty("orders").EnumerateArray().Select(order => order.GetProperty("name").GetString()!)];

    public static TheoryData<string> Scenarios() =>
        [.. Fixture.Load("scenarios.json").GetProperty("scenarios").EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Orders))]
    public void Every_order_of_delivery_gives_the_packages_final_state_and_vector(string order)
    {
        Tree tree = Fixture.Deliver(SmallId, InOrder(order));
        Fixture.AssertFinal(Small.GetProperty("final"), tree);
        Assert.Equal(
            TreeText.Of(TreeText.ReadVector(Small.GetProperty("vectors").GetProperty("complete").GetRawText())),
            TreeText.Of(tree.Stored));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_prefix_of_an_order_gives_the_packages_parents(int index)
    {
        JsonElement prefix = Small.GetProperty("prefixes")[index];
        IEnumerable<Operation> operations = InOrder(prefix.GetProperty("order").GetString()!).Take(prefix.GetProperty("length").GetInt32());
        Assert.Equal(Fixture.Parents(prefix.GetProperty("parents")), Fixture.Parents(Fixture.Deliver(SmallId, operations)));
    }

    [Fact]
    public void Every_prefix_of_the_fixture_has_its_test() => Assert.Equal(3, Small.GetProperty("prefixes").GetArrayLength());

    [Theory]
    [MemberData(nameof(Orders))]
    public void Every_vector_is_answered_with_exactly_what_it_lacks(string order)
    {
        Tree tree = Fixture.Deliver(SmallId, InOrder(order));
        foreach (JsonElement question in Small.GetProperty("missing").EnumerateArray())
        {
            StateVector have = TreeText.ReadVector(question.GetProperty("have").GetRawText());
            JsonElement expect = question.GetProperty("expect");
            IEnumerable<Stamp> expected = expect.ValueKind == JsonValueKind.String
                ? SmallOperations.Select(operation => operation.Id.Stamp)
                : expect.EnumerateArray().Select(id => Fixture.StampOf(id.GetString()!));
            List<Stamp> missing = TreeText.Expand(tree.Stored.Except(have));
            Assert.Equal(TreeText.Of(expected), TreeText.Of(missing));
            Assert.Equal(question.GetProperty("expectCount").GetInt32(), missing.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void A_scenario_ends_in_the_same_state_in_every_order(string name)
    {
        JsonElement file = Fixture.Load("scenarios.json");
        JsonElement scenario = file.GetProperty("scenarios").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);
        Operation[] start = Fixture.Operations(file.GetProperty("base"), "r");
        JsonElement changed = scenario.GetProperty("changed");
        foreach (Operation[] order in Permutations(Fixture.Operations(scenario.GetProperty("ops"), "r")))
        {
            Tree tree = Fixture.Deliver("r", start.Concat(order));
            Assert.Equal(Fixture.Parents(scenario.GetProperty("parents")), Fixture.Parents(tree));
            Assert.Equal(TreeText.Of(TreeText.ReadVector(scenario.GetProperty("vector").GetRawText())), TreeText.Of(tree.Stored));
            foreach (VertexState vertex in tree.Read(includeDeleted: true))
            {
                if (changed.TryGetProperty(vertex.Id, out JsonElement expected))
                    Fixture.AssertProperties(expected.GetProperty("props"), vertex);
                else
                    Assert.Empty(vertex.Properties);
            }
        }
    }

    [Fact]
    public void The_sample_operations_give_the_state_that_two_synced_peers_have()
    {
        JsonElement sample = Fixture.Load("sample-ops.json");
        string treeId = sample.GetProperty("final").GetProperty("rootId").GetString()!;
        Operation[] operations = Fixture.Operations(sample.GetProperty("ops"), treeId);
        foreach (IEnumerable<Operation> order in new[] { operations, operations.Reverse() })
        {
            Tree tree = Fixture.Deliver(treeId, order);
            Fixture.AssertFinal(sample.GetProperty("final"), tree);
            Assert.Equal(
                TreeText.Of(TreeText.ReadVector(sample.GetProperty("stateVectors").GetProperty("fromOps").GetRawText())),
                TreeText.Of(tree.Stored));
        }
    }

    [Fact]
    public void Every_sample_of_an_operation_is_read_as_what_it_is()
    {
        JsonElement samples = Fixture.Load("sample-ops.json").GetProperty("samples");
        foreach (JsonProperty kind in samples.EnumerateObject())
        {
            foreach (JsonElement json in kind.Value.EnumerateArray())
            {
                Assert.Null(TreeOperationReader.Read(JsonSerializer.SerializeToUtf8Bytes(json), out TreeOperationReader.Bare bare));
                Assert.Equal(json.GetProperty("id").GetProperty("counter").GetInt64(), bare.Counter);
                Assert.Equal(json.GetProperty("id").GetProperty("peerId").GetString(), bare.PeerId);
                Assert.Equal(json.GetProperty("targetId").GetString(), bare.Operation.TargetId);
                Assert.Equal(json.TryGetProperty("parentId", out _), bare.Operation is TreeOperation.Move);
                Assert.Equal(kind.Name == "setTransient", bare.IsTransient);
                if (bare.Operation is TreeOperation.SetProperty set)
                    Assert.Equal(json.TryGetProperty("value", out _), set.Value is not null);
            }
        }
    }

    private static IEnumerable<Operation> InOrder(string name) => Small.GetProperty("orders")
        .EnumerateArray()
        .Single(order => order.GetProperty("name").GetString() == name)
        .GetProperty("index")
        .EnumerateArray()
        .Select(index => SmallOperations[index.GetInt32()]);

    private static IEnumerable<Operation[]> Permutations(Operation[] operations)
    {
        if (operations.Length < 2)
        {
            yield return operations;
            yield break;
        }

        for (int i = 0; i < operations.Length; i++)
        {
            Operation first = operations[i];
            foreach (Operation[] rest in Permutations([.. operations.Where((_, index) => index != i)]))
                yield return [first, .. rest];
        }
    }
}
