using LibSqlite;

namespace Syncline.Client.Storage;

/// <summary>Says what is wrong with the machine in the port's terms: what happened and what to do, no data.</summary>
internal static class LocalStoreErrors
{
    public static LocalStoreException From(SqliteException exception) => new(MessageOf(exception), exception);

    public static LocalStoreException From(Exception fileError) =>
        new("The local store's files cannot be opened: check the free space, and the permissions of their folder.", fileError);

    private static string MessageOf(SqliteException exception) => exception switch
    {
        { IsFull: true } => "The local store is full: free some space on its disk.",
        { IsReadOnly: true } => "The local store is read-only: check the permissions of its file and folder, and how its disk is mounted.",
        { IsCorrupt: true } or { IsConstraint: true } => "The local store's file is damaged, or is none: put it aside, or restore it from a backup.",
        { IsBusy: true } => "Another program holds the local store's file locked: end it.",
        { ResultCode: SqliteResultCode.CannotOpen } =>
            "The local store's file cannot be opened: check its permissions and the limit of open files.",
        { IsIoError: true } => "The local store's file cannot be read or written: check its disk.",
        _ => $"The local store failed ({exception.ResultCode}).",
    };
}
