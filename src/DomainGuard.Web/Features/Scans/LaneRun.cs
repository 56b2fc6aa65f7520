using System.Threading.Channels;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups;
using DomainGuard.Web.Features.Findings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Works one lane of one scan under its lease: asks the canary, looks up what waits in the order of priority, stages the answers, settles a portion every hour.
/// Leaves when nothing waits, when told to stop, or when the lease is lost.
/// </summary>
internal sealed partial class LaneRun(
    IDbContextFactory<GuardDb> dbs,
    DomainLookup lookup,
    ILaneStore lanes,
    ScanWriter writer,
    LaneCanary canary,
    GiveUpLane giveUp,
    FinishScan finish,
    SettleLane settle,
    ApplyFindings findings,
    ScanNode node,
    GuardClock clock,
    TimeProvider time,
    ILogger<LaneRun> log)
{
    private const int PageSize = 512;
    private const int MostRests = 3;

    /// <summary>A host that rests longer is not waited for: what is left of its lane has no answer.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(125);

    /// <summary>Portions are settled this often in a lane that runs longer (product section 6).</summary>
    private static readonly TimeSpan PortionTime = TimeSpan.FromHours(1);

    private static readonly IReadOnlySet<SourceKind> DnsOnly = new HashSet<SourceKind> { SourceKind.Dns };

    private LaneHold _hold = null!;
    private Scan _scan = null!;
    private int _rests;
    private int _done;
    private int _answered;
    private volatile bool _askedForPatience;
    private volatile LaneEnd? _end;

    /// <summary>Works. <paramref name="stopLookups"/> lets look-ups in flight end and begins no new ones; <paramref name="stop"/> also ends settling, between two chunks.</summary>
    public async Task ExecuteAsync(Scan scan, LaneHold hold, CancellationToken stopLookups, CancellationToken stop)
    {
        (_scan, _hold) = (scan, hold);
        try
        {
            if (await settle.ExecuteAsync(scan, hold, stop) && !stopLookups.IsCancellationRequested && !hold.Lost)
            {
                await LookUpAsync(stopLookups, stop);
            }
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    private async Task LookUpAsync(CancellationToken stopLookups, CancellationToken stop)
    {
        if (!IsSweep && await canary.FailsAsync(_hold, LaneUse.Scan, stopLookups))
        {
            _end = new LaneEnd(LaneEndKind.CanaryFailed, $"The canary of {_hold.Host} reads as gone there: its answers are void.");
        }
        else
        {
            await FeedAsync(stopLookups, stop);
        }

        _hold.ThrowFault();
        if (_end is { } end && !_hold.Lost)
        {
            await giveUp.ExecuteAsync(_hold, _scan.Scope, end, CancellationToken.None);
        }
    }

    private bool IsSweep => _scan.Scope == ScanScope.DnsSweep;

    // Feeding and working overlap, so that no page ends in a wait for its slowest answer.
    private async Task FeedAsync(CancellationToken stopLookups, CancellationToken stop)
    {
        (int Priority, long Id)? cursor = null;
        while (!IsOver(stopLookups))
        {
            var queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(PageSize) { SingleWriter = true });
            var workers = Enumerable.Range(0, InFlight()).Select(_ => Task.Run(() => WorkerAsync(queue.Reader, stopLookups), CancellationToken.None)).ToArray();
            var began = time.GetTimestamp();
            var isLast = false;
            try
            {
                while (!isLast && !IsOver(stopLookups) && time.GetElapsedTime(began) < PortionTime)
                {
                    var page = await Patience.TryAsync(() => PageAsync(cursor), time, log, stopLookups);
                    isLast = page.Count < PageSize;
                    foreach (var work in page)
                    {
                        await queue.Writer.WriteAsync(work, stopLookups);
                        cursor = (work.Priority, work.DomainId);
                    }
                }
            }
            catch (OperationCanceledException) when (stopLookups.IsCancellationRequested)
            {
                return; // what waits in the queue is dropped by the workers and stays on the list
            }
            finally
            {
                queue.Writer.Complete();
                await Task.WhenAll(workers);
            }

            if (isLast || IsOver(stopLookups))
            {
                return;
            }

            await CutAsync(stop);
        }
    }

    private bool IsOver(CancellationToken stop) => stop.IsCancellationRequested || _hold.Lost || _hold.Fault is not null || _end is not null;

    private int InFlight() => Math.Clamp(lookup.InFlightOf(_hold.Host), 1, PageSize);

    private async Task<List<Work>> PageAsync((int Priority, long Id)? after)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        var waiting = db.ScanItems.AsNoTracking().Where(i => i.ScanId == _hold.ScanId && i.Host == _hold.Host && i.State == ScanItemState.Waiting);
        if (after is var (priority, id))
        {
            waiting = waiting.Where(i => i.Priority <= priority && (i.Priority < priority || i.DomainId > id));
        }

        var page = await waiting
            .OrderByDescending(i => i.Priority)
            .ThenBy(i => i.DomainId)
            .Take(PageSize)
            .Join(db.Domains, i => i.DomainId, d => d.Id, (i, d) => new { i.Priority, i.DomainId, d.Name })
            .OrderByDescending(i => i.Priority)
            .ThenBy(i => i.DomainId)
            .ToListAsync(CancellationToken.None);
        var ids = page.ConvertAll(p => p.DomainId);
        var hosts = (await db.MailHosts.AsNoTracking().Where(h => ids.Contains(h.DomainId)).OrderBy(h => h.Name).Select(h => new { h.DomainId, h.Name }).ToListAsync(CancellationToken.None))
            .ToLookup(h => h.DomainId, h => h.Name);
        return page.ConvertAll(p => new Work(p.DomainId, p.Name, p.Priority, [.. hosts[p.DomainId]]));
    }

    private async Task WorkerAsync(ChannelReader<Work> queue, CancellationToken stopLookups)
    {
        await foreach (var work in queue.ReadAllAsync(CancellationToken.None))
        {
            while (!IsOver(stopLookups))
            {
                var asked = await AskAsync(work);
                var outcome = LookupSum.Of(work.Name, clock.Now, asked);
                if (outcome is LookupOutcome.Answered or LookupOutcome.Unanswered)
                {
                    Interlocked.Increment(ref _done);
                    Interlocked.Add(ref _answered, outcome == LookupOutcome.Answered ? 1 : 0);
                    _askedForPatience = asked.Any(o => o.Failure == FailureKind.RateLimited);
                    await writer.WriteAsync(LookedUp.Of(_hold, work.DomainId, outcome == LookupOutcome.Answered, asked));
                    break;
                }

                if (outcome == LookupOutcome.BudgetSpent)
                {
                    _end = new LaneEnd(LaneEndKind.BudgetSpent, "The day's budget is spent.");
                }
                else
                {
                    await SitOutAsync(stopLookups);
                }
            }
        }
    }

    private Task<IReadOnlyList<Observation>> AskAsync(Work work) => lookup.LookUpAsync(
        new LookupQuestion(work.Name, work.MailHosts, clock.Now),
        _scan.Scope is ScanScope.Domain or ScanScope.Account ? LaneUse.Interactive : LaneUse.Scan,
        IsSweep ? DnsOnly : null,
        CancellationToken.None);

    // A host that asks for a little patience gets it, and so does one that did well so far; one that keeps failing does not hold the scan up.
    private async Task SitOutAsync(CancellationToken stopLookups)
    {
        var rest = await lanes.RestOfAsync(_hold.Host, CancellationToken.None);
        if (rest is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, CancellationToken.None);
            return;
        }

        var left = rest.Until - time.GetUtcNow();
        var deserves = _askedForPatience || ScanSum.Of(_done, _answered) is ScanResult.Complete or ScanResult.Partial;
        if (!deserves || left > LongestRest || Interlocked.Increment(ref _rests) > MostRests * InFlight())
        {
            _end = new LaneEnd(LaneEndKind.Rests, rest.Reason);
            return;
        }

        Log.Rests(log, _hold.ScanId, _hold.Host, left);
        await Task.Delay(left + TimeSpan.FromMilliseconds(10), time, stopLookups).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CutAsync(CancellationToken stop)
    {
        _hold.ThrowFault();
        await finish.CutAsync(_hold, CancellationToken.None);
        if (await settle.ExecuteAsync(_scan, _hold, stop) && !_scan.ObserveOnly && !IsSweep && !await IsSettlingAsync())
        {
            await findings.ExecuteAsync(_hold.ScanId, stop);
        }
    }

    // Another lane is in the middle of its own portion: it carries out what both found, so that none is split.
    private async Task<bool> IsSettlingAsync()
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        return await db.ScanLanes.AnyAsync(l => l.ScanId == _hold.ScanId && l.Portion != PortionVerdict.Open, CancellationToken.None);
    }

    private async Task ReleaseAsync()
    {
        if (_hold.Lost)
        {
            return;
        }

        try
        {
            await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
            await db.ScanLanes
                .Where(l => l.ScanId == _hold.ScanId && l.Host == _hold.Host && l.LeaseOwner == node.Name)
                .ExecuteUpdateAsync(s => s.SetProperty(l => l.LeaseOwner, (string?)null).SetProperty(l => l.LeaseUntil, (DateTimeOffset?)null), CancellationToken.None);
        }
        catch (Exception e) when (Patience.IsTransient(e))
        {
            Log.KeptLease(log, _hold.ScanId, _hold.Host, e.Message); // it runs out by itself
        }
    }

    private sealed record Work(long DomainId, string Name, int Priority, string[] MailHosts);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Scan {Scan}: {Host} rests for {Left}")]
        public static partial void Rests(ILogger logger, long scan, string host, TimeSpan left);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Scan {Scan}: the lease of {Host} could not be given back ({Error}); it runs out by itself")]
        public static partial void KeptLease(ILogger logger, long scan, string host, string error);
    }
}
