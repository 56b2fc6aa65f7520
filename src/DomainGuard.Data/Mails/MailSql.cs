using DomainGuard.Data.Providers;

namespace DomainGuard.Data.Mails;

/// <summary>Statements of news: the same text on all databases.</summary>
public static class MailSql
{
    /// <summary>News.</summary>
    public static BulkTable News { get; } = new(
        "MailNews", ("Sequence", SqlKind.Key), ("Kind", SqlKind.Number), ("CaseId", SqlKind.Key), ("Number", SqlKind.Key), ("ReceiverId", SqlKind.Uuid), ("ReadAt", SqlKind.Instant));
}
