namespace Syncline.Client.Storage;

/// <summary>Another process, or another client in this one, has the file open: two of them would number their operations alike.</summary>
public sealed class LocalStoreInUseException(string path, Exception? innerException)
    : LocalStoreException($"The store {path} is open elsewhere. One client at a time can use it: close the other, or give each a file of its own.", innerException);
