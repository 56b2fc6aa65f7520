namespace DomainGuard.Data.Api;

/// <summary>What a key may do. Stored: never renumber.</summary>
[Flags]
public enum ApiScopes
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Tell accounts and verifications.</summary>
    AccountsWrite = 1,

    /// <summary>Read accounts and domains.</summary>
    AccountsRead = 2,

    /// <summary>Ask the gate.</summary>
    RecoveryCheck = 4,

    /// <summary>Start, watch and control scans.</summary>
    ScansRun = 8,

    /// <summary>Read cases.</summary>
    CasesRead = 16,

    /// <summary>Decide cases.</summary>
    CasesDecide = 32,

    /// <summary>Read the audit trail.</summary>
    AuditRead = 64,

    /// <summary>Manage receivers of events.</summary>
    WebhooksManage = 128,
}

/// <summary>A key of the API. Instants are those of the machine's clock, as with cookies: moving a demonstration's clock ends none.</summary>
public sealed class ApiKey
{
    /// <summary>Key (UUID version 7): the public part, by which the audit trail names it.</summary>
    public Guid Id { get; set; }

    /// <summary>What it is called, at most 100 characters.</summary>
    public required string Name { get; set; }

    /// <summary>The first characters of the secret, by which a person recognises it; at most 8.</summary>
    public required string Hint { get; set; }

    /// <summary>SHA-256 of the secret. The secret itself, 32 random bytes, is kept nowhere.</summary>
    public required byte[] SecretHash { get; set; }

    /// <summary>What it may do.</summary>
    public ApiScopes Scopes { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>The administrator who made it.</summary>
    public Guid CreatedBy { get; set; }

    /// <summary>From then on it opens nothing (UTC); null when it does not end by itself.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>When it was last used (UTC), written at most once a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    /// <summary>When it was taken back (UTC).</summary>
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>The key that it takes the place of.</summary>
    public Guid? RotatedFrom { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}
