using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Imports;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What we hold of an address, with the part of its domain that decides whether a newer verification counts.</summary>
internal sealed record HeldAddress(
    long Id, long AccountId, long DomainId, string Email, bool IsPrimary, DateTimeOffset? VerifiedAt, DateTimeOffset BaselineFrom, HandChange HandChange, DateTimeOffset? RetiredAt, Phase Phase,
    DateTimeOffset? LastAnsweredAt);

/// <summary>What is to become of one address that we hold.</summary>
internal sealed record AddressChange(HeldAddress Held, bool IsPrimary, DateTimeOffset? VerifiedAt, DateTimeOffset BaselineFrom, DateTimeOffset? RetiredAt);

/// <summary>What the file makes of one account: a pure comparison of what it says with what we hold.</summary>
internal sealed record AccountPlan
{
    public required StagedAccount Staged { get; init; }

    /// <summary>What we hold; null for a new account.</summary>
    public Account? Held { get; init; }

    public IReadOnlyList<ImportRow> NewAddresses { get; init; } = [];

    public IReadOnlyList<AddressChange> ChangedAddresses { get; init; } = [];

    /// <summary>Domains to look up first, before a newer verification can count.</summary>
    public IReadOnlyList<long> LookUpFirst { get; init; } = [];

    /// <summary>The account after the import.</summary>
    public required Account After { get; init; }

    public bool IsNew => Held is null;

    public bool IsChanged { get; init; }

    /// <summary>Compares.</summary>
    /// <param name="staged">What the file says.</param>
    /// <param name="held">What we hold.</param>
    /// <param name="addresses">The addresses that we hold of it, retired ones too.</param>
    /// <param name="isPartial">The file adds and changes only: what it does not say stays.</param>
    /// <param name="now">Guard time (UTC).</param>
    public static AccountPlan Of(StagedAccount staged, Account? held, IReadOnlyList<HeldAddress> addresses, bool isPartial, DateTimeOffset now)
    {
        List<ImportRow> added = [];
        List<AddressChange> changed = [];
        List<long> lookUpFirst = [];
        var listed = new HashSet<long>();
        foreach (var row in staged.Addresses)
        {
            var known = addresses.FirstOrDefault(a => a.Email == row.Email);
            if (known is null)
            {
                added.Add(row);
                continue;
            }

            listed.Add(known.Id);
            var change = Change(known, row, now, lookUpFirst);
            if (change.IsPrimary != known.IsPrimary || change.VerifiedAt != known.VerifiedAt || change.BaselineFrom != known.BaselineFrom || change.RetiredAt != known.RetiredAt)
            {
                changed.Add(change);
            }
        }

        if (!isPartial)
        {
            // Removed on the platform: retired, never deleted.
            changed.AddRange(addresses.Where(a => a.RetiredAt is null && !listed.Contains(a.Id)).Select(a => new AddressChange(a, a.IsPrimary, a.VerifiedAt, a.BaselineFrom, now)));
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
            IsChanged = held is not null && (added.Count > 0 || changed.Count > 0 || !IsSame(held, after)),
        };
    }

    /// <summary>
    /// A newer "verified at" is a verification event that proves only who reads the mail (product section 7). It moves trust only where nothing is against the holder and the
    /// domain was looked up and in order since; else the old date and baseline stay, and the domain is looked up first.
    /// </summary>
    private static AddressChange Change(HeldAddress known, ImportRow row, DateTimeOffset now, List<long> lookUpFirst)
    {
        var (verifiedAt, baselineFrom) = (known.VerifiedAt, known.BaselineFrom);
        if (row.VerifiedAt is { } said && said != known.VerifiedAt)
        {
            if (known.VerifiedAt is { } before && said < before)
            {
                verifiedAt = said;
            }
            else if (known.HandChange == HandChange.None && known.Phase is Phase.Active or Phase.ExpiringSoon && known.LastAnsweredAt >= said)
            {
                (verifiedAt, baselineFrom) = (said, now);
            }
            else if (known.HandChange == HandChange.None && known.Phase == Phase.NotApplicable)
            {
                verifiedAt = said;
            }
            else
            {
                lookUpFirst.Add(known.DomainId);
            }
        }

        return new AddressChange(known, row.IsPrimary, verifiedAt, baselineFrom, null);
    }

    private static Account Merge(ImportRow row, Account? held, bool isPartial, int live, DateTimeOffset now)
    {
        var keep = isPartial && held is not null;
        var userName = row.UserName ?? (keep ? held!.UserName : null);
        var projects = row.Projects ?? (keep ? held!.Projects : 0);
        var downloads = row.MonthlyDownloads ?? (keep ? held!.MonthlyDownloads : 0);
        var privileged = row.Privileged ?? (keep && held!.Privileged);
        return new Account
        {
            Id = held?.Id ?? 0,
            ExternalId = row.ExternalId,
            UserName = userName,
            SortName = (userName ?? row.ExternalId).ToLowerInvariant(),
            DisplayName = row.DisplayName ?? (keep ? held!.DisplayName : null),
            CreatedAt = row.CreatedAt ?? (keep ? held!.CreatedAt : null),
            LastSeenAt = row.LastSeenAt ?? (keep ? held!.LastSeenAt : null),
            TwoFactor = row.TwoFactor ?? (keep ? held!.TwoFactor : null),
            Privileged = privileged,
            Projects = projects,
            MonthlyDownloads = downloads,
            Impact = Impact.Of(projects, downloads, privileged),
            AddressCount = live,
            AddedAt = held?.AddedAt ?? now,
            ChangedAt = now,
        };
    }

    private static bool IsSame(Account a, Account b) =>
        a.RetiredAt is null && a.UserName == b.UserName && a.DisplayName == b.DisplayName && a.CreatedAt == b.CreatedAt && a.LastSeenAt == b.LastSeenAt && a.TwoFactor == b.TwoFactor
        && a.Privileged == b.Privileged && a.Projects == b.Projects && a.MonthlyDownloads == b.MonthlyDownloads && a.AddressCount == b.AddressCount && a.Impact == b.Impact;
}
