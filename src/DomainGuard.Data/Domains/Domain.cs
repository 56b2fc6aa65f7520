using DomainGuard.Core.Domains;

namespace DomainGuard.Data.Domains;

/// <summary>Why a domain is watched. Stored as bits: never renumber.</summary>
[Flags]
public enum WatchedFor
{
    /// <summary>Not any more.</summary>
    None = 0,

    /// <summary>An address lies in it.</summary>
    Addresses = 1,

    /// <summary>A mail exchanger of a watched domain lies in it.</summary>
    MailExchange = 2,
}

/// <summary>
/// A registrable domain and its latest verdict: the row that says what is due. A mail host that cannot be registered (literals, special names)
/// has a row of its own in phase <see cref="Phase.NotApplicable"/>, never due.
/// </summary>
public sealed class Domain
{
    /// <summary>Our key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>A-label form, lower case, at most 255 characters; unique.</summary>
    public required string Name { get; set; }

    /// <summary>Last label, at most 63 characters; "" for an address literal.</summary>
    public required string Tld { get; set; }

    /// <summary>Why it is watched.</summary>
    public WatchedFor WatchedFor { get; set; }

    /// <summary>Number of addresses in it that are not retired.</summary>
    public int AddressCount { get; set; }

    /// <summary>Highest <see cref="Accounts.Account.Impact"/> among its accounts.</summary>
    public int MaxImpact { get; set; }

    /// <summary>What raises its rank beside phase and impact, as bits: 2 an account has its only address here, 1 an account here has no second factor. See <c>LookupBudget</c>.</summary>
    public int Priority { get; set; }

    /// <summary>Earliest "verified at" or, without one, account creation among its addresses; null when none is known. A registration not after it changed no hands. (UTC)</summary>
    public DateTimeOffset? EarliestTrustAt { get; set; }

    /// <summary>When it was first taken in (UTC).</summary>
    public DateTimeOffset AddedAt { get; set; }

    /// <summary>Latest phase.</summary>
    public Phase Phase { get; set; }

    /// <summary>Since when (UTC) we know it in this phase.</summary>
    public DateTimeOffset? PhaseSince { get; set; }

    /// <summary>Latest flags.</summary>
    public DomainFlags Flags { get; set; }

    /// <summary>Latest confidence of the phase.</summary>
    public Confidence Confidence { get; set; }

    /// <summary>Worst change of hands among its addresses.</summary>
    public HandChange HandChange { get; set; }

    /// <summary>Why, as a JSON array of <see cref="Reason"/>. At most 4,000 characters.</summary>
    public string? Reasons { get; set; }

    /// <summary>Registration date by the registry (UTC).</summary>
    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>Expiration date by the registry (UTC).</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>Last transfer by the registry (UTC).</summary>
    public DateTimeOffset? LastTransferAt { get; set; }

    /// <summary>Registrar's name, at most 300 characters.</summary>
    public string? RegistrarName { get; set; }

    /// <summary>Registrar's IANA id, at most 20 characters.</summary>
    public string? RegistrarIanaId { get; set; }

    /// <summary>Registry object id, at most 200 characters.</summary>
    public string? Handle { get; set; }

    /// <summary>Earliest estimated drop (UTC); null when nothing points to one.</summary>
    public DateTimeOffset? DropFrom { get; set; }

    /// <summary>Latest estimated drop (UTC).</summary>
    public DateTimeOffset? DropTo { get; set; }

    /// <summary>When sources were last asked (UTC).</summary>
    public DateTimeOffset? LastTriedAt { get; set; }

    /// <summary>When that last gave an answer (UTC).</summary>
    public DateTimeOffset? LastAnsweredAt { get; set; }

    /// <summary>When it is due next (UTC); null when never. Only this column schedules work; no evidence is ever bent to it.</summary>
    public DateTimeOffset? NextCheckAt { get; set; }

    /// <summary>Look-ups without an answer since the last one that had it.</summary>
    public int FailuresInRow { get; set; }

    /// <summary>When the DNS sweep looks next (UTC); null when never.</summary>
    public DateTimeOffset? NextSweepAt { get; set; }

    /// <summary>Delegation and mail routing as the last DNS answer had them, in one comparable line (at most 4,000 characters); null before the first.</summary>
    public string? DnsFingerprint { get; set; }

    /// <summary>Since when (UTC) a verdict waits whose findings are not carried out yet: cases, un-verifications. Null when none does.</summary>
    public DateTimeOffset? FindingsDueAt { get; set; }

    /// <summary>The scan whose verdict that is: its policy applies. Null when no scan marked the domain; 0 for what was found while the installation only observed.</summary>
    public long? FindingsScanId { get; set; }

    /// <summary>An address of it was verified anew and waits for the next verdict.</summary>
    public bool HasClaim { get; set; }

    /// <summary>There is, or was, a case of it or of one of its addresses: then a verdict in order matters too.</summary>
    public bool HasCase { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}

/// <summary>A mail host (the part after the @) below a domain; MX is asked here.</summary>
public sealed class MailHost
{
    /// <summary>Our key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>Its registrable domain.</summary>
    public long DomainId { get; set; }

    /// <summary>A-label form, lower case, at most 255 characters; unique.</summary>
    public required string Name { get; set; }

    /// <summary>It lies under a PRIVATE suffix (github.io): a tenant of a platform, whose name can be taken over without any registration changing.</summary>
    public bool IsTenant { get; set; }
}

/// <summary>Mail of one domain is taken by hosts of another, which is watched too (product section 4.8). Key: both ids.</summary>
public sealed class MxLink
{
    /// <summary>The domain whose mail it is.</summary>
    public long DomainId { get; set; }

    /// <summary>The registrable domain of the mail exchanger.</summary>
    public long MxDomainId { get; set; }

    /// <summary>When an answer last named it (UTC).</summary>
    public DateTimeOffset LastSeenAt { get; set; }
}

/// <summary>What one source said, and how long it went on saying it. An answer equal in the normal form that we judge adds only its time.</summary>
public sealed class StoredObservation
{
    /// <summary>Our key, from <see cref="IdAllocator"/>; rises with time.</summary>
    public long Id { get; set; }

    /// <summary>The domain asked about.</summary>
    public long DomainId { get; set; }

    /// <summary>Who was asked.</summary>
    public SourceKind Source { get; set; }

    /// <summary>Upstream host, at most 255 characters.</summary>
    public required string Host { get; set; }

    /// <summary>What became of the question.</summary>
    public Outcome Outcome { get; set; }

    /// <summary>Why it failed.</summary>
    public FailureKind Failure { get; set; }

    /// <summary>The failure in words, at most 500 characters.</summary>
    public string? Error { get; set; }

    /// <summary>Last HTTP status.</summary>
    public int? HttpStatus { get; set; }

    /// <summary>When it was first said (UTC).</summary>
    public DateTimeOffset FirstAt { get; set; }

    /// <summary>When it was last said (UTC).</summary>
    public DateTimeOffset LastAt { get; set; }

    /// <summary>How many times.</summary>
    public int Times { get; set; }

    /// <summary>Duration of the last call, in milliseconds.</summary>
    public int DurationMs { get; set; }

    /// <summary>The facts that are judged, as JSON (<c>ObservationCodec</c>); null when there are none.</summary>
    public string? Facts { get; set; }

    /// <summary>SHA-256 of outcome, failure and facts: equal hash, equal answer. 32 bytes.</summary>
    public required byte[] FactsHash { get; set; }

    /// <summary>SHA-256 of the raw answer that was kept, before compression. 32 bytes; null when there was no body.</summary>
    public byte[]? RawHash { get; set; }

    /// <summary>The raw answer (the first of the equal ones), Brotli-compressed; null when there was none or its time is over.</summary>
    public byte[]? Raw { get; set; }
}

/// <summary>A stretch of time in which the verdict stayed the same. The rows of a domain never overlap; the open one has no end.</summary>
public sealed class PhaseSpan
{
    /// <summary>Our key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>The domain.</summary>
    public long DomainId { get; set; }

    /// <summary>Phase.</summary>
    public Phase Phase { get; set; }

    /// <summary>Flags.</summary>
    public DomainFlags Flags { get; set; }

    /// <summary>Confidence.</summary>
    public Confidence Confidence { get; set; }

    /// <summary>Since when (UTC).</summary>
    public DateTimeOffset From { get; set; }

    /// <summary>Until when (UTC, exclusive); null while it lasts.</summary>
    public DateTimeOffset? To { get; set; }

    /// <summary>The reasons at its beginning, JSON array of <see cref="Reason"/>. At most 4,000 characters.</summary>
    public string? Reasons { get; set; }

    /// <summary>The scan that found it; null when none did.</summary>
    public long? ScanId { get; set; }
}

/// <summary>Which facts a <see cref="Baseline"/> row holds. Stored: never renumber.</summary>
public enum BaselineKind
{
    /// <summary>Registration date, handle, registrar: from RDAP.</summary>
    Registration = 0,

    /// <summary>Name servers and MX: from DNS.</summary>
    Dns = 1,
}

/// <summary>
/// Facts of the holder as they stood while the domain was in a phase that vouches for him (product section 4.9). One row per stretch of time in which they
/// did not change; the rows of one domain and kind never overlap. An address points into this series by <see cref="Accounts.Address.BaselineFrom"/>.
/// </summary>
public sealed class Baseline
{
    /// <summary>Our key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>The domain.</summary>
    public long DomainId { get; set; }

    /// <summary>Which facts.</summary>
    public BaselineKind Kind { get; set; }

    /// <summary>First seen (UTC).</summary>
    public DateTimeOffset FirstSeenAt { get; set; }

    /// <summary>Last seen (UTC).</summary>
    public DateTimeOffset LastSeenAt { get; set; }

    /// <summary>Registration date.</summary>
    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>Registry object id, at most 200 characters.</summary>
    public string? Handle { get; set; }

    /// <summary>IANA registrar id, at most 20 characters.</summary>
    public string? RegistrarIanaId { get; set; }

    /// <summary>Name servers, sorted, separated by spaces, at most 2,000 characters; null when not known.</summary>
    public string? NameServers { get; set; }

    /// <summary>Per mail host a line "host mx1 mx2", hosts and MX sorted, at most 4,000 characters; null when not known.</summary>
    public string? MailExchanges { get; set; }
}
