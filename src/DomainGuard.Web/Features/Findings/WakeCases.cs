using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>Wakes snoozed cases and ends overrides whose date is reached, by what is known today: a person looks again, or the case recovers where nothing is left.</summary>
internal sealed class WakeCases(IDbContextFactory<GuardDb> dbs, ReadFindings read, PolicyStore policies, GuardClock clock)
{
    private const int PageSize = 200;

    /// <summary>Cases that wait for a date, of addresses that are there.</summary>
    public static IQueryable<Case> Dated(GuardDb db) => db.Cases.Where(c =>
        (c.State == CaseState.Snoozed || c.State == CaseState.Overridden) && c.Until != null && (c.AddressId == null || c.Address!.RetiredAt == null));

    /// <summary>Wakes what is due; gives back how many. Cheap when nothing is.</summary>
    public async Task<int> ExecuteAsync(CancellationToken stop)
    {
        var woken = 0;
        for (long after = 0; ;)
        {
            await using var db = await dbs.CreateDbContextAsync(stop);
            var now = clock.Now;
            var due = await Dated(db).Where(c => c.Until <= now && c.Id > after).OrderBy(c => c.Id).Take(PageSize).ToListAsync(stop);
            if (due.Count == 0)
            {
                return woken;
            }

            var policy = await policies.CurrentAsync(stop);
            var actor = AuditActor.Policy(policy.Version, null);
            var count = 0;
            foreach (var item in await read.OfCasesAsync(db, due, policy, stop))
            {
                var what = FindingEvents.AtDate(item.Found);
                var by = new StepBy(actor, now)
                {
                    ReopenReason = what != CaseEvent.DateReached ? null : item.Case!.State == CaseState.Overridden ? "The override ended while a finding is left." : "The date of its snooze is reached.",
                };
                if (CaseSteps.Take(item.Case!, item.Address, item.Domain.Name, what, item.Finding, by) is { } step)
                {
                    WriteFindings.Record(db, item.Address, step);
                    count++;
                }
            }

            try
            {
                await db.SaveChangesAsync(stop);
                woken += count;
            }
            catch (DbUpdateConcurrencyException)
            {
                // A person decided in the same moment. The next run wakes what is still due of this page.
            }

            after = due[^1].Id;
        }
    }
}
