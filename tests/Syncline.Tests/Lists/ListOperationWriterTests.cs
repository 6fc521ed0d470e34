using Syncline.Core.Json;
using Syncline.Core.Lists;
using Syncline.Core.Operations;

namespace Syncline.Tests.Lists;

public sealed class ListOperationWriterTests
{
    private static readonly Position Here = Position.Of(new PositionComponent(5, "a"));

    public static TheoryData<ListOperation> Operations { get; } =
    [
        new ListOperation.WriteList("l", "Title \"\ud800\"", Here, IsDeleted: false),
        new ListOperation.WriteList("l", Title: null, Position: null, IsDeleted: false),
        new ListOperation.WriteList("l", Title: null, Position: null, IsDeleted: true),
        new ListOperation.WriteList("l", "", Position: null, IsDeleted: null),
        new ListOperation.WriteList("l", Title: null, default(Position), IsDeleted: null),
        new ListOperation.WriteTask("home", "t") { Text = "x", IsDone = false, Note = "n", Place = new Place("home", Here), IsDeleted = false },
        new ListOperation.WriteTask("home", "t") { IsDeleted = false },
        new ListOperation.WriteTask("home", "t") { IsDeleted = true },
        new ListOperation.WriteTask("home", "t") { Place = new Place("home", Here) },
        new ListOperation.WriteTask("home", "t") { Place = new Place("other", default) },
        new ListOperation.WriteTask("home", "t") { Text = "", Note = "n" },
        new ListOperation.WriteTask("home", "t") { IsDone = true },
    ];

    [Theory]
    [MemberData(nameof(Operations), DisableDiscoveryEnumeration = true)]
    public void What_is_written_is_read_again(ListOperation operation) =>
        Assert.Equal(operation, ListOperationReader.Read(IdOf(operation), ListOperationWriter.Write(IdOf(operation), operation)!.Value.Utf8.Span));

    [Fact]
    public void What_no_kind_of_operation_writes_is_not_written()
    {
        ListOperation[] operations =
        [
            new ListOperation.WriteList("l", Title: null, Position: null, IsDeleted: null),
            new ListOperation.WriteList("l", "x", Here, IsDeleted: null),
            new ListOperation.WriteList("l", "x", Position: null, IsDeleted: true),
            new ListOperation.WriteTask("home", "t"),
            new ListOperation.WriteTask("home", "t") { Text = "x", IsDeleted = true },
            new ListOperation.WriteTask("home", "t") { Text = "x", Place = new Place("home", Here) },
            new ListOperation.WriteTask("home", "t") { Place = new Place("other", Here), IsDeleted = false },
        ];
        Assert.All(operations, operation => Assert.Null(ListOperationWriter.Write(IdOf(operation), operation)));
    }

    [Fact]
    public void Under_another_identity_ours_is_written_anew_and_others_stay_what_they_are()
    {
        ListOperation write = new ListOperation.WriteTask("home", "t") { IsDone = true };
        OperationId id = IdOf(write);
        OperationId other = id with { Actor = new ActorId("b"), Clock = 9 };
        Assert.Equal("""{"type":"update","itemId":"t","payload":{"done":true},"actor":"b","clock":9}""", Renumber(ListOperationWriter.Write(id, write)!.Value.ToString()));
        const string Theirs = """{"type":"update","itemId":"t","payload":{"done":true},"color":"red"}""";
        Assert.Equal(Theirs, Renumber(Theirs));
        Assert.Equal("[]", Renumber("[]"));

        string Renumber(string payload)
        {
            OperationReader reader = new([new ListModel()], OperationLimits.Default);
            Operation operation = reader.Create(id, JsonText.From(payload).Utf8.Span, key: null, tx: null, allowTransient: false).Operation!;
            return ((IModel)new ListModel()).Renumber(operation, other).ToString();
        }
    }

    private static OperationId IdOf(ListOperation operation) => operation is ListOperation.WriteTask task
        ? new OperationId(ListModel.ListScope, new ResourceId(task.HomeId), new ActorId("a"), 3)
        : new OperationId(ListModel.RegistryScope, new ResourceId("registry"), new ActorId("a"), 3);
}
