using DomainGuard.Data;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Features.Findings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Works a scan on this node until it is over, paused, cancelled or told to stop. Any number of nodes may do so at once: lanes are leased, and whatever a
/// killed node had not committed is looked up again by the next one. Nothing of a scan lives only in memory. At its end its findings are carried out.
/// </summary>
internal sealed partial class RunScan(
    IDbContextFactory<GuardDb> dbs,
    PrepareScan prepare,
    FinishScan finish,
    ApplyFindings findings,
    Func<LaneRun> newLaneRun,
    ScanNode node,
    TimeProvider time,
    ILogger<RunScan> log)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Renewal = ScanNode.Lease / 3;

    private readonly HashSet<long> _atWork = [];
    private readonly Lock _lock = new();

    /// <summary>
    /// Works. Gives back where the scan stands when this node leaves it; null when there is no such scan or this process is at it already.
    /// <paramref name="stop"/> ends the work cleanly: look-ups in flight are finished and written, the rest waits.
    /// </summary>
    public async Task<ScanStatus?> ExecuteAsync(long scanId, CancellationToken stop)
    {
        lock (_lock)
        {
            if (!_atWork.Add(scanId))
            {
                return null;
            }
        }

        try
        {
            return await WorkAsync(scanId, stop);
        }
        finally
        {
            lock (_lock)
            {
                _atWork.Remove(scanId);
            }
        }
    }

    private async Task<ScanStatus?> WorkAsync(long scanId, CancellationToken stop)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var lookups = CancellationTokenSource.CreateLinkedTokenSource(leave.Token);
        var lanes = new Dictionary<string, LaneTask>(StringComparer.Ordinal);
        var renewed = time.GetTimestamp();
        try
        {
            while (true)
            {
                var scan = await Patience.TryAsync(() => ReadAsync(scanId, CancellationToken.None), time, log, stop);
                if (scan is null || scan.EndedAt is not null)
                {
                    if (scan is { ObserveOnly: false } && scan.Scope != ScanScope.DnsSweep)
                    {
                        await findings.ExecuteAsync(scanId, stop);
                    }

                    return scan?.Status;
                }

                if (stop.IsCancellationRequested || (scan.Status == ScanStatus.Paused))
                {
                    return scan.Status;
                }

                if (scan.Status == ScanStatus.Cancelled)
                {
                    await lookups.CancelAsync();
                }

                var moved = await Patience.TryAsync(
                    () => scan.Status == ScanStatus.Preparing ? prepare.ExecuteAsync(scan, stop) : AdvanceAsync(scan, lanes, lookups.Token, leave.Token),
                    time,
                    log,
                    stop);
                if (time.GetElapsedTime(renewed) > Renewal)
                {
                    renewed = time.GetTimestamp();
                    await Patience.TryAsync(() => RenewAsync(scanId, lanes), time, log, stop);
                }

                if (!moved)
                {
                    await WaitAsync(lanes, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return (await ReadAsync(scanId, CancellationToken.None))?.Status;
        }
        finally
        {
            await leave.CancelAsync();
            await Task.WhenAll(lanes.Values.Select(l => l.Task)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // True when something moved that is worth another look at once.
    private async Task<bool> AdvanceAsync(Scan scan, Dictionary<string, LaneTask> lanes, CancellationToken stopLookups, CancellationToken leave)
    {
        foreach (var (host, lane) in lanes.Where(l => l.Value.Task.IsCompleted).ToList())
        {
            lanes.Remove(host);
            await lane.Task; // lets what went wrong out
        }

        var rows = await LanesAsync(scan.Id);
        var lookups = scan.Status == ScanStatus.Running;
        if (rows.TrueForAll(l => l.Portion == PortionVerdict.Open && (!lookups || IsLookedUp(l))) && lanes.Count == 0)
        {
            if (rows.Exists(l => l.LeaseOwner != node.Name && !IsFree(l)))
            {
                return false; // another node is about to write what it has
            }

            return rows.Exists(l => l.PortionDone > 0)
                ? await finish.DecideAsync(scan, rows, CancellationToken.None)
                : await finish.EndAsync(scan, rows, CancellationToken.None);
        }

        var free = rows.FindAll(l => !lanes.ContainsKey(l.Host) && HasWork(l, lookups) && IsFree(l));
        // Half of what is free at a time: nodes that come at the same moment share the lanes.
        foreach (var row in free.Take((free.Count + 1) / 2))
        {
            if (await ClaimAsync(row))
            {
                var hold = new LaneHold(scan.Id, row.Host);
                lanes.Add(row.Host, new LaneTask(hold, Task.Run(() => newLaneRun().ExecuteAsync(scan, hold, stopLookups, leave), CancellationToken.None)));
            }
        }

        return free.Count > 1;
    }

    private static bool IsLookedUp(ScanLane lane) => lane.Done + lane.GivenUp >= lane.Total;

    private static bool HasWork(ScanLane lane, bool lookups) => lane.Portion != PortionVerdict.Open || (lookups && !IsLookedUp(lane));

    private bool IsFree(ScanLane lane) => lane.LeaseOwner is null || lane.LeaseUntil < node.Now || lane.LeaseUntil > node.Unbelievable || ScanNode.IsDead(lane.LeaseOwner);

    private async Task<bool> ClaimAsync(ScanLane lane)
    {
        DateTimeOffset now = node.Now, until = node.Until, unbelievable = node.Unbelievable;
        var dead = ScanNode.IsDead(lane.LeaseOwner) ? lane.LeaseOwner : null;
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        return await db.ScanLanes
            .Where(l => l.ScanId == lane.ScanId && l.Host == lane.Host && (l.LeaseOwner == null || l.LeaseUntil < now || l.LeaseUntil > unbelievable || l.LeaseOwner == dead))
            .ExecuteUpdateAsync(s => s.SetProperty(l => l.LeaseOwner, node.Name).SetProperty(l => l.LeaseUntil, until), CancellationToken.None) == 1;
    }

    // One statement for all lanes held. A lane that is not among those renewed went to another node: its run must not write any more.
    private async Task<bool> RenewAsync(long scanId, Dictionary<string, LaneTask> lanes)
    {
        if (lanes.Count == 0)
        {
            return false;
        }

        var until = node.Until;
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        var held = db.ScanLanes.Where(l => l.ScanId == scanId && l.LeaseOwner == node.Name);
        await held.ExecuteUpdateAsync(s => s.SetProperty(l => l.LeaseUntil, until), CancellationToken.None);
        var names = await held.Select(l => l.Host).ToListAsync(CancellationToken.None);
        foreach (var (host, lane) in lanes)
        {
            if (!lane.Task.IsCompleted && !names.Contains(host))
            {
                lane.Hold.Lost = true;
                Log.Lost(log, scanId, host);
            }
        }

        return true;
    }

    private static async Task WaitAsync(Dictionary<string, LaneTask> lanes, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(lanes.Values.Select(l => l.Task).Append(Task.Delay(Look, over.Token)));
        await over.CancelAsync();
    }

    private async Task<Scan?> ReadAsync(long scanId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Scans.AsNoTracking().FirstOrDefaultAsync(s => s.Id == scanId, cancel);
    }

    private async Task<List<ScanLane>> LanesAsync(long scanId)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        return await db.ScanLanes.AsNoTracking().Where(l => l.ScanId == scanId).OrderBy(l => l.Host).ToListAsync(CancellationToken.None);
    }

    private sealed record LaneTask(LaneHold Hold, Task Task);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Scan {Scan}: the lease of lane {Host} went to another node")]
        public static partial void Lost(ILogger logger, long scan, string host);
    }
}
