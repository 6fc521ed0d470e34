using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Syncline.AspNetCore.Doors;
using Syncline.Core.Operations;
using Syncline.Engine;
using Syncline.Engine.Accounts;

namespace Syncline.AspNetCore.Accounts;

/// <summary>Syncline's own accounts: registers, logs in, refreshes, logs out. What cannot be done is thrown as its error.</summary>
internal sealed partial class LocalAccounts(
    IAccountStore store,
    AccessTokens tokens,
    EndedLogins endedLogins,
    Passwords passwords,
    AttemptLimits limits,
    IRandomBytes random,
    TimeProvider timeProvider,
    IOptions<AuthOptions> options,
    ILogger<LocalAccounts> logger)
{
    private const int PasswordMin = 10;
    private const int PasswordMax = 1_024;
    private const int TokenMax = 256;

    /// <summary>Makes an account and logs it in.</summary>
    public async ValueTask<LoginAnswer> RegisterAsync(
        RegisterRequest request, RegistrationMode mode, IPAddress? address, CancellationToken cancellationToken)
    {
        if (mode == RegistrationMode.Closed)
            throw new RequestException(ErrorCodes.Forbidden, "nobody can register here");
        (User user, string? inviteHash) = Check(request, mode);
        limits.RegistrationsOfAddress.Add(AttemptLimits.KeyOf(address));
        string hash = await passwords.HashAsync(user, request.Password, cancellationToken);
        Audit audit = new(user.Id, timeProvider.GetUtcNow());
        switch (await store.AddUserAsync(user, hash, inviteHash, audit, cancellationToken))
        {
            case AddUserOutcome.NameTaken:
                throw new RequestException(ErrorCodes.NameTaken, $"the userName {user.UserName} is in use");
            case AddUserOutcome.InviteInvalid:
                throw new RequestException(ErrorCodes.Forbidden, "the invite is unknown, used or expired");
            default:
                LogRegistered(user.Id);
                return await StartLoginAsync(user, cancellationToken);
        }
    }

    /// <summary>Logs a user in.</summary>
    public async ValueTask<LoginAnswer> LoginAsync(LoginRequest request, IPAddress? address, CancellationToken cancellationToken)
    {
        DemandPasswordMax(request.Password);
        string addressKey = AttemptLimits.KeyOf(address);
        bool possible = UserNames.TryParse(request.UserName, out string? userName);
        DemandAttempt();

        Credentials? credentials = possible ? await store.FindCredentialsAsync(userName!, cancellationToken) : null;
        PasswordVerificationResult result = await passwords.VerifyAsync(credentials, request.Password, DemandAttempt, cancellationToken);
        if (credentials is null || result == PasswordVerificationResult.Failed)
        {
            // Of guesses made at once only those within the limit get an answer.
            limits.LoginsOfAddress.Add(addressKey);
            if (possible)
                limits.LoginsOfUser.Add(userName!);
            throw new RequestException(ErrorCodes.Unauthenticated, "the userName or the password is wrong");
        }

        DemandAttempt();
        limits.LoginsOfUser.Clear(userName!);
        User user = credentials.User;
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            string hash = await passwords.HashAsync(user, request.Password, cancellationToken);
            await store.SetPasswordHashAsync(user.Id, hash, new Audit(user.Id, timeProvider.GetUtcNow()), cancellationToken);
        }

        return await StartLoginAsync(user, cancellationToken);

        void DemandAttempt()
        {
            limits.LoginsOfAddress.Demand(addressKey);
            if (possible)
                limits.LoginsOfUser.Demand(userName!);
        }
    }

    /// <summary>Uses a refresh token up for a new pair. One that was used before has been copied: its login ends.</summary>
    public async ValueTask<LoginAnswer> RefreshAsync(RefreshRequest request, CancellationToken cancellationToken)
    {
        if (request.RefreshToken.Length > TokenMax)
            throw NotGood();
        string next = Secrets.New(random);
        DateTimeOffset now = timeProvider.GetUtcNow();
        RefreshOutcome outcome = await store.RefreshAsync(
            Secrets.HashOf(request.RefreshToken),
            Secrets.HashOf(next),
            now + options.Value.RefreshTokenLifetime,
            new Audit(null, now),
            cancellationToken);
        switch (outcome)
        {
            case RefreshOutcome.Refreshed { Login: var login }:
                User user = await store.FindUserAsync(login.UserId, cancellationToken) ?? throw NotGood();
                return Answer(user, login.Id, next);
            case RefreshOutcome.UsedTwice { LoginId: var loginId }:
                endedLogins.Add(loginId);
                LogUsedTwice(loginId);
                throw NotGood();
            default:
                throw NotGood();
        }

        static RequestException NotGood() =>
            new(ErrorCodes.Unauthenticated, "the refreshToken is unknown, used, or its login has ended; log in again");
    }

    /// <summary>Ends the caller's login, its access tokens included.</summary>
    public async ValueTask LogoutAsync(Caller caller, CancellationToken cancellationToken)
    {
        string loginId = caller.LoginId!;
        await store.EndLoginAsync(loginId, new Audit(caller.UserId, timeProvider.GetUtcNow()), cancellationToken);
        endedLogins.Add(loginId);
    }

    private static void DemandPasswordMax(string password)
    {
        if (password.Length > PasswordMax)
            throw JsonBody.Invalid($"password is longer than {PasswordMax} characters");
    }

    private (User User, string? InviteHash) Check(RegisterRequest request, RegistrationMode mode)
    {
        if (!UserNames.TryParse(request.UserName, out string? userName))
        {
            throw JsonBody.Invalid(
                "userName is not 2 to 64 letters a-z, digits, dots, underscores and hyphens with a letter or digit first, or is reserved");
        }

        if (request.Password.EnumerateRunes().Count() < PasswordMin)
            throw JsonBody.Invalid($"password is shorter than {PasswordMin} characters");
        DemandPasswordMax(request.Password);
        string displayName = request.DisplayName ?? userName;
        if (!UserNames.IsDisplayName(displayName))
            throw JsonBody.Invalid($"displayName is empty, longer than {UserNames.DisplayNameMax} characters or has control characters");

        User user = new(new UserId(random.NewId()), userName, displayName);
        if (mode == RegistrationMode.Open)
            return (user, null);
        string invite = request.Invite ?? throw new RequestException(ErrorCodes.Forbidden, "registration here needs an invite");
        return invite.Length <= TokenMax
            ? (user, Secrets.HashOf(invite))
            : throw JsonBody.Invalid($"invite is longer than {TokenMax} characters");
    }

    private async ValueTask<LoginAnswer> StartLoginAsync(User user, CancellationToken cancellationToken)
    {
        string refreshToken = Secrets.New(random);
        DateTimeOffset now = timeProvider.GetUtcNow();
        Login login = new(random.NewId(), user.Id, now + options.Value.RefreshTokenLifetime);
        await store.AddLoginAsync(login, Secrets.HashOf(refreshToken), new Audit(user.Id, now), cancellationToken);
        return Answer(user, login.Id, refreshToken);
    }

    private LoginAnswer Answer(User user, string loginId, string refreshToken) =>
        new(UserAnswer.From(user), tokens.Issue(user.Id, loginId), tokens.LifetimeSeconds, refreshToken);

    [LoggerMessage(202, LogLevel.Information, "User {UserId} registered")]
    private partial void LogRegistered(UserId userId);

    [LoggerMessage(203, LogLevel.Warning, "Login {LoginId} ended: one of its refresh tokens was used twice, so somebody may have a copy")]
    private partial void LogUsedTwice(string loginId);
}
