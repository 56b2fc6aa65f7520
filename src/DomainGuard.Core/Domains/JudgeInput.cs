namespace DomainGuard.Core.Domains;

/// <summary>What the judge rests on. The same input always gives the same verdict, whatever the order of the observations.</summary>
public sealed record JudgeInput
{
    /// <summary>Registrable domain, A-label, lower case, no trailing dot.</summary>
    public required string Domain { get; init; }

    /// <summary>The latest observation of each source and, where that failed, the latest evidence kept. Any order.</summary>
    public required IReadOnlyList<Observation> Observations { get; init; }

    /// <summary>The moment of judgement (UTC).</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Flags decided outside (Notable, PlatformTenant, DanglingMx); they are passed through.</summary>
    public DomainFlags KnownFlags { get; init; }

    /// <summary>Many names of its TLD carry the same registration date: a sign of a registry migration (facts 1.5).</summary>
    public bool SharesRegistrationDate { get; init; }

    /// <summary>The phase before this verdict; with <see cref="KnownPhaseSince"/> it narrows the estimated drop.</summary>
    public Phase KnownPhase { get; init; }

    /// <summary>Since when (UTC) we know the domain in <see cref="KnownPhase"/>; null when not known.</summary>
    public DateTimeOffset? KnownPhaseSince { get; init; }

    /// <summary>How long before its end a term counts as ending soon.</summary>
    public TimeSpan ExpiringSoonWithin { get; init; } = TimeSpan.FromDays(30);
}
