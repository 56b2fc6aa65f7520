using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>A scan as lists and its page show it. Counts as in <see cref="Scan"/>.</summary>
public sealed record ScanRow(
    long Id, ScanScope Scope, string? Target, ScanStatus Status, string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt,
    int Total, int Done, int Answered, int GivenUp, int Settled, int Changed, ScanResult? Result, string? Note)
{
    /// <summary>Not over yet.</summary>
    public bool IsUnfinished => EndedAt is null;

    /// <summary>Share that is done, 0 to 1: looking up and settling each count for their part, so that the bar never stands at its end while something is written.</summary>
    public double Share => Total == 0 ? IsUnfinished ? 0 : 1 : ((0.9 * (Done + GivenUp)) + (0.1 * (Settled + GivenUp))) / Total;
}

/// <summary>A lane of a scan, with what holds it up.</summary>
/// <param name="Host">Upstream host.</param>
/// <param name="Total">Domains.</param>
/// <param name="Done">Looked up.</param>
/// <param name="Answered">Of these, answered.</param>
/// <param name="GivenUp">Left for tomorrow.</param>
/// <param name="IsVoid">Void.</param>
/// <param name="CanaryFailed">Its canary read as gone.</param>
/// <param name="Node">The node at work; null when nobody is.</param>
/// <param name="RestsUntil">Real time; null when it does not rest.</param>
/// <param name="Note">In words; null when nothing held it up.</param>
internal sealed record ScanLaneRow(
    string Host, int Total, int Done, int Answered, int GivenUp, bool IsVoid, bool CanaryFailed, string? Node, DateTimeOffset? RestsUntil, string? Note);

/// <summary>What is due, and how late the latest is.</summary>
/// <param name="Due">Domains due now.</param>
/// <param name="OldestDueAt">Since when the one that waits longest is due.</param>
/// <param name="NextDueAt">When the next one will be.</param>
/// <param name="NeverAnswered">Watched domains without any answer so far.</param>
/// <param name="OldestAnswerAt">Oldest answer a verdict rests on.</param>
internal sealed record LateWork(int Due, DateTimeOffset? OldestDueAt, DateTimeOffset? NextDueAt, int NeverAnswered, DateTimeOffset? OldestAnswerAt);

/// <summary>Reads scans for pages, commands and jobs.</summary>
internal sealed class ScanQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    /// <summary>Scans, newest first; <paramref name="before"/> is the last number of the page before, null for the first page.</summary>
    public async Task<IReadOnlyList<ScanRow>> ListAsync(long? before, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var scans = before is { } id ? db.Scans.Where(s => s.Id < id) : db.Scans;
        return await Rows(scans.OrderByDescending(s => s.Id).Take(size)).ToListAsync(cancel);
    }

    /// <summary>The page before: scans with a higher number than <paramref name="after"/>, newest first.</summary>
    public async Task<IReadOnlyList<ScanRow>> ListNewerAsync(long after, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var page = await Rows(db.Scans.Where(s => s.Id > after).OrderBy(s => s.Id).Take(size)).ToListAsync(cancel);
        page.Reverse();
        return page;
    }

    /// <summary>One scan; null when there is none.</summary>
    public async Task<ScanRow?> GetAsync(long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Rows(db.Scans.Where(s => s.Id == id)).FirstOrDefaultAsync(cancel);
    }

    /// <summary>Scans that are not over, oldest first. Paused ones are among them.</summary>
    public async Task<IReadOnlyList<ScanRow>> UnfinishedAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Rows(db.Scans.Where(s => s.EndedAt == null).OrderBy(s => s.Id)).ToListAsync(cancel);
    }

    /// <summary>The last scan that ended and was no DNS sweep; null before the first.</summary>
    public async Task<ScanRow?> LastEndedAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Rows(db.Scans.Where(s => s.EndedAt != null && s.Scope != ScanScope.DnsSweep && s.Status == ScanStatus.Completed).OrderByDescending(s => s.Id))
            .FirstOrDefaultAsync(cancel);
    }

    /// <summary>Lanes of a scan, those with the most left first.</summary>
    public async Task<IReadOnlyList<ScanLaneRow>> LanesAsync(long id, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.ScanLanes.AsNoTracking()
            .Where(l => l.ScanId == id)
            .OrderByDescending(l => l.Total - l.Done - l.GivenUp)
            .ThenByDescending(l => l.Total)
            .ThenBy(l => l.Host)
            .Select(l => new ScanLaneRow(
                l.Host, l.Total, l.Done, l.Answered, l.GivenUp, l.IsVoid, l.CanaryFailed,
                l.LeaseUntil > now ? l.LeaseOwner : null,
                db.Lanes.Where(h => h.Host == l.Host && h.RestsUntil > now).Select(h => h.RestsUntil).FirstOrDefault(),
                l.Note))
            .ToListAsync(cancel);
    }

    /// <summary>What is late.</summary>
    public async Task<LateWork> LateAsync(CancellationToken cancel)
    {
        var now = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var watched = db.Domains.AsNoTracking().Where(d => d.WatchedFor != WatchedFor.None && d.Phase != Phase.NotApplicable);
        return new LateWork(
            await watched.CountAsync(d => d.NextCheckAt <= now, cancel),
            await watched.Where(d => d.NextCheckAt <= now).MinAsync(d => d.NextCheckAt, cancel),
            await watched.Where(d => d.NextCheckAt > now).MinAsync(d => d.NextCheckAt, cancel),
            await watched.CountAsync(d => d.LastAnsweredAt == null, cancel),
            await watched.MinAsync(d => d.LastAnsweredAt, cancel));
    }

    private static IQueryable<ScanRow> Rows(IQueryable<Scan> scans) => scans.AsNoTracking().Select(s => new ScanRow(
        s.Id, s.Scope, s.Target, s.Status, s.RequestedBy, s.RequestedAt, s.StartedAt, s.EndedAt,
        s.Total, s.Done, s.Answered, s.GivenUp, s.Settled, s.Changed, s.Result, s.Note));
}
