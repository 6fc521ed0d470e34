using System.Globalization;
using System.Text;
using Syncline.Core.Operations;
using Syncline.Core.Tree;

namespace Syncline.Tests.Operations;

/// <summary>Which texts are ids.</summary>
public sealed class IdentifierTests
{
    private static readonly string[] Reserved =
    [
        "__proto__", "constructor", "prototype", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf",
        "propertyIsEnumerable", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__",
    ];

    public static TheoryData<string> ReservedNames() => [.. Reserved];

    [Theory]
    [InlineData("ab", true)]
    [InlineData("0_-z", true)]
    [InlineData("a", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("-a", false)]
    [InlineData("_a", false)]
    [InlineData("aB", false)]
    [InlineData("a.b", false)]
    [InlineData("aé", false)]
    [InlineData("a\n", false)]
    [InlineData("con", false)]
    [InlineData("prn", false)]
    [InlineData("aux", false)]
    [InlineData("nul", false)]
    [InlineData("com0", false)]
    [InlineData("com9", false)]
    [InlineData("lpt0", false)]
    [InlineData("lpt9", false)]
    [InlineData("com10", true)]
    [InlineData("con1", true)]
    public void A_space_id_is_a_file_name_everywhere(string? text, bool valid) => Assert.Equal(valid, SpaceId.TryParse(text, out _));

    [Theory]
    [InlineData("a", true)]
    [InlineData("tree", true)]
    [InlineData("com.example-1", true)]
    [InlineData("1a", false)]
    [InlineData(".a", false)]
    [InlineData("-a", false)]
    [InlineData("a_b", false)]
    [InlineData("Tree", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_scope_is_a_small_letter_and_more(string? text, bool valid) => Assert.Equal(valid, Scope.TryParse(text, out _));

    [Theory]
    [InlineData("0", true)]
    [InlineData("_", true)]
    [InlineData("-", true)]
    [InlineData("aZ9._:-", true)]
    [InlineData(".a", false)]
    [InlineData(":a", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("ä", false)]
    [InlineData("a\u0000", false)]
    [InlineData("a\n", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_resource_or_actor_id_keeps_to_its_alphabet(string? text, bool valid)
    {
        Assert.Equal(valid, ResourceId.TryParse(text, out _));
        Assert.Equal(valid, ActorId.TryParse(text, out _));
    }

    [Fact]
    public void Ids_end_at_their_longest()
    {
        Assert.True(SpaceId.TryParse(new string('a', 64), out _));
        Assert.False(SpaceId.TryParse(new string('a', 65), out _));
        Assert.True(Scope.TryParse(new string('a', 32), out _));
        Assert.False(Scope.TryParse(new string('a', 33), out _));
        Assert.True(ResourceId.TryParse(new string('a', 128), out _));
        Assert.False(ResourceId.TryParse(new string('a', 129), out _));
        Assert.True(ActorId.TryParse(new string('a', 128), out _));
        Assert.False(ActorId.TryParse(new string('a', 129), out _));
        Assert.True(Identifiers.IsPeer(new string('a', 64)));
        Assert.False(Identifiers.IsPeer(new string('a', 65)));
    }

    [Theory]
    [InlineData("-a0", true)]
    [InlineData("A", false)]
    [InlineData("a_b", false)]
    [InlineData("a.b", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_peer_id_has_only_what_no_locale_sorts_otherwise(string? text, bool valid) => Assert.Equal(valid, Identifiers.IsPeer(text));

    [Theory]
    [MemberData(nameof(ReservedNames))]
    public void A_reserved_name_is_no_id_of_any_kind(string name)
    {
        Assert.False(SpaceId.TryParse(name, out _));
        Assert.False(Scope.TryParse(name, out _));
        Assert.False(ResourceId.TryParse(name, out _));
        Assert.False(ActorId.TryParse(name, out _));
        Assert.False(Identifiers.IsPeer(name));
        foreach (string payload in new[]
        {
            $$"""{"id":{"counter":1,"peerId":"{{name}}"},"targetId":"v","parentId":"r"}""",
            $$"""{"id":{"counter":1,"peerId":"p"},"targetId":"{{name}}","parentId":"r"}""",
            $$"""{"id":{"counter":1,"peerId":"p"},"targetId":"v","parentId":"{{name}}"}""",
            $$"""{"id":{"counter":1,"peerId":"p"},"targetId":"v","key":"{{name}}","value":1}""",
        })
        {
            Assert.Equal(ErrorCodes.InvalidOperation, TreeOperationReader.Read(Encoding.UTF8.GetBytes(payload), out _)?.Code);
        }
    }

    [Fact]
    public void A_reserved_name_in_other_case_or_with_more_letters_is_an_id_like_any_other()
    {
        Assert.True(ActorId.TryParse("Constructor", out _));
        Assert.True(ActorId.TryParse("constructors", out _));
        Assert.True(ResourceId.TryParse("__proto", out _));
    }

    [Fact]
    public void Parse_throws_where_TryParse_says_no()
    {
        Assert.Equal("a", ActorId.Parse("a", CultureInfo.InvariantCulture).ToString());
        Assert.Throws<FormatException>(() => ActorId.Parse("a b", CultureInfo.InvariantCulture));
        Assert.Throws<FormatException>(() => ResourceId.Parse("a b", CultureInfo.InvariantCulture));
        Assert.Throws<FormatException>(() => Scope.Parse("a b", CultureInfo.InvariantCulture));
        Assert.Throws<FormatException>(() => SpaceId.Parse("a b", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Stamps_are_ordered_by_clock_and_then_by_the_actors_code_units()
    {
        Stamp[] ascending =
        [
            default, Of(1, "B"), Of(1, "a"), Of(2, "-"), Of(2, "-b"), Of(2, "0"), Of(2, "a"), Of(2, "a-"), Of(2, "a0"), Of(2, "b"),
            Of(10, "a"), Of(9007199254740991, "a"), Of(9007199254740992, "a"),
        ];
        for (int i = 0; i < ascending.Length; i++)
        {
            for (int j = 0; j < ascending.Length; j++)
            {
                Assert.Equal(i.CompareTo(j), Math.Sign(ascending[i].CompareTo(ascending[j])));
                Assert.Equal(i < j, ascending[i] < ascending[j]);
                Assert.Equal(i > j, ascending[i] > ascending[j]);
                Assert.Equal(i <= j, ascending[i] <= ascending[j]);
                Assert.Equal(i >= j, ascending[i] >= ascending[j]);
                Assert.Equal(i == j, ascending[i] == ascending[j]);
            }
        }

        Assert.Equal("12@a-0", Of(12, "a-0").ToString());
    }

    [Fact]
    public void The_digest_is_two_FNV_1a_lanes_over_the_identities()
    {
        // Computed by hand, outside of this code base.
        OperationDigest digest = OperationDigest.Empty;
        Assert.Equal("811c9dc59dc5811c", digest.ToString());
        digest = digest.Add(Id("tree", "t1", "a", 1));
        Assert.Equal("71c83be8bee259fd", digest.ToString());
        digest = digest.Add(Id("list", "list-1", "laptop-7f3", 12));
        Assert.Equal("69c2f09c2a9d5139", digest.ToString());
        digest = digest.Add(Id("tree", "t1", "b", 9007199254740991));
        Assert.Equal("133afaff4895d908", digest.ToString());
        Assert.Equal(digest, OperationDigest.FromInt64(digest.ToInt64()));
        OperationDigest high = new(0xffffffff, 0x80000001);
        Assert.Equal(high, OperationDigest.FromInt64(high.ToInt64()));
    }

    private static Stamp Of(long clock, string actor) => new(clock, new ActorId(actor));

    private static OperationId Id(string scope, string resource, string actor, long clock) =>
        new(new Scope(scope), new ResourceId(resource), new ActorId(actor), clock);
}
