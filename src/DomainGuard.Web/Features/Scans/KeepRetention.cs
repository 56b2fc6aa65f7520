using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Features.Api;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Lets go of what its time is over for: raw answers and answers of the gate after 400 days (facts and hashes of the former stay, refusals stay in the audit trail), the lists of ended scans after 30 days (their sums stay), kept
/// answers of the API after a day, and domains watched for a mail exchanger that nobody uses any more. In steps, so that SQLite's writer is never held for long.
/// </summary>
internal sealed partial class KeepRetention(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time, ILogger<KeepRetention> log)
{
    /// <summary>How long raw answers are kept (product section 4.7).</summary>
    public static readonly TimeSpan RawAnswers = TimeSpan.FromDays(400);

    private static readonly TimeSpan ScanLists = TimeSpan.FromDays(30);
    private const int Step = 2_000;
    private const int KeptStep = 100;

    /// <summary>Does it all; safe to repeat and to interrupt.</summary>
    public async Task ExecuteAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var answers = await DropRawAnswersAsync(db, clock.Now - RawAnswers, cancel);
        var items = await DropListsAsync(db, clock.Now - ScanLists, cancel);
        var domains = await db.Domains
            .Where(d => (d.WatchedFor == WatchedFor.MailExchange || d.WatchedFor == (WatchedFor.MailExchange | WatchedFor.Addresses)) && !db.MxLinks.Any(l => l.MxDomainId == d.Id))
            .ExecuteUpdateAsync(
                s => s.SetProperty(d => d.WatchedFor, d => d.WatchedFor == WatchedFor.MailExchange ? WatchedFor.None : WatchedFor.Addresses).SetProperty(d => d.Version, d => d.Version + 1),
                cancel);
        await DropChecksAsync(db, clock.Now - RawAnswers, cancel);
        await DropKeptAnswersAsync(db, time.GetUtcNow() - ApiIdempotency.Keeps, cancel);
        Log.Done(log, answers, items, domains);
    }

    private static async Task DropKeptAnswersAsync(GuardDb db, DateTimeOffset before, CancellationToken cancel)
    {
        while (await db.KeptAnswers.AsNoTracking().Where(a => a.At < before).OrderBy(a => a.At).Take(KeptStep).Select(a => (DateTimeOffset?)a.At).MaxAsync(cancel) is { } upTo)
        {
            await db.KeptAnswers.Where(a => a.At <= upTo).ExecuteDeleteAsync(cancel);
        }
    }

    // What the gate answered is explained for as long as the answers that it rests on are kept.
    private static async Task DropChecksAsync(GuardDb db, DateTimeOffset before, CancellationToken cancel)
    {
        while (await db.RecoveryChecks.AsNoTracking().Where(c => c.At < before).OrderBy(c => c.At).ThenBy(c => c.Id).Take(Step).Select(c => (long?)c.Id).MaxAsync(cancel) is { } upTo)
        {
            await db.RecoveryChecks.Where(c => c.At < before && c.Id <= upTo).ExecuteDeleteAsync(cancel);
        }
    }

    private static async Task<int> DropRawAnswersAsync(GuardDb db, DateTimeOffset before, CancellationToken cancel)
    {
        var dropped = 0;
        for (long after = 0; ;)
        {
            var ids = await db.Observations.AsNoTracking()
                .Where(o => o.Id > after && o.Raw != null && o.LastAt < before)
                .OrderBy(o => o.Id)
                .Take(Step)
                .Select(o => o.Id)
                .ToListAsync(cancel);
            if (ids.Count == 0)
            {
                return dropped;
            }

            after = ids[^1];
            var first = ids[0];
            dropped += await db.Observations
                .Where(o => o.Id >= first && o.Id <= after && o.Raw != null && o.LastAt < before)
                .ExecuteUpdateAsync(s => s.SetProperty(o => o.Raw, (byte[]?)null), cancel);
        }
    }

    private static async Task<int> DropListsAsync(GuardDb db, DateTimeOffset before, CancellationToken cancel)
    {
        var dropped = 0;
        var ended = await db.Scans.AsNoTracking()
            .Where(s => s.EndedAt < before && db.ScanItems.Any(i => i.ScanId == s.Id))
            .Select(s => s.Id)
            .ToListAsync(cancel);
        foreach (var scan in ended)
        {
            while (true)
            {
                var page = await db.ScanItems.AsNoTracking()
                    .Where(i => i.ScanId == scan)
                    .OrderBy(i => i.Host)
                    .ThenBy(i => i.DomainId)
                    .Take(Step)
                    .Select(i => new { i.Host, i.DomainId })
                    .ToListAsync(cancel);
                if (page.Count == 0)
                {
                    break;
                }

                foreach (var host in page.GroupBy(i => i.Host))
                {
                    var upTo = host.Max(i => i.DomainId);
                    dropped += await db.ScanItems.Where(i => i.ScanId == scan && i.Host == host.Key && i.DomainId <= upTo).ExecuteDeleteAsync(cancel);
                }
            }
        }

        return dropped;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Retention: {Answers} raw answers and {Items} list entries dropped, {Domains} mail exchangers' domains let go")]
        public static partial void Done(ILogger logger, int answers, int items, int domains);
    }
}
