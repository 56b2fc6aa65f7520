using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What an administrator makes of a batch.</summary>
internal abstract record BatchChoice
{
    /// <summary>Everything in it is to be un-verified; of a proposal: it is approved as it stands.</summary>
    internal sealed record All : BatchChoice;

    /// <summary>These are, the others stay for a person.</summary>
    /// <param name="CaseIds">Cases of the batch.</param>
    internal sealed record Some(IReadOnlyList<long> CaseIds) : BatchChoice;

    /// <summary>Nothing is; of a proposal: it is refused, and the batch waits again.</summary>
    internal sealed record None : BatchChoice;
}

/// <summary>What became of it.</summary>
internal abstract record BatchOutcome
{
    /// <summary>Decided: what was approved is carried out next.</summary>
    /// <param name="Approved">Cases approved.</param>
    /// <param name="Kept">Cases that stay for a person.</param>
    internal sealed record Done(int Approved, int Kept) : BatchOutcome;

    /// <summary>Proposed: another administrator approves or refuses it.</summary>
    /// <param name="Approved">Cases that would be approved.</param>
    /// <param name="Kept">Cases that would stay.</param>
    internal sealed record Proposed(int Approved, int Kept) : BatchOutcome;

    /// <summary>The proposal was refused, or withdrawn by whom made it: the batch waits as before.</summary>
    internal sealed record Waits : BatchOutcome;

    /// <summary>Nothing was done: somebody was faster.</summary>
    /// <param name="State">Where the batch stands now.</param>
    /// <param name="Version">Its version now.</param>
    /// <param name="By">Who, as shown; null when it cannot be said.</param>
    /// <param name="At">When (UTC).</param>
    internal sealed record Conflict(BatchState State, int Version, string? By, DateTimeOffset? At) : BatchOutcome;

    /// <summary>Nothing was done.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : BatchOutcome;
}

/// <summary>
/// Decides a batch that waits behind the brake or was found while the installation only observed: all, some or none, with a reason. It un-verifies nothing itself: what is
/// approved is judged again and carried out afterwards. Where a second person is required, one proposes and another one approves, never oneself.
/// </summary>
internal sealed class DecideBatch(IDbContextFactory<GuardDb> dbs, GuardClock clock, CaseNotifier notifier)
{
    private const int MostComment = 2_000;
    private const int Page = 1_000;

    /// <summary>Decides, proposes, or answers a proposal.</summary>
    /// <param name="by">Who.</param>
    /// <param name="batchId">The batch.</param>
    /// <param name="version">Its version when it was read.</param>
    /// <param name="choice">What.</param>
    /// <param name="comment">Why: 1 to 2,000 characters.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<BatchOutcome> ExecuteAsync(StaffMember by, long batchId, int version, BatchChoice choice, string comment, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        if (!by.May(Policies.Operate))
        {
            return new BatchOutcome.Refused("Only an administrator decides a batch.");
        }

        ArgumentNullException.ThrowIfNull(choice);

        if (string.IsNullOrWhiteSpace(comment))
        {
            return new BatchOutcome.Refused("Say why.");
        }

        if (KeptText.Problem(comment, MostComment) is { } problem)
        {
            return new BatchOutcome.Refused(problem);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Batches.AsNoTracking().FirstOrDefaultAsync(b => b.Id == batchId, cancel) is not { } batch)
        {
            return new BatchOutcome.Refused($"There is no batch {batchId}.");
        }

        if (batch.Version != version || batch.State is BatchState.Approved or BatchState.Closed)
        {
            return await ConflictAsync(db, batchId, cancel);
        }

        // Of two administrators at once, the one that touches the row decides; the other waits here and then finds it changed.
        if (await db.Batches.Where(b => b.Id == batchId && b.Version == version).ExecuteUpdateAsync(s => s.SetProperty(b => b.Version, version + 1), cancel) == 0)
        {
            await transaction.RollbackAsync(cancel);
            return await ConflictAsync(db, batchId, cancel);
        }

        var turn = new Turn(db, by, batch, comment, clock.Now);
        var outcome = batch.State == BatchState.Proposed
            ? await AnswerAsync(turn, choice, cancel)
            : await ChooseAsync(turn, choice, await InstallationSettings.IsOnAsync(db, InstallationSettings.RequireSecondPerson, false, cancel), cancel);
        if (outcome is BatchOutcome.Refused)
        {
            return outcome;
        }

        var to = outcome switch
        {
            BatchOutcome.Done { Approved: > 0 } => BatchState.Approved,
            BatchOutcome.Done => BatchState.Closed,
            BatchOutcome.Proposed => BatchState.Proposed,
            _ => BatchState.Waiting,
        };
        var isWaiting = to == BatchState.Waiting;
        Guid? decider = isWaiting ? null : by.Id;
        DateTimeOffset? at = isWaiting ? null : turn.Now;
        var why = isWaiting ? null : comment;
        await db.Batches.Where(b => b.Id == batchId).ExecuteUpdateAsync(
            s => s.SetProperty(b => b.State, to).SetProperty(b => b.DecidedBy, decider).SetProperty(b => b.DecidedAt, at).SetProperty(b => b.Comment, why), cancel);
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        notifier.Raise([], by.Id);
        return outcome;
    }

    // The first word: decides, or proposes where a second person is required.
    private static async Task<BatchOutcome> ChooseAsync(Turn turn, BatchChoice choice, bool needsSecond, CancellationToken cancel)
    {
        await LeaveOutAsync(turn, cancel);
        var waiting = turn.Items.Where(i => i.State == BatchItemState.Waiting);
        var approved = 0;
        if (choice is BatchChoice.All)
        {
            approved = await waiting.ExecuteUpdateAsync(s => s.SetProperty(i => i.State, BatchItemState.Approved), cancel);
        }
        else if (choice is BatchChoice.Some some)
        {
            foreach (var page in some.CaseIds.Distinct().Order().Chunk(Page))
            {
                if (await turn.Items.CountAsync(i => EF.Parameter(page).Contains(i.CaseId), cancel) != page.Length)
                {
                    return new BatchOutcome.Refused($"Not all of these cases are in batch {turn.Batch.Id}. Nothing was done.");
                }

                approved += await waiting.Where(i => EF.Parameter(page).Contains(i.CaseId)).ExecuteUpdateAsync(s => s.SetProperty(i => i.State, BatchItemState.Approved), cancel);
            }

            if (approved == 0)
            {
                return new BatchOutcome.Refused("None of these cases waits any more. Nothing was done.");
            }
        }

        var refused = await waiting.ExecuteUpdateAsync(s => s.SetProperty(i => i.State, BatchItemState.Refused), cancel);
        if (needsSecond)
        {
            turn.Audit(AuditAction.ChangeProposed, approved, refused);
            return new BatchOutcome.Proposed(approved, refused);
        }

        return await DecidedAsync(turn, approved, refused, cancel);
    }

    // The second word, by another person: approves the proposal as it stands, or refuses it.
    private static async Task<BatchOutcome> AnswerAsync(Turn turn, BatchChoice choice, CancellationToken cancel)
    {
        switch (choice)
        {
            case BatchChoice.None:
                await turn.Items.Where(i => i.State == BatchItemState.Approved || i.State == BatchItemState.Refused)
                    .ExecuteUpdateAsync(s => s.SetProperty(i => i.State, BatchItemState.Waiting), cancel);
                turn.Audit(AuditAction.BatchRefused, 0, 0);
                return new BatchOutcome.Waits();
            case BatchChoice.All when turn.Batch.DecidedBy == turn.By.Id:
                return new BatchOutcome.Refused("You proposed this. Another administrator approves it.");
            case BatchChoice.All:
                await LeaveOutAsync(turn, cancel);
                return await DecidedAsync(
                    turn, await turn.Items.CountAsync(i => i.State == BatchItemState.Approved, cancel), await turn.Items.CountAsync(i => i.State == BatchItemState.Refused, cancel), cancel);
            default:
                return new BatchOutcome.Refused("Approve what was proposed, or refuse it and propose another choice.");
        }
    }

    private static async Task<BatchOutcome> DecidedAsync(Turn turn, int approved, int refused, CancellationToken cancel)
    {
        // What was refused stays for a person, outside of any batch. That changes nobody's mind who is deciding it: see Case.NoteSame.
        await turn.Db.Cases.Where(c => c.BatchId == turn.Batch.Id && turn.Db.BatchItems.Any(i => i.BatchId == turn.Batch.Id && i.CaseId == c.Id && i.State == BatchItemState.Refused)).ExecuteUpdateAsync(
            s => s.SetProperty(c => c.BatchId, (long?)null).SetProperty(c => c.SameFrom, c => c.SameTo == c.Version ? c.SameFrom : c.Version)
                .SetProperty(c => c.SameTo, c => c.Version + 1).SetProperty(c => c.Version, c => c.Version + 1),
            cancel);
        turn.Audit(approved > 0 ? AuditAction.BatchApproved : AuditAction.BatchRefused, approved, refused);
        return new BatchOutcome.Done(approved, refused);
    }

    // A person decided it, or it recovered: it does not wait here any more.
    private static Task<int> LeaveOutAsync(Turn turn, CancellationToken cancel) => turn.Items
        .Where(i => i.State != BatchItemState.NoLonger && !turn.Db.Cases.Any(c => c.Id == i.CaseId && c.BatchId == turn.Batch.Id))
        .ExecuteUpdateAsync(s => s.SetProperty(i => i.State, BatchItemState.NoLonger), cancel);

    private static async Task<BatchOutcome> ConflictAsync(GuardDb db, long batchId, CancellationToken cancel)
    {
        var batch = await db.Batches.AsNoTracking().SingleAsync(b => b.Id == batchId, cancel);
        var name = batch.DecidedBy is { } staff ? await db.Users.Where(u => u.Id == staff).Select(u => u.DisplayName).FirstOrDefaultAsync(cancel) ?? "a former colleague" : null;
        return new BatchOutcome.Conflict(batch.State, batch.Version, name, batch.DecidedAt);
    }

    private sealed record Turn(GuardDb Db, StaffMember By, Batch Batch, string Comment, DateTimeOffset Now)
    {
        public IQueryable<BatchItem> Items => Db.BatchItems.Where(i => i.BatchId == Batch.Id);

        public void Audit(AuditAction action, int approved, int refused) => AuditTrail.Add(Db, new AuditFact(action, By.Actor, Now)
        {
            Subject = "batch " + Batch.Id.ToString(CultureInfo.InvariantCulture),
            ScanId = Batch.ScanId,
            PolicyVersion = Batch.PolicyVersion,
            Comment = Comment,
            Changes = [("approved", null, approved), ("refused", null, refused)],
        });
    }
}
