namespace DomainGuard.Data.Api;

/// <summary>
/// A request to the API that carried an Idempotency-Key. The row is written before the request has any effect and gets its answer afterwards: what has no answer may or may not have had its effect.
/// Instants are those of the machine's clock.
/// </summary>
public sealed class KeptAnswer
{
    /// <summary>SHA-256 of the API key's id and the Idempotency-Key: one caller's words mean nothing to another. 32 bytes. Key.</summary>
    public required byte[] Hash { get; set; }

    /// <summary>SHA-256 of method, path, query and body. 32 bytes.</summary>
    public required byte[] Fingerprint { get; set; }

    /// <summary>When the request began (UTC).</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>HTTP status of the answer; null while there is none.</summary>
    public int? Status { get; set; }

    /// <summary>Content type of the answer, at most 100 characters; null where it has no body.</summary>
    public string? ContentType { get; set; }

    /// <summary>Location of the answer, at most 2,000 characters.</summary>
    public string? Location { get; set; }

    /// <summary>Entity tag of the answer, at most 100 characters.</summary>
    public string? ETag { get; set; }

    /// <summary>Body of the answer; null where it has none.</summary>
    public byte[]? Body { get; set; }
}
