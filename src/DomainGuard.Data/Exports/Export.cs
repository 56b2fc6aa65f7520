using DomainGuard.Core.Audit;

namespace DomainGuard.Data.Exports;

/// <summary>What is exported. Stored: never renumber.</summary>
public enum ExportKind
{
    /// <summary>Entries of the audit trail.</summary>
    Audit = 0,

    /// <summary>Cases as they stand.</summary>
    Cases = 1,

    /// <summary>What was done to cases.</summary>
    Decisions = 2,

    /// <summary>Addresses as they stand.</summary>
    Addresses = 3,
}

/// <summary>How it is written. Stored: never renumber.</summary>
public enum ExportFormat
{
    /// <summary>One JSON object per line.</summary>
    JsonLines = 0,

    /// <summary>RFC 4180, with cells that no spreadsheet takes for a formula.</summary>
    Csv = 1,
}

/// <summary>Where an export stands. Stored: never renumber.</summary>
public enum ExportStatus
{
    /// <summary>Asked for.</summary>
    Waiting = 0,

    /// <summary>Being written.</summary>
    Running = 1,

    /// <summary>Its file can be fetched.</summary>
    Completed = 2,

    /// <summary>It failed, see the problem; it can be asked for again.</summary>
    Failed = 3,

    /// <summary>Its file was deleted after its time.</summary>
    Expired = 4,
}

/// <summary>An export that was asked for, and its file.</summary>
public sealed class Export
{
    /// <summary>Longest <see cref="Filter"/>, in characters.</summary>
    public const int MostFilter = 2_000;

    /// <summary>Its number, as shown.</summary>
    public long Id { get; set; }

    /// <summary>What.</summary>
    public ExportKind Kind { get; set; }

    /// <summary>How.</summary>
    public ExportFormat Format { get; set; }

    /// <summary>Which rows, as canonical JSON; "{}" for all. At most <see cref="MostFilter"/> characters.</summary>
    public required string Filter { get; set; }

    /// <summary>Kind of who asked for it.</summary>
    public AuditActorKind ActorKind { get; set; }

    /// <summary>Who asked for it, at most 100 characters.</summary>
    public required string ActorId { get; set; }

    /// <summary>From where, at most 100 characters.</summary>
    public string? ActorFrom { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTimeOffset RequestedAt { get; set; }

    /// <summary>Where it stands.</summary>
    public ExportStatus Status { get; set; }

    /// <summary>Rows that it will have, counted when it was asked for.</summary>
    public long Expected { get; set; }

    /// <summary>Rows written.</summary>
    public long Written { get; set; }

    /// <summary>Name of its file, without folder; at most 200 characters. Null until it is complete.</summary>
    public string? FileName { get; set; }

    /// <summary>Size of the file in bytes.</summary>
    public long Size { get; set; }

    /// <summary>SHA-256 of the file in lower-case hex; null until it is complete.</summary>
    public string? FileHash { get; set; }

    /// <summary>When it was complete or failed (UTC).</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Why it failed, in words, at most 500 characters.</summary>
    public string? Problem { get; set; }

    /// <summary>How often it was begun.</summary>
    public int Attempts { get; set; }

    /// <summary>The process that writes it, at most 100 characters.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>Until when (UTC, real time).</summary>
    public DateTimeOffset? LeaseUntil { get; set; }
}
