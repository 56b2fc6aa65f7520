using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Imports;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What we hold of an address, with the part of its domain that decides whether a newer verification counts.</summary>
internal sealed record HeldAddress(
    long Id, long AccountId, long DomainId, string Email, bool IsPrimary, DateTimeOffset? VerifiedAt, DateTimeOffset BaselineFrom, HandChange HandChange, DateTimeOffset? RetiredAt, int Version,
    Phase Phase, DomainFlags Flags, Confidence Confidence, DateTimeOffset? LastAnsweredAt, HandChange DomainHandChange, AddressState State, bool HasOpenCase, DateTimeOffset? ClaimedAt,
    ClaimState ClaimState, ClaimProof ClaimProof)
{
    private const DomainFlags ForReview = DomainFlags.Undelegated | DomainFlags.Parked | DomainFlags.ForSale | DomainFlags.Sinkholed | DomainFlags.DanglingMx;

    /// <summary>The domain was looked up at or after a moment, nothing at Review or above was found, and no case waits (product sections 6 and 7).</summary>
    public bool WasInOrderAt(DateTimeOffset moment) =>
        HandChange == HandChange.None && DomainHandChange == HandChange.None && State == AddressState.Verified && !HasOpenCase && Phase is Phase.Active or Phase.ExpiringSoon && (Flags & ForReview) == 0 && Confidence != Confidence.Conflicting && LastAnsweredAt >= moment;
}

/// <summary>What is to become of one address that we hold.</summary>
internal sealed record AddressChange(HeldAddress Held, bool IsPrimary, DateTimeOffset? VerifiedAt, DateTimeOffset BaselineFrom, DateTimeOffset? RetiredAt)
{
    /// <summary>A verification that is not accepted.</summary>
    public DateTimeOffset? ClaimedAt { get; init; } = Held.ClaimedAt;

    /// <summary>Where it stands.</summary>
    public ClaimState ClaimState { get; init; } = Held.ClaimState;

    /// <summary>What it proved.</summary>
    public ClaimProof ClaimProof { get; init; } = Held.ClaimProof;
}

/// <summary>What the file makes of one account that we hold: a pure comparison of what it says with what we hold.</summary>
internal sealed record AccountPlan
{
    public required StagedAccount Staged { get; init; }

    /// <summary>What we hold.</summary>
    public required Account Held { get; init; }

    /// <summary>Addresses that we do not hold.</summary>
    public IReadOnlyList<ImportRow> NewAddresses { get; init; } = [];

    public IReadOnlyList<AddressChange> ChangedAddresses { get; init; } = [];

    /// <summary>Domains to look up first, before a newer verification can count.</summary>
    public IReadOnlyList<long> LookUpFirst { get; init; } = [];

    /// <summary>The account after the import.</summary>
    public required Account After { get; init; }

    public bool IsChanged { get; init; }

    /// <summary>Compares.</summary>
    /// <param name="staged">What the file says.</param>
    /// <param name="held">What we hold.</param>
    /// <param name="addresses">The addresses that we hold of it, retired ones too.</param>
    /// <param name="isPartial">The file adds and changes only: what it does not say stays.</param>
    /// <param name="mayRetire">Addresses that are not named are gone.</param>
    /// <param name="now">Guard time (UTC).</param>
    public static AccountPlan Of(StagedAccount staged, Account held, IReadOnlyList<HeldAddress> addresses, bool isPartial, bool mayRetire, DateTimeOffset now)
    {
        var known = addresses.ToDictionary(a => a.Email, StringComparer.Ordinal);
        List<ImportRow> added = [];
        List<AddressChange> changed = [];
        List<long> lookUpFirst = [];
        var listed = new HashSet<long>();
        foreach (var row in staged.Addresses)
        {
            if (!known.TryGetValue(row.Email!, out var address))
            {
                added.Add(row);
                continue;
            }

            listed.Add(address.Id);
            var change = Change(address, row, now, lookUpFirst);
            if (change.IsPrimary != address.IsPrimary || change.VerifiedAt != address.VerifiedAt || change.BaselineFrom != address.BaselineFrom || change.RetiredAt != address.RetiredAt
                || change.ClaimedAt != address.ClaimedAt || change.ClaimProof != address.ClaimProof)
            {
                changed.Add(change);
            }
        }

        if (mayRetire)
        {
            // Removed on the platform: retired, never deleted.
            changed.AddRange(addresses.Where(a => a.RetiredAt is null && !listed.Contains(a.Id)).Select(a => new AddressChange(a, a.IsPrimary, a.VerifiedAt, a.BaselineFrom, now)));
        }
        else if (staged.Addresses.Any(r => r.IsPrimary))
        {
            // What the file does not name stays, but an account has one primary address.
            changed.AddRange(addresses.Where(a => a.RetiredAt is null && a.IsPrimary && !listed.Contains(a.Id)).Select(a => new AddressChange(a, false, a.VerifiedAt, a.BaselineFrom, null)));
        }

        var live = addresses.Count(a => a.RetiredAt is null) + added.Count
            + changed.Count(c => c.Held.RetiredAt is not null && c.RetiredAt is null) - changed.Count(c => c.Held.RetiredAt is null && c.RetiredAt is not null);
        var after = Merge(staged.Facts, held, isPartial, live, now);
        return new AccountPlan
        {
            Staged = staged,
            Held = held,
            NewAddresses = added,
            ChangedAddresses = changed,
            LookUpFirst = lookUpFirst,
            After = after,
            IsChanged = added.Count > 0 || changed.Count > 0 || !IsSame(held, after),
        };
    }

    /// <summary>
    /// A newer "verified at" is a verification event, with its proof where the line has one (product section 7). It moves trust only where nothing is against the holder, no case waits
    /// and the domain was looked up and in order since; else the old date and baseline stay, the domain is looked up first, and its verdict decides on the proof (<c>Claims</c>). Told
    /// again it changes nothing, unless it proves more; one that is older than what was claimed says nothing new.
    /// </summary>
    private static AddressChange Change(HeldAddress known, ImportRow row, DateTimeOffset now, List<long> lookUpFirst)
    {
        var unchanged = new AddressChange(known, row.IsPrimary, known.VerifiedAt, known.BaselineFrom, null);
        if (row.VerifiedAt is not { } said || said == known.VerifiedAt)
        {
            return unchanged;
        }

        if (known.VerifiedAt is { } before && said < before)
        {
            return unchanged with { VerifiedAt = said };
        }

        if (known.ClaimedAt is { } claimed && (said < claimed || (said == claimed && row.Proof <= known.ClaimProof)))
        {
            return unchanged;
        }

        if (known.WasInOrderAt(said))
        {
            return unchanged with { VerifiedAt = said, BaselineFrom = now, ClaimedAt = null, ClaimState = ClaimState.None, ClaimProof = ClaimProof.None };
        }

        if (known.HandChange == HandChange.None && known.Phase == Phase.NotApplicable)
        {
            return unchanged with { VerifiedAt = said };
        }

        lookUpFirst.Add(known.DomainId);
        return unchanged with { ClaimedAt = said, ClaimState = ClaimState.Waiting, ClaimProof = row.Proof };
    }

    private static Account Merge(ImportRow row, Account held, bool isPartial, int live, DateTimeOffset now)
    {
        var userName = row.UserName ?? (isPartial ? held.UserName : null);
        var projects = row.Projects ?? (isPartial ? held.Projects : 0);
        var downloads = row.MonthlyDownloads ?? (isPartial ? held.MonthlyDownloads : 0);
        var privileged = row.Privileged ?? (isPartial && held.Privileged);
        return new Account
        {
            Id = held.Id,
            ExternalId = row.ExternalId,
            UserName = userName,
            SortName = (userName ?? row.ExternalId).ToLowerInvariant(),
            DisplayName = row.DisplayName ?? (isPartial ? held.DisplayName : null),
            CreatedAt = row.CreatedAt ?? (isPartial ? held.CreatedAt : null),
            LastSeenAt = row.LastSeenAt ?? (isPartial ? held.LastSeenAt : null),
            TwoFactor = row.TwoFactor ?? (isPartial ? held.TwoFactor : null),
            Privileged = privileged,
            Projects = projects,
            MonthlyDownloads = downloads,
            Impact = Impact.Of(projects, downloads, privileged),
            AddressCount = live,
            AddedAt = held.AddedAt,
            ChangedAt = now,
            Version = held.Version,
        };
    }

    private static bool IsSame(Account a, Account b) =>
        a.RetiredAt is null && a.UserName == b.UserName && a.DisplayName == b.DisplayName && a.CreatedAt == b.CreatedAt && a.LastSeenAt == b.LastSeenAt && a.TwoFactor == b.TwoFactor
        && a.Privileged == b.Privileged && a.Projects == b.Projects && a.MonthlyDownloads == b.MonthlyDownloads && a.AddressCount == b.AddressCount && a.Impact == b.Impact;
}
