using DomainGuard.Core.Domains;

namespace DomainGuard.Data.Accounts;

/// <summary>A user of the protected platform, as its platform last told us.</summary>
public sealed class Account
{
    /// <summary>Our key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>The platform's id; unique, compared byte by byte, at most 200 characters.</summary>
    public required string ExternalId { get; set; }

    /// <summary>User name as given, at most 200 characters; null when the platform sends none.</summary>
    public string? UserName { get; set; }

    /// <summary>Lower-case (invariant) user name, or the external id where there is none: what lists sort by and search in. At most 200 characters.</summary>
    public required string SortName { get; set; }

    /// <summary>Display name as given, at most 300 characters.</summary>
    public string? DisplayName { get; set; }

    /// <summary>When the platform created the account (UTC).</summary>
    public DateTimeOffset? CreatedAt { get; set; }

    /// <summary>When the platform last saw its holder (UTC).</summary>
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>Has a second factor; null when the platform does not say.</summary>
    public bool? TwoFactor { get; set; }

    /// <summary>May do more than others on the platform (staff, administrators).</summary>
    public bool Privileged { get; set; }

    /// <summary>Packages or projects owned.</summary>
    public long Projects { get; set; }

    /// <summary>Monthly downloads or members of what it owns.</summary>
    public long MonthlyDownloads { get; set; }

    /// <summary>What is at stake, from projects, downloads and privilege (<c>Core.Scheduling.Impact</c>); lists sort by it. 0 to 1,000.</summary>
    public int Impact { get; set; }

    /// <summary>Number of addresses that are not retired.</summary>
    public int AddressCount { get; set; }

    /// <summary>When a full list came without it; null while it is there. Retired, never deleted.</summary>
    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>When it was first taken in (UTC).</summary>
    public DateTimeOffset AddedAt { get; set; }

    /// <summary>When what we hold of it last changed (UTC).</summary>
    public DateTimeOffset ChangedAt { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}

/// <summary>Whether an address may be trusted with a recovery mail. Stored: never renumber.</summary>
public enum AddressState
{
    /// <summary>Nothing done by us.</summary>
    Verified = 0,

    /// <summary>Un-verified by DomainGuard.</summary>
    Unverified = 1,
}

/// <summary>An e-mail address of an account.</summary>
public sealed class Address
{
    /// <summary>Our key, from <see cref="IdAllocator"/>.</summary>
    public long Id { get; set; }

    /// <summary>The account it belongs to.</summary>
    public long AccountId { get; set; }

    /// <summary>Navigation.</summary>
    public Account? Account { get; set; }

    /// <summary>Its registrable domain.</summary>
    public long DomainId { get; set; }

    /// <summary>Navigation.</summary>
    public Domains.Domain? Domain { get; set; }

    /// <summary>The address in normal form: local part as given, "@", mail host as A-label in lower case. At most 320 characters; unique per account.</summary>
    public required string Email { get; set; }

    /// <summary><see cref="Email"/> in lower case: what lists search in, exactly or by prefix. At most 320 characters.</summary>
    public required string SearchEmail { get; set; }

    /// <summary>The part after the @: A-label, lower case; or an address literal in brackets. At most 255 characters.</summary>
    public required string MailHost { get; set; }

    /// <summary>The account's primary address.</summary>
    public bool IsPrimary { get; set; }

    /// <summary>When the platform verified it (UTC); null when it does not say.</summary>
    public DateTimeOffset? VerifiedAt { get; set; }

    /// <summary>
    /// Its baseline is, per kind, the first <see cref="Domains.Baseline"/> of the domain whose <see cref="Domains.Baseline.LastSeenAt"/> is not before this
    /// moment: when the address was added, or verified anew. (UTC)
    /// </summary>
    public DateTimeOffset BaselineFrom { get; set; }

    /// <summary>
    /// When a person dismissed a suspicion about it, or about its domain as a whole (UTC): what was there then is the holder's, for <see cref="BaselineFrom"/> as for the verification. Null when
    /// nobody did.
    /// </summary>
    public DateTimeOffset? DismissedAt { get; set; }

    /// <summary>From when its baseline is: <see cref="BaselineFrom"/>, or <see cref="DismissedAt"/> where that is later. (UTC)</summary>
    public DateTimeOffset TrustedFrom => DismissedAt > BaselineFrom ? DismissedAt.Value : BaselineFrom;

    /// <summary>Verified, or un-verified by us.</summary>
    public AddressState State { get; set; }

    /// <summary>Whether the domain passed to another holder since this address was verified.</summary>
    public HandChange HandChange { get; set; }

    /// <summary>How well that is supported.</summary>
    public Confidence HandConfidence { get; set; }

    /// <summary>Why, as a JSON array of <see cref="Reason"/>; null when there is nothing to say. At most 4,000 characters.</summary>
    public string? HandReasons { get; set; }

    /// <summary>
    /// When the platform says it was verified anew (UTC), while that is not accepted: whoever holds the domain now can click a verification link too. Null when
    /// nothing is open.
    /// </summary>
    public DateTimeOffset? ClaimedAt { get; set; }

    /// <summary>What that verification proved.</summary>
    public ClaimProof ClaimProof { get; set; }

    /// <summary>Where it stands.</summary>
    public ClaimState ClaimState { get; set; }

    /// <summary>When it was removed on the platform; null while it is there.</summary>
    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>When it was first taken in (UTC).</summary>
    public DateTimeOffset AddedAt { get; set; }

    /// <summary>Concurrency token.</summary>
    public int Version { get; set; }
}

/// <summary>What a verification proved beside that somebody reads the mail (product section 7). Stored: never renumber.</summary>
public enum ClaimProof
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>Signed in, by password or passkey.</summary>
    Session = 1,

    /// <summary>Signed in with a second factor.</summary>
    SecondFactor = 2,
}

/// <summary>Proofs as the platform names them.</summary>
public static class ClaimProofs
{
    /// <summary>By its word; nothing said is <see cref="ClaimProof.None"/>, null is no word of ours.</summary>
    public static ClaimProof? Of(string? word) => word switch
    {
        null or "none" => ClaimProof.None,
        "session" => ClaimProof.Session,
        "second_factor" => ClaimProof.SecondFactor,
        _ => null,
    };
}

/// <summary>Where a verification stands that is not accepted. Stored: never renumber.</summary>
public enum ClaimState
{
    /// <summary>There is none.</summary>
    None = 0,

    /// <summary>The domain is looked up first: the next verdict decides.</summary>
    Waiting = 1,

    /// <summary>The domain changed hands, so that it proves too little; the case is marked contested. Told again it changes nothing.</summary>
    Contested = 2,
}
