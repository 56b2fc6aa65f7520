namespace DomainGuard.Core.Domains;

/// <summary>Something that is asked about a domain. Stored: never renumber.</summary>
public enum SourceKind
{
    /// <summary>Registration Data Access Protocol (RFC 9082, 9083).</summary>
    Rdap = 0,

    /// <summary>Fastly Domain Research.</summary>
    Fastly = 1,

    /// <summary>Domainr v2.</summary>
    Domainr = 2,

    /// <summary>The Domain Name System.</summary>
    Dns = 3,
}

/// <summary>What became of one question to one source. Stored: never renumber.</summary>
public enum Outcome
{
    /// <summary>An answer that could be read; its facts are filled.</summary>
    Answered = 0,

    /// <summary>RDAP only: a 404 of the TLD's own server for a well-formed registrable name, not of a reserved name (RFC 7480 5.3).</summary>
    NotFound = 1,

    /// <summary>This source does not serve the name (no RDAP server known for its TLD). Not a failure, not evidence.</summary>
    NotServed = 2,

    /// <summary>No usable answer. Never evidence.</summary>
    Failure = 3,

    /// <summary>RDAP only: the registry keeps the name back (a 404 that says "reserved"). Reads as Unknown, never Released.</summary>
    Reserved = 4,
}

/// <summary>Why an observation is a <see cref="Outcome.Failure"/>. Stored: never renumber.</summary>
public enum FailureKind
{
    /// <summary>Not a failure.</summary>
    None = 0,

    /// <summary>No answer within the time allowed.</summary>
    Timeout = 1,

    /// <summary>HTTP 429.</summary>
    RateLimited = 2,

    /// <summary>HTTP 401 or 403: wrong key, or blocked.</summary>
    Blocked = 3,

    /// <summary>HTTP 5xx, DNS SERVFAIL or REFUSED.</summary>
    ServerError = 4,

    /// <summary>An answer that is not what was asked for: HTML, truncated JSON, an error object inside HTTP 200.</summary>
    BadAnswer = 5,

    /// <summary>The answer speaks of another name.</summary>
    WrongName = 6,

    /// <summary>No connection.</summary>
    Network = 7,

    /// <summary>More than 1 MiB after decompression.</summary>
    TooLarge = 8,

    /// <summary>A redirect that is not followed: loop, more than five, not https, to a private address.</summary>
    RedirectRefused = 9,

    /// <summary>An address that outbound requests may not go to.</summary>
    AddressRefused = 10,

    /// <summary>The lane rests after repeated failures; nothing was asked.</summary>
    LaneRested = 11,

    /// <summary>The day's budget of the source is spent; nothing was asked.</summary>
    BudgetSpent = 12,

    /// <summary>The server's canary reads as gone, or the resolver answers for names that do not exist: it lies.</summary>
    Untrusted = 13,

    /// <summary>HTTP 400 or another status that says the question was not understood.</summary>
    Refused = 14,
}

/// <summary>
/// What one source said at one moment. Never a verdict. Exactly one of <see cref="Rdap"/>, <see cref="Research"/>, <see cref="Dns"/>
/// is filled when <see cref="Outcome"/> is <see cref="Outcome.Answered"/>.
/// </summary>
/// <param name="Source">Who was asked.</param>
/// <param name="Host">The upstream host (with ":port" when not the default one), or "" when nobody was asked. Name of its lane.</param>
/// <param name="Outcome">What became of the question.</param>
/// <param name="AskedAt">When it was asked (UTC, guard clock).</param>
/// <param name="Duration">How long the whole call took.</param>
public sealed record Observation(SourceKind Source, string Host, Outcome Outcome, DateTimeOffset AskedAt, TimeSpan Duration)
{
    /// <summary>Why it failed; <see cref="FailureKind.None"/> when it did not.</summary>
    public FailureKind Failure { get; init; }

    /// <summary>The failure in words a person can act on, at most 500 characters; null when there is none.</summary>
    public string? Error { get; init; }

    /// <summary>HTTP status of the last answer; null for DNS and when none came.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>The registration as RDAP gives it.</summary>
    public RdapFacts? Rdap { get; init; }

    /// <summary>Status words of Fastly Domain Research or Domainr.</summary>
    public ResearchFacts? Research { get; init; }

    /// <summary>Delegation and mail routing.</summary>
    public DnsFacts? Dns { get; init; }

    /// <summary>The raw answer, decompressed, as it came; empty when there was no body. Kept by the caller, compressed, with its SHA-256.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>What <c>Retry-After</c> asked for, capped at 120 s; null when it did not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>True when the source gave something that can be judged.</summary>
    public bool IsEvidence => Outcome is Outcome.Answered or Outcome.NotFound or Outcome.Reserved;
}

/// <summary>
/// A registration in the words of RDAP (RFC 9083 5.3), normalised: host names lower case without trailing dot, statuses as
/// <see cref="RdapStatuses.Normalise"/> gives them, instants UTC. Absent or unreadable members are null or empty.
/// </summary>
public sealed record RdapFacts
{
    /// <summary>The registry's object id (ROID); null where redacted.</summary>
    public string? Handle { get; init; }

    /// <summary>Normalised status values, in the order given, without duplicates.</summary>
    public IReadOnlyList<string> Statuses { get; init; } = [];

    /// <summary>Event "registration".</summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    /// <summary>Event "expiration".</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Event "last changed".</summary>
    public DateTimeOffset? LastChangedAt { get; init; }

    /// <summary>Latest event "transfer".</summary>
    public DateTimeOffset? LastTransferAt { get; init; }

    /// <summary>Event "deletion".</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Event "registrar expiration".</summary>
    public DateTimeOffset? RegistrarExpiresAt { get; init; }

    /// <summary>Event "last update of RDAP database".</summary>
    public DateTimeOffset? DatabaseUpdatedAt { get; init; }

    /// <summary><c>eventActor</c> of the registration event; "escrow_import" and the like are signs of a migration.</summary>
    public string? RegistrationActor { get; init; }

    /// <summary>Name of the registrar (jCard fn).</summary>
    public string? RegistrarName { get; init; }

    /// <summary>IANA Registrar ID; compares better than names.</summary>
    public string? RegistrarIanaId { get; init; }

    /// <summary>Name servers, sorted.</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>RFC 9537: the registry says that it hides the registration date.</summary>
    public bool RegistrationHidden { get; init; }

    /// <summary>RFC 9537: the registry says that it hides the expiration date.</summary>
    public bool ExpiryHidden { get; init; }
}

/// <summary>Status words of Domainr / Fastly, lower case, in rising order of weight: the last is the most important.</summary>
/// <param name="Words">The status words.</param>
public sealed record ResearchFacts(IReadOnlyList<string> Words)
{
    /// <summary>Number of aftermarket offers.</summary>
    public int Offers { get; init; }

    /// <summary>The word is present.</summary>
    public bool Says(string word) => Words.Contains(word, StringComparer.Ordinal);
}

/// <summary>What the parent zone says of the domain.</summary>
public enum Delegation
{
    /// <summary>Could not be found out.</summary>
    Unknown = 0,

    /// <summary>Name servers answer for it, or its own SOA does.</summary>
    Delegated = 1,

    /// <summary>The parent's SOA came back without NXDOMAIN: the name exists, but is no zone of its own.</summary>
    NoZone = 2,

    /// <summary>NXDOMAIN with the parent's SOA (RFC 2308): the name does not exist in the zone.</summary>
    NxDomain = 3,
}

/// <summary>How mail reaches a mail host.</summary>
public enum MailRoute
{
    /// <summary>Could not be found out.</summary>
    Unknown = 0,

    /// <summary>MX records.</summary>
    Mx = 1,

    /// <summary>No MX but an address record: mail flows to it (RFC 5321 5.1).</summary>
    ImplicitMx = 2,

    /// <summary>A single MX of "." (RFC 7505).</summary>
    NullMx = 3,

    /// <summary>Neither.</summary>
    None = 4,
}

/// <summary>Delegation of the domain and mail routing of the mail hosts below it.</summary>
public sealed record DnsFacts
{
    /// <summary>Whether the parent delegates the domain.</summary>
    public Delegation Delegation { get; init; }

    /// <summary>Owner of the SOA that decided it; null when none was seen.</summary>
    public string? SoaOwner { get; init; }

    /// <summary>Name servers, sorted.</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>One entry per mail host that was asked, sorted by host.</summary>
    public IReadOnlyList<MailHostFacts> MailHosts { get; init; } = [];

    /// <summary>Suffix in the parking data that a name server or address matched; null when none.</summary>
    public string? ParkedBy { get; init; }

    /// <summary>Suffix in the sinkhole data that a name server matched; null when none.</summary>
    public string? SinkholedBy { get; init; }
}

/// <summary>Mail routing of one mail host (the part after the @).</summary>
/// <param name="Host">A-label form, lower case.</param>
/// <param name="Route">How mail reaches it.</param>
/// <param name="MxHosts">Hosts of its MX records, sorted; empty unless <see cref="MailRoute.Mx"/>.</param>
public sealed record MailHostFacts(string Host, MailRoute Route, IReadOnlyList<string> MxHosts);
