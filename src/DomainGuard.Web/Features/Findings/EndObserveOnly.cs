using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Settings;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>What became of the wish to end observing.</summary>
internal abstract record EndObserveOnlyOutcome
{
    /// <summary>From now on findings are carried out; what was found so far becomes cases, and its un-verifications one batch that waits.</summary>
    internal sealed record Done : EndObserveOnlyOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : EndObserveOnlyOutcome;
}

/// <summary>
/// Ends observe-only of the installation (product section 6). The first import is the only mass event: what was found while it only observed does not un-verify anybody by
/// itself, however little it is, but waits as one batch.
/// </summary>
internal sealed class EndObserveOnly(IDbContextFactory<GuardDb> dbs, PolicyStore policies, GuardClock clock, ApplyFindings apply)
{
    /// <summary>The portion of what was found while the installation only observed: <see cref="Domain.FindingsScanId"/> of its domains.</summary>
    public const long Portion = 0;

    /// <summary>Setting that stands while domains are being marked: the last one that was. Until it is gone the portion is not complete, and is not carried out.</summary>
    public const string Progress = "observe-only.ending";

    private const int PageSize = 5_000;

    /// <summary>Ends it, and carries out what was found. Killed in between, <see cref="ResumeAsync"/> goes on.</summary>
    public async Task<EndObserveOnlyOutcome> ExecuteAsync(StaffMember by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return new EndObserveOnlyOutcome.Refused("Only an administrator may end observe-only.");
        }

        await using (var db = await dbs.CreateDbContextAsync(cancel))
        {
            if (!await InstallationSettings.IsOnAsync(db, InstallationSettings.ObserveOnly, true, cancel))
            {
                return new EndObserveOnlyOutcome.Refused("The installation does not only observe: findings are carried out already.");
            }

            await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, false, cancel);
            db.Settings.Add(new Setting { Name = Progress, Value = "0" });
            AuditTrail.Add(db, new AuditFact(AuditAction.SettingChanged, by.Actor, clock.Now) { Subject = InstallationSettings.ObserveOnly, Changes = [("value", true, false)] });
            try
            {
                await db.SaveChangesAsync(cancel);
            }
            catch (DbUpdateException) when (db.Settings.AsNoTracking().Any(s => s.Name == Progress))
            {
                return new EndObserveOnlyOutcome.Refused("Somebody else has just ended it.");
            }
        }

        await ResumeAsync(cancel);
        return new EndObserveOnlyOutcome.Done();
    }

    /// <summary>Marks what is left to mark, and carries the portion out. Cheap when nothing is being ended.</summary>
    public async Task ResumeAsync(CancellationToken cancel)
    {
        while (await MarkAsync(cancel))
        {
        }

        await apply.ExecuteAsync(Portion, cancel);
    }

    // A page of domains and how far it came, in one transaction.
    private async Task<bool> MarkAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Settings.FirstOrDefaultAsync(s => s.Name == Progress, cancel) is not { } progress)
        {
            return false;
        }

        var after = long.Parse(progress.Value, System.Globalization.CultureInfo.InvariantCulture);
        var policy = (await policies.CurrentAsync(cancel)).Policy;
        var ids = await Found(db.Domains, policy).Where(d => d.Id > after).OrderBy(d => d.Id).Take(PageSize).Select(d => d.Id).ToListAsync(cancel);
        var now = clock.Now;
        return await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            if (ids.Count > 0)
            {
                var last = ids[^1];
                await Found(db.Domains, policy).Where(d => d.Id > after && d.Id <= last && d.FindingsDueAt == null).ExecuteUpdateAsync(
                    s => s.SetProperty(d => d.FindingsDueAt, now).SetProperty(d => d.FindingsScanId, (long?)Portion).SetProperty(d => d.Version, d => d.Version + 1), cancel);
                progress.Value = last.ToString(System.Globalization.CultureInfo.InvariantCulture);
                progress.Version++;
            }
            else
            {
                db.Settings.Remove(progress);
            }

            await db.SaveChangesAsync(cancel);
            await transaction.CommitAsync(cancel);
            return ids.Count > 0;
        });
    }

    /// <summary>Domains of which the policy may want something: more than that rather than less, for each is judged before anything is done.</summary>
    private static IQueryable<Domain> Found(IQueryable<Domain> domains, GuardPolicy policy)
    {
        const DomainFlags Flags = DomainFlags.Undelegated | DomainFlags.Parked | DomainFlags.ForSale | DomainFlags.Sinkholed | DomainFlags.DanglingMx;
        Phase[] harmless = [.. new[] { (Phase.Unknown, Situation.Unknown), (Phase.NotApplicable, Situation.NotApplicable), (Phase.Active, Situation.Active), (Phase.ExpiringSoon, Situation.ExpiringSoon) }
            .Where(p => policy[p.Item2].Action < PolicyAction.Review).Select(p => p.Item1)];
        return domains.Where(d => d.AddressCount > 0
            && (!EF.Parameter(harmless).Contains(d.Phase) || (d.Flags & Flags) != 0 || d.Confidence == Confidence.Conflicting || d.HandChange != HandChange.None || d.HasCase));
    }
}
