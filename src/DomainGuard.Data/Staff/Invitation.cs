namespace DomainGuard.Data.Staff;

/// <summary>A one-time link by which a person becomes a member of staff. Instants are those of the machine's clock, as with cookies: moving a demonstration's clock ends none.</summary>
public sealed class Invitation
{
    /// <summary>Key.</summary>
    public Guid Id { get; set; }

    /// <summary>SHA-256 of the token in the link, in hexadecimal (64 characters). The token itself is kept nowhere.</summary>
    public required string TokenHash { get; set; }

    /// <summary>Whom it is for, as the inviter calls that person; at most 200 characters.</summary>
    public required string Name { get; set; }

    /// <summary>The roles that come with it, separated by commas; at most 100 characters.</summary>
    public required string Roles { get; set; }

    /// <summary>The administrator who made it; null when it was made on the command line.</summary>
    public Guid? InvitedBy { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>From then on it opens nothing (UTC).</summary>
    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>When it was accepted (UTC).</summary>
    public DateTimeOffset? AcceptedAt { get; set; }

    /// <summary>When it was taken back (UTC).</summary>
    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Who came of it.</summary>
    public Guid? UserId { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}

/// <summary>
/// Wrong tries to sign in under one name, whether or not somebody has that name: so that nothing on the screen, and nothing in its timing, tells which names exist.
/// </summary>
public sealed class SignInTry
{
    /// <summary>SHA-256 of the normalised name, in hexadecimal (64 characters): what strangers type is not kept. Key.</summary>
    public required string NameHash { get; set; }

    /// <summary>Failures in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Time of the last try (UTC, machine's clock).</summary>
    public DateTimeOffset LastAt { get; set; }

    /// <summary>No try is looked at before (UTC, machine's clock).</summary>
    public DateTimeOffset? LockedUntil { get; set; }
}
