using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Takes up what a killed process left: merges go on, files that were only half read are given up, old comparisons nobody confirmed and leftover rows are cleared.</summary>
internal sealed class ResumeImports(IDbContextFactory<GuardDb> dbs, MergeImport merge, ImportTurn turn, GuardClock clock)
{
    private const string Ended = "The process ended while the file was read. Nothing was written; import it again.";
    private static readonly TimeSpan KeepCompared = TimeSpan.FromDays(1);

    /// <summary>Resumes; gives back how many merges it ended.</summary>
    public async Task<int> ExecuteAsync(Action<ImportProgress>? progress, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var merged = 0;
        foreach (var import in await db.Imports.AsNoTracking().Where(i => i.Status == ImportStatus.Staging || i.Status == ImportStatus.Merging).OrderBy(i => i.Id).ToListAsync(cancel))
        {
            if (turn.IsFree(import))
            {
                merged += await TakeUpAsync(import, progress, cancel) ? 1 : 0;
            }
        }

        var old = clock.Now - KeepCompared;
        foreach (var id in await db.Imports.Where(i => i.Status == ImportStatus.Compared && !i.IsDryRun && i.RequestedAt < old).Select(i => i.Id).ToListAsync(cancel))
        {
            await GiveUpAsync(id, "Nobody confirmed it within a day. Nothing was written.", cancel);
        }

        // Killed between its end and the end of clearing.
        foreach (var id in await db.Imports.Where(i => i.EndedAt != null && db.ImportRows.Any(r => r.ImportId == i.Id)).Select(i => i.Id).ToListAsync(cancel))
        {
            await StagingRows.ClearAsync(dbs, id, cancel);
        }

        return merged;
    }

    /// <summary>Deals with one whose process is dead: true when it was merged to its end.</summary>
    public async Task<bool> TakeUpAsync(Import import, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        if (import.Status == ImportStatus.Merging)
        {
            return await merge.ExecuteAsync(import.Id, progress, cancel);
        }

        await GiveUpDeadAsync(dbs, import, clock.Now, cancel);
        return false;
    }

    /// <summary>Gives up an import that waits for confirmation.</summary>
    public Task DiscardAsync(long importId, CancellationToken cancel) => GiveUpAsync(importId, "It was given up by a person. Nothing was written.", cancel);

    /// <summary>Gives up an import whose file was only half read.</summary>
    internal static Task GiveUpDeadAsync(IDbContextFactory<GuardDb> dbs, Import import, DateTimeOffset now, CancellationToken cancel) =>
        RefuseAsync(dbs, import.Id, import.LeaseOwner, Ended, now, cancel, import.Status);

    /// <summary>Ends an import whose lease is still the one that was seen, then clears its rows.</summary>
    internal static async Task RefuseAsync(
        IDbContextFactory<GuardDb> dbs, long importId, string? owner, string problem, DateTimeOffset now, CancellationToken cancel, ImportStatus status = ImportStatus.Merging)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Imports.Where(i => i.Id == importId && i.Status == status && i.LeaseOwner == owner).ExecuteUpdateAsync(
            s => s.SetProperty(i => i.Status, ImportStatus.Refused).SetProperty(i => i.Problem, problem).SetProperty(i => i.EndedAt, now)
                .SetProperty(i => i.LeaseOwner, (string?)null).SetProperty(i => i.LeaseUntil, (DateTimeOffset?)null),
            cancel) == 1)
        {
            await StagingRows.ClearAsync(dbs, importId, cancel);
        }
    }

    private Task GiveUpAsync(long importId, string problem, CancellationToken cancel) => RefuseAsync(dbs, importId, null, problem, clock.Now, cancel, ImportStatus.Compared);
}
