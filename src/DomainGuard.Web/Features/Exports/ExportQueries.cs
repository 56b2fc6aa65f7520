using DomainGuard.Data;
using DomainGuard.Data.Exports;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Features.Audit;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Exports;

/// <summary>An export with the name of whom it was made for.</summary>
internal sealed record ExportRow(Export Export, string? By);

/// <summary>Reads exports.</summary>
internal sealed class ExportQueries(IDbContextFactory<GuardDb> dbs)
{
    /// <summary>A page, newest first.</summary>
    public async Task<KeysetPage<ExportRow>> ListAsync(ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var page = await Keyset.PageAsync(db.Exports.AsNoTracking(), e => e.Id, e => e.Id, true, position, size, e => e, e => (e.Id, e.Id), cancel);
        var ids = page.Items.Select(e => Guid.TryParse(e.ActorId, out var id) ? id : Guid.Empty).Where(i => i != Guid.Empty).Distinct().ToArray();
        var names = await db.Users.AsNoTracking().Where(u => EF.Parameter(ids).Contains(u.Id)).ToDictionaryAsync(u => u.Id.ToString("D"), u => u.DisplayName, cancel);
        return new KeysetPage<ExportRow>([.. page.Items.Select(e => new ExportRow(e, names.GetValueOrDefault(e.ActorId)))], page.Previous, page.Next);
    }

    public async Task<Export?> FindAsync(long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Exports.AsNoTracking().FirstOrDefaultAsync(e => e.Id == id, cancel);
    }

    /// <summary>How many rows there would be.</summary>
    public async Task<AuditSpan> CountAsync(ExportKind kind, AuditFilter filter, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return kind == ExportKind.Audit ? await AuditQueries.SpanAsync(db, filter, cancel) : new AuditSpan(await ExportTables.CountAsync(db, kind, filter, cancel), 0, 0);
    }
}
