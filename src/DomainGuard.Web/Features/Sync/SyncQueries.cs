using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Features.Imports;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Sync;

/// <summary>What the page shows of the query.</summary>
/// <param name="Options">Its configuration; whoever shows it shows no secret.</param>
/// <param name="IsRunning">A run is under way, or asked for.</param>
/// <param name="NextAt">When the next one is due; null: at once.</param>
internal sealed record SqlSourceView(SqlSourceOptions Options, bool IsRunning, DateTimeOffset? NextAt);

/// <summary>What the page of syncs reads.</summary>
internal sealed class SyncQueries(IDbContextFactory<GuardDb> dbs, SqlSchedule schedule, GuardClock clock, IOptions<SqlSourceOptions> options)
{
    /// <summary>The query.</summary>
    public async Task<SqlSourceView> SourceAsync(CancellationToken cancel)
    {
        var state = await schedule.StateAsync(cancel);
        var next = state.DueAt(options.Value.Schedule);
        return new SqlSourceView(options.Value, options.Value.IsOn && (state.Wish is not null || await schedule.IsRunningAsync(cancel)), next > clock.Now ? next : null);
    }

    /// <summary>The latest lists that the platform gave, by query or API, newest first.</summary>
    public async Task<IReadOnlyList<Import>> LatestAsync(int count, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Imports.AsNoTracking().Where(i => i.Format == ImportFormat.Sql || (i.ActorKind == AuditActorKind.Key && i.FileName == "API")).OrderByDescending(i => i.Id).Take(count).ToListAsync(cancel);
    }

    /// <summary>The run of the query that waits for a person, if one does.</summary>
    public async Task<Import?> WaitingAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Imports.AsNoTracking().Where(i => i.Format == ImportFormat.Sql && i.Status == ImportStatus.Compared && i.Problem != null && !i.AllowRemovals)
            .OrderByDescending(i => i.Id).FirstOrDefaultAsync(cancel);
    }
}
