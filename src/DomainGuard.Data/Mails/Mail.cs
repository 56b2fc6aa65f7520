using DomainGuard.Core.Cases;

namespace DomainGuard.Data.Mails;

/// <summary>What staff are told by mail. Stored: never renumber.</summary>
public enum NewsKind
{
    /// <summary>A case was opened.</summary>
    CaseOpened = 0,

    /// <summary>A case was reopened.</summary>
    CaseReopened = 1,

    /// <summary>A verification is contested.</summary>
    Contested = 2,

    /// <summary>A recovery mail was refused: somebody is knocking.</summary>
    GateDenied = 3,

    /// <summary>A batch waits behind the brake. For administrators, as what follows.</summary>
    BatchBraked = 10,

    /// <summary>A scan was void.</summary>
    ScanVoid = 11,

    /// <summary>A receiver of events was switched off by us.</summary>
    ReceiverOff = 12,
}

/// <summary>Something that staff are told, once for all of them; who wants it is asked when his mail is made. Kept a week.</summary>
public sealed class MailNews
{
    /// <summary>Number of the entry of the audit trail that it comes from.</summary>
    public long Sequence { get; set; }

    /// <summary>What it is.</summary>
    public NewsKind Kind { get; set; }

    /// <summary>The case; null for what administrators are told.</summary>
    public long? CaseId { get; set; }

    /// <summary>Key of the batch or the scan; null for others.</summary>
    public long? Number { get; set; }

    /// <summary>Key of the receiver; null for others.</summary>
    public Guid? ReceiverId { get; set; }

    /// <summary>When it was read from the trail (UTC, the machine's clock): a minute and a day of mail are counted by it.</summary>
    public DateTimeOffset ReadAt { get; set; }
}

/// <summary>Where a member of staff wants mail, what of, and how far he was told. No foreign key: it is erased with its owner, and what is left of a mail then goes to nobody.</summary>
public sealed class MailChoice
{
    /// <summary>The member of staff.</summary>
    public Guid UserId { get; set; }

    /// <summary>Where to, at most 254 characters; null while none is given.</summary>
    public string? Address { get; set; }

    /// <summary>From which severity of a case; null for no mail at all.</summary>
    public Severity? From { get; set; }

    /// <summary>Once a day at 08:00 UTC; else at once.</summary>
    public bool IsDaily { get; set; }

    /// <summary>He has been told the news up to this number: moved by conditional update in the transaction that writes his mail.</summary>
    public long ToldUpTo { get; set; }

    /// <summary>When the latest mail of news was made, or a day ended without one (UTC, the machine's clock).</summary>
    public DateTimeOffset? ToldAt { get; set; }
}

/// <summary>Where a mail stands. Stored: never renumber.</summary>
public enum MailState
{
    /// <summary>To be sent.</summary>
    Waiting = 0,

    /// <summary>The mail server took it.</summary>
    Sent = 1,

    /// <summary>Refused for good, or a day was not enough.</summary>
    GivenUp = 2,
}

/// <summary>A mail on its way. Names accounts and domains; the address stands in <see cref="MailChoice"/> alone. Kept 30 days. Its instants are those of the machine's clock.</summary>
public sealed class Mail
{
    /// <summary>Key (UUID version 7), and the left part of its Message-ID: the same at every try.</summary>
    public Guid Id { get; set; }

    /// <summary>To whom.</summary>
    public Guid UserId { get; set; }

    /// <summary>Subject, at most 200 characters.</summary>
    public required string Subject { get; set; }

    /// <summary>Body as plain text, at most 60,000 characters.</summary>
    public required string Text { get; set; }

    /// <summary>Body as HTML, at most 120,000 characters.</summary>
    public required string Html { get; set; }

    /// <summary>Where it stands.</summary>
    public MailState State { get; set; }

    /// <summary>Tries so far.</summary>
    public int Tries { get; set; }

    /// <summary>When it is tried next (UTC).</summary>
    public DateTimeOffset NextTryAt { get; set; }

    /// <summary>Who sends it now: a key that no two claims share; null when nobody does.</summary>
    public Guid? Claim { get; set; }

    /// <summary>Until when that claim holds.</summary>
    public DateTimeOffset? ClaimUntil { get; set; }

    /// <summary>When it was last tried (UTC).</summary>
    public DateTimeOffset? TriedAt { get; set; }

    /// <summary>Why the last try failed, in words and without an address, at most 500 characters; null when it did not.</summary>
    public string? Error { get; set; }

    /// <summary>When it was made (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; }
}
