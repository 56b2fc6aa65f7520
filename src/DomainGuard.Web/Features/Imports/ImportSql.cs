using DomainGuard.Data.Providers;

namespace DomainGuard.Web.Features.Imports;

/// <summary>The statements of an import, the same on every provider.</summary>
internal static class ImportSql
{
    public static BulkTable Rows { get; } = new(
        "ImportRow",
        ("ImportId", SqlKind.Key), ("Sequence", SqlKind.Key), ("Line", SqlKind.Number), ("ExternalId", SqlKind.Text), ("IsRejected", SqlKind.Bool), ("Email", SqlKind.Text), ("SearchEmail", SqlKind.Text),
        ("MailHost", SqlKind.Text), ("DomainName", SqlKind.Text), ("IsRegistrable", SqlKind.Bool), ("IsTenant", SqlKind.Bool), ("UserName", SqlKind.Text), ("SortName", SqlKind.Text),
        ("DisplayName", SqlKind.Text), ("Impact", SqlKind.Number), ("IsPrimary", SqlKind.Bool), ("VerifiedAt", SqlKind.Instant), ("CreatedAt", SqlKind.Instant), ("LastSeenAt", SqlKind.Instant),
        ("TwoFactor", SqlKind.Bool), ("Privileged", SqlKind.Bool), ("Projects", SqlKind.Key), ("MonthlyDownloads", SqlKind.Key), ("Proof", SqlKind.Number));

    public static BulkTable Rejections { get; } = new(
        "ImportRejection", ("ImportId", SqlKind.Key), ("Sequence", SqlKind.Key), ("Line", SqlKind.Number), ("Field", SqlKind.Text), ("Reason", SqlKind.Text));

    public static BulkTable Domains { get; } = new(
        "Domain",
        ("Id", SqlKind.Key), ("Name", SqlKind.Text), ("Tld", SqlKind.Text), ("WatchedFor", SqlKind.Number), ("AddressCount", SqlKind.Number), ("MaxImpact", SqlKind.Number), ("Priority", SqlKind.Number),
        ("AddedAt", SqlKind.Instant), ("Phase", SqlKind.Number), ("Flags", SqlKind.Number), ("Confidence", SqlKind.Number), ("HandChange", SqlKind.Number), ("NextCheckAt", SqlKind.Instant),
        ("NextSweepAt", SqlKind.Instant), ("FailuresInRow", SqlKind.Number), ("Version", SqlKind.Number));

    public static BulkTable MailHosts { get; } = new("MailHost", ("Id", SqlKind.Key), ("DomainId", SqlKind.Key), ("Name", SqlKind.Text), ("IsTenant", SqlKind.Bool));

    /// <summary>What an import fills.</summary>
    public static IReadOnlyList<string> Filled { get; } = ["Account", "Address", "Domain", "MailHost"];

    public static SqlStatement RejectRow { get; } = new(
        """UPDATE "ImportRow" SET "IsRejected" = @p3 WHERE "ImportId" = @p0 AND "ExternalId" = @p1 AND "Sequence" = @p2""", SqlKind.Key, SqlKind.Text, SqlKind.Key, SqlKind.Bool);

    // Accounts of a page that we do not hold: what their first good row says. Nothing of it passes through this process.
    // p0 import, p1 after, p2 up to, p3 the id before the first, p4 now, p5 false.
    public static SqlStatement InsertAccounts { get; } = new(
        """
        INSERT INTO "Account" ("Id", "ExternalId", "UserName", "SortName", "DisplayName", "CreatedAt", "LastSeenAt", "TwoFactor", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version")
        SELECT @p3 + ROW_NUMBER() OVER (ORDER BY r."ExternalId"), r."ExternalId", r."UserName", COALESCE(r."SortName", r."UserName", r."ExternalId"), r."DisplayName", r."CreatedAt", r."LastSeenAt", r."TwoFactor",
          COALESCE(r."Privileged", @p5), COALESCE(r."Projects", 0), COALESCE(r."MonthlyDownloads", 0), r."Impact",
          (SELECT COUNT(e."Email") FROM "ImportRow" e WHERE e."ImportId" = @p0 AND e."ExternalId" = r."ExternalId" AND e."IsRejected" = @p5), @p4, @p4, 0
        FROM "ImportRow" r
        WHERE r."ImportId" = @p0 AND r."ExternalId" > @p1 AND r."ExternalId" <= @p2 AND r."IsRejected" = @p5
          AND NOT EXISTS (SELECT 1 FROM "ImportRow" e WHERE e."ImportId" = @p0 AND e."ExternalId" = r."ExternalId" AND e."Sequence" < r."Sequence" AND e."IsRejected" = @p5)
          AND NOT EXISTS (SELECT 1 FROM "Account" a WHERE a."ExternalId" = r."ExternalId")
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Key, SqlKind.Instant, SqlKind.Bool);

    // Addresses of a page that we do not hold, of new and of known accounts.
    public static SqlStatement InsertAddresses { get; } = new(
        """
        INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence", "AddedAt", "Version")
        SELECT @p3 + ROW_NUMBER() OVER (ORDER BY r."ExternalId", r."Sequence"), a."Id", d."Id", r."Email", COALESCE(r."SearchEmail", r."Email"), r."MailHost", r."IsPrimary", r."VerifiedAt", @p4, 0, 0, 0, @p4, 0
        FROM "ImportRow" r
        JOIN "Account" a ON a."ExternalId" = r."ExternalId"
        JOIN "Domain" d ON d."Name" = r."DomainName"
        WHERE r."ImportId" = @p0 AND r."ExternalId" > @p1 AND r."ExternalId" <= @p2 AND r."IsRejected" = @p5 AND r."Email" IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM "Address" x WHERE x."AccountId" = a."Id" AND x."Email" = r."Email")
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Key, SqlKind.Instant, SqlKind.Bool);

    // Good rows of accounts by their ids, a JSON array; as they are stored, for the two statements below. p0 import, p1 the ids, p2 false.
    public static SqlStatement NewRows { get; } = new(
        """
        SELECT r."ExternalId", r."UserName", COALESCE(r."SortName", r."UserName", r."ExternalId"), r."DisplayName", r."CreatedAt", r."LastSeenAt", r."TwoFactor", COALESCE(r."Privileged", 0),
          COALESCE(r."Projects", 0), COALESCE(r."MonthlyDownloads", 0), r."Impact", r."DomainName", r."Email", COALESCE(r."SearchEmail", r."Email"), r."MailHost", r."IsPrimary", r."VerifiedAt"
        FROM "ImportRow" r
        WHERE r."ImportId" = @p0 AND r."ExternalId" IN (SELECT j."value" FROM json_each(@p1) j) AND r."IsRejected" = @p2
        ORDER BY r."ExternalId", r."Sequence"
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Bool);

    // One by one, for SQLite.
    public static SqlStatement InsertAccount { get; } = new(
        """
        INSERT INTO "Account" ("Id", "ExternalId", "UserName", "SortName", "DisplayName", "CreatedAt", "LastSeenAt", "TwoFactor", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version")
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p13, 0)
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Instant, SqlKind.Instant, SqlKind.Bool, SqlKind.Bool, SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Number,
        SqlKind.Instant);

    // p2 the name of its domain: where nobody added it, the address is refused.
    public static SqlStatement InsertAddress { get; } = new(
        """
        INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence", "AddedAt", "Version")
        VALUES (@p0, @p1, (SELECT d."Id" FROM "Domain" d WHERE d."Name" = @p2), @p3, @p4, @p5, @p6, @p7, @p8, 0, 0, 0, @p8, 0)
        """,
        SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Instant, SqlKind.Instant);

    public static SqlStatement UpdateAccount { get; } = new(
        """
        UPDATE "Account" SET "UserName" = @p1, "SortName" = @p2, "DisplayName" = @p3, "CreatedAt" = @p4, "LastSeenAt" = @p5, "TwoFactor" = @p6, "Privileged" = @p7, "Projects" = @p8,
          "MonthlyDownloads" = @p9, "Impact" = @p10, "AddressCount" = @p11, "ChangedAt" = @p12, "RetiredAt" = NULL, "Version" = "Version" + 1
        WHERE "Id" = @p0 AND "Version" = @p13
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Instant, SqlKind.Instant, SqlKind.Bool, SqlKind.Bool, SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Number, SqlKind.Instant,
        SqlKind.Number);

    // A change of hands found meanwhile raises the version: then the page is planned anew, for a verification must not be taken on what was known before.
    public static SqlStatement UpdateAddress { get; } = new(
        """
        UPDATE "Address" SET "IsPrimary" = @p1, "VerifiedAt" = @p2, "BaselineFrom" = @p3, "RetiredAt" = @p4,
          "ClaimedAt" = @p6, "ClaimState" = @p7, "ClaimProof" = @p8, "Version" = "Version" + 1
        WHERE "Id" = @p0 AND "Version" = @p5
        """,
        SqlKind.Key, SqlKind.Bool, SqlKind.Instant, SqlKind.Instant, SqlKind.Instant, SqlKind.Number, SqlKind.Instant, SqlKind.Number, SqlKind.Number);

    // A verification waits for the next verdict: looked up first. p2 true.
    public static SqlStatement BringForward { get; } = new(
        """
        UPDATE "Domain" SET "NextCheckAt" = CASE WHEN "NextCheckAt" > @p1 THEN @p1 ELSE "NextCheckAt" END, "HasClaim" = @p2, "Version" = "Version" + 1
        WHERE "Id" = @p0
        """,
        SqlKind.Key, SqlKind.Instant, SqlKind.Bool);

    // Only what differs is written; NextCheckAt is touched only where watching begins or ends, for a scan may just have moved it, and where an address came after the domain was last
    // looked up: nobody has judged yet whether the domain is in other hands than its holder's. Tried since, it keeps its place, so that one that never answers is not asked at every list;
    // of a provider a person judges the whole. p0 after, p1 up to, p2 now, p3 true, p4 NotApplicable, p5 Notable. Priority: bit 2 an account has its only address here, bit 1 an account has no second factor.
    public static SqlStatement Tally { get; } = new(
        """
        UPDATE "Domain" SET "AddressCount" = s."Count", "MaxImpact" = s."Impact", "EarliestTrustAt" = s."Trust", "Priority" = s."Rank",
          "WatchedFor" = ("Domain"."WatchedFor" & 2) | s."Watched",
          "NextCheckAt" = CASE WHEN (("Domain"."WatchedFor" & 2) | s."Watched") = 0 OR "Domain"."Phase" = @p4 THEN NULL
            WHEN s."Newest" > "Domain"."LastTriedAt" AND ("Domain"."Flags" & @p5) = 0 AND "Domain"."NextCheckAt" > @p2 THEN @p2
            ELSE COALESCE("Domain"."NextCheckAt", @p2) END,
          "Version" = "Domain"."Version" + 1
        FROM (
          SELECT d."Id" AS "Id", COUNT(a."Id") AS "Count", COALESCE(MAX(c."Impact"), 0) AS "Impact", MIN(COALESCE(a."VerifiedAt", c."CreatedAt")) AS "Trust", MAX(a."AddedAt") AS "Newest",
            MAX(CASE WHEN c."AddressCount" = 1 THEN 2 ELSE 0 END) + MAX(CASE WHEN c."Id" IS NULL OR c."TwoFactor" = @p3 THEN 0 ELSE 1 END) AS "Rank",
            CASE WHEN COUNT(a."Id") = 0 THEN 0 ELSE 1 END AS "Watched"
          FROM "Domain" d
          LEFT JOIN "Address" a ON a."DomainId" = d."Id" AND a."RetiredAt" IS NULL
          LEFT JOIN "Account" c ON c."Id" = a."AccountId"
          WHERE d."Id" > @p0 AND d."Id" <= @p1
          GROUP BY d."Id"
        ) s
        WHERE "Domain"."Id" = s."Id" AND (s."Count" <> "Domain"."AddressCount" OR s."Impact" <> "Domain"."MaxImpact" OR s."Rank" <> "Domain"."Priority" OR s."Watched" <> ("Domain"."WatchedFor" & 1)
          OR s."Trust" <> "Domain"."EarliestTrustAt" OR (s."Trust" IS NULL AND "Domain"."EarliestTrustAt" IS NOT NULL) OR (s."Trust" IS NOT NULL AND "Domain"."EarliestTrustAt" IS NULL)
          OR (s."Newest" > "Domain"."LastTriedAt" AND ("Domain"."Flags" & @p5) = 0 AND "Domain"."NextCheckAt" > @p2))
        """,
        SqlKind.Key, SqlKind.Key, SqlKind.Instant, SqlKind.Bool, SqlKind.Number, SqlKind.Number);

    // p0 import, p1 up to, p2 accounts done.
    public static SqlStatement Advance { get; } = new(
        """UPDATE "Import" SET "MergedUpTo" = @p1, "MergedAccounts" = "MergedAccounts" + @p2 WHERE "Id" = @p0""", SqlKind.Key, SqlKind.Text, SqlKind.Number);

    // p0 import, p1 after, p2 up to, p3 now, p4 true when it is gone. Accounts by their keys, so that a page is short.
    public static SqlStatement RetireAddresses { get; } = new(
        """
        UPDATE "Address" SET "RetiredAt" = @p3, "Version" = "Version" + 1
        WHERE "AccountId" > @p1 AND "AccountId" <= @p2 AND "RetiredAt" IS NULL AND EXISTS (
          SELECT 1 FROM "Account" a WHERE a."Id" = "Address"."AccountId" AND a."RetiredAt" IS NULL
            AND NOT EXISTS (SELECT 1 FROM "ImportRow" r WHERE r."ImportId" = @p0 AND r."ExternalId" = a."ExternalId"))
        """,
        SqlKind.Key, SqlKind.Key, SqlKind.Key, SqlKind.Instant);

    public static SqlStatement RetireAccounts { get; } = new(
        """
        UPDATE "Account" SET "RetiredAt" = @p3, "ChangedAt" = @p3, "AddressCount" = 0, "Version" = "Version" + 1
        WHERE "Id" > @p1 AND "Id" <= @p2 AND "RetiredAt" IS NULL
          AND NOT EXISTS (SELECT 1 FROM "ImportRow" r WHERE r."ImportId" = @p0 AND r."ExternalId" = "Account"."ExternalId")
        """,
        SqlKind.Key, SqlKind.Key, SqlKind.Key, SqlKind.Instant);

    public static SqlStatement ClearRows { get; } = new(
        """DELETE FROM "ImportRow" WHERE "ImportId" = @p0 AND "ExternalId" <= @p1""", SqlKind.Key, SqlKind.Text);
}
