using DomainGuard.Data;
using DomainGuard.Data.Sources;
using DomainGuard.Lookups.Rdap;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Sources;

/// <summary>The last good copy of the IANA bootstrap file, in the database: every node begins with what any of them fetched.</summary>
internal sealed class DbBootstrapStore(IDbContextFactory<GuardDb> dbs) : IBootstrapStore
{
    private const int OnlyRow = 1;

    /// <inheritdoc/>
    public async Task<BootstrapFile?> ReadAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.BootstrapCopies.AsNoTracking().Where(c => c.Id == OnlyRow).Select(c => new BootstrapFile(c.Content, c.ETag, c.CheckedAt)).FirstOrDefaultAsync(cancel);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(BootstrapFile file, CancellationToken cancel)
    {
        var etag = file.ETag is { Length: > 200 } ? null : file.ETag;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.BootstrapCopies
            .Where(c => c.Id == OnlyRow)
            .ExecuteUpdateAsync(s => s.SetProperty(c => c.Content, file.Content).SetProperty(c => c.ETag, etag).SetProperty(c => c.CheckedAt, file.CheckedAt), cancel) == 0)
        {
            db.BootstrapCopies.Add(new BootstrapCopy { Id = OnlyRow, Content = file.Content, ETag = etag, CheckedAt = file.CheckedAt });
            await db.SaveChangesAsync(cancel);
        }
    }
}
