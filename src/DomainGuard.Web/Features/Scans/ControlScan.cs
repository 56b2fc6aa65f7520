using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Pauses, resumes and cancels. Each is a conditional update: false says that the scan was not in a state that allows it (any more), or that he who asks may not. The nodes at work notice within
/// a second; look-ups in flight are still finished and kept.
/// </summary>
internal sealed partial class ControlScan(IDbContextFactory<GuardDb> dbs, GuardClock clock, ILogger<ControlScan> log)
{
    /// <summary>Pauses a running scan.</summary>
    public Task<bool> PauseAsync(long scanId, Requester by, CancellationToken cancel) => MoveAsync(scanId, [ScanStatus.Running], ScanStatus.Paused, by, cancel);

    /// <summary>Lets a paused scan go on; it needs a node to run it.</summary>
    public Task<bool> ResumeAsync(long scanId, Requester by, CancellationToken cancel) => MoveAsync(scanId, [ScanStatus.Paused], ScanStatus.Running, by, cancel);

    /// <summary>
    /// Ends a scan before its time: what was found stays. The answers already staged are settled by the node that runs it next, so it needs one.
    /// </summary>
    public Task<bool> CancelAsync(long scanId, Requester by, CancellationToken cancel) =>
        MoveAsync(scanId, [ScanStatus.Preparing, ScanStatus.Running, ScanStatus.Paused], ScanStatus.Cancelled, by, cancel);

    private async Task<bool> MoveAsync(long scanId, ScanStatus[] from, ScanStatus to, Requester by, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return false;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var status = await db.Scans.Where(s => s.Id == scanId).Select(s => (ScanStatus?)s.Status).FirstOrDefaultAsync(cancel);
        if (status is not { } seen || !from.Contains(seen))
        {
            return false;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Scans
            .Where(s => s.Id == scanId && s.Status == seen)
            .ExecuteUpdateAsync(s => s.SetProperty(x => x.Status, to).SetProperty(x => x.Version, x => x.Version + 1), cancel) != 1)
        {
            return false;
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.ScanControlled, by.Actor, clock.Now) { ScanId = scanId, Changes = [("status", seen, to)] });
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        Log.Moved(log, scanId, to, by.Actor.Kind, clock.Now);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Scan {Scan} is {Status} by {By} at {At}")]
        public static partial void Moved(ILogger logger, long scan, ScanStatus status, AuditActorKind by, DateTimeOffset at);
    }
}
