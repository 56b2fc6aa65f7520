using DomainGuard.Data.Providers;

namespace DomainGuard.Data.Mails;

/// <summary>Statements of news: the same text on all databases.</summary>
public static class MailSql
{
    /// <summary>Entries up to a number have become news; touches nothing when another process was first.</summary>
    public static SqlStatement MoveHead { get; } = new("""UPDATE "MailHead" SET "Sequence" = @p0 WHERE "Id" = 1 AND "Sequence" = @p1""", SqlKind.Key, SqlKind.Key);

    /// <summary>News.</summary>
    public static BulkTable News { get; } = new(
        "MailNews", ("Sequence", SqlKind.Key), ("Kind", SqlKind.Number), ("CaseId", SqlKind.Key), ("Number", SqlKind.Key), ("ReceiverId", SqlKind.Uuid), ("ReadAt", SqlKind.Instant));
}
