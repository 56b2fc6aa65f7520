namespace DomainGuard.Client;

/// <summary>An account, as it was last told. Words are as DomainGuard sent them: newer versions may send more.</summary>
public sealed record Account
{
    /// <summary>Your id.</summary>
    public required string AccountId { get; init; }

    /// <summary>User name.</summary>
    public string? UserName { get; init; }

    /// <summary>Display name.</summary>
    public string? DisplayName { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When its holder was last seen.</summary>
    public DateTimeOffset? LastSeenAt { get; init; }

    /// <summary>Has a second factor; null when nobody said.</summary>
    public bool? TwoFactor { get; init; }

    /// <summary>May do more than others.</summary>
    public bool Privileged { get; init; }

    /// <summary>Packages or projects owned.</summary>
    public long Projects { get; init; }

    /// <summary>Their downloads or members, a month.</summary>
    public long MonthlyDownloads { get; init; }

    /// <summary>When a full list came without it.</summary>
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>Its addresses, the primary one first.</summary>
    public IReadOnlyList<AccountAddress> Addresses { get; init; } = [];
}

/// <summary>An address of an account.</summary>
public sealed record AccountAddress
{
    /// <summary>In normal form.</summary>
    public required string Email { get; init; }

    /// <summary>The primary one.</summary>
    public bool Primary { get; init; }

    /// <summary>When you verified it.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary><c>Verified</c>, or <c>Unverified</c> by DomainGuard.</summary>
    public required string State { get; init; }

    /// <summary>Its registrable domain.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Where that stands in its life.</summary>
    public string Phase { get; init; } = "Unknown";

    /// <summary>What is known beside it, such as <c>Parked</c>.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Whether it changed hands since the address was verified.</summary>
    public string HandChange { get; init; } = "None";

    /// <summary>Its case.</summary>
    public long? CaseId { get; init; }
}

/// <summary>What a verification proved beside that somebody reads the mail. Whoever holds the domain now can click a link too.</summary>
public enum VerificationProof
{
    /// <summary>Nothing else.</summary>
    None,

    /// <summary>He was signed in by password or passkey.</summary>
    Session,

    /// <summary>He was signed in with a second factor: the only proof that gives an address back after a change of hands.</summary>
    SecondFactor,
}

/// <summary>What became of a verification.</summary>
/// <param name="Outcome"><c>accepted</c>, <c>contested</c> (it proves too little after a change of hands), <c>waiting</c> (the domain is looked up first) or <c>unchanged</c> (not newer than what is known; also when it was told twice).</param>
/// <param name="State">The address after it: <c>Verified</c> or <c>Unverified</c>.</param>
public sealed record VerificationResult(string Outcome, string State);
