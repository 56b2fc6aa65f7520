using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Exports;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Exports;

/// <summary>Where the files of exports lie.</summary>
internal sealed class ExportFolder(IOptions<ExportOptions> options, IOptions<DomainGuardOptions> installation)
{
    /// <summary>The folder; made when it is missing.</summary>
    public string Path => Directory.CreateDirectory(options.Value.Folder is { Length: > 0 } folder
        ? System.IO.Path.GetFullPath(folder, installation.Value.DataDirectory)
        : System.IO.Path.Combine(installation.Value.DataDirectory, "exports")).FullName;

    /// <summary>The file of an export.</summary>
    public string FileOf(string name) => System.IO.Path.Combine(Path, System.IO.Path.GetFileName(name));
}

/// <summary>What became of the wish for an export.</summary>
internal abstract record ExportOutcome
{
    /// <summary>It will be written.</summary>
    /// <param name="Id">Its number.</param>
    /// <param name="Rows">Rows that it will have.</param>
    internal sealed record Requested(long Id, long Rows) : ExportOutcome;

    /// <summary>It will not.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : ExportOutcome;
}

/// <summary>Takes the wish for an export down; <see cref="RunExport"/> writes it.</summary>
internal sealed class RequestExport(IDbContextFactory<GuardDb> dbs, IdAllocator ids, GuardClock clock)
{
    /// <summary>Exports that one person may have waiting.</summary>
    internal const int MostWaiting = 5;

    public async Task<ExportOutcome> ExecuteAsync(StaffMember by, ExportKind kind, ExportFormat format, AuditFilter filter, CancellationToken cancel)
    {
        if (!by.May(Policies.Export))
        {
            return new ExportOutcome.Refused($"This needs the role {string.Join(" or ", Policies.RolesOf(Policies.Export))}.");
        }

        if (filter is { From: { } from, To: { } to } && from >= to)
        {
            return new ExportOutcome.Refused("The end lies before the beginning. Choose a later end.");
        }

        var words = ExportFilter.ToJson(filter);
        if (words.Length > Export.MostFilter)
        {
            return new ExportOutcome.Refused("What the filter looks for is too long to be kept with the export. Shorten it.");
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Exports.CountAsync(e => e.ActorId == by.Actor.Id && (e.Status == ExportStatus.Waiting || e.Status == ExportStatus.Running), cancel) >= MostWaiting)
        {
            return new ExportOutcome.Refused($"{MostWaiting} exports of yours are being written. Wait for one to end.");
        }

        var export = new Export
        {
            Id = await ids.NextAsync(IdAllocator.Export, cancel),
            Kind = kind,
            Format = format,
            Filter = words,
            ActorKind = by.Actor.Kind,
            ActorId = by.Actor.Id,
            ActorFrom = by.Actor.From,
            RequestedAt = clock.Now,
            Expected = kind == ExportKind.Audit ? (await AuditQueries.SpanAsync(db, filter, cancel)).Count : await ExportTables.CountAsync(db, kind, filter, cancel),
        };
        db.Exports.Add(export);
        await db.SaveChangesAsync(cancel);
        return new ExportOutcome.Requested(export.Id, export.Expected);
    }
}

/// <summary>
/// Writes exports that were asked for. Each is leased to one process; one that was killed is begun anew by whoever finds it, three times at most, then it is marked as failed. The
/// file gets its name when it is complete: half a file is never given out.
/// </summary>
internal sealed partial class RunExport(IDbContextFactory<GuardDb> dbs, WriteExport write, ExportFolder folder, IOptions<ExportOptions> options, ScanNode node, GuardClock clock, ILogger<RunExport> log)
{
    internal const int MostAttempts = 3;
    private static readonly TimeSpan RenewEvery = ScanNode.Lease / 4;

    /// <summary>Writes all that wait and those that a dead process left; lets go of files whose time is over. Gives back how many it completed.</summary>
    public async Task<int> ExecuteAsync(CancellationToken cancel)
    {
        await ExpireAsync(cancel);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var completed = 0;
        foreach (var export in await db.Exports.AsNoTracking().Where(e => e.Status == ExportStatus.Waiting || e.Status == ExportStatus.Running).OrderBy(e => e.Id).ToListAsync(cancel))
        {
            completed += await ClaimAsync(db, export, cancel) && await RunAsync(export, cancel) ? 1 : 0;
        }

        return completed;
    }

    private async Task<bool> ClaimAsync(GuardDb db, Export export, CancellationToken cancel)
    {
        var isFree = export.LeaseOwner is null || export.LeaseUntil is not { } until || until < node.Now || until > node.Unbelievable || ScanNode.IsDead(export.LeaseOwner);
        if (!isFree)
        {
            return false;
        }

        if (export.Attempts >= MostAttempts)
        {
            await EndAsync(export, export.LeaseOwner, "It was begun three times and the process ended each time. Ask for it again.", cancel);
            return false;
        }

        var leaseEnd = node.Until;
        return await db.Exports.Where(e => e.Id == export.Id && e.LeaseOwner == export.LeaseOwner && e.Attempts == export.Attempts && (e.Status == ExportStatus.Waiting || e.Status == ExportStatus.Running))
            .ExecuteUpdateAsync(
                s => s.SetProperty(e => e.Status, ExportStatus.Running).SetProperty(e => e.LeaseOwner, node.Name).SetProperty(e => e.LeaseUntil, leaseEnd)
                    .SetProperty(e => e.Attempts, e => e.Attempts + 1).SetProperty(e => e.Written, 0L),
                cancel) == 1;
    }

    private async Task<bool> RunAsync(Export export, CancellationToken cancel)
    {
        var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"domainguard-{export.Kind.ToString().ToLowerInvariant()}-{export.Id}.zip");
        var aside = folder.FileOf($"{name}.{node.Name.Replace(':', '-')}.part");
        try
        {
            var order = new ExportOrder(export.Kind, export.Format, ExportFilter.Read(export.Filter), new AuditActor(export.ActorKind, export.ActorId, export.ActorFrom));
            var renewed = node.Now;
            var written = await write.ExecuteAsync(
                order,
                aside,
                async rows =>
                {
                    if (node.Now - renewed > RenewEvery)
                    {
                        renewed = node.Now;
                        await RenewAsync(export.Id, rows, cancel);
                    }
                },
                cancel);
            return await CompleteAsync(export, order, name, aside, written, cancel);
        }
        catch (ExportLostException)
        {
            return false; // Another process writes it.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || GuardDatabase.Explain(e) is not null)
        {
            var problem = GuardDatabase.Explain(e) ?? $"The file could not be written: {e.Message}";
            Log.Failed(log, export.Id, problem);
            await EndAsync(export, node.Name, problem.Length > 500 ? problem[..500] : problem, cancel);
            return false;
        }
        finally
        {
            Drop(aside);
        }
    }

    private static void Drop(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What kept it from being written keeps it from being removed; nobody takes a part for an export.
        }
    }

    private async Task<bool> CompleteAsync(Export export, ExportOrder order, string name, string aside, ExportWritten written, CancellationToken cancel)
    {
        var now = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await db.Exports.Where(e => e.Id == export.Id && e.Status == ExportStatus.Running && e.LeaseOwner == node.Name).ExecuteUpdateAsync(
            s => s.SetProperty(e => e.Status, ExportStatus.Completed).SetProperty(e => e.Written, written.Rows).SetProperty(e => e.FileName, name).SetProperty(e => e.Size, written.Size)
                .SetProperty(e => e.FileHash, written.FileHash).SetProperty(e => e.EndedAt, now).SetProperty(e => e.LeaseOwner, (string?)null).SetProperty(e => e.LeaseUntil, (DateTimeOffset?)null),
            cancel) != 1)
        {
            return false;
        }

        // The file first: a row without its file would promise what is not there.
        File.Move(aside, folder.FileOf(name), overwrite: true);
        AuditTrail.Add(db, ExportFacts.Made(order, export.Id, written, now));
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    private async Task RenewAsync(long id, long rows, CancellationToken cancel)
    {
        var until = node.Until;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Exports.Where(e => e.Id == id && e.LeaseOwner == node.Name).ExecuteUpdateAsync(s => s.SetProperty(e => e.LeaseUntil, until).SetProperty(e => e.Written, rows), cancel) != 1)
        {
            throw new ExportLostException();
        }
    }

    private async Task EndAsync(Export export, string? owner, string problem, CancellationToken cancel)
    {
        var now = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.Exports.Where(e => e.Id == export.Id && e.LeaseOwner == owner).ExecuteUpdateAsync(
            s => s.SetProperty(e => e.Status, ExportStatus.Failed).SetProperty(e => e.Problem, problem).SetProperty(e => e.EndedAt, now)
                .SetProperty(e => e.LeaseOwner, (string?)null).SetProperty(e => e.LeaseUntil, (DateTimeOffset?)null),
            cancel);
    }

    private async Task ExpireAsync(CancellationToken cancel)
    {
        var before = clock.Now.AddDays(-options.Value.KeepDays);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        foreach (var old in await db.Exports.AsNoTracking().Where(e => e.Status == ExportStatus.Completed && e.EndedAt < before).ToListAsync(cancel))
        {
            Drop(folder.FileOf(old.FileName!));
            await db.Exports.Where(e => e.Id == old.Id).ExecuteUpdateAsync(s => s.SetProperty(e => e.Status, ExportStatus.Expired), cancel);
        }
    }

    private sealed class ExportLostException : Exception;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Export {Export} failed: {Problem}")]
        public static partial void Failed(ILogger logger, long export, string problem);
    }
}

/// <summary>What the audit trail says of exports.</summary>
internal static class ExportFacts
{
    /// <summary>One was made: with its number, or on the command line without.</summary>
    public static AuditFact Made(ExportOrder order, long? id, ExportWritten written, DateTimeOffset at) => new(AuditAction.ExportMade, order.By, at)
    {
        Subject = id is { } number ? Subject(number) : null,
        Changes =
        [
            ("kind", null, order.Kind), ("format", null, order.Format), ("filter", null, ExportFilter.ToJson(order.Filter) is var filter && filter == "{}" ? null : filter), ("rows", null, written.Rows),
            ("sha256", null, written.FileHash),
        ],
    };

    public static string Subject(long id) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"export {id}");
}
