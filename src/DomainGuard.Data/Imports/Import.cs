using DomainGuard.Core.Audit;
using DomainGuard.Data.Accounts;

namespace DomainGuard.Data.Imports;

/// <summary>Where an import stands. Stored: never renumber.</summary>
public enum ImportStatus
{
    /// <summary>The file is being read into the staging table.</summary>
    Staging = 0,

    /// <summary>Read and compared; nothing written; waits for a person, or was a dry run.</summary>
    Compared = 1,

    /// <summary>Being merged, chunk by chunk; goes on after a restart at <see cref="Import.MergedUpTo"/>.</summary>
    Merging = 2,

    /// <summary>Merged.</summary>
    Completed = 3,

    /// <summary>Nothing was written: rejected rows, too many removals, unreadable file, or given up by a person.</summary>
    Refused = 4,
}

/// <summary>One file taken in, or looked at.</summary>
public sealed class Import
{
    /// <summary>Its number.</summary>
    public long Id { get; set; }

    /// <summary>Name of the file without its path, at most 255 characters.</summary>
    public required string FileName { get; set; }

    /// <summary>"csv" or "ndjson".</summary>
    public required string Format { get; set; }

    /// <summary>Adds and changes only; nobody is retired.</summary>
    public bool IsPartial { get; set; }

    /// <summary>Takes what is valid although rows were rejected.</summary>
    public bool KeepGood { get; set; }

    /// <summary>More than 10 % may go.</summary>
    public bool AllowRemovals { get; set; }

    /// <summary>Only compares.</summary>
    public bool IsDryRun { get; set; }

    /// <summary>Who asked: a user name or "command line", at most 256 characters.</summary>
    public required string RequestedBy { get; set; }

    /// <summary>Kind of who asked for it, or confirmed it: who did it, for the audit trail.</summary>
    public AuditActorKind ActorKind { get; set; }

    /// <summary>Who, at most 100 characters; null for a part of the installation.</summary>
    public string? ActorId { get; set; }

    /// <summary>From where, at most 100 characters.</summary>
    public string? ActorFrom { get; set; }

    /// <summary>When (UTC, guard time).</summary>
    public DateTimeOffset RequestedAt { get; set; }

    /// <summary>When it ended (UTC, guard time).</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Where it stands.</summary>
    public ImportStatus Status { get; set; }

    /// <summary>The process that works it, at most 100 characters.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when (UTC, real time).</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>Rows (addresses) read, good and bad.</summary>
    public int Rows { get; set; }

    /// <summary>Accounts that are new.</summary>
    public int NewAccounts { get; set; }

    /// <summary>Accounts that change, addresses added or removed included.</summary>
    public int ChangedAccounts { get; set; }

    /// <summary>Accounts that stay as they are.</summary>
    public int UnchangedAccounts { get; set; }

    /// <summary>Accounts that are not in the file and would be retired.</summary>
    public int GoneAccounts { get; set; }

    /// <summary>Rows rejected.</summary>
    public int Rejected { get; set; }

    /// <summary>The last staged account that is merged, at most 200 characters; null before the first.</summary>
    public string? MergedUpTo { get; set; }

    /// <summary>Accounts that were merged, for the progress bar.</summary>
    public int MergedAccounts { get; set; }

    /// <summary>Why it was refused, in words, at most 500 characters.</summary>
    public string? Problem { get; set; }
}

/// <summary>One address of the file, staged. Key: import, account and sequence, so that pages of accounts lie together.</summary>
public sealed class ImportRow
{
    /// <summary>The import.</summary>
    public long ImportId { get; set; }

    /// <summary>Rises with the file, from 1.</summary>
    public long Sequence { get; set; }

    /// <summary>
    /// The row was rejected. It says nothing, but its account is not gone and loses no address. With <see cref="ExternalId"/> "" it stands for rows whose account cannot be told.
    /// </summary>
    public bool IsRejected { get; set; }

    /// <summary>Line in the file, from 1.</summary>
    public int Line { get; set; }

    /// <summary>The platform's id.</summary>
    public required string ExternalId { get; set; }

    /// <summary>Normal form of the address; null for an account without addresses.</summary>
    public string? Email { get; set; }

    /// <summary>See <see cref="Accounts.Address.SearchEmail"/>; null when it is the same as <see cref="Email"/>.</summary>
    public string? SearchEmail { get; set; }

    /// <summary>Mail host.</summary>
    public string? MailHost { get; set; }

    /// <summary>Registrable domain, or the mail host where there is none.</summary>
    public string? DomainName { get; set; }

    /// <summary>The domain can be looked up.</summary>
    public bool IsRegistrable { get; set; }

    /// <summary>The mail host lies under a PRIVATE suffix.</summary>
    public bool IsTenant { get; set; }

    /// <summary>See <see cref="Accounts.Account.UserName"/>.</summary>
    public string? UserName { get; set; }

    /// <summary>See <see cref="Accounts.Account.SortName"/>; null when it is the same as the user name, or as the id where there is none.</summary>
    public string? SortName { get; set; }

    /// <summary>See <see cref="Accounts.Account.DisplayName"/>.</summary>
    public string? DisplayName { get; set; }

    /// <summary>See <see cref="Accounts.Account.Impact"/>, from what this row says alone.</summary>
    public int Impact { get; set; }

    /// <summary>Primary address.</summary>
    public bool IsPrimary { get; set; }

    /// <summary>See <see cref="Accounts.Address.VerifiedAt"/>.</summary>
    public DateTimeOffset? VerifiedAt { get; set; }

    /// <summary>What that verification proved; a line that does not say proves nothing more.</summary>
    public ClaimProof Proof { get; set; }

    /// <summary>See <see cref="Accounts.Account.CreatedAt"/>.</summary>
    public DateTimeOffset? CreatedAt { get; set; }

    /// <summary>See <see cref="Accounts.Account.LastSeenAt"/>.</summary>
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>See <see cref="Accounts.Account.TwoFactor"/>.</summary>
    public bool? TwoFactor { get; set; }

    /// <summary>See <see cref="Accounts.Account.Privileged"/>; null when the file does not say.</summary>
    public bool? Privileged { get; set; }

    /// <summary>See <see cref="Accounts.Account.Projects"/>; null when the file does not say.</summary>
    public long? Projects { get; set; }

    /// <summary>See <see cref="Accounts.Account.MonthlyDownloads"/>; null when the file does not say.</summary>
    public long? MonthlyDownloads { get; set; }
}

/// <summary>A rejected line. Key: import and sequence.</summary>
public sealed class ImportRejection
{
    /// <summary>The import.</summary>
    public long ImportId { get; set; }

    /// <summary>Rises with the file, from 1.</summary>
    public long Sequence { get; set; }

    /// <summary>Line in the file, from 1.</summary>
    public int Line { get; set; }

    /// <summary>Field, at most 50 characters; "" for the whole line.</summary>
    public required string Field { get; set; }

    /// <summary>What is wrong and how to mend it, at most 300 characters. Never holds an address.</summary>
    public required string Reason { get; set; }
}
