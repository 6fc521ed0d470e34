using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Accounts;

namespace Syncline.Tests.Accounts;

public sealed class SigningKeyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("syncline-key-");
    private readonly LogLines _logs = new();

    private string FilePath => Path.Combine(_folder.FullName, "data", "signing.key");

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _logs.Dispose();
    }

    [Fact]
    public void The_key_is_made_once_for_its_owner_only_and_used_again()
    {
        byte[] made = Load();

        Assert.Equal(32, made.Length);
        Assert.Equal(made, Load());
        Assert.Equal([FilePath], Directory.GetFiles(Path.GetDirectoryName(FilePath)!));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.DoesNotContain(_logs.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Servers_that_start_at_once_end_with_one_key()
    {
        for (int round = 0; round < 100; round++)
        {
            byte[][] keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(Load)));

            Assert.All(keys, key => Assert.Equal(keys[0], key));
            Assert.Single(Directory.GetFiles(Path.GetDirectoryName(FilePath)!));
            File.Delete(FilePath);
        }
    }

    [Fact]
    public void A_key_that_others_may_read_is_warned_of()
    {
        if (OperatingSystem.IsWindows())
            return;
        Load();
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Load();

        Assert.Equal(
            $"Warning 201 The signing key {FilePath} has mode 640: whoever reads it can act as anybody. Set it to 600 ",
            Assert.Single(_logs.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("", "holds a key of 0 bytes")]
    [InlineData("c2hvcnQ", "holds a key of 5 bytes and needs 32")]
    [InlineData("not base64url, not at all, whatever one may think", "is not base64url text")]
    public void A_file_that_holds_no_key_is_refused(string content, string says)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllText(FilePath, content);

        OptionsValidationException e = Assert.Throws<OptionsValidationException>(Load);
        Assert.Contains(FilePath, e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(FilePath));
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_refused()
    {
        Directory.CreateDirectory(FilePath);
        OptionsValidationException e = Assert.Throws<OptionsValidationException>(Load);
        Assert.Contains("cannot be read or written", e.Message, StringComparison.Ordinal);
    }

    private byte[] Load()
    {
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddProvider(new Unowned(_logs)));
        SigningKey key = new(
            Options.Create(new AuthOptions { SigningKeyFile = FilePath }),
            new AccountServer.SystemRandom(),
            loggers.CreateLogger<SigningKey>());
        key.Load();
        return key.Bytes.ToArray();
    }

    private sealed class Unowned(ILoggerProvider provider) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => provider.CreateLogger(categoryName);

        public void Dispose()
        {
            // The test reads the lines afterwards.
        }
    }
}
