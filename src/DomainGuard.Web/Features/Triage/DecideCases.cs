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

/// <summary>
/// Decides cases: one or thousands, in one transaction, all or none, with one line of history and one of the audit trail each. What a person decides on is what he read:
/// a case that somebody moved since, or whose facts became worse, is told instead. Facts that a machine only refreshed are no reason to ask again
/// (<see cref="Case.IsStillAsRead"/>).
/// </summary>
internal sealed class DecideCases(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time, CaseNotifier notifier)
{
    private const int MostAttempts = 6;

    private static readonly SqlStatement InsertBulk = new(
        """INSERT INTO "Bulk" ("Id", "StaffId", "FrozenAt", "Count", "DoneAt", "Decided", "Skipped") VALUES (@p0, @p1, @p2, @p3, @p2, @p3, 0)""",
        Uuid, Uuid, Instant, Number);

    // Of two that carry out one list, the one that touches the row does.
    private static readonly SqlStatement FinishBulk = new(
        """UPDATE "Bulk" SET "DoneAt" = @p0, "Decided" = @p1, "Skipped" = @p2 WHERE "Id" = @p3 AND "DoneAt" IS NULL""",
        Instant, Number, Number, Uuid);

    /// <summary>Decides.</summary>
    /// <param name="by">Who.</param>
    /// <param name="cases">1 to 10,000 cases as he read them.</param>
    /// <param name="wish">What.</param>
    /// <param name="cancel">Cancels while nothing is written.</param>
    public Task<DecideOutcome> ExecuteAsync(StaffMember by, IReadOnlyList<CaseRef> cases, DecisionWish wish, CancellationToken cancel) =>
        ExecuteAsync(by, cases, wish, null, cancel);

    /// <summary>Decides through the API, whose scope said that the key may: by the same rules.</summary>
    /// <param name="key">The key.</param>
    /// <param name="keyId">Its id.</param>
    /// <param name="one">The case as the caller read it.</param>
    /// <param name="wish">What.</param>
    /// <param name="cancel">Cancels while nothing is written.</param>
    public Task<DecideOutcome> ExecuteAsync(Requester key, Guid keyId, CaseRef one, DecisionWish wish, CancellationToken cancel) => DecideAsync(key, keyId, [one], wish, null, cancel);

    /// <summary>Decides, or carries out a frozen list.</summary>
    /// <param name="by">Who.</param>
    /// <param name="cases">Cases as he read them.</param>
    /// <param name="wish">What.</param>
    /// <param name="list">The list; null when none was frozen.</param>
    /// <param name="cancel">Cancels.</param>
    internal Task<DecideOutcome> ExecuteAsync(StaffMember by, IReadOnlyList<CaseRef> cases, DecisionWish wish, FrozenList? list, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(by);
        return DecideAsync(by, by.Id, cases, wish, list, cancel);
    }

    private async Task<DecideOutcome> DecideAsync(Requester by, Guid byId, IReadOnlyList<CaseRef> cases, DecisionWish wish, FrozenList? list, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(wish);
        var now = clock.Now;
        if (!by.May(Policies.Decide))
        {
            return new DecideOutcome.Refused("Only an analyst decides cases.");
        }

        if (DecisionRules.Problem(wish, now) is { } problem)
        {
            return new DecideOutcome.Refused(problem);
        }

        if (cases.Count is 0 or > DecisionRules.MostCases)
        {
            return new DecideOutcome.Refused(cases.Count == 0 ? "Choose a case first." : $"{cases.Count:N0} cases are too many for one decision; at most {DecisionRules.MostCases:N0} go together.");
        }

        var refs = cases.DistinctBy(c => c.Id).ToDictionary(c => c.Id, c => c.Version);
        var bulkId = list?.Id ?? Guid.CreateVersion7(time.GetUtcNow());
        var step = new StepBy(by.Actor, now)
        {
            Reason = wish.Reason,
            Comment = string.IsNullOrWhiteSpace(wish.Comment) ? null : wish.Comment,
            Until = wish.Until,
            BulkId = bulkId,
        };
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            await using var session = await StatementSession.OpenAsync(dbs, cancel);
            var (changes, outcome) = await PlanAsync(session.Db, refs, wish.Event, step, list?.AcceptsDifference == true, cancel);
            if (outcome is not null)
            {
                // What was read may be what another process made of this very list in the moment before.
                return await DoneAsync(session.Db, list, cancel) ?? outcome;
            }

            if (await TryWriteAsync(session, byId, changes, bulkId, refs.Count, list is not null, isLast: attempt == MostAttempts, cancel))
            {
                notifier.Raise(changes.ConvertAll(c => c.Case.Id), by.Staff?.Id);
                return new DecideOutcome.Done(bulkId, changes.Count);
            }

            if (await DoneAsync(session.Db, list, cancel) is { } done)
            {
                return done;
            }
        }

        return new DecideOutcome.Refused("These cases are being changed all the time. Nothing was done; send it again.");
    }

    // Another process, or a second click, carried the list out. Null when nobody did, or there is no list.
    private static async Task<DecideOutcome?> DoneAsync(GuardDb db, FrozenList? list, CancellationToken cancel) =>
        list is not null && await db.Bulks.AsNoTracking().Where(b => b.Id == list.Id && b.DoneAt != null).Select(b => (int?)b.Decided).FirstOrDefaultAsync(cancel) is { } decided
            ? new DecideOutcome.Done(list.Id, decided) : null;

    // Reads everything and takes every step in memory, so that the transaction holds nothing but writing.
    private static async Task<(List<CaseChange> Changes, DecideOutcome? Outcome)> PlanAsync(
        GuardDb db, Dictionary<long, int> refs, CaseEvent what, StepBy step, bool acceptsDifference, CancellationToken cancel)
    {
        var read = await CaseReading.ReadAsync(db, refs.Keys, cancel);
        if (read.Count < refs.Count && !acceptsDifference)
        {
            var missing = refs.Keys.Except(read.Select(r => r.Case.Id)).Order().First();
            return ([], new DecideOutcome.Refused($"There is no case {missing}. Nothing was done."));
        }

        var changed = read.ToLookup(r => !r.Case.IsStillAsRead(refs[r.Case.Id]) || IsOvertaken(r, what));
        if (changed[true].Any() && !acceptsDifference)
        {
            return ([], new DecideOutcome.Conflict(await CaseReading.ConflictsAsync(db, changed[true].Select(r => (r, refs[r.Case.Id])), cancel)));
        }

        var forbidden = changed[false].Select(r => DecisionRules.Forbids(r.Case, what)).OfType<string>().ToList();
        if (forbidden.Count > 0 && !acceptsDifference)
        {
            return ([], new DecideOutcome.Refused(refs.Count == 1 ? forbidden[0] : $"{forbidden.Count:N0} of {refs.Count:N0} cases cannot be decided so. {forbidden[0]} Nothing was done."));
        }

        List<CaseChange> changes = [];
        foreach (var r in changed[false].Where(r => DecisionRules.Forbids(r.Case, what) is null))
        {
            changes.Add(r.With(CaseSteps.Take(r.Case, r.Address, r.Domain, what, null, step)!));
        }

        return changes.Count > 0 ? (changes, null) : (changes, new DecideOutcome.Refused("None of these cases can be decided so any more. Nothing was done."));
    }

    // A scan wrote a change of hands to the address or the domain and has not come to its case yet. Dismissed now, it would be taken for the holder's.
    private static bool IsOvertaken(ReadCase read, CaseEvent what) => what == CaseEvent.Dismiss && read.HandChange > read.Case.HandChange;

    private async Task<bool> TryWriteAsync(StatementSession session, Guid by, List<CaseChange> changes, Guid bulkId, int asked, bool isFrozen, bool isLast, CancellationToken cancel)
    {
        try
        {
            var at = time.GetUtcNow();
            await session.BeginAsync(cancel);
            var isOurs = isFrozen
                ? await session.ExecuteAsync(FinishBulk, [at, changes.Count, asked - changes.Count, bulkId], cancel) == 1
                : await session.ExecuteAsync(InsertBulk, [bulkId, by, at, changes.Count], cancel) == 1;
            if (!isOurs || !await CaseWriter.WriteAsync(session, changes, cancel))
            {
                await session.RollbackAsync();
                return false;
            }

            await session.CommitAsync(cancel);
            return true;
        }
        catch (DbException e) when (e.IsTransient && !isLast)
        {
            // Locked out by another writer: everything is read anew.
            await session.RollbackAsync();
            return false;
        }
    }
}

/// <summary>A list that was frozen before it is decided.</summary>
/// <param name="Id">The <see cref="Bulk"/>.</param>
/// <param name="AcceptsDifference">What changed since is left out instead of stopping the rest.</param>
internal sealed record FrozenList(Guid Id, bool AcceptsDifference);
