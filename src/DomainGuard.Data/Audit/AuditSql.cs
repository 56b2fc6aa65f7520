using DomainGuard.Data.Providers;

namespace DomainGuard.Data.Audit;

/// <summary>The audit trail in prepared statements, for whoever writes, seals or reads many entries.</summary>
public static class AuditSql
{
    /// <summary>Many entries at once, unnumbered; rows by <see cref="Row"/>.</summary>
    public static BulkTable Entries { get; } = new(
        "AuditEntry",
        ("Id", SqlKind.Uuid), ("At", SqlKind.Instant), ("ActorKind", SqlKind.Number), ("ActorId", SqlKind.Text), ("ActorFrom", SqlKind.Text), ("Action", SqlKind.Number),
        ("AccountId", SqlKind.Key), ("AddressId", SqlKind.Key), ("DomainName", SqlKind.Text), ("CaseId", SqlKind.Key), ("ScanId", SqlKind.Key), ("PolicyVersion", SqlKind.Number),
        ("Subject", SqlKind.Text), ("BatchId", SqlKind.Uuid), ("Reason", SqlKind.Text), ("Comment", SqlKind.Text), ("CommentHash", SqlKind.Bytes), ("Before", SqlKind.Text),
        ("After", SqlKind.Text), ("ContentHash", SqlKind.Bytes));

    /// <summary>Gives an unnumbered entry its place: key, number, hash. Touches nothing when it has one.</summary>
    public static SqlStatement Seal { get; } = new(
        """UPDATE "AuditEntry" SET "Sequence" = @p1, "Hash" = @p2 WHERE "Id" = @p0 AND "Sequence" IS NULL""", SqlKind.Uuid, SqlKind.Key, SqlKind.Bytes);

    /// <summary>Moves the head: number and hash as they were seen, number and hash to be, lease owner as seen ("" for none), lease owner and end to be.</summary>
    public static SqlStatement MoveHead { get; } = new(
        """
        UPDATE "AuditHead" SET "Sequence" = @p2, "Hash" = @p3, "LeaseOwner" = @p5, "LeaseUntil" = @p6
        WHERE "Id" = 1 AND "Sequence" = @p0 AND "Hash" = @p1 AND COALESCE("LeaseOwner", '') = @p4
        """,
        SqlKind.Key, SqlKind.Bytes, SqlKind.Key, SqlKind.Bytes, SqlKind.Text, SqlKind.Text, SqlKind.Instant);

    /// <summary>An entry as a row of <see cref="Entries"/>.</summary>
    public static object?[] Row(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return
        [
            entry.Id, entry.At, entry.ActorKind, entry.ActorId, entry.ActorFrom, entry.Action, entry.AccountId, entry.AddressId, entry.DomainName, entry.CaseId, entry.ScanId,
            entry.PolicyVersion, entry.Subject, entry.BatchId, entry.Reason, entry.Comment, entry.CommentHash, entry.Before, entry.After, entry.ContentHash,
        ];
    }
}
