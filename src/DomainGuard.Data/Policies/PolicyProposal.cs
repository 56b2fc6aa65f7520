namespace DomainGuard.Data.Policies;

/// <summary>What is proposed. Stored: never renumber.</summary>
public enum ProposalKind
{
    /// <summary>A new version of the policy.</summary>
    Policy = 0,

    /// <summary>That changes need no second person any more: else one person could switch the rule off and go on alone.</summary>
    EndSecondPerson = 1,
}

/// <summary>Where a proposal stands. Stored: never renumber.</summary>
public enum ProposalState
{
    /// <summary>Waits for a second person; after its end it counts as nothing.</summary>
    Waiting = 0,

    /// <summary>Approved and carried out.</summary>
    Approved = 1,

    /// <summary>Refused by a second person.</summary>
    Refused = 2,

    /// <summary>Taken back by whom proposed it.</summary>
    Withdrawn = 3,
}

/// <summary>A change that one administrator proposed and another has to approve.</summary>
public sealed class PolicyProposal
{
    /// <summary>Our key (UUID version 7).</summary>
    public Guid Id { get; set; }

    /// <summary>What is proposed.</summary>
    public ProposalKind Kind { get; set; }

    /// <summary>The version of the policy that it changes.</summary>
    public int BasedOn { get; set; }

    /// <summary>The policy as it would be (<c>GuardPolicy.ToJson</c>), at most 16,000 characters; null for what is no policy.</summary>
    public string? Json { get; set; }

    /// <summary>Why, in words, at most 2,000 characters.</summary>
    public required string Comment { get; set; }

    /// <summary>The administrator who proposed it.</summary>
    public Guid ProposedBy { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTimeOffset ProposedAt { get; set; }

    /// <summary>Until when it can be approved (UTC).</summary>
    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>Where it stands.</summary>
    public ProposalState State { get; set; }

    /// <summary>Who decided; null while it waits.</summary>
    public Guid? DecidedBy { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTimeOffset? DecidedAt { get; set; }

    /// <summary>Why it was decided so, at most 2,000 characters.</summary>
    public string? Answer { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}
