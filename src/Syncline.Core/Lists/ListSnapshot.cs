using System.Buffers.Binary;
using Syncline.Core.Binary;
using Syncline.Core.Json;
using Syncline.Core.Operations;

namespace Syncline.Core.Lists;

/// <summary>
/// A list's state as bytes: its registers, all tasks whose home it is, removed ones too, and the seqs of operations without effect. Equal
/// states give equal bytes, however they came about. An accelerator, never the only copy: what is damaged or of another version is thrown away, and the
/// log read instead.
/// </summary>
/// <remarks>
/// Sorted throughout. Actors and other lists' ids stand once, in a table, and are named by their index. For each entry a number tells which registers
/// are written, and the values of those that are true or false. At the end the checksum of all before it.
/// </remarks>
internal static class ListSnapshot
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const int FormatVersion = 1;

    private static readonly Sealed Seal = new("sllist", FormatVersion, "list");

    [Flags]
    private enum ListParts
    {
        None = 0,
        Title = 1,
        Position = 2,
        Deleted = 4,
        IsDeleted = 8,
        All = 15,
    }

    [Flags]
    private enum TaskParts
    {
        None = 0,
        Text = 1,
        Done = 2,
        Note = 4,
        Place = 8,
        Deleted = 16,
        IsDone = 32,
        IsDeleted = 64,
        IsElsewhere = 128,
        All = 255,
    }

    /// <summary>Writes a list between two commits.</summary>
    public static byte[] Write(ListEntry list) => Write(ListModel.ListScope, list);

    /// <summary>Writes what there is of a resource of the registry: its lists are written one by one.</summary>
    public static byte[] WriteRegistry(string resourceId, SeqSet opaque)
    {
        ListEntry none = new(resourceId) { Opaque = opaque };
        return Write(ListModel.RegistryScope, none);
    }

    /// <summary>Reads a snapshot.</summary>
    /// <returns>Null, with the reason, when the bytes are not what was written, or of another version.</returns>
    public static Content? Read(ReadOnlySpan<byte> snapshot, out string? problem) => Seal.Read(
        snapshot,
        static (ref ByteReader reader) =>
        {
            Scope scope = reader.ReadBelow(2) == 0 ? ListModel.ListScope : ListModel.RegistryScope;
            Content content = new(scope, new ListEntry(ReadId(ref reader)), []);
            new Reading(content).Read(ref reader);
            return content;
        },
        out problem);

    private static byte[] Write(Scope scope, ListEntry list) => Seal.Write(writer =>
    {
        writer.Write(scope == ListModel.ListScope ? 0UL : 1UL);
        writer.Write(list.Id);
        new Writing(writer, list).Write();
    });

    private static string ReadId(ref ByteReader reader)
    {
        string id = reader.ReadText();
        return Identifiers.IsGeneral(id) ? id : throw new InvalidDataException("An id is none.");
    }

    /// <summary>What was read: a list that nobody knows yet.</summary>
    /// <param name="Scope">Of a registry, the list has nothing but opaque seqs.</param>
    /// <param name="List">The list.</param>
    /// <param name="Elsewhere">Its tasks that are to stand in other lists.</param>
    public sealed record Content(Scope Scope, ListEntry List, List<(TaskEntry Task, string ListId)> Elsewhere);

    /// <summary>One list being written.</summary>
    private sealed class Writing(ByteWriter writer, ListEntry list)
    {
        private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
        private long _clock;

        public void Write()
        {
            TaskEntry[] tasks = [.. list.Tasks.Values.OrderBy(task => task.Id, StringComparer.Ordinal)];
            WriteNames(tasks);
            list.Opaque.Write(writer);
            WriteList();
            writer.Write((ulong)tasks.Length);
            foreach (TaskEntry task in tasks)
                WriteTask(task);
        }

        private void WriteNames(TaskEntry[] tasks)
        {
            HashSet<string> found = new(StringComparer.Ordinal);
            Note(list.TitleWrite, list.PositionWrite, list.DeletedWrite);
            NotePosition(list.Position);
            foreach (TaskEntry task in tasks)
            {
                Note(task.TextWrite, task.DoneWrite, task.NoteWrite, task.PlaceWrite, task.DeletedWrite);
                NotePosition(task.Position);
                if (!ReferenceEquals(task.List, list))
                    found.Add(task.List.Id);
            }

            writer.Write((ulong)found.Count);
            foreach (string name in found.Order(StringComparer.Ordinal))
            {
                _names.Add(name, _names.Count);
                writer.Write(JsonStrings.ToWtf8(name));
            }

            void Note(params ReadOnlySpan<Register> registers)
            {
                foreach (Register register in registers)
                {
                    if (register.IsWritten)
                        found.Add(register.Actor!);
                }
            }

            void NotePosition(Position position)
            {
                foreach (PositionComponent component in position.Components)
                    found.Add(component.Actor);
            }
        }

        private void WriteList()
        {
            ListParts parts = (list.TitleWrite.IsWritten ? ListParts.Title : 0)
                | (list.PositionWrite.IsWritten ? ListParts.Position : 0)
                | (list.DeletedWrite.IsWritten ? ListParts.Deleted : 0)
                | (list.IsDeleted ? ListParts.IsDeleted : 0);
            writer.Write((ulong)parts);
            if (WriteStamp(list.TitleWrite))
                writer.Write(JsonStrings.ToWtf8(list.Title!));
            if (WriteStamp(list.PositionWrite))
                WritePosition(list.Position);
            WriteStamp(list.DeletedWrite);
        }

        private void WriteTask(TaskEntry task)
        {
            bool isElsewhere = !ReferenceEquals(task.List, list);
            TaskParts parts = (task.TextWrite.IsWritten ? TaskParts.Text : 0)
                | (task.DoneWrite.IsWritten ? TaskParts.Done : 0)
                | (task.NoteWrite.IsWritten ? TaskParts.Note : 0)
                | (task.PlaceWrite.IsWritten ? TaskParts.Place : 0)
                | (task.DeletedWrite.IsWritten ? TaskParts.Deleted : 0)
                | (task.IsDone ? TaskParts.IsDone : 0)
                | (task.IsDeleted ? TaskParts.IsDeleted : 0)
                | (isElsewhere ? TaskParts.IsElsewhere : 0);
            writer.Write(task.Id);
            writer.Write((ulong)parts);
            if (WriteStamp(task.TextWrite))
                writer.Write(JsonStrings.ToWtf8(task.Text!));
            WriteStamp(task.DoneWrite);
            if (WriteStamp(task.NoteWrite))
                writer.Write(JsonStrings.ToWtf8(task.Note!));
            if (WriteStamp(task.PlaceWrite))
                WritePosition(task.Position);
            if (isElsewhere)
                writer.Write((ulong)_names[task.List.Id]);
            WriteStamp(task.DeletedWrite);
        }

        private bool WriteStamp(Register register)
        {
            if (!register.IsWritten)
                return false;
            writer.WriteSigned(register.Clock - _clock);
            writer.Write((ulong)_names[register.Actor!]);
            _clock = register.Clock;
            return true;
        }

        private void WritePosition(Position position)
        {
            writer.Write((ulong)position.Components.Length);
            Span<byte> digit = stackalloc byte[sizeof(double)];
            foreach (PositionComponent component in position.Components)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(digit, component.Digit);
                writer.WriteRaw(digit);
                writer.Write((ulong)_names[component.Actor]);
            }
        }
    }

    /// <summary>One list being read.</summary>
    private sealed class Reading(Content content)
    {
        private readonly ListEntry _list = content.List;
        private string[] _names = [];
        private long _clock;

        public void Read(ref ByteReader reader)
        {
            _names = new string[reader.ReadCount()];
            for (int i = 0; i < _names.Length; i++)
                _names[i] = JsonStrings.FromWtf8(reader.ReadBytes());
            _list.Opaque.Read(ref reader);
            ReadList(ref reader);
            int count = reader.ReadCount();
            _list.Tasks.EnsureCapacity(count);
            for (; count > 0; count--)
                ReadTask(ref reader);
        }

        private void ReadList(ref ByteReader reader)
        {
            ListParts parts = (ListParts)reader.ReadBelow((int)ListParts.All + 1);
            if ((parts & ListParts.Title) != 0)
                (_list.TitleWrite, _list.Title) = (ReadStamp(ref reader), JsonStrings.FromWtf8(reader.ReadBytes()));
            if ((parts & ListParts.Position) != 0)
                (_list.PositionWrite, _list.Position) = (ReadStamp(ref reader), ReadPosition(ref reader));
            if ((parts & ListParts.Deleted) != 0)
                (_list.DeletedWrite, _list.IsDeleted) = (ReadStamp(ref reader), (parts & ListParts.IsDeleted) != 0);
        }

        private void ReadTask(ref ByteReader reader)
        {
            TaskEntry task = new(_list, ReadId(ref reader));
            if (!_list.Tasks.TryAdd(task.Id, task))
                throw new InvalidDataException("A task is there twice.");
            TaskParts parts = (TaskParts)reader.ReadBelow((int)TaskParts.All + 1);
            if ((parts & TaskParts.Text) != 0)
                (task.TextWrite, task.Text) = (ReadStamp(ref reader), JsonStrings.FromWtf8(reader.ReadBytes()));
            if ((parts & TaskParts.Done) != 0)
                (task.DoneWrite, task.IsDone) = (ReadStamp(ref reader), (parts & TaskParts.IsDone) != 0);
            if ((parts & TaskParts.Note) != 0)
                (task.NoteWrite, task.Note) = (ReadStamp(ref reader), JsonStrings.FromWtf8(reader.ReadBytes()));
            if ((parts & TaskParts.Place) != 0)
                (task.PlaceWrite, task.Position) = (ReadStamp(ref reader), ReadPosition(ref reader));
            if ((parts & TaskParts.IsElsewhere) != 0)
                content.Elsewhere.Add((task, ReadName(ref reader)));
            if ((parts & TaskParts.Deleted) != 0)
                (task.DeletedWrite, task.IsDeleted) = (ReadStamp(ref reader), (parts & TaskParts.IsDeleted) != 0);
        }

        private Register ReadStamp(ref ByteReader reader)
        {
            _clock += reader.ReadSigned();
            return _clock > 0 ? new Register(_clock, ReadName(ref reader)) : throw new InvalidDataException("A clock is not above 0.");
        }

        private Position ReadPosition(ref ByteReader reader)
        {
            PositionComponent[] components = new PositionComponent[reader.ReadCount()];
            foreach (ref PositionComponent component in components.AsSpan())
            {
                double digit = BinaryPrimitives.ReadDoubleLittleEndian(reader.ReadRaw(sizeof(double)));
                component = digit >= 0 && double.IsInteger(digit)
                    ? new PositionComponent(digit, ReadName(ref reader))
                    : throw new InvalidDataException("A digit is none.");
            }

            return Position.Owning(components);
        }

        private string ReadName(ref ByteReader reader) => _names[reader.ReadBelow(_names.Length)];
    }
}
