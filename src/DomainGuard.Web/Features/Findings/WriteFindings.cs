using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Findings;

/// <summary>A batch that takes the un-verifications of a portion instead of carrying them out.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Guard">What holds it.</param>
internal sealed record WaitingBatch(long Id, Guard Guard);

/// <summary>Writes what was found into cases, addresses, their history and the audit trail of a context that tracks them, without saving.</summary>
internal sealed class WriteFindings(IdAllocator ids)
{
    /// <summary>Writes a part; gives back how many addresses joined the batch.</summary>
    /// <param name="db">The context that tracks the rows.</param>
    /// <param name="items">What was found.</param>
    /// <param name="batch">Takes un-verifications; null lets them be carried out.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="now">Guard time (UTC).</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<int> ExecuteAsync(GuardDb db, IReadOnlyList<FindingItem> items, WaitingBatch? batch, AuditActor actor, DateTimeOffset now, CancellationToken cancel)
    {
        var opens = items.Count(i => i.Case is null && (i.Event is not null || Claims.Outcome(i) == ClaimOutcome.Contested));
        var nextId = opens == 0 ? 0 : await ids.ReserveAsync(IdAllocator.Case, opens, cancel);
        var joined = 0;
        foreach (var item in items)
        {
            var outcome = Claims.Outcome(item);
            if (outcome == ClaimOutcome.Accepted)
            {
                Claims.Accept(db, item, Claims.Owner(item.Address!), now);
                continue;
            }

            var waits = batch is not null && item.Unverifies;
            var @case = waits ? Join(db, item, batch!, ref nextId, ref joined, actor, now) : Take(db, item, item.Event, item.Finding, ref nextId, actor, now);
            if (outcome == ClaimOutcome.Contested)
            {
                // A moment later than the finding that it follows: histories are read in the order of time.
                Claims.Contest(db, item, @case, ref nextId, Claims.Owner(item.Address!), now.AddMicroseconds(1));
            }
        }

        return joined;
    }

    private static Case? Take(GuardDb db, FindingItem item, CaseEvent? what, CaseFinding finding, ref long nextId, AuditActor actor, DateTimeOffset now)
    {
        if (what is null)
        {
            Refresh(db, item, finding);
            return item.Case;
        }

        var by = new StepBy(actor, now) { ReopenReason = Reopened(item, what.Value) };
        if (item.Case is null)
        {
            if (CaseSteps.Open(nextId, item.Address, item.Domain.Id, item.Domain.Name, what.Value, finding, by) is not var (opened, first))
            {
                return null;
            }

            nextId++;
            item.Domain.HasCase = true;
            Add(db, opened);
            Record(db, item.Address, first);
            return opened;
        }

        if (CaseSteps.Take(item.Case, item.Address, item.Domain.Name, what.Value, finding, by) is { } step)
        {
            Record(db, item.Address, step);
        }

        return item.Case;
    }

    // The un-verification waits: whatever the case was, a person looks at it now.
    private static Case? Join(GuardDb db, FindingItem item, WaitingBatch batch, ref long nextId, ref int joined, AuditActor actor, DateTimeOffset now)
    {
        var finding = item.Finding with { Finding = item.Finding.Finding with { Action = PolicyAction.Review, Guard = batch.Guard } };
        var what = item.Case is null ? CaseEvent.FindingReview : item.Case.State == CaseState.NeedsReview ? (CaseEvent?)null : CaseEvent.WorseReview;
        var @case = Take(db, item, what, finding, ref nextId, actor, now)!;
        @case.BatchId = batch.Id;
        // Should it be refused, "worse" is measured against what the batch rested on.
        (@case.DecidedPhase, @case.DecidedHandChange, @case.DecidedWanted) = (@case.Phase, @case.HandChange, @case.Wanted);
        if (what is null)
        {
            @case.Version++;
        }

        db.BatchItems.Add(new BatchItem { BatchId = batch.Id, CaseId = @case.Id });
        joined++;
        return @case;
    }

    /// <summary>Writes a finding that changes no state into the case, if anything that people see differs: what stays the same costs no write.</summary>
    internal static void Refresh(GuardDb db, FindingItem item, CaseFinding finding)
    {
        if (item.Case is not { } @case)
        {
            return;
        }

        var entry = db.Entry(@case);
        var differs = CaseSteps.Refresh(@case, finding);
        // A closed case whose facts are in order again: from then on the same facts as at its closing are worse.
        if (@case.State is CaseState.Dismissed or CaseState.Restored && item.Facts.IsInOrder && @case.DecidedFacts != item.Facts && !@case.DecidedFacts.IsWorse(item.Facts))
        {
            (@case.DecidedPhase, @case.DecidedHandChange, @case.DecidedWanted) = (item.Facts.Phase, item.Facts.HandChange, item.Facts.Wanted);
            differs = true;
        }

        if (differs)
        {
            @case.Version++;
        }
        else
        {
            entry.CurrentValues.SetValues(entry.OriginalValues);
        }
    }

    /// <summary>Adds history and audit entry of a step, and marks the address as changed.</summary>
    internal static void Record(GuardDb db, Address? address, CaseStep step, string? subject = null)
    {
        db.Decisions.Add(step.Decision);
        AuditTrail.Add(db, subject is null ? step.Fact : step.Fact with { Subject = subject });
        if (step.AddressChanged && address is not null)
        {
            address.Version++;
        }
    }

    /// <summary>Adds a case that was just opened; its address is tracked already.</summary>
    internal static void Add(GuardDb db, Case opened) => db.Cases.Add(opened);

    private static string? Reopened(FindingItem item, CaseEvent what) => (what, item.Case) switch
    {
        (CaseEvent.WorseReview or CaseEvent.WorseUnverify, { } c) => Worse(c, item.Facts),
        _ => null,
    };

    private static string Worse(Case before, CaseFacts now)
    {
        var was = before.State switch
        {
            CaseState.Recovered => "when it recovered",
            CaseState.NeedsReview => "when it came to review",
            var state => $"when it was {state.ToString().ToLowerInvariant()}",
        };
        return now.HandChange > before.DecidedHandChange ? $"Change of hands is {now.HandChange} now; it was {before.DecidedHandChange} {was}."
            : now.Phase.IsWorseThan(before.DecidedPhase) ? $"The domain is in {Words.Of(now.Phase).Text} now; it was in {Words.Of(before.DecidedPhase).Text} {was}."
            : $"Something was found again; nothing was {was}.";
    }
}
