using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Counts per domain what its addresses say: how many, how much is at stake, since when somebody is trusted there, who goes first. Domain by domain in the order of their
/// keys, so that it can be broken off and done again; only rows that differ are written.
/// </summary>
internal sealed class TallyDomains(GuardClock clock)
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

        long after = 0;
        while (await MergeImport.LastOfPageAsync(session.Db.Domains.Where(d => d.Id > after).Select(d => d.Id), Page, cancel) is { } last)
        {
            await session.BeginAsync(cancel);
            await lease.CheckAsync(session, cancel);
            await session.ExecuteAsync(ImportSql.Tally, Values(after, last, clock.Now), cancel);
            await session.CommitAsync(cancel);
            progress?.Invoke(new ImportProgress("Counting", (int)Math.Min(last, int.MaxValue), null));
            after = last;
        }
    }

    /// <summary>Counts some domains, in the caller's transaction.</summary>
    public static Task ExecuteAsync(StatementSession session, IReadOnlyList<long> domains, DateTimeOffset now, CancellationToken cancel) =>
        session.ExecuteManyAsync(ImportSql.Tally, [.. domains.Select(d => Values(d - 1, d, now))], cancel);

    private static object?[] Values(long after, long upTo, DateTimeOffset now) => [after, upTo, now, true, Phase.NotApplicable, DomainFlags.Notable];
}
