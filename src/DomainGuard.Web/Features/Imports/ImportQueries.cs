using DomainGuard.Data;
using DomainGuard.Data.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What screens and commands show of imports.</summary>
internal sealed class ImportQueries(IDbContextFactory<GuardDb> dbs)
{
    public async Task<Import?> FindAsync(long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Imports.AsNoTracking().FirstOrDefaultAsync(i => i.Id == id, cancel);
    }

    /// <summary>The latest imports, newest first.</summary>
    public async Task<IReadOnlyList<Import>> LatestAsync(int count, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Imports.AsNoTracking().OrderByDescending(i => i.Id).Take(count).ToListAsync(cancel);
    }

    /// <summary>Rejected lines in the order of the file.</summary>
    public async Task<IReadOnlyList<ImportRejection>> RejectionsAsync(long id, int count, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.ImportRejections.AsNoTracking().Where(r => r.ImportId == id).OrderBy(r => r.Line).ThenBy(r => r.Sequence).Take(count).ToListAsync(cancel);
    }

    /// <summary>More accounts would go than goes without saying (10 %).</summary>
    public async Task<bool> HasManyGoneAsync(Import import, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await RemovalRule.IsManyAsync(db, import, cancel);
    }

    public async Task<bool> AnyAccountAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Accounts.AnyAsync(cancel);
    }
}
