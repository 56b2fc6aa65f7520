using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Features.Imports;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Sync;

/// <summary>
/// Runs the query when it is due and takes its rows in by the rules of a file: staged, compared, guarded, merged. Rows that are rejected are told and left out, for nobody sits there to
/// mend them. Above 10 % gone nothing is written: the run waits until an administrator allows it (<see cref="ConfirmImport"/>), or a newer one takes its place.
/// </summary>
internal sealed partial class RunSqlSync(
    SqlSource source, SqlSchedule schedule, StageImport stage, MergeImport merge, IDbContextFactory<GuardDb> dbs, GuardClock clock, IOptions<SqlSourceOptions> options, ILogger<RunSqlSync> log)
{
    private const string Name = "SQL query";

    /// <summary>Runs it if it is due and nobody else does; the import that comes back says what became of it.</summary>
    public async Task<Import?> ExecuteAsync(CancellationToken cancel)
    {
        if (!options.Value.IsOn || await schedule.ClaimAsync(cancel) is not { } by)
        {
            return null;
        }

        var request = new ImportRequest(Name, ImportFormat.Sql, by) { IsPartial = options.Value.Mode == SqlSourceMode.Partial, KeepGood = true, WaitsForPerson = true };
        Import? import = null;
        try
        {
            import = await stage.ExecuteAsync(source.ReadAsync, request, null, cancel);
            if (import.Status == ImportStatus.Compared)
            {
                await ReplaceWaitingAsync(import.Id, cancel);
                if (import.Problem is null)
                {
                    await merge.ExecuteAsync(import.Id, null, cancel);
                }
            }

            // Without the words: they may name tables of the platform, and the list of runs has them.
            if (import.Status == ImportStatus.Refused || import.Problem is not null)
            {
                Log.WroteNothing(log, import.Id);
            }
        }
        catch (Exception e) when (e is ImportLeaseLostException || GuardDatabase.Explain(e) is not null)
        {
            Log.Failed(log, e is ImportLeaseLostException ? e.Message : GuardDatabase.Explain(e)!);
        }

        await schedule.EndAsync(cancel);
        return import;
    }

    /// <summary>What waits for a person was read before this: nobody may allow it any more.</summary>
    private async Task ReplaceWaitingAsync(long importId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var older = await db.Imports.Where(i => i.Format == ImportFormat.Sql && i.Status == ImportStatus.Compared && i.Id < importId && i.LeaseOwner == null).Select(i => i.Id).ToListAsync(cancel);
        foreach (var id in older)
        {
            await ResumeImports.RefuseAsync(dbs, id, null, "A newer run took its place. Nothing was written.", clock.Now, cancel, ImportStatus.Compared);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The query of DomainGuard:Sync:Sql wrote nothing; run {Import} on the page Sync says why")]
        public static partial void WroteNothing(ILogger logger, long import);

        [LoggerMessage(Level = LogLevel.Error, Message = "The query of DomainGuard:Sync:Sql stopped: {Problem}")]
        public static partial void Failed(ILogger logger, string problem);
    }
}
