using DomainGuard.Core.Addresses;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Web.Features.Findings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Accounts;

/// <summary>What became of a verification, with the address after it.</summary>
/// <param name="Outcome">What became of it; null when the account has no such address.</param>
/// <param name="State">The address after it.</param>
internal sealed record ReportedVerification(ReverifyOutcome? Outcome, AddressState State);

/// <summary>Takes a verification as the platform names it: by its account and the address itself.</summary>
internal sealed class ReportVerification(IDbContextFactory<GuardDb> dbs, ReverifyAddress reverify)
{
    /// <summary>Takes it.</summary>
    /// <param name="accountId">The platform's id of the account.</param>
    /// <param name="email">The address.</param>
    /// <param name="verifiedAt">When the platform verified it (UTC).</param>
    /// <param name="proof">What that proved.</param>
    /// <param name="actor">Who tells.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<ReportedVerification> ExecuteAsync(string accountId, EmailAddress email, DateTimeOffset verifiedAt, ClaimProof proof, AuditActor actor, CancellationToken cancel)
    {
        var text = email.Text;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var addresses = db.Addresses.AsNoTracking().Where(a => a.Email == text && a.RetiredAt == null && a.Account!.ExternalId == accountId && a.Account.RetiredAt == null);
        if (await addresses.Select(a => (long?)a.Id).FirstOrDefaultAsync(cancel) is not { } id)
        {
            return new ReportedVerification(null, default);
        }

        var outcome = await reverify.ExecuteAsync(id, verifiedAt, proof, actor, cancel);
        return new ReportedVerification(outcome, await db.Addresses.Where(a => a.Id == id).Select(a => a.State).SingleAsync(cancel));
    }
}
