using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>
/// Carries out what was found in a portion of a scan (product section 6): opens, moves and closes cases, un-verifies, or lets the portion's un-verifications wait as one batch
/// when the brake holds. Part by part, each one transaction that also takes the marks off its domains. One portion at a time in the installation; what was decided of it is
/// written down first, so that whoever takes it up after a death goes on with the same decision.
/// </summary>
internal sealed partial class ApplyFindings(
    IDbContextFactory<GuardDb> dbs,
    TurnOfFindings turns,
    ReadFindings read,
    WriteFindings write,
    PolicyStore policies,
    IdAllocator ids,
    GuardClock clock,
    TimeProvider time,
    ILogger<ApplyFindings> log)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    /// <summary>Carries out what waits of a scan, behind whoever is at it. Returns when nothing of it is left, or when told to stop: the rest is taken up later.</summary>
    /// <param name="scanId">The scan; 0 for what was found while the installation only observed, null for what no scan marked.</param>
    /// <param name="stop">Ends it between two parts.</param>
    public async Task ExecuteAsync(long? scanId, CancellationToken stop)
    {
        while (await Patience.TryAsync(() => AnyAsync(scanId), time, log, stop))
        {
            var run = new Run(scanId);
            await turns.WorkAsync(owner => StepAsync(owner, run, stop), time, log, stop);
        }
    }

    /// <summary>Takes up what a killed process left: an unfinished portion, and what is marked by scans that do not run.</summary>
    public async Task TakeUpAsync(CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        if (await db.FindingsTurns.AnyAsync(t => t.State != TurnState.Idle, stop))
        {
            var run = new Run(null) { IsDecided = true };
            await turns.WorkAsync(owner => StepAsync(owner, run, stop), time, log, stop);
        }

        // A scan that runs carries its own portions out, at its hours and its end: cut anywhere else, a portion would be split and pass the brake in pieces.
        var marked = await db.Domains.Where(d => d.FindingsDueAt != null).Select(d => d.FindingsScanId).Distinct().OrderBy(id => id).ToListAsync(stop);
        var running = (await db.Scans.Where(s => s.EndedAt == null && (s.Status == ScanStatus.Running || s.Status == ScanStatus.Preparing)).Select(s => s.Id).ToListAsync(stop)).ToHashSet();
        var ending = await db.Settings.AnyAsync(s => s.Name == EndObserveOnly.Progress, stop);
        foreach (var scanId in marked.Where(id => !(id is { } scan && running.Contains(scan)) && !(id == EndObserveOnly.Portion && ending)))
        {
            await ExecuteAsync(scanId, stop);
        }
    }

    private async Task<bool> AnyAsync(long? scanId)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        return await ReadFindings.Marked(db, scanId).AnyAsync(CancellationToken.None);
    }

    // One step of a run: a part of the portion at hand; where there is none, the decision on the next one.
    private async Task<bool> StepAsync(string owner, Run run, CancellationToken stop)
    {
        if (await PartAsync(owner, run.Cursor, stop) is { } next)
        {
            run.Cursor = next;
            return true;
        }

        if (run.IsDecided)
        {
            return false;
        }

        await DecideAsync(owner, run.ScanId, stop);
        (run.IsDecided, run.Cursor) = (true, default);
        return true;
    }

    // Counts the portion and writes down what becomes of it.
    private async Task DecideAsync(string owner, long? scanId, CancellationToken stop)
    {
        var (policy, observeOnly) = await RulesAsync(scanId, stop);
        if (observeOnly)
        {
            await ForgetAsync(owner, scanId, stop);
            return;
        }

        var (before, month) = await UnverifiedAsync(stop);
        var guard = scanId == EndObserveOnly.Portion ? Guard.ObserveOnly : Guard.Brake;
        var rules = policy.Policy.Brake;
        var count = 0;
        bool Holds() => guard == Guard.ObserveOnly ? count > 0 : Brake.Holds(rules, before, month, count);
        var cursor = default(FindingCursor);
        while (!Holds())
        {
            await using var db = await dbs.CreateDbContextAsync(stop);
            db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
            await turns.HoldAsync(db, owner, stop);
            await TurnOfFindings.SaveAsync(db, stop);
            if (await read.NextAsync(db, scanId, cursor, policy, stop) is not { } slice)
            {
                break;
            }

            count += slice.Items.Count(i => i.Unverifies && Claims.Outcome(i) != ClaimOutcome.Accepted);
            cursor = slice.Next;
        }

        await WriteDecisionAsync(owner, scanId, policy.Version, Holds() ? new Batch
        {
            Id = await ids.NextAsync(IdAllocator.Batch, stop),
            Guard = guard,
            ScanId = scanId is > 0 ? scanId : null,
            PolicyVersion = policy.Version,
            CreatedAt = clock.Now,
            Limit = Brake.Limit(rules, month),
            Before = before,
            State = BatchState.Filling,
            Version = 1,
        } : null, stop);
    }

    private async Task WriteDecisionAsync(string owner, long? scanId, int policyVersion, Batch? batch, CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        var turn = await turns.HoldAsync(db, owner, stop);
        (turn.State, turn.ScanId, turn.PolicyVersion, turn.BatchId, turn.Guard) = (batch is null ? TurnState.Goes : TurnState.Waits, scanId, policyVersion, batch?.Id, batch?.Guard ?? Guard.None);
        if (batch is not null)
        {
            db.Batches.Add(batch);
        }

        await TurnOfFindings.SaveAsync(db, stop);
    }

    // One part, one transaction. Null when the portion is over.
    private async Task<FindingCursor?> PartAsync(string owner, FindingCursor cursor, CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        var turn = await turns.HoldAsync(db, owner, stop);
        if (turn.State == TurnState.Idle)
        {
            return null;
        }

        var policy = await policies.GetAsync(turn.PolicyVersion, stop);
        var slice = await read.NextAsync(db, turn.ScanId, cursor, policy, stop);
        var now = clock.Now;
        if (slice is null || (turn.State == TurnState.Goes && await BrakesAsync(policy, slice, stop)))
        {
            await CloseAsync(db, turn, now, stop);
            await TurnOfFindings.SaveAsync(db, stop);
            return null;
        }

        var batch = turn is { State: TurnState.Waits, BatchId: { } id } ? new WaitingBatch(id, turn.Guard) : null;
        await write.ExecuteAsync(db, slice.Items, batch, AuditActor.Policy(policy.Version, turn.ScanId is > 0 ? turn.ScanId : null), now, stop);
        await ClearAsync(db, slice.Done, stop);
        await TurnOfFindings.SaveAsync(db, stop);
        return slice.Next;
    }

    // Marks that came after the portion was counted do not slip under the brake: they are a portion of their own, counted anew.
    private async Task<bool> BrakesAsync(PolicyInForce policy, FindingSlice slice, CancellationToken stop)
    {
        var count = slice.Items.Count(i => i.Unverifies && Claims.Outcome(i) != ClaimOutcome.Accepted);
        if (count == 0)
        {
            return false;
        }

        var (before, month) = await UnverifiedAsync(stop);
        return Brake.Holds(policy.Policy.Brake, before, month, count);
    }

    private async Task CloseAsync(GuardDb db, FindingsTurn turn, DateTimeOffset now, CancellationToken stop)
    {
        if (turn is { State: TurnState.Waits, BatchId: { } id })
        {
            var batch = await db.Batches.SingleAsync(b => b.Id == id, stop);
            batch.Count = await db.BatchItems.CountAsync(i => i.BatchId == id, stop);
            batch.State = batch.Count == 0 ? BatchState.Closed : BatchState.Waiting;
            batch.Version++;
            if (batch.Count > 0)
            {
                AuditTrail.Add(db, new AuditFact(AuditAction.BatchBraked, AuditActor.Policy(batch.PolicyVersion, batch.ScanId), now)
                {
                    ScanId = batch.ScanId,
                    PolicyVersion = batch.PolicyVersion,
                    BatchId = Batch.KeyOf(id),
                    Subject = Subject(id),
                    Changes = [("guard", null, batch.Guard), ("count", null, batch.Count), ("limit", null, batch.Limit), ("before", null, batch.Before)],
                });
                Log.Braked(log, turn.ScanId, batch.Count, id);
            }
        }

        (turn.State, turn.ScanId, turn.BatchId, turn.Guard) = (TurnState.Idle, null, null, Guard.None);
    }

    // Nothing is carried out for an installation that only observes: the verdicts themselves stay.
    private async Task ForgetAsync(string owner, long? scanId, CancellationToken stop)
    {
        while (true)
        {
            await using var db = await dbs.CreateDbContextAsync(stop);
            await turns.HoldAsync(db, owner, stop);
            var marked = await ReadFindings.Marked(db, scanId).OrderBy(d => d.Id).Take(500).ToListAsync(stop);
            marked.ForEach(Unmark);
            await TurnOfFindings.SaveAsync(db, stop);
            if (marked.Count == 0)
            {
                return;
            }
        }
    }

    private static async Task ClearAsync(GuardDb db, IReadOnlyList<Domain> done, CancellationToken stop)
    {
        foreach (var domain in done)
        {
            Unmark(domain);
            if (domain.HasClaim)
            {
                // Of what this part decided the database knows nothing yet.
                var decided = db.ChangeTracker.Entries<Data.Accounts.Address>().Where(a => a.Entity.ClaimState != Data.Accounts.ClaimState.Waiting).Select(a => a.Entity.Id).ToArray();
                domain.HasClaim = await db.Addresses.AnyAsync(
                    a => a.DomainId == domain.Id && a.RetiredAt == null && a.ClaimState == Data.Accounts.ClaimState.Waiting && !EF.Parameter(decided).Contains(a.Id), stop);
            }
        }
    }

    private static void Unmark(Domain domain)
    {
        domain.FindingsDueAt = null;
        domain.FindingsScanId = null;
        domain.Version++;
    }

    private async Task<(PolicyInForce Policy, bool ObserveOnly)> RulesAsync(long? scanId, CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        if (scanId is > 0 && await db.Scans.AsNoTracking().Where(s => s.Id == scanId).Select(s => new { s.PolicyVersion, s.ObserveOnly }).FirstOrDefaultAsync(stop) is { PolicyVersion: > 0 } scan)
        {
            return (await policies.GetAsync(scan.PolicyVersion, stop), scan.ObserveOnly);
        }

        var observes = scanId != EndObserveOnly.Portion && await InstallationSettings.IsOnAsync(db, InstallationSettings.ObserveOnly, true, stop);
        return (await policies.CurrentAsync(stop), observes);
    }

    /// <summary>
    /// Automatic un-verifications: those of the last 24 hours, and those of the 30 days before. What an administrator approved is none. Should the clock have been set back,
    /// those of its future count among the last.
    /// </summary>
    private async Task<(int Last24Hours, int Before)> UnverifiedAsync(CancellationToken stop)
    {
        var day = clock.Now - Day;
        var month = day - Month;
        await using var db = await dbs.CreateDbContextAsync(stop);
        var all = db.Decisions.Where(d => d.ActorKind == AuditActorKind.Policy && d.To == CaseState.Unverified && d.BulkId == null
            && (d.Event == CaseEvent.FindingUnverify || d.Event == CaseEvent.WorseUnverify));
        return (await all.CountAsync(d => d.At > day, stop), await all.CountAsync(d => d.At > month && d.At <= day, stop));
    }

    /// <summary>A batch in the audit trail.</summary>
    internal static string Subject(long batch) => "batch " + batch.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How far one run came: in memory, for what matters stands in the row of the turn and in the marks.</summary>
    private sealed class Run(long? scanId)
    {
        public long? ScanId => scanId;

        public FindingCursor Cursor { get; set; }

        public bool IsDecided { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The brake holds the portion of scan {Scan}: {Count} addresses wait in batch {Batch}")]
        public static partial void Braked(ILogger logger, long? scan, int count, long batch);
    }
}
