using DomainGuard.Core.Audit;

namespace DomainGuard.Data.Audit;

/// <summary>
/// One line of the tamper-evident history (product section 9). Written in the transaction of the change that it records, unnumbered; the sealer gives
/// committed entries their number and chains them. Accounts, addresses and people stand in it by id, domains by name.
/// </summary>
public sealed class AuditEntry
{
    /// <summary>Our key (UUID version 7, made in code).</summary>
    public Guid Id { get; set; }

    /// <summary>When it happened (UTC, microseconds).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Kind of who did it.</summary>
    public AuditActorKind ActorKind { get; set; }

    /// <summary>Who did it, at most 100 characters.</summary>
    public required string ActorId { get; set; }

    /// <summary>From where, at most 100 characters.</summary>
    public string? ActorFrom { get; set; }

    /// <summary>What was done.</summary>
    public AuditAction Action { get; set; }

    /// <summary>The account it was done to.</summary>
    public long? AccountId { get; set; }

    /// <summary>The address it was done to.</summary>
    public long? AddressId { get; set; }

    /// <summary>Name of the domain it was done to, A-label, at most 255 characters.</summary>
    public string? DomainName { get; set; }

    /// <summary>The case it was done to.</summary>
    public long? CaseId { get; set; }

    /// <summary>The scan that found it or that it was done to.</summary>
    public long? ScanId { get; set; }

    /// <summary>Version of the policy that it rests on or that was saved.</summary>
    public int? PolicyVersion { get; set; }

    /// <summary>Anything else it was done to: "batch 31", "staff 0198...", "export 12"; at most 100 characters.</summary>
    public string? Subject { get; set; }

    /// <summary>Many entries made by one step (a bulk decision) share it.</summary>
    public Guid? BatchId { get; set; }

    /// <summary>Reason code, at most 40 characters.</summary>
    public string? Reason { get; set; }

    /// <summary>Free text given with it, at most 10,000 characters. The chain holds only its hash, so that it can be erased; null once erased.</summary>
    public string? Comment { get; set; }

    /// <summary>SHA-256 of the comment in UTF-8; null where none was given. Stays when the comment is erased. 32 bytes.</summary>
    public byte[]? CommentHash { get; set; }

    /// <summary>Changed fields before, as canonical JSON; null when there were none. At most 8,000 characters.</summary>
    public string? Before { get; set; }

    /// <summary>The same fields after.</summary>
    public string? After { get; set; }

    /// <summary>SHA-256 of the canonical form of all of the above. 32 bytes.</summary>
    public required byte[] ContentHash { get; set; }

    /// <summary>Place in the chain, from 1 without gaps; null until sealed.</summary>
    public long? Sequence { get; set; }

    /// <summary>Hash that chains it to the entry before; null until sealed. 32 bytes.</summary>
    public byte[]? Hash { get; set; }
}
