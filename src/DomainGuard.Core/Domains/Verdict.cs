using System.Globalization;

namespace DomainGuard.Core.Domains;

/// <summary>One reason in words, naming the observation it rests on.</summary>
/// <param name="Text">A short main clause, at most 160 characters.</param>
/// <param name="Source">The source it rests on; null when it rests on our own data.</param>
/// <param name="ObservedAt">When that source said so (UTC).</param>
public sealed record Reason(string Text, SourceKind? Source = null, DateTimeOffset? ObservedAt = null)
{
    /// <summary>The reason with its source and time, as it is read outside a table: "Registered until 1 Jun 2027 (RDAP, 24 Nov 2026 14:00 UTC)". At most 200 characters.</summary>
    public string Sentence() => (Source, ObservedAt) switch
    {
        ({ } source, { } at) => $"{Text} ({Name(source)}, {Minute(at)})",
        (null, { } at) => $"{Text} (our record, {Minute(at)})",
        _ => Text,
    };

    private static string Name(SourceKind source) => source switch
    {
        SourceKind.Rdap => "RDAP",
        SourceKind.Dns => "DNS",
        _ => source.ToString(),
    };

    private static string Minute(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>An interval of instants (UTC), both ends included.</summary>
/// <param name="From">Earliest.</param>
/// <param name="To">Latest, never before <paramref name="From"/>.</param>
public sealed record DropInterval(DateTimeOffset From, DateTimeOffset To);

/// <summary>What the judge concludes about a domain from its observations, at one moment.</summary>
public sealed record Verdict
{
    /// <summary>Where the domain stands in its life.</summary>
    public required Phase Phase { get; init; }

    /// <summary>What stands beside it.</summary>
    public DomainFlags Flags { get; init; }

    /// <summary>How well the phase is supported.</summary>
    public Confidence Confidence { get; init; }

    /// <summary>Why, most important first.</summary>
    public IReadOnlyList<Reason> Reasons { get; init; } = [];

    /// <summary>Registration date by the registry.</summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    /// <summary>Expiration date by the registry.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Last transfer by the registry.</summary>
    public DateTimeOffset? LastTransferAt { get; init; }

    /// <summary>Registrar's name.</summary>
    public string? RegistrarName { get; init; }

    /// <summary>Registrar's IANA id.</summary>
    public string? RegistrarIanaId { get; init; }

    /// <summary>Registry object id.</summary>
    public string? Handle { get; init; }

    /// <summary>Signs that the registration date was rewritten by a registry migration (facts 1.5): a later date alone then means nothing.</summary>
    public bool LooksMigrated { get; init; }

    /// <summary>Name servers, by DNS where it answered, else by RDAP.</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>All MX hosts of all mail hosts, sorted.</summary>
    public IReadOnlyList<string> MxHosts { get; init; } = [];

    /// <summary>When the domain becomes free, as an interval; null when nothing points to a drop.</summary>
    public DropInterval? EstimatedDrop { get; init; }

    /// <summary>At least one registration source that serves the name answered, or DNS did where none serves it (product section 6).</summary>
    public bool IsAnswered { get; init; }
}

/// <summary>Whether the domain changed hands for one address, and why.</summary>
/// <param name="Change">The conclusion.</param>
/// <param name="Confidence">How well it is supported.</param>
/// <param name="Reasons">Why.</param>
public sealed record HandVerdict(HandChange Change, Confidence Confidence, IReadOnlyList<Reason> Reasons)
{
    /// <summary>Nothing found.</summary>
    public static HandVerdict None { get; } = new(HandChange.None, Confidence.None, []);
}

/// <summary>
/// What was known of the holder when an address was taken in or verified (product section 4.9). Each fact has its own time, because the
/// sources fill it one by one. A fact that is null vouches for nothing.
/// </summary>
public sealed record Baseline
{
    /// <summary>Registration date.</summary>
    public DateTimeOffset? RegisteredAt { get; init; }

    /// <summary>Registry object id.</summary>
    public string? Handle { get; init; }

    /// <summary>IANA registrar id.</summary>
    public string? RegistrarIanaId { get; init; }

    /// <summary>When RDAP filled the three above (UTC).</summary>
    public DateTimeOffset? RegistrationSeenAt { get; init; }

    /// <summary>Name servers, sorted; null when not known.</summary>
    public IReadOnlyList<string>? NameServers { get; init; }

    /// <summary>MX hosts, sorted; null when not known.</summary>
    public IReadOnlyList<string>? MxHosts { get; init; }

    /// <summary>When DNS filled the two above (UTC).</summary>
    public DateTimeOffset? DnsSeenAt { get; init; }
}
