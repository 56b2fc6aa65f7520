using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Decides, once everything is looked up, which staged answers count (product section 6), and ends the scan once they are settled. The decision is written down
/// before anything is settled, so that a process killed in between goes on with the same one.
/// </summary>
internal sealed partial class FinishScan(IDbContextFactory<GuardDb> dbs, GuardClock clock, ILogger<FinishScan> log)
{
    /// <summary>Decides over the open portions of all lanes together. True when it was written (or had been).</summary>
    public async Task<bool> DecideAsync(Scan scan, IReadOnlyList<ScanLane> lanes, CancellationToken cancel)
    {
        var open = lanes.Where(l => l.PortionDone > 0).ToList();
        var isVoid = ScanSum.Of(open.Sum(l => l.PortionDone), open.Sum(AnsweredInPortion)) == ScanResult.Void;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancel);
            foreach (var lane in open)
            {
                var laneVoid = IsVoid(lane);
                var portion = isVoid || laneVoid ? PortionVerdict.Void : PortionVerdict.Counts;
                await db.ScanLanes
                    .Where(l => l.ScanId == scan.Id && l.Host == lane.Host && l.Portion == PortionVerdict.Open && l.PortionDone == lane.PortionDone)
                    .ExecuteUpdateAsync(s => s.SetProperty(l => l.Portion, portion).SetProperty(l => l.IsVoid, l => l.IsVoid || laneVoid), cancel);
            }

            await transaction.CommitAsync(cancel);
        });
        return true;
    }

    /// <summary>Decides over the portion of one lane whose lease the caller holds, in a scan that goes on.</summary>
    public async Task<PortionVerdict> CutAsync(LaneHold hold, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var lane = await db.ScanLanes.AsNoTracking().SingleAsync(l => l.ScanId == hold.ScanId && l.Host == hold.Host, cancel);
        if (lane.Portion != PortionVerdict.Open || lane.PortionDone == 0)
        {
            return lane.Portion;
        }

        var laneVoid = IsVoid(lane) || ScanSum.Of(lane.PortionDone, lane.PortionAnswered) == ScanResult.Void;
        var portion = laneVoid ? PortionVerdict.Void : PortionVerdict.Counts;
        await db.ScanLanes
            .Where(l => l.ScanId == hold.ScanId && l.Host == hold.Host && l.Portion == PortionVerdict.Open)
            .ExecuteUpdateAsync(s => s.SetProperty(l => l.Portion, portion).SetProperty(l => l.IsVoid, l => l.IsVoid || laneVoid), cancel);
        return portion;
    }

    /// <summary>Ends the scan: everything is looked up and settled. True when this call, or another node's, ended it.</summary>
    public async Task<bool> EndAsync(Scan scan, IReadOnlyList<ScanLane> lanes, CancellationToken cancel)
    {
        int done = lanes.Sum(l => l.Done), answered = lanes.Sum(l => l.CanaryFailed ? 0 : l.Answered), givenUp = lanes.Sum(l => l.GivenUp), total = lanes.Sum(l => l.Total);
        var cancelled = scan.Status == ScanStatus.Cancelled;
        ScanResult? result = cancelled ? null : Result(total, done, answered, givenUp);
        var note = Note(lanes, givenUp);
        var ended = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var mine = await db.Scans
            .Where(s => s.Id == scan.Id && s.EndedAt == null && s.Status == scan.Status)
            .ExecuteUpdateAsync(
                s => s
                    .SetProperty(x => x.Status, cancelled ? ScanStatus.Cancelled : ScanStatus.Completed)
                    .SetProperty(x => x.EndedAt, ended)
                    .SetProperty(x => x.Result, result)
                    .SetProperty(x => x.GivenUp, givenUp)
                    .SetProperty(x => x.Note, note)
                    .SetProperty(x => x.Version, x => x.Version + 1),
                cancel) == 1;
        if (mine)
        {
            AuditTrail.Add(db, new AuditFact(AuditAction.ScanEnded, AuditActor.System("scan"), ended)
            {
                ScanId = scan.Id,
                Changes = [("status", scan.Status, cancelled ? ScanStatus.Cancelled : ScanStatus.Completed), ("result", null, result), ("total", null, total), ("done", null, done), ("answered", null, answered)],
            });
            await db.SaveChangesAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        Log.Ended(log, scan.Id, result, answered, done, total);
        return true;
    }

    /// <summary>
    /// Verdict of a whole scan. One with nothing to do is complete; one that had work and asked nobody is void, unless the budget was the reason; what the budget
    /// left over makes a complete one partial.
    /// </summary>
    internal static ScanResult Result(int total, int done, int answered, int givenUp)
    {
        if (total == 0)
        {
            return ScanResult.Complete;
        }

        var result = ScanSum.Of(done, answered) ?? (givenUp > 0 ? ScanResult.Partial : ScanResult.Void);
        return givenUp > 0 && result == ScanResult.Complete ? ScanResult.Partial : result;
    }

    private static int AnsweredInPortion(ScanLane lane) => lane.CanaryFailed ? 0 : lane.PortionAnswered;

    private static bool IsVoid(ScanLane lane) => lane.CanaryFailed || ScanSum.LaneIsVoid(lane.PortionDone, lane.PortionAnswered);

    private static string? Note(IReadOnlyList<ScanLane> lanes, int givenUp)
    {
        var parts = new List<string>();
        if (givenUp > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"The day's budget was spent: {givenUp:N0} domains wait until tomorrow."));
        }

        parts.AddRange(lanes.Where(l => l.CanaryFailed).Select(l => $"{l.Host} said that its canary is gone: its answers are void."));
        parts.AddRange(lanes.Where(l => l.IsVoid && !l.CanaryFailed)
            .Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.Host} is void: {l.Answered:N0} of {l.Done:N0} answered.")));
        var note = string.Join(' ', parts);
        return note.Length == 0 ? null : note.Length <= 500 ? note : note[..499] + "…";
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Scan {Scan} ended: {Result}, {Answered} of {Done} answered, {Total} listed")]
        public static partial void Ended(ILogger logger, long scan, ScanResult? result, int answered, int done, int total);
    }
}
