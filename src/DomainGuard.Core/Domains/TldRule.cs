namespace DomainGuard.Core.Domains;

/// <summary>Where the RDAP server of a TLD is known from.</summary>
public enum RdapService
{
    /// <summary>The IANA bootstrap file names it, or would if it existed.</summary>
    Bootstrap,

    /// <summary>Not in the bootstrap file, but a working server is known (facts section 3, override table).</summary>
    Override,

    /// <summary>None is known: DNS and Fastly or Domainr are the sources.</summary>
    None,
}

/// <summary>What is particular about a TLD, as data (facts sections 2 and 5). Lengths are days; null where nobody publishes them.</summary>
public sealed record TldRule
{
    /// <summary>Its label, A-label form; "" for the rule of all others.</summary>
    public required string Tld { get; init; }

    /// <summary>Where its RDAP server is known from.</summary>
    public RdapService Rdap { get; init; }

    /// <summary>The registry does not publish the registration date.</summary>
    public bool HidesRegistration { get; init; }

    /// <summary>The registry does not publish the end of the term, or has no terms.</summary>
    public bool HidesExpiry { get; init; }

    /// <summary>The event "expiration" is the moment a quarantined name becomes free, not the end of a paid term (.nl, facts 1.8).</summary>
    public bool ExpiryIsRelease { get; init; }

    /// <summary>"pending delete" means that the old holder can still take the name back (facts 1.7).</summary>
    public bool PendingDeleteIsRecoverable { get; init; }

    /// <summary>Days after the end of the term from which "pending delete" is final all the same (.uk 90, .id 65); null when it never is.</summary>
    public int? RecoverableUntilDay { get; init; }

    /// <summary>On its last day in redemption the name shows an event "deletion" and no status of its own (AFNIC).</summary>
    public bool LastDayShowsDeletionOnly { get; init; }

    /// <summary>"server hold" with "server renew prohibited" is the purge list of the last day (.au).</summary>
    public bool PurgeListByRenewProhibited { get; init; }

    /// <summary>"server hold" with "server update prohibited" is the grace after expiry, out of the zone but renewable (.au).</summary>
    public bool HoldIsGrace { get; init; }

    /// <summary>A record without any date and name server belongs to a name that waits for the release process (.br).</summary>
    public bool MeagreRecordMeansRelease { get; init; }

    /// <summary>All stages are counted from the end of the term, and the registry keeps to them.</summary>
    public bool CountsFromExpiry { get; init; }

    /// <summary>Days on which a migration rewrote registration dates.</summary>
    public DateOnly? MigratedOn { get; init; }

    /// <summary>Shortest time from the end of the term to the deletion.</summary>
    public int? GraceDaysMin { get; init; }

    /// <summary>Longest time from the end of the term to the deletion.</summary>
    public int? GraceDaysMax { get; init; }

    /// <summary>Redemption or quarantine: how long only the old holder can take it back.</summary>
    public int? RedemptionDays { get; init; }

    /// <summary>Shortest time from the end of redemption until anyone can register it.</summary>
    public int FinalDaysMin { get; init; }

    /// <summary>Longest time from the end of redemption until anyone can register it.</summary>
    public int FinalDaysMax { get; init; }

    /// <summary>Its life after expiry in words; null when nothing is particular.</summary>
    public string? Note { get; init; }
}
