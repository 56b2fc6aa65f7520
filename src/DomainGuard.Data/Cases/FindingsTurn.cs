using DomainGuard.Core.Policy;

namespace DomainGuard.Data.Cases;

/// <summary>What was decided of the portion that is being carried out. Stored: never renumber.</summary>
public enum TurnState
{
    /// <summary>None is.</summary>
    Idle = 0,

    /// <summary>It was counted, and the brake lets it pass.</summary>
    Goes = 1,

    /// <summary>It was counted, and its un-verifications wait as one batch.</summary>
    Waits = 2,
}

/// <summary>
/// Whose turn it is to carry findings out, and the portion at hand: one row. One portion at a time in the whole installation, so that two cannot both slip under
/// the brake; what was decided of it is written down before anything is written of it, so that a killed process's heir goes on with the same decision.
/// </summary>
public sealed class FindingsTurn
{
    /// <summary>The one row.</summary>
    public const int TheRow = 1;

    /// <summary>Key: always <see cref="TheRow"/>.</summary>
    public int Id { get; set; }

    /// <summary>Who carries out, at most 120 characters; null when nobody does.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when (UTC, real time).</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>What was decided of the portion at hand.</summary>
    public TurnState State { get; set; }

    /// <summary>Its scan, as in <see cref="Domains.Domain.FindingsScanId"/>.</summary>
    public long? ScanId { get; set; }

    /// <summary>Version of the policy that it is carried out by.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>What holds it, while it waits.</summary>
    public Guard Guard { get; set; }

    /// <summary>The batch that it becomes, while it waits.</summary>
    public long? BatchId { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}
