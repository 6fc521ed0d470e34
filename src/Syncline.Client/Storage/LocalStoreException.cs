namespace Syncline.Client.Storage;

/// <summary>The local store cannot be read or written: the disk is full or broken, the file damaged, or its permissions do not allow it.</summary>
public class LocalStoreException : Exception
{
    /// <summary>Makes one.</summary>
    public LocalStoreException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with its cause.</summary>
    public LocalStoreException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
