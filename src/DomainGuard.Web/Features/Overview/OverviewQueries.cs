using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Overview;

/// <summary>What is watched, and how well.</summary>
internal sealed record Coverage(int Domains, int Addresses, int WithinCadence, DateTimeOffset? OldestAnswerAt, int NeverAnswered, IReadOnlyDictionary<Phase, int> Phases, DateTimeOffset AsOf);

/// <summary>Reads the first screen. Counts are shared by all circuits for five seconds.</summary>
internal sealed class OverviewQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _one = new(1, 1);
    private (long At, Coverage Value)? _coverage;

    public async Task<Coverage> CoverageAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_coverage is { } kept && time.GetElapsedTime(kept.At) < Keep)
            {
                return kept.Value;
            }

            var value = await CountAsync(cancel);
            _coverage = (time.GetTimestamp(), value);
            return value;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The domains that drop next.</summary>
    public async Task<(IReadOnlyList<Domain> Nearest, int Within45Days)> NearestDropsAsync(int count, CancellationToken cancel)
    {
        var now = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var coming = db.Domains.AsNoTracking().Where(d => d.DropTo >= now && d.WatchedFor != WatchedFor.None);
        var within = now.AddDays(45);
        return (await coming.OrderBy(d => d.DropFrom).ThenBy(d => d.Id).Take(count).ToListAsync(cancel), await coming.CountAsync(d => d.DropFrom <= within, cancel));
    }

    private async Task<Coverage> CountAsync(CancellationToken cancel)
    {
        var now = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var watched = db.Domains.AsNoTracking().Where(d => d.WatchedFor != WatchedFor.None);
        var phases = await watched.GroupBy(d => d.Phase).Select(g => new { Phase = g.Key, Count = g.Count(), Addresses = g.Sum(d => d.AddressCount) }).ToListAsync(cancel);
        var looked = watched.Where(d => d.Phase != Phase.NotApplicable);
        return new Coverage(
            phases.Sum(p => p.Count),
            phases.Sum(p => p.Addresses),
            await looked.CountAsync(d => d.LastAnsweredAt != null && d.NextCheckAt > now, cancel),
            await looked.MinAsync(d => d.LastAnsweredAt, cancel),
            await looked.CountAsync(d => d.LastAnsweredAt == null, cancel),
            phases.ToDictionary(p => p.Phase, p => p.Count),
            now);
    }
}
