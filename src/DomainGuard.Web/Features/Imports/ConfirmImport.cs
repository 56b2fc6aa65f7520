using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// What a person said to a comparison (<see cref="ImportRequest.WaitsForPerson"/>): take the good rows although others were rejected, retire accounts although they are many.
/// Merging is then <see cref="MergeImport"/>'s.
/// </summary>
internal sealed class ConfirmImport(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    /// <summary>Keeps what was said.</summary>
    /// <returns>Null when the import may be merged now; else what still speaks against it, in words.</returns>
    public async Task<string?> ExecuteAsync(long importId, StaffMember by, bool keepGood, bool allowRemovals, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return "This needs the role Administrator.";
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var import = await db.Imports.FirstOrDefaultAsync(i => i.Id == importId && i.Status == ImportStatus.Compared && !i.IsDryRun, cancel);
        if (import is null)
        {
            return "This import no longer waits for a confirmation.";
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.ImportConfirmed, by.Actor, clock.Now)
        {
            Subject = ImportFacts.Subject(import.Id),
            Changes =
            [
                ("keepGood", import.KeepGood, keepGood), ("allowRemovals", import.AllowRemovals, allowRemovals),
                ("rejected", null, import.Rejected), ("gone", null, import.GoneAccounts),
            ],
        });
        (import.KeepGood, import.AllowRemovals) = (keepGood, allowRemovals);
        (import.ActorKind, import.ActorId, import.ActorFrom) = (by.Actor.Kind, by.Actor.Id, by.Actor.From);
        import.Problem = await RemovalRule.ProblemAsync(db, import, cancel);
        await db.SaveChangesAsync(cancel);
        return import.Problem;
    }
}
