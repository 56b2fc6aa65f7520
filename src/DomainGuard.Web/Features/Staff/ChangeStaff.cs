using DomainGuard.Core.Audit;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Staff;

/// <summary>Gives a member of staff other roles. Nobody changes his own.</summary>
internal sealed class ChangeStaffRoles(StaffChanges changes)
{
    public async Task<StaffOutcome> ExecuteAsync(StaffMember by, Guid id, IReadOnlyCollection<string> roles, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return StaffOutcome.NeedsAdministrator;
        }

        if (by.Id == id)
        {
            return new StaffOutcome.Refused("Nobody changes his own roles. Another administrator does.");
        }

        if (roles.Count == 0 || roles.Any(r => !Roles.All.Contains(r)))
        {
            return new StaffOutcome.Refused("Choose at least one of the roles Administrator, Analyst, Auditor.");
        }

        return await changes.ApplyAsync(by.Actor, id, null, async file =>
        {
            if (await file.Db.UserLogins.AnyAsync(l => l.UserId == id, cancel))
            {
                return "The roles of this person come from single sign-on. Change them there.";
            }

            await StaffChanges.SetRolesAsync(file.Db, id, roles, cancel);
            file.Changes.Add(("roles", StaffFile.Text(file.Roles), StaffFile.Text(roles)));
            return null;
        }, cancel);
    }
}

/// <summary>Locks a member of staff out until an administrator unlocks. Nobody locks himself.</summary>
internal sealed class LockStaff(StaffChanges changes)
{
    public async Task<StaffOutcome> ExecuteAsync(StaffMember by, Guid id, string? reason, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return StaffOutcome.NeedsAdministrator;
        }

        return by.Id == id ? new StaffOutcome.Refused("Nobody locks himself.") : await changes.ApplyAsync(by.Actor, id, reason, file =>
        {
            if (file.User.LockoutEnd is not null)
            {
                return Task.FromResult<string?>("This person is locked already.");
            }

            (file.User.LockoutEnabled, file.User.LockoutEnd) = (true, DateTimeOffset.MaxValue);
            file.Changes.Add(("locked", false, true));
            return Task.FromResult<string?>(null);
        }, cancel);
    }
}

/// <summary>Takes a lock away: an administrator's, and the wait after wrong passwords.</summary>
internal sealed class UnlockStaff(StaffChanges changes)
{
    public Task<StaffOutcome> ExecuteAsync(StaffMember by, Guid id, CancellationToken cancel) =>
        by.May(Policies.Operate) ? ExecuteAsync(by.Actor, id, cancel) : Task.FromResult<StaffOutcome>(StaffOutcome.NeedsAdministrator);

    /// <summary>From the command line.</summary>
    public Task<StaffOutcome> ExecuteAsync(AuditActor by, Guid id, CancellationToken cancel) => changes.ApplyAsync(by, id, null, async file =>
    {
        file.Changes.Add(("locked", file.User.LockoutEnd is not null, false));
        file.User.LockoutEnd = null;
        var name = SignInTries.Key(file.User.NormalizedUserName!);
        var waited = await file.Db.SignInTries.Where(t => t.NameHash == name).ExecuteDeleteAsync(cancel) > 0;
        file.Changes.Add(("wrongTries", waited, false));
        return null;
    }, cancel);
}

/// <summary>Takes passkeys, authenticator and recovery codes away, so that the person enrols anew after the next password sign-in.</summary>
internal sealed class ResetSecondFactor(StaffChanges changes)
{
    public async Task<StaffOutcome> ExecuteAsync(StaffMember by, Guid id, string? reason, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return StaffOutcome.NeedsAdministrator;
        }

        return by.Id == id
            ? new StaffOutcome.Refused("Your own second factor is changed on your own page.")
            : await ExecuteAsync(by.Actor, id, reason, cancel);
    }

    /// <summary>From the command line, for an installation that nobody can enter any more.</summary>
    public Task<StaffOutcome> ExecuteAsync(AuditActor by, Guid id, string? reason, CancellationToken cancel) => changes.ApplyAsync(by, id, reason, async file =>
    {
        if (file.User.PasswordHash is null)
        {
            return "This person has no password: without the passkey, or single sign-on, nothing would be left to sign in with. Remove the person and invite anew.";
        }

        var passkeys = await file.Db.UserPasskeys.Where(p => p.UserId == id).ExecuteDeleteAsync(cancel);
        await file.Db.UserTokens.Where(t => t.UserId == id).ExecuteDeleteAsync(cancel);
        file.Changes.Add(("authenticator", file.User.TwoFactorEnabled, false));
        file.Changes.Add(("passkeys", passkeys, 0));
        (file.User.TwoFactorEnabled, file.User.CodeStep) = (false, 0);
        return null;
    }, cancel);
}

/// <summary>Removes a member of staff: name and keys are erased, open cases go back to nobody, the audit trail keeps the id. Nobody removes himself.</summary>
internal sealed class RemoveStaff(StaffChanges changes)
{
    public async Task<StaffOutcome> ExecuteAsync(StaffMember by, Guid id, string? reason, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return StaffOutcome.NeedsAdministrator;
        }

        return by.Id == id ? new StaffOutcome.Refused("Nobody removes himself. Another administrator does.") : await changes.ApplyAsync(by.Actor, id, reason, async file =>
        {
            var cases = await file.Db.Cases.Where(c => c.AssigneeId == id)
                .ExecuteUpdateAsync(s => s.SetProperty(c => c.AssigneeId, (Guid?)null).SetProperty(c => c.Version, c => c.Version + 1), cancel);
            await file.Db.MailChoices.Where(c => c.UserId == id).ExecuteDeleteAsync(cancel);
            await file.Db.SavedViews.Where(v => v.UserId == id).ExecuteDeleteAsync(cancel);
            await file.Db.Mails.Where(m => m.UserId == id).ExecuteDeleteAsync(cancel);
            file.Db.Users.Remove(file.User);
            file.Changes.Add(("roles", StaffFile.Text(file.Roles), null));
            file.Changes.Add(("assignedCases", cases, 0));
            file.Removes = true;
            return null;
        }, cancel);
    }
}
