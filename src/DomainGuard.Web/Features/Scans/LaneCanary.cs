using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Scans;
using DomainGuard.Data.Sources;
using DomainGuard.Lookups;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Asks a lane's canary, the domain that its server answered Active most often, before anything else. When that too reads as gone, the server lies (product
/// section 4.3). A canary can really go, though: so DNS is asked beside, and where that does not tell, a second domain that was in order; the lane is void
/// only when both read as gone.
/// </summary>
internal sealed partial class LaneCanary(
    IDbContextFactory<GuardDb> dbs, DomainLookup lookup, ScanWriter writer, GuardClock clock, ILogger<LaneCanary> log)
{
    /// <summary>Not on the list of the scan, it is asked at most so often: a question spent on it is one less for the others.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromHours(1);

    /// <summary>True when the lane's server lies: its answers are void. What was asked of a canary that is itself on the list is staged as its look-up.</summary>
    /// <param name="hold">The lane. One of no scan has no list: then a canary that was in order within the hour is not asked again.</param>
    /// <param name="use">Whose slots are taken.</param>
    /// <param name="cancel">Ends it before it begins.</param>
    public async Task<bool> FailsAsync(LaneHold hold, LaneUse use, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        var lane = await db.Lanes.AsNoTracking().FirstOrDefaultAsync(l => l.Host == hold.Host, CancellationToken.None);
        if (lane?.Canary is not { } name || cancel.IsCancellationRequested)
        {
            return false;
        }

        var isFresh = !lane.CanaryFailed && lane.CanaryCheckedAt <= clock.Now && lane.CanaryCheckedAt > clock.Now - AskAgain;
        var first = await AskAsync(db, hold, use, name, onlyIfListed: isFresh);
        if (first != Reading.Gone)
        {
            if (first == Reading.InOrder)
            {
                await RecordAsync(db, hold, s => s.SetProperty(l => l.CanaryCheckedAt, clock.Now).SetProperty(l => l.CanaryFailed, false));
            }

            if (first == Reading.ReallyGone)
            {
                await RecordAsync(db, hold, s => s.SetProperty(l => l.Canary, (string?)null).SetProperty(l => l.CanaryAnswers, 0).SetProperty(l => l.CanaryFailed, false));
            }

            return false;
        }

        var tld = DomainName.Tld(name);
        var second = await db.Domains.AsNoTracking()
            .Where(d => d.Tld == tld && d.Phase == Phase.Active && d.Name != name)
            .OrderByDescending(d => d.AddressCount)
            .ThenBy(d => d.Id)
            .Select(d => d.Name)
            .FirstOrDefaultAsync(CancellationToken.None);
        if (second is null || await AskAsync(db, hold, use, second, onlyIfListed: false) != Reading.Gone)
        {
            Log.Replaced(log, hold.Host, name);
            await RecordAsync(db, hold, s => s.SetProperty(l => l.Canary, second).SetProperty(l => l.CanaryAnswers, 0).SetProperty(l => l.CanaryFailed, false));
            return false;
        }

        Log.Failed(log, hold.Host, name, second);
        await RecordAsync(db, hold, s => s.SetProperty(l => l.CanaryCheckedAt, clock.Now).SetProperty(l => l.CanaryFailed, true));
        return true;
    }

    // A domain on the list of the scan is asked as its look-up, so that no domain is asked twice.
    private async Task<Reading> AskAsync(GuardDb db, LaneHold hold, LaneUse use, string name, bool onlyIfListed)
    {
        var item = await db.Domains.AsNoTracking()
            .Where(d => d.Name == name)
            .Join(db.ScanItems.Where(i => i.ScanId == hold.ScanId && i.Host == hold.Host), d => d.Id, i => i.DomainId, (d, i) => new { d.Id, i.State })
            .FirstOrDefaultAsync(CancellationToken.None);
        if (item is null ? onlyIfListed : item.State != ScanItemState.Waiting)
        {
            return Reading.NotAsked;
        }

        var mailHosts = item is null
            ? []
            : await db.MailHosts.AsNoTracking().Where(h => h.DomainId == item.Id).OrderBy(h => h.Name).Select(h => h.Name).ToListAsync(CancellationToken.None);
        var now = clock.Now;
        var asked = await lookup.LookUpAsync(new LookupQuestion(name, mailHosts, now), use, null, CancellationToken.None);
        if (item is not null && LookupSum.Of(name, now, asked) is LookupOutcome.Answered or LookupOutcome.Unanswered)
        {
            await writer.WriteAsync(LookedUp.Of(hold, item.Id, LookupSum.Of(name, now, asked) == LookupOutcome.Answered, asked));
        }

        // A failure is no evidence, neither of a lie nor of the truth; and what DNS too says is gone has gone.
        var answer = asked.FirstOrDefault(o => o.Host == hold.Host && o.Source != SourceKind.Dns && o.IsEvidence);
        return answer is null ? Reading.NotAsked
            : !ReadsAsGone(answer) ? Reading.InOrder
            : asked.Any(o => o.Dns?.Delegation == Delegation.NxDomain) ? Reading.ReallyGone
            : Reading.Gone;
    }

    private static Task<int> RecordAsync(GuardDb db, LaneHold hold, Action<UpdateSettersBuilder<Lane>> set) =>
        db.Lanes.Where(l => l.Host == hold.Host).ExecuteUpdateAsync(set, CancellationToken.None);

    private enum Reading
    {
        NotAsked,
        InOrder,
        Gone,
        ReallyGone,
    }

    private static bool ReadsAsGone(Observation answer) => answer switch
    {
        { Outcome: Outcome.NotFound } => true,
        { Rdap: { } rdap } => rdap.Statuses.Contains(RdapStatuses.RedemptionPeriod) || rdap.Statuses.Contains(RdapStatuses.PendingDelete),
        { Research: { } research } => research.Says("inactive") && !research.Says("active"),
        _ => false,
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Host} says that its canary {Canary} is gone, and {Second} too: its answers are void")]
        public static partial void Failed(ILogger logger, string host, string canary, string second);

        [LoggerMessage(Level = LogLevel.Information, Message = "The canary {Canary} of {Host} has really gone; the lane gets another")]
        public static partial void Replaced(ILogger logger, string host, string canary);
    }
}
