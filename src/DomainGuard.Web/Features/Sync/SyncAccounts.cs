using DomainGuard.Data.Imports;
using DomainGuard.Web.Features.Imports;

namespace DomainGuard.Web.Features.Sync;

/// <summary>
/// Takes a list of accounts from the platform itself: staged, compared, guarded and merged by the same rules as a file. A caller that goes away while he sends leaves nothing behind;
/// once the list is compared it is merged to its end, also without him.
/// </summary>
internal sealed class SyncAccounts(StageImport stage, MergeImport merge, ImportQueries queries, IHostApplicationLifetime lifetime)
{
    /// <summary>Takes it; the import that comes back says what became of it, its rejected lines are with <see cref="ImportQueries"/>.</summary>
    /// <param name="lines">NDJSON, one account a line.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="cancel">The caller went away.</param>
    public async Task<Import> ExecuteAsync(Stream lines, ImportRequest request, CancellationToken cancel)
    {
        var import = await stage.ExecuteAsync(lines, request, null, null, cancel);
        if (import is { Status: ImportStatus.Compared, IsDryRun: false })
        {
            await merge.ExecuteAsync(import.Id, null, lifetime.ApplicationStopping);
        }

        return await queries.FindAsync(import.Id, CancellationToken.None) ?? import;
    }
}
