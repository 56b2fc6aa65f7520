using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>What became of a verification that the platform told.</summary>
internal abstract record ReverifyOutcome
{
    /// <summary>It is accepted: the address is verified, with a new baseline.</summary>
    internal sealed record Accepted : ReverifyOutcome;

    /// <summary>The domain changed hands, so that it proves too little: the case is marked contested and the old baseline stays.</summary>
    internal sealed record Contested : ReverifyOutcome;

    /// <summary>The domain is looked up first; its next verdict decides.</summary>
    internal sealed record Waits : ReverifyOutcome;

    /// <summary>Nothing was changed: it is not newer than what is known.</summary>
    internal sealed record Unchanged : ReverifyOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : ReverifyOutcome;
}

/// <summary>Takes a verification after the first one (product section 7).</summary>
internal sealed class ReverifyAddress(IDbContextFactory<GuardDb> dbs, ReadFindings read, PolicyStore policies, IdAllocator ids, GuardClock clock)
{
    private const int MostAttempts = 5;
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);

    /// <summary>Takes it.</summary>
    /// <param name="addressId">The address.</param>
    /// <param name="verifiedAt">When the platform verified it (UTC).</param>
    /// <param name="proof">What that proved beside that somebody reads the mail.</param>
    /// <param name="actor">Who tells: a key, a command.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<ReverifyOutcome> ExecuteAsync(long addressId, DateTimeOffset verifiedAt, ClaimProof proof, AuditActor actor, CancellationToken cancel)
    {
        if (verifiedAt > clock.Now + ClocksDiffer)
        {
            return new ReverifyOutcome.Refused("The verification lies in the future. Send the time at which it happened, in UTC.");
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(addressId, verifiedAt, proof, actor, cancel);
            }
            catch (DbUpdateException) when (attempt < MostAttempts)
            {
                // A scan, an analyst or another message moved the address or its case in the same moment: judged anew.
            }
        }
    }

    private async Task<ReverifyOutcome> TryAsync(long addressId, DateTimeOffset verifiedAt, ClaimProof proof, AuditActor actor, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await read.OfAddressAsync(db, addressId, await policies.CurrentAsync(cancel), cancel) is not { Address: { } address } item)
        {
            return new ReverifyOutcome.Refused("There is no such address, or it was removed on the platform.");
        }

        if (verifiedAt <= address.VerifiedAt || (address.ClaimedAt is { } claimed && (verifiedAt < claimed || (verifiedAt == claimed && proof <= address.ClaimProof))))
        {
            return new ReverifyOutcome.Unchanged();
        }

        (address.ClaimedAt, address.ClaimProof, address.ClaimState) = (verifiedAt, proof, ClaimState.Waiting);
        ReverifyOutcome outcome;
        switch (Claims.Outcome(item))
        {
            case ClaimOutcome.Accepted:
                Claims.Accept(db, item, actor, clock.Now);
                outcome = new ReverifyOutcome.Accepted();
                break;
            case ClaimOutcome.Contested:
                var id = item.Case is null ? await ids.NextAsync(IdAllocator.Case, cancel) : 0;
                var hadCase = item.Domain.HasCase;
                Claims.Contest(db, item, item.Case, ref id, actor, clock.Now);
                item.Domain.Version += item.Domain.HasCase == hadCase ? 0 : 1;
                outcome = new ReverifyOutcome.Contested();
                break;
            default:
                address.Version++;
                item.Domain.HasClaim = true;
                item.Domain.NextCheckAt = item.Domain.NextCheckAt > clock.Now ? clock.Now : item.Domain.NextCheckAt;
                item.Domain.Version++;
                outcome = new ReverifyOutcome.Waits();
                break;
        }

        await db.SaveChangesAsync(cancel);
        return outcome;
    }
}
