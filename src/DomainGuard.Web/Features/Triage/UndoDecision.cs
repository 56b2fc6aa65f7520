using System.Data.Common;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What became of an undo.</summary>
internal abstract record UndoOutcome
{
    /// <summary>Everything is as it was before the decision.</summary>
    /// <param name="Count">Cases.</param>
    internal sealed record Done(int Count) : UndoOutcome;

    /// <summary>Nothing was taken back.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : UndoOutcome;
}

/// <summary>
/// Takes a decision back, within ten minutes, by whom made it, whole or not at all: by a compensating decision on each case, so that both stay in the history. The ten
/// minutes are those of the machine: a demonstration that moves its calendar takes nobody's undo away, only worse facts that come with it do.
/// </summary>
internal sealed class UndoDecision(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time, CaseNotifier notifier)
{
    /// <summary>How long it is offered.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    private const int MostAttempts = 6;

    // Of two undos at once, the one that touches the row does it.
    private static readonly SqlStatement Claim = new("""UPDATE "Bulk" SET "UndoneAt" = @p0 WHERE "Id" = @p1 AND "UndoneAt" IS NULL""", Instant, Uuid);

    /// <summary>Takes back.</summary>
    /// <param name="by">Who: the one who decided.</param>
    /// <param name="bulkId">As <see cref="DecideOutcome.Done"/> named it.</param>
    /// <param name="cancel">Cancels while nothing is written.</param>
    public async Task<UndoOutcome> ExecuteAsync(StaffMember by, Guid bulkId, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        if (!by.May(Policies.Decide))
        {
            return new UndoOutcome.Refused("Only an analyst takes a decision back.");
        }

        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            await using var session = await StatementSession.OpenAsync(dbs, cancel);
            var bulk = await session.Db.Bulks.AsNoTracking().FirstOrDefaultAsync(b => b.Id == bulkId, cancel);
            if (Problem(by, bulk) is { } problem)
            {
                return new UndoOutcome.Refused(problem);
            }

            var (changes, followed) = await PlanAsync(session.Db, by, bulkId, cancel);
            if (followed is not null)
            {
                return new UndoOutcome.Refused(followed);
            }

            if (await TryWriteAsync(session, bulkId, changes, isLast: attempt == MostAttempts, cancel))
            {
                notifier.Raise(changes.ConvertAll(c => c.Case.Id), by.Id);
                return new UndoOutcome.Done(changes.Count);
            }
        }

        return new UndoOutcome.Refused("These cases are being changed all the time. Nothing was taken back; try again.");
    }

    /// <summary>How long a decision can still be taken back; null when it cannot.</summary>
    public async Task<TimeSpan?> RemainingAsync(Guid bulkId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var done = await db.Bulks.Where(b => b.Id == bulkId && b.UndoneAt == null).Select(b => b.DoneAt).FirstOrDefaultAsync(cancel);
        return done is { } at && Left(at) is { Ticks: > 0 } left ? left : null;
    }

    private string? Problem(StaffMember by, Bulk? bulk) => bulk switch
    {
        null or { DoneAt: null } => "There is no such decision.",
        _ when bulk.StaffId != by.Id => "Only who decided takes it back. You can decide these cases anew.",
        { UndoneAt: not null } => "This was taken back already.",
        _ when Left(bulk.DoneAt.Value) <= TimeSpan.Zero => "Ten minutes are over. Decide these cases anew.",
        _ => null,
    };

    // A clock that was set back takes nothing away and gives no more than ten minutes.
    private TimeSpan Left(DateTimeOffset done) => done + Within - time.GetUtcNow() is var left && left > Within ? Within : left;

    private async Task<(List<CaseChange> Changes, string? Followed)> PlanAsync(GuardDb db, StaffMember by, Guid bulkId, CancellationToken cancel)
    {
        var decisions = await db.Decisions.AsNoTracking().Where(d => d.BulkId == bulkId).ToDictionaryAsync(d => d.CaseId, cancel);
        var later = await db.Decisions.AsNoTracking()
            .Where(d => d.BulkId == bulkId)
            .SelectMany(d => db.Decisions.Where(x => x.CaseId == d.CaseId && x.CaseVersion > d.CaseVersion))
            .OrderBy(x => x.CaseId).ThenBy(x => x.CaseVersion).FirstOrDefaultAsync(cancel);
        if (later is not null)
        {
            var names = await CaseReading.NamesAsync(db, [later], cancel);
            return ([], $"{CaseReading.Name(later, names)} moved case {later.CaseId} after you, on {later.At:d MMM HH:mm} UTC. Nothing was taken back.");
        }

        var read = await CaseReading.ReadAsync(db, decisions.Keys, cancel);
        // Against what the person saw: a decision that moved the baseline set what "worse" is measured against to no change of hands.
        if (read.FirstOrDefault(r => new CaseFacts(decisions[r.Case.Id].Phase, decisions[r.Case.Id].HandChange, r.Case.DecidedWanted).IsWorse(r.Case.Facts)) is { } worse)
        {
            return ([], $"The facts of case {worse.Case.Id} became worse since you decided. Nothing was taken back; decide it anew.");
        }

        var before = decisions.Values.Select(d => CaseBefore.Parse(d.Before!).BatchId).OfType<long>().Distinct().ToArray();
        var waiting = before.Length == 0
            ? []
            : await db.BatchItems.AsNoTracking()
                .Where(i => EF.Parameter(before).Contains(i.BatchId) && i.State == BatchItemState.Waiting && db.Batches.Any(b => b.Id == i.BatchId && b.State == BatchState.Waiting)
                    && db.Decisions.Any(d => d.BulkId == bulkId && d.CaseId == i.CaseId))
                .Select(i => i.CaseId).ToHashSetAsync(cancel);
        var step = new StepBy(by.Actor, clock.Now) { Reason = ReasonCode.Undone, BulkId = Guid.CreateVersion7(time.GetUtcNow()) };
        return (read.ConvertAll(r => r.With(CaseSteps.TakeBack(r.Case, r.Address, r.Domain, decisions[r.Case.Id], waiting.Contains(r.Case.Id), step))), null);
    }

    private async Task<bool> TryWriteAsync(StatementSession session, Guid bulkId, List<CaseChange> changes, bool isLast, CancellationToken cancel)
    {
        try
        {
            await session.BeginAsync(cancel);
            if (await session.ExecuteAsync(Claim, [time.GetUtcNow(), bulkId], cancel) != 1 || !await CaseWriter.WriteAsync(session, changes, cancel))
            {
                await session.RollbackAsync();
                return false;
            }

            await session.CommitAsync(cancel);
            return true;
        }
        catch (DbException e) when (e.IsTransient && !isLast)
        {
            await session.RollbackAsync();
            return false;
        }
    }
}
