using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>What became of a change of a setting.</summary>
internal abstract record ChangeSettingOutcome
{
    /// <summary>It holds.</summary>
    internal sealed record Changed : ChangeSettingOutcome;

    /// <summary>Nothing was done.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : ChangeSettingOutcome;
}

/// <summary>
/// Switches on what makes the installation more careful. What makes it less so has operations of its own: observing ends with a batch of what was found, the second person
/// with the consent of one.
/// </summary>
internal sealed class ChangeSetting(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    /// <summary>From now on nothing is carried out, only shown. What was un-verified stays so.</summary>
    public Task<ChangeSettingOutcome> OnlyObserveAsync(string comment, StaffMember by, CancellationToken cancel) =>
        SwitchOnAsync(InstallationSettings.ObserveOnly, isOnByDefault: true, comment, by, cancel);

    /// <summary>From now on changes of the policy and batches need a second person.</summary>
    public async Task<ChangeSettingOutcome> RequireSecondPersonAsync(string comment, StaffMember by, CancellationToken cancel)
    {
        if (by.May(Policies.Operate))
        {
            await using var db = await dbs.CreateDbContextAsync(cancel);
            var administrators = await db.UserRoles.CountAsync(r => db.Roles.Any(o => o.Id == r.RoleId && o.Name == Roles.Administrator), cancel);
            if (administrators < 2)
            {
                return new ChangeSettingOutcome.Refused("There is only one administrator: nobody could approve. Give a second person the role first.");
            }
        }

        return await SwitchOnAsync(InstallationSettings.RequireSecondPerson, isOnByDefault: false, comment, by, cancel);
    }

    private async Task<ChangeSettingOutcome> SwitchOnAsync(string name, bool isOnByDefault, string comment, StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new ChangeSettingOutcome.Refused(PolicyCheck.NeedsAdministrator);
        }

        if (PolicyCheck.CommentProblem(comment) is { } problem)
        {
            return new ChangeSettingOutcome.Refused(problem);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await InstallationSettings.IsOnAsync(db, name, isOnByDefault, cancel))
        {
            return new ChangeSettingOutcome.Refused("It is on already.");
        }

        await InstallationSettings.SetAsync(db, name, true, cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.SettingChanged, by.Actor, clock.Now) { Subject = name, Comment = comment.Trim(), Changes = [("value", false, true)] });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException)
        {
            await using var again = await dbs.CreateDbContextAsync(cancel);
            if (!await InstallationSettings.IsOnAsync(again, name, isOnByDefault, cancel))
            {
                throw;
            }

            return new ChangeSettingOutcome.Refused("Somebody switched it on a moment ago.");
        }

        return new ChangeSettingOutcome.Changed();
    }
}
