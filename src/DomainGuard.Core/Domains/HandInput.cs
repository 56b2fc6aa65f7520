namespace DomainGuard.Core.Domains;

/// <summary>What the judge of a change of hands rests on, for one address (product sections 4.9 and 5).</summary>
public sealed record HandInput
{
    /// <summary>The verdict over the same observations.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The observations the verdict rests on.</summary>
    public required IReadOnlyList<Observation> Observations { get; init; }

    /// <summary>When the platform verified the address (UTC).</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>When a person dismissed a suspicion (UTC): vouches for the address as a verification of that moment would. Null when nobody did.</summary>
    public DateTimeOffset? DismissedAt { get; init; }

    /// <summary>When the account was created (UTC); counts only where <see cref="VerifiedAt"/> and <see cref="DismissedAt"/> are missing.</summary>
    public DateTimeOffset? AccountCreatedAt { get; init; }

    /// <summary>What was known of the holder; vouches for nothing before its own times.</summary>
    public Baseline? Baseline { get; init; }

    /// <summary>When we ourselves first saw Redemption, PendingDelete or Released (UTC).</summary>
    public DateTimeOffset? LapseSeenFrom { get; init; }

    /// <summary>When that was over (UTC); null while it lasts.</summary>
    public DateTimeOffset? LapseSeenTo { get; init; }

    /// <summary>The worst phase seen then; null reads as Redemption, from which a holder can come back.</summary>
    public Phase? LapsePhase { get; init; }

    /// <summary>When we last began to see the domain past its term (Expired or AutoRenewGrace, UTC); null when never.</summary>
    public DateTimeOffset? PastTermFrom { get; init; }

    /// <summary>When that was over (UTC); null while it lasts.</summary>
    public DateTimeOffset? PastTermTo { get; init; }

    /// <summary>When DNS first differed from the baseline (UTC); null reads as the time of the DNS observation.</summary>
    public DateTimeOffset? MovedAt { get; init; }

    /// <summary>The mail host of the address: only its MX are compared. Null compares those of all mail hosts.</summary>
    public string? MailHost { get; init; }

    /// <summary>The moment of judgement (UTC).</summary>
    public required DateTimeOffset Now { get; init; }
}
