using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Lookups;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>Adds up whether the budgets of a policy can meet its cadence for the domains that are watched now.</summary>
internal sealed class SourceOutlooks(IDbContextFactory<GuardDb> dbs, DomainLookup lookup, GuardClock clock, TimeProvider time)
{
    private static readonly TimeSpan CountsHoldFor = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private (IReadOnlyList<DomainClass> Classes, TimeSpan Watch, long At)? _counted;

    /// <summary>The sum per enabled source.</summary>
    public async Task<IReadOnlyList<SourceOutlook>> OfAsync(GuardPolicy policy, CancellationToken cancel) =>
        BudgetOutlook.Of(policy, await ClassesAsync(policy.ReregisteredWatch, cancel), lookup.Sources.Where(s => s.IsEnabled).Select(s => s.Kind));

    // One pass over all domains; an editor asks with every change of a cell, so the counts are kept a moment.
    private async Task<IReadOnlyList<DomainClass>> ClassesAsync(TimeSpan watch, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_counted is { } kept && kept.Watch == watch && time.GetElapsedTime(kept.At) < CountsHoldFor)
            {
                return kept.Classes;
            }
        }

        var old = clock.Now - watch;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var rows = await db.Domains.AsNoTracking()
            .Where(d => d.WatchedFor != WatchedFor.None && d.Phase != Phase.NotApplicable)
            .GroupBy(d => new
            {
                d.Phase,
                d.Flags,
                d.Confidence,
                d.HandChange,
                IsOld = d.HandChange == HandChange.Reregistered && d.RegisteredAt != null && d.RegisteredAt < old,
                BackedOff = d.FailuresInRow >= BudgetOutlook.BackedOffFrom,
            })
            .Select(g => new { g.Key, Count = g.Count() })
            .ToListAsync(cancel);
        IReadOnlyList<DomainClass> classes = rows.ConvertAll(r => new DomainClass(r.Key.Phase, r.Key.Flags, r.Key.Confidence, r.Key.HandChange, r.Key.IsOld, r.Key.BackedOff, r.Count));
        lock (_lock)
        {
            _counted = (classes, watch, time.GetTimestamp());
        }

        return classes;
    }
}
