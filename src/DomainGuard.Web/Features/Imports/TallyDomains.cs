using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Counts per domain what its addresses say: how many, how much is at stake, since when somebody is trusted there, who goes first. Domain by domain in the order of their
/// keys, so that it can be broken off and done again; only rows that differ are written. On PostgreSQL two pages are counted at a time.
/// </summary>
internal sealed class TallyDomains(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    private const int Page = 5_000;

    // Up to here a partial list counts the domains of its accounts alone: one account that is told by itself does not read all that are held.
    private const int ShortList = 1_000;

    /// <summary>Counts what an import may have changed: all domains, or those of a short partial list, whose staged rows must still be there.</summary>
    public async Task ExecuteAsync(StatementSession session, Import import, ImportLease lease, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        if (import.IsPartial && import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts <= ShortList)
        {
            var db = session.Db;
            var touched = await db.ImportRows.Where(r => r.ImportId == import.Id).Select(r => r.ExternalId).Distinct()
                .Join(db.Accounts, e => e, a => a.ExternalId, (_, a) => a.Id)
                .Join(db.Addresses, id => id, a => a.AccountId, (_, a) => a.DomainId)
                .Distinct().Order().ToListAsync(cancel);
            await session.BeginAsync(cancel);
            await lease.CheckAsync(session, cancel);
            await ExecuteAsync(session, touched, clock.Now, cancel);
            await session.CommitAsync(cancel);
            return;
        }

        if (import.NewAccounts >= MergeImport.MuchNew)
        {
            await session.AnalyzeAsync(ImportSql.Filled, cancel);
        }

        long after = 0;
        using var one = new SemaphoreSlim(1, 1);
        await using var other = session.Db.Database.IsNpgsql() ? await StatementSession.OpenAsync(dbs, cancel) : null;
        await Task.WhenAll(PagesAsync(session), other is null ? Task.CompletedTask : PagesAsync(other));

        async Task PagesAsync(StatementSession by)
        {
            while (await NextAsync(by) is var (from, last))
            {
                await by.BeginAsync(cancel);
                await by.ExecuteAsync(ImportSql.Tally, Values(from, last, clock.Now), cancel);
                await lease.CheckAsync(by, cancel);
                await by.CommitAsync(cancel);
                progress?.Invoke(new ImportProgress("Counting", (int)Math.Min(last, int.MaxValue), null));
            }
        }

        async Task<(long From, long Last)?> NextAsync(StatementSession by)
        {
            await one.WaitAsync(cancel);
            try
            {
                var from = after;
                after = await MergeImport.LastOfPageAsync(by.Db.Domains.Where(d => d.Id > from).Select(d => d.Id), Page, cancel) ?? after;
                return after == from ? null : (from, after);
            }
            finally
            {
                one.Release();
            }
        }
    }

    /// <summary>Counts some domains, in the caller's transaction.</summary>
    public static Task ExecuteAsync(StatementSession session, IReadOnlyList<long> domains, DateTimeOffset now, CancellationToken cancel) =>
        session.ExecuteManyAsync(ImportSql.Tally, [.. domains.Select(d => Values(d - 1, d, now))], cancel);

    private static object?[] Values(long after, long upTo, DateTimeOffset now) => [after, upTo, now, true, Phase.NotApplicable, DomainFlags.Notable];
}
