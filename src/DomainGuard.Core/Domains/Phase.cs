namespace DomainGuard.Core.Domains;

/// <summary>Where a domain stands in its life. The numbers are stored in the database: never renumber.</summary>
public enum Phase
{
    /// <summary>No usable answer. Never means "expired".</summary>
    Unknown = 0,

    /// <summary>Nothing that can be registered or looked up: address literals, special names, public suffixes.</summary>
    NotApplicable = 1,

    /// <summary>Registered, nothing against it.</summary>
    Active = 2,

    /// <summary>Registered; its term ends within 30 days.</summary>
    ExpiringSoon = 3,

    /// <summary>Past its expiration date, and nothing more is known.</summary>
    Expired = 4,

    /// <summary>The registry renewed it by itself; the registrar may still delete it (RFC 3915 autoRenewPeriod).</summary>
    AutoRenewGrace = 5,

    /// <summary>Registered, but taken out of the zone (RFC 5731 clientHold, serverHold).</summary>
    OnHold = 6,

    /// <summary>Deleted, and a restore has been filed (RFC 3915 pendingRestore).</summary>
    PendingRestore = 7,

    /// <summary>Deleted; only the old holder can restore it (RFC 3915 redemptionPeriod, or a quarantine of its TLD).</summary>
    Redemption = 8,

    /// <summary>In its last days; nobody can renew it any more (RFC 5731 pendingDelete alone).</summary>
    PendingDelete = 9,

    /// <summary>No such registration: anyone can register it.</summary>
    Released = 10,
}

/// <summary>What stands beside the phase. Stored as bits: never renumber.</summary>
[Flags]
public enum DomainFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Registered (or not known to be gone), but not in the zone of its parent.</summary>
    Undelegated = 1 << 0,

    /// <summary>Served by a parking operator.</summary>
    Parked = 1 << 1,

    /// <summary>Offered on a marketplace.</summary>
    ForSale = 1 << 2,

    /// <summary>Neither MX nor address records at the mail host.</summary>
    NoMail = 1 << 3,

    /// <summary>A single MX of "." (RFC 7505): accepts no mail.</summary>
    NullMx = 1 << 4,

    /// <summary>A large mail provider or the like; never un-verified without a person.</summary>
    Notable = 1 << 5,

    /// <summary>The address lies under a PRIVATE suffix (github.io): its name can change hands without any registration changing.</summary>
    PlatformTenant = 1 << 6,

    /// <summary>The registry hides registration or expiry by policy (RFC 9537 or rule of the TLD).</summary>
    DatesHidden = 1 << 7,

    /// <summary>Served by a sinkhole of law enforcement or a security firm.</summary>
    Sinkholed = 1 << 8,

    /// <summary>Registered within the last 30 days or in its add period.</summary>
    NewlyRegistered = 1 << 9,

    /// <summary>The domain behind one of its MX hosts has lapsed.</summary>
    DanglingMx = 1 << 10,
}

/// <summary>How well a claim is supported (product section 5).</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "\"Single\" is the product's word for it and stands in its API.")]
public enum Confidence
{
    /// <summary>No evidence.</summary>
    None = 0,

    /// <summary>One fact, nothing against it.</summary>
    Single = 1,

    /// <summary>Two of the named facts hold, their answers at most 24 hours apart.</summary>
    Corroborated = 2,

    /// <summary>A source says the opposite.</summary>
    Conflicting = 3,
}

/// <summary>Whether the domain passed to another holder since an address was verified. Ordered: later is worse.</summary>
public enum HandChange
{
    /// <summary>No sign of it.</summary>
    None = 0,

    /// <summary>Signs that do not prove it.</summary>
    Suspected = 1,

    /// <summary>Another registration than the one at verification.</summary>
    Reregistered = 2,
}

/// <summary>Order of danger used wherever "worse" is asked (product section 7).</summary>
public static class PhaseOrder
{
    /// <summary>
    /// Rank on the path Active &lt; ExpiringSoon &lt; Expired &lt; AutoRenewGrace &lt; OnHold &lt; PendingRestore &lt; Redemption
    /// &lt; PendingDelete &lt; Released; null for <see cref="Phase.Unknown"/> and <see cref="Phase.NotApplicable"/>, which are neither better nor worse.
    /// </summary>
    public static int? Rank(this Phase phase) => phase is Phase.Unknown or Phase.NotApplicable ? null : (int)phase;

    /// <summary>True when <paramref name="now"/> is worse than <paramref name="before"/>; false when either is unknown.</summary>
    public static bool IsWorseThan(this Phase now, Phase before) => now.Rank() is { } a && before.Rank() is { } b && a > b;

    /// <summary>The phases in which a baseline may be taken (product section 4.9).</summary>
    public static bool VouchesForHolder(this Phase phase) =>
        phase is Phase.Active or Phase.ExpiringSoon or Phase.Expired or Phase.AutoRenewGrace;
}
