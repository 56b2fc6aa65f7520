using DomainGuard.Data.Providers;

namespace DomainGuard.Web.Features.Imports;

/// <summary>The statements of an import, the same on every provider.</summary>
internal static class ImportSql
{
    public static SqlStatement StageRow { get; } = new(
        """
        INSERT INTO "ImportRow" ("ImportId", "Sequence", "Line", "ExternalId", "Email", "MailHost", "DomainName", "IsRegistrable", "IsTenant", "UserName", "DisplayName", "IsPrimary", "VerifiedAt", "CreatedAt", "LastSeenAt", "TwoFactor", "Privileged", "Projects", "MonthlyDownloads")
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p14, @p15, @p16, @p17, @p18)
        """,
        SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Bool, SqlKind.Text, SqlKind.Text, SqlKind.Bool,
        SqlKind.Instant, SqlKind.Instant, SqlKind.Instant, SqlKind.Bool, SqlKind.Bool, SqlKind.Key, SqlKind.Key);

    public static SqlStatement Reject { get; } = new(
        """INSERT INTO "ImportRejection" ("ImportId", "Sequence", "Line", "Field", "Reason") VALUES (@p0, @p1, @p2, @p3, @p4)""",
        SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Text, SqlKind.Text);

    public static SqlStatement InsertDomain { get; } = new(
        """
        INSERT INTO "Domain" ("Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "AddedAt", "Phase", "Flags", "Confidence", "HandChange", "NextCheckAt", "NextSweepAt", "FailuresInRow", "Version")
        VALUES (@p0, @p1, @p2, @p3, 0, 0, @p4, @p5, @p6, 0, 0, 0, @p7, @p8, 0, 0)
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Number, SqlKind.Number, SqlKind.Instant, SqlKind.Number, SqlKind.Instant, SqlKind.Instant);

    public static SqlStatement InsertMailHost { get; } = new(
        """INSERT INTO "MailHost" ("Id", "DomainId", "Name", "IsTenant") VALUES (@p0, @p1, @p2, @p3)""", SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Bool);

    public static SqlStatement InsertAccount { get; } = new(
        """
        INSERT INTO "Account" ("Id", "ExternalId", "UserName", "SortName", "DisplayName", "CreatedAt", "LastSeenAt", "TwoFactor", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version")
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p13, 0)
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Instant, SqlKind.Instant, SqlKind.Bool, SqlKind.Bool, SqlKind.Key, SqlKind.Key, SqlKind.Number,
        SqlKind.Number, SqlKind.Instant);

    public static SqlStatement UpdateAccount { get; } = new(
        """
        UPDATE "Account" SET "UserName" = @p1, "SortName" = @p2, "DisplayName" = @p3, "CreatedAt" = @p4, "LastSeenAt" = @p5, "TwoFactor" = @p6, "Privileged" = @p7, "Projects" = @p8,
          "MonthlyDownloads" = @p9, "Impact" = @p10, "AddressCount" = @p11, "ChangedAt" = @p12, "RetiredAt" = NULL, "Version" = "Version" + 1
        WHERE "Id" = @p0
        """,
        SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Instant, SqlKind.Instant, SqlKind.Bool, SqlKind.Bool, SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Number, SqlKind.Instant);

    public static SqlStatement InsertAddress { get; } = new(
        """
        INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence", "AddedAt", "Version")
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, 0, 0, 0, @p8, 0)
        """,
        SqlKind.Key, SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Instant, SqlKind.Instant);

    public static SqlStatement UpdateAddress { get; } = new(
        """UPDATE "Address" SET "IsPrimary" = @p1, "VerifiedAt" = @p2, "BaselineFrom" = @p3, "RetiredAt" = @p4, "Version" = "Version" + 1 WHERE "Id" = @p0""",
        SqlKind.Key, SqlKind.Bool, SqlKind.Instant, SqlKind.Instant, SqlKind.Instant);

    public static SqlStatement BringForward { get; } = new(
        """UPDATE "Domain" SET "NextCheckAt" = @p1 WHERE "Id" = @p0 AND "NextCheckAt" > @p1""", SqlKind.Key, SqlKind.Instant);

    public static SqlStatement Tally { get; } = new(
        """
        UPDATE "Domain" SET "AddressCount" = @p1, "MaxImpact" = @p2, "EarliestTrustAt" = @p3, "Priority" = @p4, "WatchedFor" = @p5, "NextCheckAt" = @p6
        WHERE "Id" = @p0
        """,
        SqlKind.Key, SqlKind.Number, SqlKind.Number, SqlKind.Instant, SqlKind.Number, SqlKind.Number, SqlKind.Instant);

    public static SqlStatement Advance { get; } = new(
        """UPDATE "Import" SET "MergedUpTo" = @p1, "MergedAccounts" = "MergedAccounts" + @p2, "LeaseUntil" = @p3 WHERE "Id" = @p0""", SqlKind.Key, SqlKind.Text, SqlKind.Number, SqlKind.Instant);
}
