using DomainGuard.Data;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Scans;
using Hangfire;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>
/// Ends what a killed process left of bulk decisions, and clears lists that nobody needs any more. May run beside a decision under way and on several nodes: of two that
/// carry out one list, one does.
/// </summary>
[AutomaticRetry(Attempts = 0)]
internal sealed partial class BulkJob(IDbContextFactory<GuardDb> dbs, DecideBulk decide, TimeProvider time, ILogger<BulkJob> log)
{
    private const int ListsAtOnce = 100;
    private static readonly TimeSpan KeepLists = TimeSpan.FromDays(1);

    /// <summary>Does both; gives back how many lists it decided.</summary>
    public async Task<int> ExecuteAsync(CancellationToken stop)
    {
        await using var db = await dbs.CreateDbContextAsync(stop);
        var decided = 0;
        foreach (var bulk in await db.Bulks.AsNoTracking().Where(b => b.DoneAt == null && b.Wish != null).OrderBy(b => b.FrozenAt).Take(ListsAtOnce).ToListAsync(stop))
        {
            // With the roles that he has now: a right that was taken away is not used any more.
            var wish = BulkWish.Parse(bulk.Wish!);
            var roles = await db.UserRoles.Where(u => u.UserId == bulk.StaffId).Join(db.Roles, u => u.RoleId, r => r.Id, (_, r) => r.Name!).ToListAsync(stop);
            var name = await db.Users.Where(u => u.Id == bulk.StaffId).Select(u => u.DisplayName).FirstOrDefaultAsync(stop);
            var by = new StaffMember(bulk.StaffId, name ?? "", roles.ToHashSet(StringComparer.Ordinal), wish.From);
            try
            {
                var outcome = await decide.CarryOutAsync(by, bulk.Id, wish, stop);
                decided += outcome is DecideOutcome.Done ? 1 : 0;
                Log.TakenUp(log, bulk.Id, outcome.GetType().Name);
            }
            catch (Exception e) when (Patience.IsTransient(e))
            {
                // The others are not held up by it; the next run tries again.
                Log.Failed(log, bulk.Id, e);
            }
        }

        await ClearAsync(db, stop);
        return decided;
    }

    // The list serves nothing once it is decided; one that was never sent is forgotten. List by list, at most 10,000 rows each.
    private async Task ClearAsync(GuardDb db, CancellationToken stop)
    {
        var old = time.GetUtcNow() - KeepLists;
        foreach (var id in await db.Bulks.Where(b => (b.DoneAt < old || (b.DoneAt == null && b.Wish == null && b.FrozenAt < old)) && db.BulkItems.Any(i => i.BulkId == b.Id))
            .OrderBy(b => b.FrozenAt).Select(b => b.Id).Take(ListsAtOnce).ToListAsync(stop))
        {
            await db.BulkItems.Where(i => i.BulkId == id).ExecuteDeleteAsync(stop);
        }

        await db.Bulks.Where(b => b.DoneAt == null && b.Wish == null && b.FrozenAt < old && !db.BulkItems.Any(i => i.BulkId == b.Id)).ExecuteDeleteAsync(stop);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Bulk decision {Bulk} was left by another process: {Outcome}")]
        public static partial void TakenUp(ILogger logger, Guid bulk, string outcome);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Bulk decision {Bulk} could not be carried out")]
        public static partial void Failed(ILogger logger, Guid bulk, Exception problem);
    }
}
