using Microsoft.Extensions.Options;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Each option by itself.</summary>
[OptionsValidator]
internal sealed partial class AuthOptionsValidator : IValidateOptions<AuthOptions>;

/// <summary>Each limit by itself.</summary>
[OptionsValidator]
internal sealed partial class LimitOptionsValidator : IValidateOptions<LimitOptions>;

/// <summary>What options say together.</summary>
internal sealed class AuthOptionsRules : IValidateOptions<AuthOptions>
{
    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        ValidateOptionsResultBuilder result = new();
        if (!Enum.IsDefined(options.Mode))
            result.AddError($"Auth:Mode is {options.Mode}: set it to Local, None or Application.");
        if (!Enum.IsDefined(options.Registration))
            result.AddError($"Auth:Registration is {options.Registration}: set it to Default, Open, Invite or Closed.");
        if (options.Mode == AuthMode.Local && string.IsNullOrWhiteSpace(options.SigningKeyFile))
        {
            result.AddError(
                "Auth:SigningKeyFile is not set, and Auth:Mode Local needs it: name a file in a folder that lasts, "
                + "for example /var/lib/syncline/signing.key; the server makes it on its first start.");
        }

        if (options.RefreshTokenLifetime < options.AccessTokenLifetime)
        {
            result.AddError(
                $"Auth:RefreshTokenLifetime ({options.RefreshTokenLifetime}) is shorter than Auth:AccessTokenLifetime "
                + $"({options.AccessTokenLifetime}): a login would end before its tokens. Lower the second or raise the first.");
        }

        return result.Build();
    }
}
