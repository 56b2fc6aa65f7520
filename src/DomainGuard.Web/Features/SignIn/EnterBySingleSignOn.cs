using System.Security.Cryptography;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>What the provider says of a person.</summary>
/// <param name="Issuer">The provider.</param>
/// <param name="Subject">The person there; never reused, unlike a name or an e-mail address.</param>
/// <param name="UserName">"preferred_username"; a wish, no more.</param>
/// <param name="DisplayName">"name".</param>
/// <param name="Values">Values of the role claim.</param>
internal sealed record ProviderWord(string Issuer, string Subject, string? UserName, string? DisplayName, IReadOnlyCollection<string> Values);

/// <summary>What became of a sign-in by the provider.</summary>
internal abstract record EnterOutcome
{
    /// <summary>He may enter.</summary>
    internal sealed record Known(Guid UserId) : EnterOutcome;

    /// <summary>None of what the provider says of him maps to a role. Roles that he had are gone; the last administrator's is kept, and he is <see cref="Known"/>.</summary>
    internal sealed record NoRole(Guid? UserId) : EnterOutcome;
}

/// <summary>
/// Finds or makes the member of staff behind issuer and subject, never by name or e-mail address, and gives exactly the roles that the provider's word maps to, at each sign-in. Only the last
/// administrator who can sign in keeps that role whatever the provider says: a group that was renamed there must not leave an installation that nobody can govern.
/// </summary>
internal sealed partial class EnterBySingleSignOn(IServiceScopeFactory scopes, GuardClock clock, IOptions<DomainGuardOptions> options, ILogger<EnterBySingleSignOn> log)
{
    /// <summary>Name of the provider in the table of logins.</summary>
    internal const string Login = "oidc";

    private const string Allowed = "abcdefghijklmnopqrstuvwxyz0123456789-._@+";

    private static AuditActor Actor { get; } = AuditActor.System("single sign-on");

    public async Task<EnterOutcome> ExecuteAsync(ProviderWord word, string? from, CancellationToken cancel)
    {
        var roles = RolesOf(word.Values);
        var key = Key(word);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GuardDb>();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        await using var transaction = await StaffChanges.TakeTurnAsync(db, cancel);
        var user = await users.FindByLoginAsync(Login, key);
        if (user is null)
        {
            if (roles.Count == 0)
            {
                return new EnterOutcome.NoRole(null);
            }

            user = await JoinAsync(db, users, word, key, roles, from, cancel);
        }
        else
        {
            roles = await FollowAsync(db, user, roles, cancel);
        }

        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return roles.Count == 0 ? new EnterOutcome.NoRole(user.Id) : new EnterOutcome.Known(user.Id);
    }

    /// <summary>The roles that values of the claim give.</summary>
    internal IReadOnlyList<string> RolesOf(IReadOnlyCollection<string> values) =>
        [.. Roles.All.Where(r => options.Value.SignIn.Oidc.Roles.TryGetValue(r, out var given) && given.Any(values.Contains))];

    // A hash, because a subject may be longer than a key column, and so that both halves are bound together.
    private static string Key(ProviderWord word) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{word.Issuer}\n{word.Subject}")));

    private async Task<GuardUser> JoinAsync(GuardDb db, UserManager<GuardUser> users, ProviderWord word, string key, IReadOnlyList<string> roles, string? from, CancellationToken cancel)
    {
        var wish = new string([.. (word.UserName ?? "").ToLowerInvariant().Where(Allowed.Contains).Take(60)]);
        wish = wish.Length == 0 ? "sso" : wish;
        // A name that somebody has already is never taken over: that would be linking by name.
        var name = wish;
        for (var n = 2; await users.FindByNameAsync(name) is not null; n++)
        {
            name = n < 10 ? $"{wish}-{n}" : $"{wish}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        }

        var display = string.IsNullOrWhiteSpace(word.DisplayName) ? name : word.DisplayName.Trim();
        var user = new GuardUser { Id = Guid.CreateVersion7(), UserName = name, DisplayName = display[..Math.Min(display.Length, 200)], JoinedAt = clock.Now };
        Check(await users.CreateAsync(user));
        Check(await users.AddLoginAsync(user, new UserLoginInfo(Login, key, "Single sign-on")));
        await StaffChanges.SetRolesAsync(db, user.Id, [.. roles], cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.StaffJoined, AuditActor.Staff(user.Id, from), clock.Now) { Subject = "single sign-on", Changes = [("roles", null, StaffFile.Text(roles))] });
        return user;
    }

    // Gives back the roles that the person has now.
    private async Task<IReadOnlyList<string>> FollowAsync(GuardDb db, GuardUser user, IReadOnlyList<string> given, CancellationToken cancel)
    {
        var before = await StaffChanges.RolesOfAsync(db, user.Id, cancel);
        var keeps = user.LockoutEnd is null && before.Contains(Roles.Administrator) && !given.Contains(Roles.Administrator) && await StaffChanges.AdministratorsAsync(db, cancel) == 1;
        IReadOnlyList<string> roles = keeps ? [.. Roles.All.Where(r => r == Roles.Administrator || given.Contains(r))] : given;
        if (keeps)
        {
            Log.Kept(log, user.Id);
        }

        if (before.SequenceEqual(roles) && !keeps)
        {
            return roles;
        }

        if (!before.SequenceEqual(roles))
        {
            await StaffChanges.SetRolesAsync(db, user.Id, [.. roles], cancel);
            StaffChanges.Restamp(user);
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.StaffChanged, Actor, clock.Now)
        {
            Subject = StaffChanges.Subject(user.Id),
            Comment = keeps ? "The provider gives this person no administrator's role. It was kept: this is the last administrator who can sign in." : null,
            Changes = [("roles", StaffFile.Text(before), StaffFile.Text(roles))],
        });
        return roles;
    }

    private static void Check(IdentityResult result)
    {
        if (!result.Succeeded)
        {
            throw new InvalidOperationException(string.Join(" ", result.Errors.Select(e => e.Description)));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Single sign-on gives member of staff {Member} no administrator's role; it is kept, because this is the last administrator who can sign in")]
        public static partial void Kept(ILogger logger, Guid member);
    }
}
