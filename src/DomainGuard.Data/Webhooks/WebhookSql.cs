using DomainGuard.Data.Providers;

namespace DomainGuard.Data.Webhooks;

/// <summary>Statements of events: the same text on all databases.</summary>
public static class WebhookSql
{
    /// <summary>A fact that is told: for whoever writes it beside what makes it true.</summary>
    public static SqlStatement InsertNotice { get; } = new(
        """INSERT INTO "Notice" ("Id", "Type", "At", "DomainId", "AddressId", "Facts") VALUES (@p0, @p1, @p2, @p3, @p4, @p5)""",
        SqlKind.Uuid, SqlKind.Number, SqlKind.Instant, SqlKind.Key, SqlKind.Key, SqlKind.Text);

    /// <summary>It has become an event.</summary>
    public static SqlStatement RemoveNotice { get; } = new("""DELETE FROM "Notice" WHERE "Id" = @p0""", SqlKind.Uuid);

    /// <summary>Entries up to a number have been read, by one who follows the trail; touches nothing when another process was first.</summary>
    public static SqlStatement MoveHead { get; } = new("""UPDATE "EventHead" SET "Sequence" = @p0 WHERE "Id" = @p2 AND "Sequence" = @p1""", SqlKind.Key, SqlKind.Key, SqlKind.Number);

    /// <summary>Events.</summary>
    public static BulkTable Events { get; } = new(
        "WebhookEvent", ("Id", SqlKind.Uuid), ("Type", SqlKind.Number), ("At", SqlKind.Instant), ("DomainName", SqlKind.Text), ("AccountId", SqlKind.Key), ("Body", SqlKind.Text), ("CreatedAt", SqlKind.Instant));

    /// <summary>Deliveries that wait.</summary>
    public static BulkTable Deliveries { get; } = new(
        "WebhookDelivery",
        ("Id", SqlKind.Key), ("EndpointId", SqlKind.Uuid), ("EventId", SqlKind.Uuid), ("State", SqlKind.Number), ("Tries", SqlKind.Number), ("NextTryAt", SqlKind.Instant), ("DurationMs", SqlKind.Number),
        ("CreatedAt", SqlKind.Instant));

    /// <summary>What a try led to; touches nothing when the claim was lost.</summary>
    public static SqlStatement Tried { get; } = new(
        """
        UPDATE "WebhookDelivery" SET "State" = @p0, "Tries" = "Tries" + 1, "NextTryAt" = @p1, "Claim" = NULL, "ClaimUntil" = NULL, "TriedAt" = @p2, "Status" = @p3, "DurationMs" = @p4, "Error" = @p5
        WHERE "Id" = @p6 AND "Claim" = @p7
        """,
        SqlKind.Number, SqlKind.Instant, SqlKind.Instant, SqlKind.Number, SqlKind.Number, SqlKind.Text, SqlKind.Key, SqlKind.Uuid);

    /// <summary>What was claimed and not tried is free again.</summary>
    public static SqlStatement LetGo { get; } = new("""UPDATE "WebhookDelivery" SET "Claim" = NULL, "ClaimUntil" = NULL WHERE "Claim" = @p0""", SqlKind.Uuid);
}
