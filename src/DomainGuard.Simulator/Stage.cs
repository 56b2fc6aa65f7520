namespace DomainGuard.Simulator;

/// <summary>Where a pretend registration stands at its registry.</summary>
public enum Stage
{
    /// <summary>No object.</summary>
    Gone,

    /// <summary>Registered and paid.</summary>
    Live,

    /// <summary>Past its date, still in the zone, no status (country registries).</summary>
    Lapsed,

    /// <summary>Renewed by the registry itself.</summary>
    AutoRenew,

    /// <summary>Taken out of the zone by the registrar.</summary>
    Hold,

    /// <summary>Past its date and out of the zone, renewable, shown as pending delete (.uk).</summary>
    Suspended,

    /// <summary>Deleted; its holder may restore it.</summary>
    Redemption,

    /// <summary>A restore is filed.</summary>
    Restoring,

    /// <summary>Deleted; its holder may take it back; shown as pending delete (.nl) or not at all (.eu).</summary>
    Quarantine,

    /// <summary>Last days.</summary>
    PendingDelete,

    /// <summary>No object, and the registry keeps the name back.</summary>
    Reserved,
}

/// <summary>One registration: what changes when a name is registered anew.</summary>
/// <param name="RegisteredAt">Creation date (UTC).</param>
/// <param name="Handle">ROID.</param>
/// <param name="Actor">Who wrote the date, where it was not the registrar ("escrow_import").</param>
public sealed record Life(DateTimeOffset RegisteredAt, string Handle, string? Actor = null);

/// <summary>How mail reaches a domain.</summary>
public enum MailKind
{
    /// <summary>MX records.</summary>
    Mx,

    /// <summary>Address records only.</summary>
    Implicit,

    /// <summary>RFC 7505.</summary>
    NullMx,

    /// <summary>None.</summary>
    None,
}

/// <summary>Who runs a domain: what changes when it passes to another.</summary>
/// <param name="NameServers">Hosts.</param>
/// <param name="Mail">How mail reaches it.</param>
/// <param name="Exchanges">MX hosts.</param>
/// <param name="RegistrarName">Registrar.</param>
/// <param name="RegistrarId">Its IANA id.</param>
public sealed record Holder(IReadOnlyList<string> NameServers, MailKind Mail, IReadOnlyList<string> Exchanges, string RegistrarName, int RegistrarId)
{
    /// <summary>When the name was transferred to this registrar; null when it was registered there.</summary>
    public DateTimeOffset? TransferredAt { get; init; }

    /// <summary>Served by a parking operator.</summary>
    public bool IsParked { get; init; }

    /// <summary>Offered on a marketplace.</summary>
    public bool ForSale { get; init; }

    /// <summary>Its zone does not validate: resolvers answer SERVFAIL.</summary>
    public bool HasBrokenZone { get; init; }
}

/// <summary>From an instant on, the domain is in this state.</summary>
/// <param name="From">Beginning (UTC).</param>
/// <param name="Stage">Stage.</param>
/// <param name="Holder">Holder.</param>
/// <param name="Life">Registration.</param>
/// <param name="Expires">Expiration as the registry shows it; null takes the yearly renewal of the domain.</param>
public sealed record Step(DateTimeOffset From, Stage Stage, Holder Holder, Life Life, DateTimeOffset? Expires = null);

/// <summary>A domain of the pretend world: its whole life, past and to come. Its state is a pure function of time.</summary>
public sealed class SimulatedDomain
{
    private readonly Step[] _steps;
    private readonly TimeSpan _renewalLead;

    /// <summary>Makes it.</summary>
    /// <param name="name">A-labels.</param>
    /// <param name="steps">At least one; sorted by time.</param>
    /// <param name="renewalLead">How long before its date it is renewed each year.</param>
    public SimulatedDomain(string name, IEnumerable<Step> steps, TimeSpan renewalLead)
    {
        Name = name;
        Tld = name[(name.LastIndexOf('.') + 1)..];
        _steps = [.. steps.OrderBy(s => s.From)];
        _renewalLead = renewalLead;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Last label.</summary>
    public string Tld { get; }

    /// <summary>The steps of its life.</summary>
    public IReadOnlyList<Step> Steps => _steps;

    /// <summary>What holds at an instant; before its first step nothing does.</summary>
    public Step? At(DateTimeOffset now) => Array.FindLast(_steps, s => s.From <= now);

    /// <summary>Expiration as the registry shows it.</summary>
    public DateTimeOffset ExpiresAt(Step step, DateTimeOffset now)
    {
        if (step.Expires is { } fixedDate)
        {
            return fixedDate;
        }

        var years = 1;
        while (step.Life.RegisteredAt.AddYears(years) - _renewalLead <= now)
        {
            years++;
        }

        return step.Life.RegisteredAt.AddYears(years);
    }

    /// <summary>It has name servers in its parent's zone.</summary>
    public static bool IsInZone(Step? step) => step?.Stage is Stage.Live or Stage.Lapsed or Stage.AutoRenew or Stage.Restoring && step.Holder.NameServers.Count > 0;
}
