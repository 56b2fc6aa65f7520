using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Providers;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Counts per domain what its addresses say: how many, how much is at stake, since when somebody is trusted there, who goes first. Domain by domain in the order of their
/// keys, so that it can be broken off and done again; only rows that differ are written.
/// </summary>
internal sealed class TallyDomains(GuardClock clock)
{
    private const int Page = 5_000;

    public async Task ExecuteAsync(StatementSession session, ImportLease lease, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        long after = 0;
        while (await MergeImport.LastOfPageAsync(session.Db.Domains.Where(d => d.Id > after).Select(d => d.Id), Page, cancel) is { } last)
        {
            await session.BeginAsync(cancel);
            await lease.CheckAsync(session, cancel);
            await session.ExecuteAsync(ImportSql.Tally, [after, last, clock.Now, true, Phase.NotApplicable], cancel);
            await session.CommitAsync(cancel);
            progress?.Invoke(new ImportProgress("Counting", (int)Math.Min(last, int.MaxValue), null));
            after = last;
        }
    }
}
