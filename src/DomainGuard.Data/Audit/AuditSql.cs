using DomainGuard.Data.Providers;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Data.Audit;

/// <summary>Writes many entries of the audit trail by prepared statements, in the transaction of the changes that they record.</summary>
public static class AuditSql
{
    /// <summary>The table, without what the sealer writes.</summary>
    public static BulkTable Entries { get; } = new(
        "AuditEntry",
        ("Id", Uuid), ("At", Instant), ("ActorKind", Number), ("ActorId", SqlKind.Text), ("ActorFrom", SqlKind.Text), ("Action", Number), ("AccountId", Key), ("AddressId", Key), ("DomainName", SqlKind.Text),
        ("CaseId", Key), ("ScanId", Key), ("PolicyVersion", Number), ("Subject", SqlKind.Text), ("BatchId", Uuid), ("Reason", SqlKind.Text), ("Comment", SqlKind.Text), ("CommentHash", Bytes),
        ("Before", SqlKind.Text), ("After", SqlKind.Text), ("ContentHash", Bytes));

    /// <summary>The values of an entry, in the order of <see cref="Entries"/>.</summary>
    public static object?[] Row(AuditEntry e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return
        [
            e.Id, e.At, e.ActorKind, e.ActorId, e.ActorFrom, e.Action, e.AccountId, e.AddressId, e.DomainName, e.CaseId, e.ScanId, e.PolicyVersion, e.Subject, e.BatchId, e.Reason, e.Comment, e.CommentHash,
            e.Before, e.After, e.ContentHash,
        ];
    }
}
