using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Data.Gate;

/// <summary>What the platform did with an answer. Stored: never renumber.</summary>
public enum RecoveryAction
{
    /// <summary>It did not say.</summary>
    None = 0,

    /// <summary>It sent the recovery mail.</summary>
    Sent = 1,

    /// <summary>It sent none.</summary>
    Withheld = 2,

    /// <summary>It asked for a second factor or another proof.</summary>
    SteppedUp = 3,

    /// <summary>It handed the request to a person.</summary>
    Manual = 4,
}

/// <summary>One answer of the gate (product section 8), as it was given: written before it is sent, never changed but for what the platform says it did.</summary>
public sealed class RecoveryCheck
{
    /// <summary>Our key, from <see cref="IdAllocator"/>; see <see cref="PublicId"/>.</summary>
    public long Id { get; set; }

    /// <summary>When it was answered (UTC).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Kind of who asked: a key, or a member of staff for a preview.</summary>
    public AuditActorKind AskedByKind { get; set; }

    /// <summary>Who, at most 100 characters.</summary>
    public required string AskedBy { get; set; }

    /// <summary>Asked in the console: no recovery hung on it.</summary>
    public bool IsPreview { get; set; }

    /// <summary>The account; null when the address is not monitored.</summary>
    public long? AccountId { get; set; }

    /// <summary>The address that decided; null when it is not monitored. Of a stranger's address nothing is kept.</summary>
    public long? AddressId { get; set; }

    /// <summary>Its domain.</summary>
    public long? DomainId { get; set; }

    /// <summary>The case that bears on it.</summary>
    public long? CaseId { get; set; }

    /// <summary>The answer.</summary>
    public GateDecision Decision { get; set; }

    /// <summary>Why.</summary>
    public GateReason Reason { get; set; }

    /// <summary>What it would have been, had the installation not only observed; null when it did not.</summary>
    public GateDecision? WouldAnswer { get; set; }

    /// <summary>Phase of the domain.</summary>
    public Phase Phase { get; set; }

    /// <summary>Change of hands for the address.</summary>
    public HandChange HandChange { get; set; }

    /// <summary>When the domain was last answered for (UTC).</summary>
    public DateTimeOffset? EvidenceAt { get; set; }

    /// <summary>The domain was looked up for this answer.</summary>
    public bool LookedUp { get; set; }

    /// <summary>The evidence was older than the policy asks for, and no newer one came in time.</summary>
    public bool Stale { get; set; }

    /// <summary>The policy that was in force.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>How long it took, in milliseconds of real time.</summary>
    public int DurationMs { get; set; }

    /// <summary>What the platform did.</summary>
    public RecoveryAction Action { get; set; }

    /// <summary>When it said so (UTC).</summary>
    public DateTimeOffset? ActionAt { get; set; }

    /// <summary>The key as callers see it: "rc_" and its digits.</summary>
    public string PublicId => "rc_" + Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads a <see cref="PublicId"/>; false for anything else.</summary>
    public static bool TryReadId(string? text, out long id)
    {
        id = 0;
        return text?.StartsWith("rc_", StringComparison.Ordinal) == true && long.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out id) && id > 0;
    }
}
