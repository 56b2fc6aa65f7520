using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Providers;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Counts per domain what its addresses say: how many, how much is at stake, since when somebody is trusted there, who goes first. Domain by domain in the order of their
/// keys, so that it can be broken off and done again; only rows that differ are written.
/// </summary>
internal sealed class TallyDomains(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    private const int Page = 5_000;

    public async Task ExecuteAsync(CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var db = session.Db;
        long after = 0;
        while (true)
        {
            var domains = await db.Domains.AsNoTracking().Where(d => d.Id > after).OrderBy(d => d.Id).Take(Page)
                .Select(d => new { d.Id, d.Phase, d.HandChange, d.WatchedFor, d.AddressCount, d.MaxImpact, d.EarliestTrustAt, d.Priority, d.NextCheckAt }).ToListAsync(cancel);
            if (domains.Count == 0)
            {
                return;
            }

            var (first, last) = (domains[0].Id, domains[^1].Id);
            after = last;
            var sums = await db.Addresses.AsNoTracking()
                .Where(a => a.DomainId >= first && a.DomainId <= last && a.RetiredAt == null)
                .GroupBy(a => a.DomainId)
                .Select(g => new
                {
                    DomainId = g.Key,
                    Count = g.Count(),
                    Impact = g.Max(a => a.Account!.Impact),
                    Trust = g.Min(a => a.VerifiedAt ?? a.Account!.CreatedAt),
                    Single = g.Max(a => a.Account!.AddressCount == 1 ? 1 : 0),
                    NoFactor = g.Max(a => a.Account!.TwoFactor == true ? 0 : 1),
                })
                .ToDictionaryAsync(s => s.DomainId, cancel);
            var now = clock.Now;
            List<object?[]> rows = [];
            foreach (var d in domains)
            {
                var sum = sums.GetValueOrDefault(d.Id);
                var watched = sum is null ? d.WatchedFor & ~WatchedFor.Addresses : d.WatchedFor | WatchedFor.Addresses;
                var priority = (sum?.Single == 1 ? 2 : 0) | (sum?.NoFactor == 1 ? 1 : 0);
                DateTimeOffset? next = watched == WatchedFor.None || d.Phase == Phase.NotApplicable ? null : d.NextCheckAt ?? now;
                if (watched != d.WatchedFor || (sum?.Count ?? 0) != d.AddressCount || (sum?.Impact ?? 0) != d.MaxImpact || sum?.Trust != d.EarliestTrustAt || priority != d.Priority || next != d.NextCheckAt)
                {
                    rows.Add([d.Id, sum?.Count ?? 0, sum?.Impact ?? 0, sum?.Trust, priority, watched, next]);
                }
            }

            if (rows.Count > 0)
            {
                await session.BeginAsync(cancel);
                await session.ExecuteManyAsync(ImportSql.Tally, rows, cancel);
                await session.CommitAsync(cancel);
            }
        }
    }
}
