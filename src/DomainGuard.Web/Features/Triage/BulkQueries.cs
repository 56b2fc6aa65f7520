using DomainGuard.Data;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A decision on many cases that is under way or was just carried out: found again by whoever lost the page meanwhile.</summary>
/// <param name="Id">Names it for an undo.</param>
/// <param name="Text">What it is, in words.</param>
/// <param name="DoneAt">When it was carried out (UTC, machine); null while it is under way.</param>
/// <param name="CanUndo">It can still be taken back.</param>
internal sealed record BulkNote(Guid Id, string Text, DateTimeOffset? DoneAt, bool CanUndo);

/// <summary>Reads decisions that were taken together. Their times are the machine's: people undo in real time.</summary>
internal sealed class BulkQueries(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    /// <summary>Those of one person that are under way, or were carried out within the time for an undo; only such as go by a filter.</summary>
    public async Task<IReadOnlyList<BulkNote>> RecentAsync(Guid staff, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var since = now - CaseDetails.UndoTime;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var bulks = await db.Bulks.AsNoTracking().Where(b => b.StaffId == staff && b.Wish != null && b.UndoneAt == null && (b.DoneAt == null || b.DoneAt > since))
            .OrderByDescending(b => b.FrozenAt).Take(3).ToListAsync(cancel);
        return bulks.ConvertAll(b => new BulkNote(
            b.Id,
            b.DoneAt is { } done
                ? $"{Words.Count(b.Decided, "case")} of {Words.Count(b.Count)} decided together {Words.Relative(done, now)}{(b.Skipped > 0 ? $", {Words.Count(b.Skipped)} left as they were" : "")}."
                : $"A decision on {Words.Count(b.Count, "case")} is being carried out. It goes on without this page.",
            b.DoneAt,
            b.DoneAt is not null));
    }

    /// <summary>The latest decision of a person that he can still take back; null when there is none.</summary>
    public async Task<Guid?> LastUndoableAsync(Guid staff, CancellationToken cancel)
    {
        var since = time.GetUtcNow() - CaseDetails.UndoTime;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Bulks.AsNoTracking().Where(b => b.StaffId == staff && b.DoneAt > since && b.UndoneAt == null).OrderByDescending(b => b.DoneAt).ThenByDescending(b => b.Id).Select(b => (Guid?)b.Id)
            .FirstOrDefaultAsync(cancel);
    }

    /// <summary>One of the cases that it decided.</summary>
    public async Task<long?> FirstCaseAsync(Guid bulk, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Decisions.AsNoTracking().Where(d => d.BulkId == bulk).OrderBy(d => d.Id).Select(d => (long?)d.CaseId).FirstOrDefaultAsync(cancel);
    }
}
