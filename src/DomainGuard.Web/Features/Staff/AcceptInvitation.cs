using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Hosting;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Staff;

/// <summary>An invitation that can be accepted now.</summary>
internal sealed record OpenInvitation(Guid Id, string Name, IReadOnlyList<string> Roles, DateTimeOffset ExpiresAt);

/// <summary>What became of an acceptance.</summary>
internal abstract record AcceptOutcome
{
    /// <summary>The person is a member of staff.</summary>
    internal sealed record Joined(Guid UserId) : AcceptOutcome;

    /// <summary>The link opens nothing: unknown, used, expired, taken back, or its maker may no longer invite.</summary>
    internal sealed record NotOpen : AcceptOutcome;

    /// <summary>The link is still good; what was typed is not.</summary>
    /// <param name="Problems">One line each.</param>
    internal sealed record Refused(IReadOnlyList<string> Problems) : AcceptOutcome;
}

/// <summary>Makes a member of staff of whoever holds the link: once, in one transaction with the entry of the audit trail.</summary>
internal sealed class AcceptInvitation(IServiceScopeFactory scopes, GuardClock clock, TimeProvider time, IOptions<DomainGuardOptions> options)
{
    /// <summary>The invitation behind a link; null when it opens nothing.</summary>
    public async Task<OpenInvitation?> FindAsync(string token, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await FindAsync(scope.ServiceProvider.GetRequiredService<GuardDb>(), token, cancel);
    }

    public async Task<AcceptOutcome> ExecuteAsync(string token, string userName, string displayName, string password, string? from, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<GuardDb>();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        await using var transaction = await StaffChanges.TakeTurnAsync(db, cancel);
        if (await FindAsync(db, token, cancel) is not { } invitation)
        {
            return new AcceptOutcome.NotOpen();
        }

        displayName = displayName.Trim();
        if (!KeptText.IsName(displayName, 200))
        {
            return new AcceptOutcome.Refused(["Say the name that colleagues see, in at most 200 characters."]);
        }

        var user = new GuardUser { Id = Guid.CreateVersion7(), UserName = userName.Trim(), DisplayName = displayName, JoinedAt = clock.Now };
        var created = await users.CreateAsync(user, password);
        if (!created.Succeeded)
        {
            return new AcceptOutcome.Refused([.. created.Errors.Select(e => e.Description)]);
        }

        var now = time.GetUtcNow();
        if (await db.Invitations.Where(i => i.Id == invitation.Id && i.AcceptedAt == null && i.RevokedAt == null)
            .ExecuteUpdateAsync(s => s.SetProperty(i => i.AcceptedAt, now).SetProperty(i => i.UserId, user.Id).SetProperty(i => i.Version, i => i.Version + 1), cancel) == 0)
        {
            return new AcceptOutcome.NotOpen();
        }

        await StaffChanges.SetRolesAsync(db, user.Id, [.. invitation.Roles], cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.StaffJoined, AuditActor.Staff(user.Id, from), clock.Now)
        {
            Subject = InviteStaff.Subject(invitation.Id),
            Changes = [("roles", null, StaffFile.Text(invitation.Roles))],
        });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return new AcceptOutcome.Joined(user.Id);
    }

    private async Task<OpenInvitation?> FindAsync(GuardDb db, string token, CancellationToken cancel)
    {
        var hash = InviteStaff.Hash(token);
        var now = time.GetUtcNow();
        var found = await db.Invitations.AsNoTracking()
            .FirstOrDefaultAsync(i => i.TokenHash == hash && i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now, cancel);
        if (found is null || !options.Value.SignIn.AllowPasswords)
        {
            return null;
        }

        // A link made by somebody who has since lost the right, or was locked or removed, would be a way back in.
        if (found.InvitedBy is { } inviter)
        {
            var roles = await StaffChanges.RolesOfAsync(db, inviter, cancel);
            if (!roles.Contains(Roles.Administrator) || await db.Users.AnyAsync(u => u.Id == inviter && u.LockoutEnd != null, cancel))
            {
                return null;
            }
        }

        return new OpenInvitation(found.Id, found.Name, found.Roles.Split(','), found.ExpiresAt);
    }
}
