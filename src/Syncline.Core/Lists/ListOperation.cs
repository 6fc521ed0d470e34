namespace Syncline.Core.Lists;

/// <summary>
/// What an operation of scope <c>registry</c> or <c>list</c> writes: the registers that are not null, at least one. What it is called on the wire
/// (<c>insert</c>, <c>createList</c> …) makes no other difference.
/// </summary>
public abstract record ListOperation
{
    private ListOperation()
    {
    }

    /// <summary>Writes registers of a list.</summary>
    /// <param name="ListId">The list.</param>
    /// <param name="Title">What it is called.</param>
    /// <param name="Position">Where it stands among the lists.</param>
    /// <param name="IsDeleted">Whether it is removed.</param>
    public sealed record WriteList(string ListId, string? Title, Position? Position, bool? IsDeleted) : ListOperation;

    /// <summary>Writes registers of a task.</summary>
    /// <param name="HomeId">The list that it was inserted in: with <paramref name="TaskId"/> its name for ever.</param>
    /// <param name="TaskId">The task.</param>
    public sealed record WriteTask(string HomeId, string TaskId) : ListOperation
    {
        /// <summary>What is to be done.</summary>
        public string? Text { get; init; }

        /// <summary>Whether it is done.</summary>
        public bool? IsDone { get; init; }

        /// <summary>What else there is to say.</summary>
        public string? Note { get; init; }

        /// <summary>Where it is to stand.</summary>
        public Place? Place { get; init; }

        /// <summary>Whether it is removed.</summary>
        public bool? IsDeleted { get; init; }
    }
}
