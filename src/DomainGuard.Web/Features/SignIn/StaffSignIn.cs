using System.Security.Claims;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>How a person signed in. Stands in the audit trail.</summary>
internal enum SignInMethod
{
    Password,
    PasswordAndCode,
    PasswordAndRecoveryCode,
    Passkey,
    SingleSignOn,
}

/// <summary>Where a sign-in stands.</summary>
internal abstract record SignInStep
{
    /// <summary>Signed in.</summary>
    internal sealed record Entered : SignInStep;

    /// <summary>The password was right; a code or a passkey is asked next.</summary>
    internal sealed record AskSecondFactor : SignInStep;

    /// <summary>Wrong. The same for names that nobody has.</summary>
    /// <param name="Left">Tries left.</param>
    internal sealed record Wrong(int Left) : SignInStep;

    /// <summary>Too many were wrong under this name; nothing was looked at.</summary>
    /// <param name="Until">Until when (UTC).</param>
    internal sealed record Waiting(DateTimeOffset Until) : SignInStep;

    /// <summary>Everything was right, but an administrator locked the person.</summary>
    internal sealed record Locked : SignInStep;

    /// <summary>The first step is missing or older than five minutes.</summary>
    internal sealed record StartAgain : SignInStep;
}

/// <summary>
/// Signing in, step by step. The way through is the same, in words and in work, whether or not somebody has the name. Between password and second factor the person is known by a
/// cookie of five minutes that opens nothing.
/// </summary>
internal sealed class StaffSignIn(
    SignInManager<GuardUser> signIn, UserManager<GuardUser> users, IPasswordHasher<GuardUser> hasher, SignInTries tries, SignInAudit audit, IHttpContextAccessor accessor, IOptions<DomainGuardOptions> options)
{
    /// <summary>Scheme of the cookie between the two steps.</summary>
    internal const string StepScheme = "DomainGuard.Step";

    private const string StampClaim = "stamp";
    private static string? NobodysHash;

    private HttpContext Http => accessor.HttpContext ?? throw new InvalidOperationException("Signing in needs a request.");

    private string? From => Http.Connection.RemoteIpAddress?.ToString();

    /// <summary>First step: name and password.</summary>
    public async Task<SignInStep> PasswordAsync(string name, string password)
    {
        var key = users.NormalizeName(name.Trim());
        var user = await users.FindByNameAsync(key);
        var left = await tries.TakeAsync(key, Http.RequestAborted);
        var right = await IsRightAsync(user, password);
        if (left is null)
        {
            await audit.FailedAsync(user?.Id, "waiting", From, Http.RequestAborted);
            return await StandAsync(key);
        }

        if (!right || user is null || !options.Value.SignIn.AllowPasswords)
        {
            await audit.FailedAsync(user?.Id, "password", From, Http.RequestAborted);
            return left.LockedUntil is { } until ? new SignInStep.Waiting(until) : new SignInStep.Wrong(left.Left);
        }

        if (user.LockoutEnd is not null)
        {
            await audit.FailedAsync(user.Id, "locked", From, Http.RequestAborted);
            return new SignInStep.Locked();
        }

        if (user.TwoFactorEnabled || (await users.GetPasskeysAsync(user)).Count > 0)
        {
            await tries.GiveBackAsync(key, Http.RequestAborted);
            await Http.SignInAsync(StepScheme, new ClaimsPrincipal(new ClaimsIdentity(
                [new Claim(ClaimTypes.NameIdentifier, user.Id.ToString()), new Claim(StampClaim, user.SecurityStamp!)], StepScheme)));
            return new SignInStep.AskSecondFactor();
        }

        await tries.ForgetAsync(key, Http.RequestAborted);
        return await EnterAsync(user, SignInMethod.Password);
    }

    /// <summary>Who stands between the two steps; null when nobody does.</summary>
    public async Task<GuardUser?> BetweenStepsAsync()
    {
        var step = await Http.AuthenticateAsync(StepScheme);
        return step.Principal?.FindFirstValue(ClaimTypes.NameIdentifier) is { } id && await users.FindByIdAsync(id) is { } user && user.SecurityStamp == step.Principal.FindFirstValue(StampClaim)
            ? user
            : null;
    }

    /// <summary>Second step: the code of the authenticator, or one of the recovery codes.</summary>
    public async Task<SignInStep> CodeAsync(string code, bool recovery)
    {
        if (await BetweenStepsAsync() is not { } user)
        {
            return new SignInStep.StartAgain();
        }

        code = code.Replace(" ", "", StringComparison.Ordinal).Trim();
        var key = user.NormalizedUserName!;
        if (await tries.TakeAsync(key, Http.RequestAborted) is not { } left)
        {
            await audit.FailedAsync(user.Id, "waiting", From, Http.RequestAborted);
            return await StandAsync(key);
        }

        var right = recovery
            ? (await users.RedeemTwoFactorRecoveryCodeAsync(user, code.ToUpperInvariant())).Succeeded
            : await users.VerifyTwoFactorTokenAsync(user, users.Options.Tokens.AuthenticatorTokenProvider, code);
        if (!right)
        {
            await audit.FailedAsync(user.Id, "code", From, Http.RequestAborted);
            return left.LockedUntil is { } until ? new SignInStep.Waiting(until) : new SignInStep.Wrong(left.Left);
        }

        await tries.ForgetAsync(key, Http.RequestAborted);
        return await EnterAsync(user, recovery ? SignInMethod.PasswordAndRecoveryCode : SignInMethod.PasswordAndCode);
    }

    /// <summary>A passkey, alone or as the second step: it proves possession and the person (user verification is required).</summary>
    public async Task<SignInStep> PasskeyAsync(string credential)
    {
        PasskeyAssertionResult<GuardUser>? result = null;
        try
        {
            result = await signIn.PerformPasskeyAssertionAsync(credential);
        }
        catch (Exception e) when (e is InvalidOperationException or System.Text.Json.JsonException)
        {
            // No question was asked before, its cookie is gone, or what came is no answer.
        }

        if (result is not { Succeeded: true, User: { } user, Passkey: { } passkey })
        {
            await audit.FailedAsync(null, "passkey", From, Http.RequestAborted);
            return new SignInStep.Wrong(0);
        }

        // The authenticator's counter moves on: a copy of the key shows by a counter that does not.
        if (!(await users.AddOrUpdatePasskeyAsync(user, passkey)).Succeeded)
        {
            await audit.FailedAsync(user.Id, "passkey", From, Http.RequestAborted);
            return new SignInStep.Wrong(0);
        }

        return await EnterAsync(user, SignInMethod.Passkey);
    }

    /// <summary>Lets a person in who has shown all that is asked.</summary>
    public async Task<SignInStep> EnterAsync(Guid id, SignInMethod method) => await EnterAsync((await users.FindByIdAsync(id.ToString()))!, method);

    /// <summary>Ends this browser's sign-in.</summary>
    public async Task LeaveAsync()
    {
        if (Guid.TryParse(users.GetUserId(Http.User), out var id))
        {
            await audit.SignedOutAsync(id, From, Http.RequestAborted);
        }

        await Http.SignOutAsync(StepScheme);
        await signIn.SignOutAsync();
    }

    private async Task<SignInStep> EnterAsync(GuardUser user, SignInMethod method)
    {
        if (user.LockoutEnd is not null)
        {
            await audit.FailedAsync(user.Id, "locked", From, Http.RequestAborted);
            return new SignInStep.Locked();
        }

        await audit.SignedInAsync(user, method, From, Http.RequestAborted);
        await Http.SignOutAsync(StepScheme);
        await signIn.SignInAsync(user, isPersistent: false);
        return new SignInStep.Entered();
    }

    private async Task<SignInStep> StandAsync(string key)
    {
        var stand = await tries.StandAsync(key, Http.RequestAborted);
        return stand.LockedUntil is { } until ? new SignInStep.Waiting(until) : new SignInStep.Wrong(stand.Left);
    }

    // The same work for names that nobody has, and for people without a password.
    private async Task<bool> IsRightAsync(GuardUser? user, string password)
    {
        if (user?.PasswordHash is not null)
        {
            return await users.CheckPasswordAsync(user, password);
        }

        var nobody = user ?? new GuardUser { DisplayName = "" };
        hasher.VerifyHashedPassword(nobody, LazyInitializer.EnsureInitialized(ref NobodysHash, () => hasher.HashPassword(nobody, "nobody's password")), password);
        return false;
    }
}
