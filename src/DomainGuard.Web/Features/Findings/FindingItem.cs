using DomainGuard.Core.Cases;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;

namespace DomainGuard.Web.Features.Findings;

/// <summary>An address with what makes a finding on it urgent.</summary>
/// <param name="Address">Its row.</param>
/// <param name="Impact">Impact of the account.</param>
/// <param name="TwoFactor">Second factor of the account.</param>
/// <param name="HasOther">The account has another address that is verified.</param>
internal sealed record AddressAtStake(Address Address, int Impact, bool? TwoFactor, bool HasOther);

/// <summary>What was found for one address, or for one whole domain, and what it makes of its case.</summary>
internal sealed record FindingItem
{
    /// <summary>The domain.</summary>
    public required Domain Domain { get; init; }

    /// <summary>The address; null for the whole domain.</summary>
    public Address? Address { get; init; }

    /// <summary>Its case; null while there is none.</summary>
    public Case? Case { get; init; }

    /// <summary>The finding, as it is written into the case.</summary>
    public required CaseFinding Finding { get; init; }

    /// <summary>What it means for the case.</summary>
    public required Found Found { get; init; }

    /// <summary>The facts are worse than those of the latest decision.</summary>
    public bool IsWorse { get; init; }

    /// <summary>What happens to the case.</summary>
    public CaseEvent? Event => FindingEvents.Of(Case?.State, Found, IsWorse);

    /// <summary>The facts that it rests on.</summary>
    public CaseFacts Facts => new(Finding.Phase, Finding.HandChange, Finding.Finding.Wanted);

    /// <summary>A verified address becomes un-verified by it: what the brake counts.</summary>
    public bool Unverifies =>
        Address is not null && Found == Found.Unverify && Event is { } what && Case is not { IsUnverified: true }
        && (Case is null ? CaseTransitions.First(what) : CaseTransitions.Next(Case.State, what, false)) == CaseState.Unverified;
}

/// <summary>How far a portion was read.</summary>
/// <param name="Domain">The last domain, or the one that is read in parts.</param>
/// <param name="Address">The last address of that one; 0 when the domain is done.</param>
internal readonly record struct FindingCursor(long Domain, long Address);

/// <summary>A part of a portion that is written in one transaction.</summary>
/// <param name="Items">What was found.</param>
/// <param name="Done">Domains that end in it: their mark is taken away.</param>
/// <param name="Next">Where the next one begins.</param>
internal sealed record FindingSlice(IReadOnlyList<FindingItem> Items, IReadOnlyList<Domain> Done, FindingCursor Next);
