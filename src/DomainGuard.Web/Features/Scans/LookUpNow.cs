using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Looks one domain up for somebody who waits, and settles the verdict at once: the same questions, lanes, judge and rows as a scan, without its list. A verdict that matters marks
/// the domain, as a scan's does; carrying the finding out is the caller's. What reads as lapsed is believed only after the lane's canary was found in order.
/// </summary>
internal sealed class LookUpNow(IDbContextFactory<GuardDb> dbs, DomainLookup lookup, LaneCanary canary, SettleDomains settle, GuardClock clock)
{
    private const int MostAttempts = 5;

    /// <summary>Looks it up. False when nobody answered, nobody could be asked, or the answer is void: then the last known verdict stands.</summary>
    /// <param name="domainId">The domain.</param>
    /// <param name="cancel">Ends it before it writes.</param>
    public async Task<bool> ExecuteAsync(long domainId, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var db = session.Db;
        if (await db.Domains.AsNoTracking().Where(d => d.Id == domainId).Select(d => d.Name).FirstOrDefaultAsync(cancel) is not { } name)
        {
            return false;
        }

        var hosts = await db.MailHosts.AsNoTracking().Where(h => h.DomainId == domainId).OrderBy(h => h.Name).Select(h => h.Name).ToListAsync(cancel);
        var now = clock.Now;
        var asked = await lookup.LookUpAsync(new LookupQuestion(name, hosts, now), LaneUse.Interactive, null, cancel);
        var outcome = LookupSum.Of(name, now, asked);
        if (outcome is not (LookupOutcome.Answered or LookupOutcome.Unanswered))
        {
            return false;
        }

        var isVoid = outcome == LookupOutcome.Answered && await LiesAsync(name, asked, cancel);
        var state = outcome == LookupOutcome.Answered ? ScanItemState.Answered : ScanItemState.Unanswered;
        var staged = LookedUp.Of(new LaneHold(0, lookup.PrimaryHostFor(name)), domainId, state == ScanItemState.Answered, asked);
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            var domain = await db.Domains.AsNoTracking().SingleAsync(d => d.Id == domainId, cancel);
            var plan = await settle.PlanAsync(session, new SettleFor(null, 0, ObserveOnly: false), [new SettleItem(domain, state, staged.Staged)], isVoid, cancel);
            await session.BeginAsync(cancel);
            try
            {
                if (!await plan.TryWriteAsync(session, cancel))
                {
                    continue; // a scan settled it in the same moment
                }

                foreach (var host in staged.Words.GroupBy(w => w.Host).OrderBy(g => g.Key, StringComparer.Ordinal))
                {
                    await LaneRecord.WriteAsync(session, host.Key, [.. host]);
                }

                await session.CommitAsync(CancellationToken.None);
                return state == ScanItemState.Answered && !isVoid;
            }
            finally
            {
                await session.RollbackAsync();
            }
        }

        return false;
    }

    private async Task<bool> LiesAsync(string name, IReadOnlyList<Observation> asked, CancellationToken cancel)
    {
        var phase = DomainJudge.Judge(new JudgeInput { Domain = name, Observations = asked, Now = clock.Now }).Phase;
        return phase is Phase.Redemption or Phase.PendingDelete or Phase.Released
            && await canary.FailsAsync(new LaneHold(0, lookup.PrimaryHostFor(name)), LaneUse.Interactive, cancel);
    }
}
