namespace DomainGuard.Data.Audit;

/// <summary>How far the audit trail is sealed, and who seals it. One row; moved only by a conditional update in the transaction that seals entries, so that no two can fork the chain.</summary>
public sealed class AuditHead
{
    /// <summary>Key of the one row.</summary>
    public const int TheOne = 1;

    /// <summary>Always <see cref="TheOne"/>.</summary>
    public int Id { get; set; }

    /// <summary>Number of the last sealed entry; 0 before the first.</summary>
    public long Sequence { get; set; }

    /// <summary>Its hash; 32 zero bytes before the first.</summary>
    public required byte[] Hash { get; set; }

    /// <summary>The process that seals, at most 100 characters; null when none does.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when without being renewed (UTC, real time).</summary>
    public DateTimeOffset? LeaseUntil { get; set; }
}

/// <summary>What the audit trail was at one moment, in a form that can leave the installation: whoever keeps it notices when entries before it are altered or cut off.</summary>
public sealed class AuditCheckpoint
{
    /// <summary>Our key (UUID version 7).</summary>
    public Guid Id { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Number of the last sealed entry; 0 when there was none.</summary>
    public long Sequence { get; set; }

    /// <summary>Its hash. 32 bytes.</summary>
    public required byte[] Hash { get; set; }

    /// <summary>Sealed entries, counted: the same as <see cref="Sequence"/> unless somebody removed some.</summary>
    public long Count { get; set; }

    /// <summary>Entries that were not sealed yet.</summary>
    public long Unsealed { get; set; }

    /// <summary>Thumbprint (RFC 7638) of the key that signed it; null when none did. At most 100 characters.</summary>
    public string? KeyId { get; set; }

    /// <summary>The checkpoint as compact JWS (RFC 7515); unsecured ("alg":"none") when there is no key. At most 2,000 characters.</summary>
    public required string Token { get; set; }

    /// <summary>The day (UTC, "2026-11-24") whose checkpoint it is; null for one made on demand. Unique.</summary>
    public string? Day { get; set; }
}
