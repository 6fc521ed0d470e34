using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Registers the accounts. The store (<c>IAccountStore</c>), <c>IRandomBytes</c> and <c>TimeProvider</c> come from elsewhere.</summary>
internal static class AccountServices
{
    public static IServiceCollection Add(IServiceCollection services)
    {
        services.AddOptions<AuthOptions>().ValidateOnStart();
        services.AddOptions<LimitOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AuthOptions>, AuthOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AuthOptions>, AuthOptionsRules>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LimitOptions>, LimitOptionsValidator>());

        services.TryAddSingleton<SigningKey>();
        services.TryAddSingleton<AccessTokens>();
        services.TryAddSingleton<EndedLogins>();
        services.TryAddSingleton<KnownUsers>();
        services.TryAddSingleton<AttemptLimits>();
        services.TryAddSingleton(_ => new Passwords());
        services.TryAddSingleton<RegistrationPolicy>();
        services.TryAddSingleton<LocalAccounts>();
        services.TryAddSingleton<Invites>();
        services.TryAddSingleton<LocalCallers>();
        services.TryAddSingleton<OpenCallers>();
        services.TryAddSingleton<ApplicationCallers>();
        services.TryAddSingleton<ICallers>(provider => provider.GetRequiredService<IOptions<AuthOptions>>().Value.Mode switch
        {
            AuthMode.Local => provider.GetRequiredService<LocalCallers>(),
            AuthMode.None => provider.GetRequiredService<OpenCallers>(),
            AuthMode.Application => provider.GetRequiredService<ApplicationCallers>(),
            _ => throw new UnreachableException(),
        });
        services.AddHostedService<AccountStart>();
        return services;
    }
}
