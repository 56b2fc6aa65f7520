using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Sources;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Rdap;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Sources;

/// <summary>A lane with its configured limit.</summary>
public sealed record LaneView(Lane Lane, double PerSecond, int InFlight, bool Rests);

/// <summary>A source with what of its budget is spent today.</summary>
internal sealed record SourceView(SourceStatus Source, int Used, int Budget);

/// <summary>Reads sources, lanes and budgets.</summary>
internal sealed class SourceQueries(IDbContextFactory<GuardDb> dbs, DomainLookup lookup, SourceBudgets budgets, RdapBootstrap bootstrap, GuardClock clock, TimeProvider time)
{
    private const int MostLanes = 500;

    public async Task<IReadOnlyList<SourceView>> SourcesAsync(CancellationToken cancel)
    {
        var day = DateOnly.FromDateTime(clock.Now.UtcDateTime).DayNumber;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var used = await db.BudgetDays.AsNoTracking().Where(b => b.Day == day).ToDictionaryAsync(b => b.Source, b => b.Used, cancel);
        var views = new List<SourceView>();
        foreach (var source in lookup.Sources)
        {
            views.Add(new SourceView(source, used.GetValueOrDefault(source.Kind), await budgets.OfAsync(source.Kind, cancel)));
        }

        return views;
    }

    /// <summary>Lanes, those in trouble first.</summary>
    public async Task<IReadOnlyList<LaneView>> LanesAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var lanes = await db.Lanes.AsNoTracking().OrderByDescending(l => l.CanaryFailed).ThenByDescending(l => l.FailuresInRow).ThenByDescending(l => l.Asked).ThenBy(l => l.Host).Take(MostLanes).ToListAsync(cancel);
        return lanes.ConvertAll(l =>
        {
            var limit = lookup.LimitOf(l.Host);
            return new LaneView(l, limit.PerSecond, limit.InFlight, l.RestsUntil > now);
        });
    }

    /// <summary>TLDs that have a server in the IANA file, and when the file was last confirmed; null while it is the shipped one.</summary>
    public (int Tlds, DateTimeOffset? CheckedAt) Bootstrap => (bootstrap.Count, bootstrap.CheckedAt);

}
