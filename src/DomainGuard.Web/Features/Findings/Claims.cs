using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;

namespace DomainGuard.Web.Features.Findings;

/// <summary>What becomes of a verification that the platform told us (product section 7).</summary>
internal enum ClaimOutcome
{
    /// <summary>There is none, or it waits on.</summary>
    None,

    /// <summary>It is accepted: new baseline, and a case closes.</summary>
    Accepted,

    /// <summary>It proves too little after a change of hands.</summary>
    Contested,
}

/// <summary>
/// A verification after the first one. Who now holds the domain can click a verification link too, so it is accepted only where the domain was answered since and is in order,
/// or, after a change of hands, with a second factor.
/// </summary>
internal static class Claims
{
    /// <summary>What becomes of the claim of an address by what is found today.</summary>
    public static ClaimOutcome Outcome(FindingItem item)
    {
        if (item.Address is not { ClaimState: ClaimState.Waiting, ClaimedAt: { } at } address)
        {
            return ClaimOutcome.None;
        }

        return item.Finding.HandChange != HandChange.None ? (address.ClaimProof == ClaimProof.SecondFactor ? ClaimOutcome.Accepted : ClaimOutcome.Contested)
            : item.Domain.LastAnsweredAt >= at && item.Facts.IsInOrder ? ClaimOutcome.Accepted
            : ClaimOutcome.None;
    }

    /// <summary>Takes what is there now for the holder's, closes the case and gives the address back.</summary>
    public static void Accept(GuardDb db, FindingItem item, AuditActor actor, DateTimeOffset now)
    {
        var address = item.Address!;
        address.VerifiedAt = address.ClaimedAt;
        Close(address, ClaimState.None);
        var by = new StepBy(actor, now);
        if (item.Case is { } @case && CaseSteps.Take(@case, address, item.Domain.Name, CaseEvent.OwnerReverified, item.Finding, by) is { } step)
        {
            WriteFindings.Record(db, null, step);
        }
        else
        {
            // No case, or one that is closed already: the baseline moves all the same. What was un-verified with the whole domain is given back alone.
            if (address.State == AddressState.Unverified && item.Case is null)
            {
                address.State = AddressState.Verified;
                AuditTrail.Add(db, new AuditFact(AuditAction.AddressRestored, by.Actor, now)
                {
                    AccountId = address.AccountId,
                    AddressId = address.Id,
                    DomainName = item.Domain.Name,
                    Changes = [("address", nameof(AddressState.Unverified), nameof(AddressState.Verified))],
                });
            }

            address.BaselineFrom = now;
            address.HandChange = HandChange.None;
            address.HandConfidence = Confidence.None;
        }

        address.HandReasons = null;
        address.Version++;
    }

    /// <summary>Marks the case as contested, opening one where there is none; the old baseline stays.</summary>
    public static void Contest(GuardDb db, FindingItem item, Case? @case, ref long nextId, AuditActor actor, DateTimeOffset now)
    {
        var address = item.Address!;
        Close(address, ClaimState.Contested);
        address.Version++;
        var by = new StepBy(actor, now) { ReopenReason = "The address was verified anew after its domain changed hands." };
        if (@case is null && address.State == AddressState.Unverified)
        {
            // Un-verified with its whole domain, whose case is worked on: one of its own would begin verified, and give back what proves nothing.
            AuditTrail.Add(db, new AuditFact(AuditAction.VerificationContested, actor, now) { AccountId = address.AccountId, AddressId = address.Id, DomainName = item.Domain.Name });
        }
        else if (@case is null)
        {
            if (CaseSteps.Open(nextId, address, item.Domain.Id, item.Domain.Name, CaseEvent.Contested, item.Finding, by) is var (opened, first))
            {
                nextId++;
                item.Domain.HasCase = true;
                WriteFindings.Add(db, opened);
                WriteFindings.Record(db, null, first);
            }
        }
        else if (CaseSteps.Take(@case, address, item.Domain.Name, CaseEvent.Contested, item.Finding, by) is { } step)
        {
            WriteFindings.Record(db, null, step);
        }
    }

    /// <summary>The owner of an address, or whoever reads his mail, by what the platform told.</summary>
    public static AuditActor Owner(Address address) => new(AuditActorKind.Owner, address.AccountId.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static void Close(Address address, ClaimState state)
    {
        address.ClaimState = state;
        if (state == ClaimState.None)
        {
            address.ClaimedAt = null;
            address.ClaimProof = ClaimProof.None;
        }
    }
}
