using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Exports;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Exports;

internal static class ExportEndpoints
{
    /// <summary>Maps <c>/exports/{id}/file</c>.</summary>
    public static void MapExports(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/exports/{id:long}/file", FetchAsync).RequireAuthorization(Policies.Export);

    private static async Task<IResult> FetchAsync(long id, HttpContext http, FetchExport fetch)
    {
        var by = StaffMember.Of(http.User, http.Connection.RemoteIpAddress?.ToString());
        return await fetch.ExecuteAsync(by, id, http.RequestAborted) is { } file
            ? TypedResults.PhysicalFile(file.Path, "application/zip", file.Name, enableRangeProcessing: true)
            : TypedResults.NotFound();
    }
}

/// <summary>Gives the file of an export out, and records to whom.</summary>
internal sealed class FetchExport(IDbContextFactory<GuardDb> dbs, ExportFolder folder, GuardClock clock)
{
    /// <returns>Where it lies and what it is called; null when there is none (any more), or he may not.</returns>
    public async Task<(string Path, string Name)?> ExecuteAsync(StaffMember by, long id, CancellationToken cancel)
    {
        if (!by.May(Policies.Export))
        {
            return null;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var export = await db.Exports.AsNoTracking().FirstOrDefaultAsync(e => e.Id == id && e.Status == ExportStatus.Completed, cancel);
        if (export?.FileName is not { } name || !File.Exists(folder.FileOf(name)))
        {
            return null;
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.ExportDownloaded, by.Actor, clock.Now) { Subject = ExportFacts.Subject(id), Changes = [("sha256", null, export.FileHash)] });
        await db.SaveChangesAsync(cancel);
        return (folder.FileOf(name), name);
    }
}
