using DomainGuard.Data.Providers;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Scans;

/// <summary>The statements of the scan engine's hot paths: the same text on all three databases.</summary>
internal static class ScanSql
{
    /// <summary>Renews the lease of a lane in the transaction that writes its results: no row touched, no right to write.</summary>
    public static readonly SqlStatement HoldLane = new(
        """UPDATE "ScanLane" SET "LeaseUntil" = @p0 WHERE "ScanId" = @p1 AND "Host" = @p2 AND "LeaseOwner" = @p3""",
        Instant, Key, Text, Text);

    /// <summary>Takes a lane that nobody holds: free, run out, or taken by a clock that was set back since.</summary>
    public static readonly SqlStatement ClaimLane = new(
        """
        UPDATE "ScanLane" SET "LeaseOwner" = @p0, "LeaseUntil" = @p1 WHERE "ScanId" = @p2 AND "Host" = @p3
        AND ("LeaseOwner" IS NULL OR "LeaseUntil" < @p4 OR "LeaseUntil" > @p5)
        """,
        Text, Instant, Key, Text, Instant, Instant);

    /// <summary>Lets a lane go.</summary>
    public static readonly SqlStatement ReleaseLane = new(
        """UPDATE "ScanLane" SET "LeaseOwner" = NULL, "LeaseUntil" = NULL WHERE "ScanId" = @p0 AND "Host" = @p1 AND "LeaseOwner" = @p2""",
        Key, Text, Text);

    /// <summary>Stages the answers of one domain; touches nothing when that was done before.</summary>
    public static readonly SqlStatement StageItem = new(
        """
        UPDATE "ScanItem" SET "State" = @p0, "Staged" = @p1
        WHERE "ScanId" = @p2 AND "Host" = @p3 AND "DomainId" = @p4 AND "State" = 0
        """,
        Number, Bytes, Key, Text, Key);

    /// <summary>Counts what was staged.</summary>
    public static readonly SqlStatement CountStagedInLane = new(
        """
        UPDATE "ScanLane" SET "Done" = "Done" + @p0, "Answered" = "Answered" + @p1, "PortionDone" = "PortionDone" + @p0, "PortionAnswered" = "PortionAnswered" + @p1
        WHERE "ScanId" = @p2 AND "Host" = @p3
        """,
        Number, Number, Key, Text);

    /// <summary>The same for the scan.</summary>
    public static readonly SqlStatement CountStagedInScan = new(
        """UPDATE "Scan" SET "Done" = "Done" + @p0, "Answered" = "Answered" + @p1, "Version" = "Version" + 1 WHERE "Id" = @p2""",
        Number, Number, Key);

    /// <summary>Marks an item as settled; touches nothing when another node did.</summary>
    public static readonly SqlStatement SettleItem = new(
        """UPDATE "ScanItem" SET "Staged" = NULL WHERE "ScanId" = @p0 AND "Host" = @p1 AND "DomainId" = @p2 AND "Staged" IS NOT NULL""",
        Key, Text, Key);

    /// <summary>Counts what was settled.</summary>
    public static readonly SqlStatement CountSettled = new(
        """UPDATE "Scan" SET "Settled" = "Settled" + @p0, "Changed" = "Changed" + @p1, "Version" = "Version" + 1 WHERE "Id" = @p2""",
        Number, Number, Key);

    /// <summary>The times of a void look-up: tried and due, nothing else.</summary>
    public static readonly SqlStatement TouchDomain = new(
        """
        UPDATE "Domain" SET "LastTriedAt" = @p0, "FailuresInRow" = @p1, "NextCheckAt" = @p2, "Version" = "Version" + 1
        WHERE "Id" = @p3 AND "Version" = @p4
        """,
        Instant, Number, Instant, Key, Number);

    /// <summary>Writes a verdict; touches nothing when somebody else changed the row since it was read.</summary>
    public static readonly SqlStatement UpdateDomain = new(
        """
        UPDATE "Domain" SET "Phase" = @p0, "PhaseSince" = @p1, "Flags" = @p2, "Confidence" = @p3, "HandChange" = @p4, "Reasons" = @p5,
        "RegisteredAt" = @p6, "ExpiresAt" = @p7, "LastTransferAt" = @p8, "RegistrarName" = @p9, "RegistrarIanaId" = @p10, "Handle" = @p11,
        "DropFrom" = @p12, "DropTo" = @p13, "LastTriedAt" = @p14, "LastAnsweredAt" = @p15, "NextCheckAt" = @p16, "FailuresInRow" = @p17,
        "NextSweepAt" = @p18, "DnsFingerprint" = @p19, "Version" = "Version" + 1
        WHERE "Id" = @p20 AND "Version" = @p21
        """,
        Number, Instant, Number, Number, Number, Text, Instant, Instant, Instant, Text, Text, Text, Instant, Instant, Instant, Instant, Instant, Number, Instant, Text, Key, Number);

    /// <summary>Marks a domain whose verdict matters: its findings are carried out by the scan's policy. After <see cref="UpdateDomain"/>, in its transaction.</summary>
    public static readonly SqlStatement MarkFindings = new(
        """UPDATE "Domain" SET "FindingsDueAt" = @p0, "FindingsScanId" = @p1 WHERE "Id" = @p2""",
        Instant, Key, Key);

    /// <summary>A new answer.</summary>
    public static readonly SqlStatement InsertObservation = new(
        """
        INSERT INTO "Observation" ("Id", "DomainId", "Source", "Host", "Outcome", "Failure", "Error", "HttpStatus", "FirstAt", "LastAt", "Times", "DurationMs",
        "Facts", "FactsHash", "RawHash", "Raw") VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p8, 1, @p9, @p10, @p11, @p12, @p13)
        """,
        Key, Key, Number, Text, Number, Number, Text, Number, Instant, Number, Text, Bytes, Bytes, Bytes);

    /// <summary>The same answer once more: only its time.</summary>
    public static readonly SqlStatement ExtendObservation = new(
        """UPDATE "Observation" SET "LastAt" = @p0, "Times" = "Times" + 1, "DurationMs" = @p1 WHERE "Id" = @p2""",
        Instant, Number, Key);

    /// <summary>Ends the open stretch of a verdict.</summary>
    public static readonly SqlStatement EndSpan = new(
        """UPDATE "PhaseSpan" SET "To" = CASE WHEN "From" > @p0 THEN "From" ELSE @p0 END WHERE "DomainId" = @p1 AND "To" IS NULL""",
        Instant, Key);

    /// <summary>Begins one.</summary>
    public static readonly SqlStatement InsertSpan = new(
        """
        INSERT INTO "PhaseSpan" ("Id", "DomainId", "Phase", "Flags", "Confidence", "From", "To", "Reasons", "ScanId")
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, NULL, @p6, @p7)
        """,
        Key, Key, Number, Number, Number, Instant, Text, Key);

    /// <summary>New facts of the holder.</summary>
    public static readonly SqlStatement InsertBaseline = new(
        """
        INSERT INTO "Baseline" ("Id", "DomainId", "Kind", "FirstSeenAt", "LastSeenAt", "RegisteredAt", "Handle", "RegistrarIanaId", "NameServers", "MailExchanges")
        VALUES (@p0, @p1, @p2, @p3, @p3, @p4, @p5, @p6, @p7, @p8)
        """,
        Key, Key, Number, Instant, Instant, Text, Text, Text, Text);

    /// <summary>The same facts once more.</summary>
    public static readonly SqlStatement ExtendBaseline = new(
        """UPDATE "Baseline" SET "LastSeenAt" = @p0 WHERE "Id" = @p1""",
        Instant, Key);

    /// <summary>What was concluded for one address.</summary>
    public static readonly SqlStatement UpdateHand = new(
        """UPDATE "Address" SET "HandChange" = @p0, "HandConfidence" = @p1, "HandReasons" = @p2, "Version" = "Version" + 1 WHERE "Id" = @p3""",
        Number, Number, Text, Key);

    /// <summary>A mail exchanger's domain that is not watched yet.</summary>
    public static readonly SqlStatement InsertMxDomain = new(
        """
        INSERT INTO "Domain" ("Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "AddedAt", "Phase", "Flags", "Confidence", "HandChange",
        "FailuresInRow", "NextCheckAt", "NextSweepAt", "Version")
        SELECT @p0, @p1, @p2, 2, 0, 0, 0, @p3, 0, 0, 0, 0, 0, @p3, @p4, 1 WHERE NOT EXISTS (SELECT 1 FROM "Domain" WHERE "Name" = @p1)
        """,
        Key, Text, Text, Instant, Instant);

    /// <summary>One that is known already is watched for its mail exchanger too.</summary>
    public static readonly SqlStatement WatchMxDomain = new(
        """
        UPDATE "Domain" SET "WatchedFor" = "WatchedFor" + 2, "NextCheckAt" = COALESCE("NextCheckAt", @p0), "Version" = "Version" + 1
        WHERE "Id" = @p1 AND "WatchedFor" IN (0, 1)
        """,
        Instant, Key);

    /// <summary>A link seen before.</summary>
    public static readonly SqlStatement ExtendMxLink = new(
        """UPDATE "MxLink" SET "LastSeenAt" = @p0 WHERE "DomainId" = @p1 AND "MxDomainId" = @p2""",
        Instant, Key, Key);

    /// <summary>A new link.</summary>
    public static readonly SqlStatement InsertMxLink = new(
        """INSERT INTO "MxLink" ("LastSeenAt", "DomainId", "MxDomainId") VALUES (@p0, @p1, @p2)""",
        Instant, Key, Key);

    /// <summary>A link that the latest answer does not name any more.</summary>
    public static readonly SqlStatement DeleteMxLink = new(
        """DELETE FROM "MxLink" WHERE "DomainId" = @p0 AND "MxDomainId" = @p1""",
        Key, Key);

    /// <summary>Domains whose mail goes through one whose phase moved into or out of lapse are looked at again at once.</summary>
    public static readonly SqlStatement BringForwardLinked = new(
        """
        UPDATE "Domain" SET "NextCheckAt" = @p0, "Version" = "Version" + 1
        WHERE "NextCheckAt" > @p0 AND "Id" IN (SELECT "DomainId" FROM "MxLink" WHERE "MxDomainId" = @p1)
        """,
        Instant, Key);

    /// <summary>A better canary for a lane: in order, and answered so more often than the one it has.</summary>
    public static readonly SqlStatement ImproveCanary = new(
        """
        UPDATE "Lane" SET "Canary" = @p0, "CanaryAnswers" = @p1
        WHERE "Host" = @p2 AND ("Canary" IS NULL OR "Canary" = @p0 OR "CanaryAnswers" < @p1)
        """,
        Text, Number, Text);
}
