using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Takes up what a killed process left: merges go on, files that were only half read are given up, old comparisons nobody confirmed are cleared.</summary>
internal sealed class ResumeImports(IDbContextFactory<GuardDb> dbs, MergeImport merge, GuardClock clock, TimeProvider time)
{
    private static readonly TimeSpan KeepCompared = TimeSpan.FromDays(1);

    /// <summary>Resumes; gives back how many merges it ended.</summary>
    public async Task<int> ExecuteAsync(Action<ImportProgress>? progress, CancellationToken cancel)
    {
        var (real, now) = (time.GetUtcNow(), clock.Now);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var left = await db.Imports.AsNoTracking()
            .Where(i => (i.Status == ImportStatus.Staging || i.Status == ImportStatus.Merging) && (i.LeaseUntil == null || i.LeaseUntil < real))
            .OrderBy(i => i.Id).Select(i => new { i.Id, i.Status }).ToListAsync(cancel);
        var merged = 0;
        foreach (var import in left)
        {
            if (import.Status == ImportStatus.Merging)
            {
                merged += await merge.ExecuteAsync(import.Id, progress, cancel) ? 1 : 0;
            }
            else
            {
                await GiveUpAsync(db, import.Id, ImportStatus.Staging, "The process ended while the file was read. Nothing was written; import it again.", now, cancel);
            }
        }

        var old = now - KeepCompared;
        foreach (var id in await db.Imports.Where(i => i.Status == ImportStatus.Compared && !i.IsDryRun && i.RequestedAt < old).Select(i => i.Id).ToListAsync(cancel))
        {
            await GiveUpAsync(db, id, ImportStatus.Compared, "Nobody confirmed it within a day. Nothing was written.", now, cancel);
        }

        return merged;
    }

    /// <summary>Gives up an import that waits for confirmation.</summary>
    public async Task DiscardAsync(long importId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await GiveUpAsync(db, importId, ImportStatus.Compared, "It was given up by a person. Nothing was written.", clock.Now, cancel);
    }

    private async Task GiveUpAsync(GuardDb db, long importId, ImportStatus status, string problem, DateTimeOffset now, CancellationToken cancel)
    {
        if (await db.Imports.Where(i => i.Id == importId && i.Status == status).ExecuteUpdateAsync(
            s => s.SetProperty(i => i.Status, ImportStatus.Refused).SetProperty(i => i.Problem, problem).SetProperty(i => i.EndedAt, now).SetProperty(i => i.LeaseOwner, (string?)null), cancel) == 1)
        {
            await StagingRows.ClearAsync(dbs, importId, cancel);
        }
    }
}
