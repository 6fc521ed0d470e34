using Syncline.Bench.Storage;
using Syncline.Core.Operations;
using Syncline.Engine.Storage;

namespace Syncline.Bench.Spaces;

/// <summary>A folder of many spaces of 10 operations each: one is made by the store, the others are copies of its file.</summary>
internal sealed class SpaceFiles : IDisposable
{
    public const int OperationsEach = 10;
    private readonly StoreFolder _folder;
    private readonly ActorId[] _actors = Workload.Actors(2);
    private readonly LogHead[] _heads;

    public SpaceFiles(int count, int openSpacesMax)
    {
        _folder = new StoreFolder();
        Spaces = [.. Enumerable.Range(0, count).Select(StoreFolder.Space)];
        LogHead head = _folder.Create(Spaces[0]);
        LogAppend append = Workload.Next(head, OperationsEach, _actors);
        _folder.Store.AppendAsync(Spaces[0], append).Wait();
        _folder.Restart(openSpacesMax);
        string first = PathOf(0);
        for (int i = 1; i < count; i++)
        {
            if (i < 256)
                Directory.CreateDirectory(Path.GetDirectoryName(PathOf(i))!);
            File.Copy(first, PathOf(i));
        }

        TemporaryFolder.Settle();

        _heads = [.. Enumerable.Repeat(Workload.After(head, append), count)];
    }

    public SpaceId[] Spaces { get; }

    public string PathOf(int space) => _folder.FileOf(Spaces[space]);

    /// <summary>The next rows of a space, and the place after them.</summary>
    public BareRow[] NextRows(int space)
    {
        long first = _heads[space].Seq + 1;
        _heads[space] = _heads[space] with { Seq = first + OperationsEach - 1 };
        return BareRow.Make(first, OperationsEach, _actors.Length);
    }

    /// <summary>A writer's round through the store.</summary>
    public void Append(int space)
    {
        LogAppend append = Workload.Next(_heads[space], OperationsEach, _actors);
        OperationId[] identities = [.. append.Operations.Select(logged => logged.Operation.Id)];
        Known known = _folder.Store.FindAsync(Spaces[space], identities, _actors, CancellationToken.None).Wait();
        if (known.Head != append.ExpectedHead || _folder.Store.AppendAsync(Spaces[space], append).Wait() != AppendOutcome.Appended)
            throw new InvalidOperationException("the log is not where it should be");
        _heads[space] = Workload.After(_heads[space], append);
    }

    public void Dispose() => _folder.Dispose();
}
