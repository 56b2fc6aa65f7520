using DomainGuard.Data;
using DomainGuard.Data.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// What a person said to a comparison (<see cref="ImportRequest.WaitsForPerson"/>): take the good rows although others were rejected, retire accounts although they are many.
/// Merging is then <see cref="MergeImport"/>'s.
/// </summary>
internal sealed class ConfirmImport(IDbContextFactory<GuardDb> dbs)
{
    /// <summary>Keeps what was said.</summary>
    /// <returns>Null when the import may be merged now; else what still speaks against it, in words.</returns>
    public async Task<string?> ExecuteAsync(long importId, bool keepGood, bool allowRemovals, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var import = await db.Imports.FirstOrDefaultAsync(i => i.Id == importId && i.Status == ImportStatus.Compared && !i.IsDryRun, cancel);
        if (import is null)
        {
            return "This import no longer waits for a confirmation.";
        }

        (import.KeepGood, import.AllowRemovals) = (keepGood, allowRemovals);
        import.Problem = await RemovalRule.ProblemAsync(db, import, cancel);
        await db.SaveChangesAsync(cancel);
        return import.Problem;
    }
}
