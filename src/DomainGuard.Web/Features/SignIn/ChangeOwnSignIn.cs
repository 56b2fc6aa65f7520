using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Hosting;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>What became of a change of one's own sign-in.</summary>
internal abstract record OwnOutcome
{
    /// <summary>It stands.</summary>
    /// <param name="RecoveryCodes">To be shown this once; empty when none were made.</param>
    internal sealed record Done(IReadOnlyList<string> RecoveryCodes) : OwnOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problems">Why, one line each.</param>
    internal sealed record Refused(params IReadOnlyList<string> Problems) : OwnOutcome;
}

/// <summary>A passkey in the list of its owner.</summary>
internal sealed record OwnPasskey(string Id, string Name, DateTimeOffset CreatedAt, bool IsBackedUp);

/// <summary>
/// What a person changes of his own way to sign in: password, authenticator, recovery codes, passkeys, keys. Each in one transaction with its entry of the audit trail. Whoever only found an
/// open browser must not make himself a way in for later: all but the first enrolment asks the password again. <paramref name="db"/> is the context that Identity works with in this request.
/// </summary>
internal sealed class ChangeOwnSignIn(
    GuardDb db, UserManager<GuardUser> users, SignInManager<GuardUser> signIn, IUserStore<GuardUser> store, SignInTries tries, GuardClock clock, IOptions<DomainGuardOptions> options)
{
    internal const int RecoveryCodes = 10;
    internal const int MostPasskeys = 20;
    internal const int MostName = 100;

    /// <summary>The key of an authenticator that is about to be enrolled, made when there is none.</summary>
    public async Task<string> PendingKeyAsync(GuardUser user, CancellationToken cancel)
    {
        if (await users.GetAuthenticatorKeyAsync(user) is { Length: > 0 } key)
        {
            return key;
        }

        key = users.GenerateNewAuthenticatorKey();
        // Not through the manager: that would sign the person out before anything is enrolled.
        await ((IUserAuthenticatorKeyStore<GuardUser>)store).SetAuthenticatorKeyAsync(user, key, cancel);
        await db.SaveChangesAsync(cancel);
        return key;
    }

    /// <summary>Turns the authenticator on, by the first of its codes.</summary>
    public async Task<OwnOutcome> TurnOnAuthenticatorAsync(StaffMember by, string? password, string code, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        if (await NotLocalAsync(user) is { } stranger)
        {
            return stranger;
        }

        if (user.TwoFactorEnabled)
        {
            return new OwnOutcome.Refused("An authenticator is on already. Turn it off first.");
        }

        if (!await MustEnrolAsync(user) && await ConfirmAsync(user, password, cancel) is { } problem)
        {
            return problem;
        }

        if (await tries.TakeAsync(user.NormalizedUserName!, cancel) is null)
        {
            return new OwnOutcome.Refused("Too many wrong tries. Wait 15 minutes.");
        }

        // Before the transaction: the code is spent in a context of its own.
        if (!await users.VerifyTwoFactorTokenAsync(user, users.Options.Tokens.AuthenticatorTokenProvider, code.Replace(" ", "", StringComparison.Ordinal)))
        {
            return new OwnOutcome.Refused("This code is not right, or was used already. Codes change every 30 seconds; look at the clock of the phone.");
        }

        await tries.ForgetAsync(user.NormalizedUserName!, cancel);
        await db.Entry(user).ReloadAsync(cancel);
        return await ApplyAsync(user, by, [("authenticator", false, true)], async () => await users.SetTwoFactorEnabledAsync(user, true), async () => [.. (await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodes))!], cancel);
    }

    /// <summary>Turns the authenticator off and makes its key and the recovery codes worthless.</summary>
    public async Task<OwnOutcome> TurnOffAuthenticatorAsync(StaffMember by, string? password, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        if (await ConfirmAsync(user, password, cancel) is { } problem)
        {
            return problem;
        }

        if (options.Value.SignIn.RequireSecondFactor == true && (await users.GetPasskeysAsync(user)).Count == 0)
        {
            return new OwnOutcome.Refused("A second factor is required here, and this is the only one. Add a passkey first.");
        }

        return await ApplyAsync(user, by, [("authenticator", user.TwoFactorEnabled, false)], async () =>
        {
            user.CodeStep = 0;
            var done = await users.SetTwoFactorEnabledAsync(user, false);
            await db.UserTokens.Where(t => t.UserId == user.Id).ExecuteDeleteAsync(cancel);
            return done;
        }, null, cancel);
    }

    /// <summary>New recovery codes; the old ones are worthless.</summary>
    public async Task<OwnOutcome> RenewRecoveryCodesAsync(StaffMember by, string? password, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        if (await ConfirmAsync(user, password, cancel) is { } problem)
        {
            return problem;
        }

        return user.TwoFactorEnabled
            ? await ApplyAsync(user, by, [("recoveryCodes", null, "renewed")], () => Task.FromResult(IdentityResult.Success), async () => [.. (await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodes))!], cancel)
            : new OwnOutcome.Refused("Recovery codes belong to an authenticator, and none is on.");
    }

    /// <summary>Adds the passkey that the browser made.</summary>
    public async Task<OwnOutcome> AddPasskeyAsync(StaffMember by, string? password, string credential, string name, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        if (await NotLocalAsync(user) is { } stranger)
        {
            return stranger;
        }

        if (!await MustEnrolAsync(user) && await ConfirmAsync(user, password, cancel) is { } problem)
        {
            return problem;
        }

        if ((await users.GetPasskeysAsync(user)).Count >= MostPasskeys)
        {
            return new OwnOutcome.Refused($"{MostPasskeys} passkeys are the most. Remove one first.");
        }

        PasskeyAttestationResult? made = null;
        try
        {
            made = await signIn.PerformPasskeyAttestationAsync(credential);
        }
        catch (Exception e) when (e is InvalidOperationException or System.Text.Json.JsonException)
        {
            // No question was asked before, its cookie is gone, or what came is no answer.
        }

        // The question was asked for one person; the answer must not be kept for another who signed in meanwhile.
        if (made is not { Succeeded: true, Passkey: { } passkey } || made.UserEntity.Id != user.Id.ToString())
        {
            return new OwnOutcome.Refused("The passkey could not be made. Try again.");
        }

        passkey.Name = Name(name);
        return await ApplyAsync(user, by, [("passkeyAdded", null, passkey.Name)], async () =>
        {
            var added = await users.AddOrUpdatePasskeyAsync(user, passkey);
            return added.Succeeded ? await users.UpdateSecurityStampAsync(user) : added;
        }, null, cancel);
    }

    /// <summary>Gives a passkey another name.</summary>
    public async Task<OwnOutcome> RenamePasskeyAsync(StaffMember by, string id, string name, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        if (await PasskeyAsync(user, id) is not { } passkey)
        {
            return new OwnOutcome.Refused("There is no such passkey.");
        }

        var before = passkey.Name;
        passkey.Name = Name(name);
        return await ApplyAsync(user, by, [("passkeyName", before, passkey.Name)], () => users.AddOrUpdatePasskeyAsync(user, passkey), null, cancel);
    }

    /// <summary>Removes a passkey.</summary>
    public async Task<OwnOutcome> RemovePasskeyAsync(StaffMember by, string? password, string id, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        if (await ConfirmAsync(user, password, cancel) is { } problem)
        {
            return problem;
        }

        if (await PasskeyAsync(user, id) is not { } passkey)
        {
            return new OwnOutcome.Refused("There is no such passkey.");
        }

        if (options.Value.SignIn.RequireSecondFactor == true && !user.TwoFactorEnabled && (await users.GetPasskeysAsync(user)).Count == 1)
        {
            return new OwnOutcome.Refused("A second factor is required here, and this is the only one. Add another passkey, or an authenticator, first.");
        }

        return await ApplyAsync(user, by, [("passkeyRemoved", passkey.Name, null)], async () =>
        {
            var removed = await users.RemovePasskeyAsync(user, passkey.CredentialId);
            return removed.Succeeded ? await users.UpdateSecurityStampAsync(user) : removed;
        }, null, cancel);
    }

    /// <summary>Another password. Everything else that is signed in as this person ends within a minute.</summary>
    public async Task<OwnOutcome> ChangePasswordAsync(StaffMember by, string? password, string next, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        return await ConfirmAsync(user, password, cancel) is { } problem
            ? problem
            : await ApplyAsync(user, by, [("password", null, "changed")], () => users.ChangePasswordAsync(user, password!, next), null, cancel);
    }

    /// <summary>Ends everything that is signed in as this person, this browser too when its cookie is taken away afterwards.</summary>
    public async Task SignOutEverywhereAsync(StaffMember by, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        await ApplyAsync(user, by, [("signedOut", null, "everywhere")], () => users.UpdateSecurityStampAsync(user), null, cancel);
    }

    /// <summary>Single-letter keys on or off (WCAG 2.1.4).</summary>
    public async Task SwitchKeysAsync(StaffMember by, bool off, CancellationToken cancel)
    {
        var user = await OwnAsync(by);
        await db.Users.Where(u => u.Id == user.Id).ExecuteUpdateAsync(s => s.SetProperty(u => u.SingleKeysOff, off), cancel);
        user.SingleKeysOff = off;
        await signIn.RefreshSignInAsync(user);
    }

    /// <summary>The person's passkeys, the oldest first.</summary>
    public async Task<IReadOnlyList<OwnPasskey>> PasskeysAsync(GuardUser user) =>
        [.. (await users.GetPasskeysAsync(user)).OrderBy(p => p.CreatedAt).Select(p => new OwnPasskey(Key(p.CredentialId), p.Name ?? "Passkey", p.CreatedAt, p.IsBackedUp))];

    /// <summary>He must enrol before anything else.</summary>
    public async Task<bool> MustEnrolAsync(GuardUser user) =>
        options.Value.SignIn.RequireSecondFactor == true && user is { PasswordHash: not null, TwoFactorEnabled: false } && (await users.GetPasskeysAsync(user)).Count == 0;

    private static string Name(string name) => name.Trim() is { Length: > 0 } text ? text[..Math.Min(text.Length, MostName)] : "Passkey";

    private static string Key(byte[] credential) => System.Buffers.Text.Base64Url.EncodeToString(credential);

    private async Task<UserPasskeyInfo?> PasskeyAsync(GuardUser user, string id) => (await users.GetPasskeysAsync(user)).FirstOrDefault(p => Key(p.CredentialId) == id);

    private async Task<GuardUser> OwnAsync(StaffMember by) => await users.FindByIdAsync(by.Id.ToString()) ?? throw new InvalidOperationException("The person was removed.");

    // A passkey here would go round the provider, which must be able to end a person's access.
    private async Task<OwnOutcome.Refused?> NotLocalAsync(GuardUser user) =>
        (await users.GetLoginsAsync(user)).Count > 0 ? new OwnOutcome.Refused("You come by single sign-on: your second factor is set up there.") : null;

    private async Task<OwnOutcome.Refused?> ConfirmAsync(GuardUser user, string? password, CancellationToken cancel)
    {
        if (await tries.TakeAsync(user.NormalizedUserName!, cancel) is not { } left)
        {
            return new OwnOutcome.Refused("Too many wrong tries. Wait 15 minutes.");
        }

        if (!await users.CheckPasswordAsync(user, password ?? ""))
        {
            return new OwnOutcome.Refused($"The password is wrong. {Words.Count(left.Left, "try", "tries")} left.");
        }

        await tries.GiveBackAsync(user.NormalizedUserName!, cancel);
        return null;
    }

    private async Task<OwnOutcome> ApplyAsync(
        GuardUser user, StaffMember by, IReadOnlyList<(string, object?, object?)> changes, Func<Task<IdentityResult>> change, Func<Task<IReadOnlyList<string>>>? codes, CancellationToken cancel)
    {
        IReadOnlyList<string> made = [];
        await using (var transaction = await db.Database.BeginTransactionAsync(cancel))
        {
            var result = await change();
            if (!result.Succeeded)
            {
                return new OwnOutcome.Refused([.. result.Errors.Select(e => e.Description)]);
            }

            made = codes is null ? made : await codes();
            AuditTrail.Add(db, new AuditFact(AuditAction.StaffChanged, by.Actor, clock.Now) { Subject = StaffChanges.Subject(user.Id), Changes = changes });
            await db.SaveChangesAsync(cancel);
            await transaction.CommitAsync(cancel);
        }

        // This browser goes on; every other one has the old stamp.
        await signIn.RefreshSignInAsync(user);
        return new OwnOutcome.Done(made);
    }
}
