using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.Engine;

namespace Syncline.AspNetCore.Accounts;

/// <summary>
/// The secret that signs access tokens. It lies in a file that only its owner can read, from the file's first moment on: it is written
/// under another name and takes its own in one step, so that of two servers that start at once both end with the same key.
/// </summary>
internal sealed partial class SigningKey(IOptions<AuthOptions> options, IRandomBytes random, ILogger<SigningKey> logger)
{
    private const int BytesMin = 32;
    private const int FileBytesMax = 4_096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private byte[]? _bytes;

    /// <summary>The secret.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes ?? throw new InvalidOperationException("The signing key is not loaded; the server has not started.");

    /// <summary>Names the key in tokens without giving anything of it away.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(Bytes).AsSpan(0, 8));

    /// <summary>Reads the key, or makes it where there is none yet.</summary>
    /// <exception cref="OptionsValidationException">The file cannot be read or written, or holds no key.</exception>
    public void Load()
    {
        if (_bytes is not null)
            return;
        string path = Path.GetFullPath(options.Value.SigningKeyFile!);
        try
        {
            if (!File.Exists(path))
                Make(path);
            WarnIfOthersMayReadIt(path);
            _bytes = Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, $"cannot be read or written ({e.Message}); give the server's user the right to, or name another file");
        }
    }

    private static byte[] Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length > FileBytesMax)
            throw Unusable(path, $"is larger than {FileBytesMax} bytes, so it is no signing key; name another file");
        byte[] text = new byte[file.Length];
        file.ReadExactly(text);
        ReadOnlySpan<byte> trimmed = text.AsSpan().Trim("\r\n\t "u8);
        byte[] bytes = new byte[Base64Url.GetMaxDecodedLength(trimmed.Length)];
        if (Base64Url.DecodeFromUtf8(trimmed, bytes, out _, out int length) != OperationStatus.Done)
            throw Unusable(path, "is not base64url text; name another file, or move this one away to have a new key made");
        if (length < BytesMin)
        {
            throw Unusable(
                path, $"holds a key of {length} bytes and needs {BytesMin}; name another file, or move this one away to have a new key made");
        }

        return bytes[..length];
    }

    private static OptionsValidationException Unusable(string path, string what) =>
        new(nameof(AuthOptions), typeof(AuthOptions), [$"Auth:SigningKeyFile: {path} {what}."]);

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
    }

    private void Make(string path)
    {
        MakeFolder(Path.GetDirectoryName(path)!);

        // A move that does not overwrite looks first and moves then: two servers could both find nothing, and the later take the other's key away.
        using FileStream turn = TakeTurn(path + ".lock");
        if (File.Exists(path))
            return;
        string draft = $"{path}.{random.NewId()}";
        FileStreamOptions how = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            how.UnixCreateMode = OwnerOnly;
        try
        {
            using (FileStream file = new(draft, how))
            {
                file.Write(Encoding.ASCII.GetBytes(Secrets.New(random) + "\n"));
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, path, overwrite: false);
            LogMade(path);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    // Whoever waits finds the key made, so a file that is gone when it is let go harms nobody.
    private static FileStream TakeTurn(string lockPath)
    {
        const int TriesMax = 5_000;
        SpinWait wait = default;
        while (true)
        {
            try
            {
                return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (wait.Count < TriesMax)
            {
                wait.SpinOnce();
            }
        }
    }

    private void WarnIfOthersMayReadIt(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        UnixFileMode mode = File.GetUnixFileMode(path);
        if ((mode & ~OwnerOnly) != 0)
            LogWide(path, Convert.ToString((int)mode, toBase: 8));
    }

    [LoggerMessage(200, LogLevel.Debug, "Made a signing key in {Path}")]
    private partial void LogMade(string path);

    [LoggerMessage(201, LogLevel.Warning, "The signing key {Path} has mode {Mode}: whoever reads it can act as anybody. Set it to 600")]
    private partial void LogWide(string path, string mode);
}
