namespace Syncline.Core.Lists;

/// <summary>Of a task in a snapshot: which registers are written, and the values of those that are true or false.</summary>
[Flags]
internal enum TaskParts
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
