namespace DomainGuard.Core.Policy;

/// <summary>What the policy wants to be done about an address. Ordered: the strongest wins. Stored: never renumber.</summary>
public enum PolicyAction
{
    /// <summary>Nothing.</summary>
    Nothing = 0,

    /// <summary>Listed, no case.</summary>
    Watch = 1,

    /// <summary>A person looks at it: a case.</summary>
    Review = 2,

    /// <summary>The address is un-verified, unless a guard stops it.</summary>
    Unverify = 3,
}

/// <summary>
/// The rows of the policy's table (product section 6). Several may hold for one address at the same time. Stored in versions of the policy by name and in
/// cases by number: never rename, never renumber.
/// </summary>
public enum Situation
{
    /// <summary>Registered, nothing against it.</summary>
    Active = 0,

    /// <summary>Its term ends within 30 days.</summary>
    ExpiringSoon = 1,

    /// <summary>Past its date, nothing more known.</summary>
    Expired = 2,

    /// <summary>Past its date, and name servers or MX moved since.</summary>
    ExpiredAndMoved = 3,

    /// <summary>Renewed by the registry; the registrar may still delete it.</summary>
    AutoRenewGrace = 4,

    /// <summary>The same, and name servers or MX moved since.</summary>
    AutoRenewGraceAndMoved = 5,

    /// <summary>Taken out of the zone by client or server hold.</summary>
    OnHold = 6,

    /// <summary>Registered, but not in the zone of its parent.</summary>
    Undelegated = 7,

    /// <summary>Deleted; only the old holder can restore it.</summary>
    Redemption = 8,

    /// <summary>Deleted, and a restore has been filed.</summary>
    PendingRestore = 9,

    /// <summary>In its last days; nobody can renew it.</summary>
    PendingDelete = 10,

    /// <summary>Anyone can register it.</summary>
    Released = 11,

    /// <summary>Another registration than the one at verification.</summary>
    Reregistered = 12,

    /// <summary>Signs of another holder that do not prove it.</summary>
    Suspected = 13,

    /// <summary>Served by a parking operator.</summary>
    Parked = 14,

    /// <summary>Offered on a marketplace.</summary>
    ForSale = 15,

    /// <summary>Served by a sinkhole.</summary>
    Sinkholed = 16,

    /// <summary>The domain behind one of its MX hosts has lapsed.</summary>
    DanglingMx = 17,

    /// <summary>Sources say opposite things.</summary>
    Conflicting = 18,

    /// <summary>No usable answer.</summary>
    Unknown = 19,

    /// <summary>Nothing that can be registered.</summary>
    NotApplicable = 20,

    /// <summary>The address lies under a PRIVATE suffix.</summary>
    PlatformTenant = 21,
}

/// <summary>What stopped an automatic un-verification. In the order in which they are asked (product section 6). Stored: never renumber.</summary>
public enum Guard
{
    /// <summary>None: nothing was stopped.</summary>
    None = 0,

    /// <summary>A person overrode it, and the facts are no worse since.</summary>
    Override = 1,

    /// <summary>The domain is a large mail provider or the like.</summary>
    Notable = 2,

    /// <summary>The domain holds very many addresses.</summary>
    Large = 3,

    /// <summary>The claim does not rest on two independent facts.</summary>
    Confidence = 4,

    /// <summary>The lane that said so lied about a name that is known to be in order.</summary>
    Canary = 5,

    /// <summary>Too many at once: the portion waits for an administrator.</summary>
    Brake = 6,

    /// <summary>The installation only observes.</summary>
    ObserveOnly = 7,
}
