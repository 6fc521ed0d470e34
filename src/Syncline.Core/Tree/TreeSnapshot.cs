using System.Text.Json;
using Syncline.Core.Binary;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Tree;

/// <summary>
/// A tree's state as bytes: everything that <see cref="Tree"/> holds, so that what is loaded goes on exactly as what was written. An
/// accelerator, never the only copy: what is damaged or of another version is thrown away, and the log read instead.
/// </summary>
/// <remarks>
/// The tables one after the other, each as columns of numbers as wide as the greatest of them, and texts in one piece: read at the speed of memory. What
/// follows from something else is left out: creations are the oldest moves, the index of what is worth sending is the moves and the winning writes, and
/// where vertices were before a move a replay tells. At the end the checksum of all before it.
/// </remarks>
public static class TreeSnapshot
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const int FormatVersion = 2;

    private static readonly Sealed Seal = new("sltree", FormatVersion, "tree");

    /// <summary>Writes a tree between two commits.</summary>
    public static byte[] Write(Tree tree) => Seal.Write(writer =>
    {
        writer.Write(tree.Id.Value);
        writer.Write(tree.FirstSeq);
        writer.Write(tree.Head);
        tree.Write(writer);
    });

    /// <summary>Reads a tree.</summary>
    /// <returns>The tree; null, with the reason, when the bytes are not what was written, or of another version.</returns>
    internal static Tree? Read(ReadOnlyMemory<byte> snapshot, out string? problem) => Seal.Read(
        snapshot.Span,
        (ref ByteReader reader) =>
        {
            Tree tree = new(new ResourceId(reader.ReadText()), firstSeq: reader.ReadInt64()) { Head = reader.ReadInt64() };
            tree.Read(ref reader, snapshot[..^Sealed.EndBytes]);
            return tree;
        },
        out problem);

    internal static void WriteLogged(ByteWriter writer, LoggedOperation logged)
    {
        Operation operation = logged.Operation;
        writer.Write(logged.Seq);
        writer.Write(logged.GroupEnd - logged.Seq);
        writer.Write(logged.UserId.Value);
        writer.Write(logged.ReceivedAt.ToUnixTimeMilliseconds());
        writer.Write(unchecked((ulong)logged.Digest.ToInt64()));
        writer.Write(operation.Id.Actor.Value);
        writer.Write(operation.Id.Clock);
        writer.Write(operation.Hash);
        writer.Write(operation.Tx ?? "");
        writer.Write(operation.Payload.Utf8.Span);
    }

    internal static LoggedOperation ReadLogged(ref ByteReader reader, ResourceId treeId)
    {
        long seq = reader.ReadInt64();
        long groupEnd = seq + reader.ReadInt64();
        UserId userId = new(reader.ReadText());
        DateTimeOffset receivedAt = ReadTime(ref reader);
        OperationDigest digest = OperationDigest.FromInt64(reader.ReadInt64());
        OperationId id = new(TreeModel.Scope, treeId, new ActorId(reader.ReadText()), reader.ReadInt64());
        ulong hash = reader.ReadNumber();
        string tx = reader.ReadText();
        JsonText payload = new(reader.ReadBytes().ToArray());
        TreeOperation content = ReadContent(payload);
        return new LoggedOperation
        {
            Seq = seq,
            GroupEnd = groupEnd,
            UserId = userId,
            ReceivedAt = receivedAt,
            Digest = digest,
            Operation = new Operation
            {
                Id = id,
                Hash = hash,
                Tx = tx.Length == 0 ? null : tx,
                Payload = payload,
                Content = content,
            },
        };
    }

    private static DateTimeOffset ReadTime(ref ByteReader reader)
    {
        long milliseconds = reader.ReadInt64();
        return milliseconds >= 0 && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw new InvalidDataException("A time is none.");
    }

    // What is held back needs a vertex.
    private static TreeOperation ReadContent(JsonText payload)
    {
        try
        {
            Refusal? refusal = TreeOperationReader.Read(payload.Utf8, out TreeOperationReader.Bare bare);
            return refusal is null && bare.Operation.NeededId is not null
                ? bare.Operation
                : throw new InvalidDataException(refusal?.Detail ?? "An operation waits for nothing.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("An operation that waits is not JSON.", e);
        }
    }
}
