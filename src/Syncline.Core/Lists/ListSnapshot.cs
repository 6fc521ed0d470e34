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
/// are written, and the values of those that are true or false. Before the tasks stands in which other lists some of them are, so that the tasks need not be
/// read before somebody wants them. At the end the checksum of all before it.
/// </remarks>
internal static class ListSnapshot
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const int FormatVersion = 2;

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

    /// <summary>Writes a list between two commits.</summary>
    public static byte[] Write(ListEntry list) => Write(ListModel.ListScope, list);

    /// <summary>Writes what there is of a resource of the registry: its lists are written one by one.</summary>
    public static byte[] WriteRegistry(string resourceId, SeqSet opaque)
    {
        ListEntry none = new(resourceId) { Opaque = opaque };
        return Write(ListModel.RegistryScope, none);
    }

    /// <summary>Reads a list, and looks its tasks through, which stay unread.</summary>
    /// <returns>Null, with the reason, when the bytes are not what was written, or of another version.</returns>
    public static Content? Read(ReadOnlyMemory<byte> snapshot, out string? problem) => Seal.Read(
        snapshot.Span,
        (ref ByteReader reader) =>
        {
            Head head = new(ref reader);
            bool hasDeleted = head.LookThrough(ref reader);
            return new Content(head.Scope, head.List, head.OtherLists, new UnreadTasks(snapshot, head.TaskCount, hasDeleted));
        },
        out problem);

    /// <summary>Reads the tasks of a list whose snapshot was looked through.</summary>
    /// <param name="snapshot">All of it.</param>
    /// <param name="list">The list, without tasks.</param>
    /// <param name="lists">Where its tasks may stand.</param>
    public static void ReadTasks(ReadOnlySpan<byte> snapshot, ListEntry list, IReadOnlyDictionary<string, ListEntry> lists)
    {
        ByteReader reader = Seal.ReadAgain(snapshot);
        Head head = new(ref reader);
        TaskRows rows = head.RowsOf(reader);
        list.Tasks.EnsureCapacity(head.TaskCount);
        for (int i = 0; i < head.TaskCount; i++)
        {
            rows.Read();
            TaskEntry task = rows.Row.ToEntry(list, head.Names);
            list.Tasks.Add(task.Id, task);
            if (rows.Row.IsElsewhere)
                task.StandIn(lists[head.Names[rows.Row.List]]);
        }
    }

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
    /// <param name="List">The list, without its tasks.</param>
    /// <param name="OtherLists">The ids of the lists in which at least one of its tasks stands.</param>
    /// <param name="Tasks">Its tasks.</param>
    public sealed record Content(Scope Scope, ListEntry List, IReadOnlyList<string> OtherLists, UnreadTasks Tasks);

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
            WriteOtherLists(tasks);
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

        private void WriteOtherLists(TaskEntry[] tasks)
        {
            int[] others = [.. tasks.Where(task => !ReferenceEquals(task.List, list)).Select(task => _names[task.List.Id]).Distinct().Order()];
            writer.Write((ulong)others.Length);
            foreach (int other in others)
                writer.Write((ulong)other);
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

    /// <summary>What stands before the tasks.</summary>
    private sealed class Head
    {
        private readonly int[] _others;
        private readonly long _clock;

        public Head(ref ByteReader reader)
        {
            Scope = reader.ReadBelow(2) == 0 ? ListModel.ListScope : ListModel.RegistryScope;
            string id = reader.ReadText();
            List = Identifiers.IsGeneral(id) ? new ListEntry(id) : throw new InvalidDataException("An id is none.");
            Names = new string[reader.ReadCount()];
            for (int i = 0; i < Names.Length; i++)
                Names[i] = JsonStrings.FromWtf8(reader.ReadBytes());
            List.Opaque.Read(ref reader);
            _clock = ReadList(ref reader);
            _others = new int[reader.ReadCount()];
            for (int i = 0; i < _others.Length; i++)
                _others[i] = reader.ReadBelow(Names.Length);
            TaskCount = reader.ReadCount();
        }

        public Scope Scope { get; }

        public ListEntry List { get; }

        /// <summary>Actors and other lists' ids.</summary>
        public string[] Names { get; }

        public int TaskCount { get; }

        public string[] OtherLists => Array.ConvertAll(_others, name => Names[name]);

        /// <summary>The tasks, which begin where the reader stands.</summary>
        public TaskRows RowsOf(ByteReader reader) => new(reader, _clock, Names.Length);

        /// <summary>Looks all tasks through, so that they can be read later. Tells whether one is deleted and has more than that.</summary>
        public bool LookThrough(ref ByteReader reader)
        {
            TaskRows rows = RowsOf(reader);
            bool hasDeleted = false;
            bool[] isUsed = new bool[Names.Length];
            ReadOnlySpan<byte> before = [];
            for (int i = 0; i < TaskCount; i++)
            {
                rows.Read();
                rows.Row.DemandTexts();
                if (i > 0 && before.SequenceCompareTo(rows.Row.Id) >= 0)
                    throw new InvalidDataException("A task is there twice, or not in its place.");
                before = rows.Row.Id;
                if (rows.Row.IsElsewhere)
                    isUsed[rows.Row.List] = true;
                hasDeleted |= rows.Row.IsMoreThanDeleted;
            }

            DemandOthers(isUsed);
            reader = rows.Rest;
            return hasDeleted;
        }

        // They rise, none is the list itself, and they are those in which the tasks stand.
        private void DemandOthers(bool[] isUsed)
        {
            for (int i = 0; i < _others.Length; i++)
            {
                if (!isUsed[_others[i]] || (i > 0 && _others[i] <= _others[i - 1]) || Names[_others[i]] == List.Id)
                    throw new InvalidDataException("In a list that is named there is no task, or it is named twice, or is the list itself.");
            }

            if (isUsed.Count(used => used) != _others.Length)
                throw new InvalidDataException("A task stands in a list that is not named.");
        }

        private long ReadList(ref ByteReader reader)
        {
            ListParts parts = (ListParts)reader.ReadBelow((int)ListParts.All + 1);
            StampReader stamps = new(0, Names.Length);
            if ((parts & ListParts.Title) != 0)
                (List.TitleWrite, List.Title) = (stamps.Read(ref reader).ToRegister(Names), JsonStrings.FromWtf8(reader.ReadBytes()));
            if ((parts & ListParts.Position) != 0)
                (List.PositionWrite, List.Position) = (stamps.Read(ref reader).ToRegister(Names), new PositionBytes(ref reader, Names.Length).ToPosition(Names));
            if ((parts & ListParts.Deleted) != 0)
                (List.DeletedWrite, List.IsDeleted) = (stamps.Read(ref reader).ToRegister(Names), (parts & ListParts.IsDeleted) != 0);
            return stamps.Clock;
        }
    }
}
