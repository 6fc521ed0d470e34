using LibSqlite;
using Syncline.Engine.Storage;

namespace Syncline.Sqlite;

/// <summary>Says what is wrong with the machine in the port's terms: what happened and what to do, no paths, no data.</summary>
internal static class Unavailable
{
    public static StoreUnavailableException From(SqliteException exception, bool outcomeUnknown = false) =>
        new(MessageOf(exception), outcomeUnknown, exception);

    public static StoreUnavailableException From(Exception fileError) =>
        new("The store's files cannot be written: check the free space and the permissions of the data folder.", false, fileError);

    public static StoreUnavailableException Because(string message) => new(message, outcomeUnknown: false);

    private static string MessageOf(SqliteException exception) => exception switch
    {
        { IsFull: true } => "The store is full: free some space on its disk.",
        { IsReadOnly: true } => "The store is read-only: check the permissions of the data folder and how its disk is mounted.",
        { IsCorrupt: true } => "The store's file is damaged: restore it from a backup.",
        { IsBusy: true } => "Another program holds the store's file locked: end it.",
        { ResultCode: SqliteResultCode.CannotOpen } =>
            "The store's file cannot be opened: check the permissions of the data folder and the limit of open files.",
        { IsIoError: true } => "The store's file cannot be read or written: check its disk.",
        _ => $"The store failed ({exception.ResultCode}).",
    };
}
