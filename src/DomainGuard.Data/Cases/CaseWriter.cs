using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Data.Cases;

/// <summary>A case that was changed in memory, as it is to be written.</summary>
/// <param name="Case">The case as it is to be.</param>
/// <param name="ReadVersion">Its version when it was read.</param>
/// <param name="Address">Its address as it is to be; null for a case of the whole domain.</param>
/// <param name="Step">The step that was taken.</param>
/// <param name="ReadBaseline"><see cref="Address.TrustedFrom"/> of the address when it was read.</param>
public sealed record CaseChange(Case Case, int ReadVersion, Address? Address, CaseStep Step, DateTimeOffset? ReadBaseline);

/// <summary>
/// Writes steps of cases by prepared statements in the caller's transaction: case, address, history and audit trail of each. Rows are touched in the order of their keys, so
/// that two writers wait for each other instead of locking each other out.
/// </summary>
public static class CaseWriter
{
    // Everything but keys, the time it was opened and that of the last knock, which only the gate writes.
    private static readonly SqlStatement Update = new(
        """
        UPDATE "Case" SET "State" = @p0, "IsOpen" = @p1, "IsUnverified" = @p2, "Situation" = @p3, "Wanted" = @p4, "Guard" = @p5, "Phase" = @p6, "HandChange" = @p7, "Confidence" = @p8, "Severity" = @p9,
        "Points" = @p10, "DropFrom" = @p11, "StateSince" = @p12, "ReopenReason" = @p13, "Until" = @p14, "DecidedPhase" = @p15, "DecidedHandChange" = @p16, "DecidedWanted" = @p17, "AssigneeId" = @p18,
        "IsContested" = @p19, "BatchId" = @p20, "AppliedUpTo" = @p21, "PolicyVersion" = @p22, "ScanId" = @p23, "SameFrom" = @p24, "SameTo" = @p25, "Version" = @p26
        WHERE "Id" = @p27 AND "Version" = @p28
        """,
        Number, Bool, Bool, Number, Number, Number, Number, Number, Number, Number,
        Number, Instant, Instant, SqlKind.Text, Instant, Number, Number, Number, Uuid,
        Bool, Key, Key, Number, Key, Number, Number, Number,
        Key, Number);

    // The state follows the case, whose version guards it.
    private static readonly SqlStatement UpdateState = new(
        """UPDATE "Address" SET "State" = @p0, "Version" = "Version" + 1 WHERE "Id" = @p1""", Number, Key);

    // A scan may have found a change of hands since: then what is there now must not be taken for the holder's.
    private static readonly SqlStatement UpdateBaseline = new(
        """
        UPDATE "Address" SET "State" = @p0, "BaselineFrom" = @p1, "DismissedAt" = @p2, "HandChange" = @p3, "HandConfidence" = @p4, "Version" = "Version" + 1 WHERE "Id" = @p5 AND "Version" = @p6
        """,
        Number, Instant, Instant, Number, Number, Key, Number);

    // The same for a domain as a whole, by one statement whatever its size; who is not suspected has a baseline that is newer than the signs. First the domain: a worse change that a scan found since stays.
    private static readonly SqlStatement DismissDomain = new(
        """UPDATE "Domain" SET "HandChange" = @p0, "Version" = "Version" + 1 WHERE "Id" = @p1 AND "HandChange" <= @p2""",
        Number, Key, Number);

    private static readonly SqlStatement DismissAddresses = new(
        """
        UPDATE "Address" SET "DismissedAt" = @p0, "HandChange" = @p1, "HandConfidence" = @p2, "Version" = "Version" + 1 WHERE "DomainId" = @p3 AND "HandChange" = @p4 AND "RetiredAt" IS NULL
        """,
        Instant, Number, Number, Key, Number);

    private static readonly SqlStatement SuspectDomain = new(
        """UPDATE "Domain" SET "HandChange" = @p0, "Version" = "Version" + 1 WHERE "Id" = @p1 AND "HandChange" < @p0""",
        Number, Key);

    private static readonly SqlStatement SuspectAddresses = new(
        """UPDATE "Address" SET "DismissedAt" = NULL, "HandChange" = @p0, "HandConfidence" = @p1, "Version" = "Version" + 1 WHERE "DomainId" = @p2 AND "DismissedAt" = @p3 AND "HandChange" < @p0""",
        Number, Number, Key, Instant);

    private static readonly BulkTable Decisions = new(
        "Decision",
        ("Id", Uuid), ("CaseId", Key), ("CaseVersion", Number), ("At", Instant), ("ActorKind", Number), ("ActorId", SqlKind.Text), ("Event", Number), ("From", Number), ("To", Number), ("Reason", Number),
        ("Comment", SqlKind.Text), ("Until", Instant), ("Situation", Number), ("Phase", Number), ("HandChange", Number), ("Confidence", Number), ("PolicyVersion", Number), ("ScanId", Key), ("BulkId", Uuid),
        ("Before", SqlKind.Text), ("Undoes", Uuid));

    /// <summary>Writes steps. False when a case or an address was changed by somebody else since it was read: then the caller takes the transaction back.</summary>
    public static async Task<bool> WriteAsync(StatementSession session, IReadOnlyList<CaseChange> changes, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(changes);
        if (!await WriteCasesAsync(session, [.. changes.Select(c => (c.Case, c.ReadVersion))], cancel))
        {
            return false;
        }

        var addresses = changes.Where(c => c.Step.AddressChanged && c.Address is not null).OrderBy(c => c.Address!.Id).ToLookup(c => c.Address!.TrustedFrom != c.ReadBaseline);
        List<object?[]> states = [.. addresses[false].Select(c => new object?[] { c.Address!.State, c.Address.Id })];
        List<object?[]> baselines = [.. addresses[true].Select(c => c.Address!).Select(a => new object?[] { a.State, a.BaselineFrom, a.DismissedAt, a.HandChange, a.HandConfidence, a.Id, a.Version })];
        if (await session.ExecuteManyAsync(UpdateState, states, cancel) != states.Count || await session.ExecuteManyAsync(UpdateBaseline, baselines, cancel) != baselines.Count)
        {
            return false;
        }

        foreach (var (@case, step) in changes.Where(c => c.Step.DismissedAt is not null).OrderBy(c => c.Case.DomainId).Select(c => (c.Case, c.Step)))
        {
            if (!await DismissAsync(session, @case, step, cancel))
            {
                return false;
            }
        }

        await session.InsertAsync(Decisions, [.. changes.Select(c => Row(c.Step.Decision))], cancel);
        await session.InsertAsync(AuditSql.Entries, [.. changes.Select(c => AuditSql.Row(AuditTrail.Entry(c.Step.Fact)))], cancel);
        return true;
    }

    /// <summary>Writes cases alone, each with the version that it has in memory. False when one was changed by somebody else since it was read.</summary>
    public static async Task<bool> WriteCasesAsync(StatementSession session, IReadOnlyList<(Case Case, int ReadVersion)> cases, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(cases);
        List<object?[]> rows = [.. cases.OrderBy(c => c.Case.Id).Select(c => Row(c.Case, c.ReadVersion))];
        return await session.ExecuteManyAsync(Update, rows, cancel) == rows.Count;
    }

    // False when the domain has changed hands for certain since.
    private static async Task<bool> DismissAsync(StatementSession session, Case @case, CaseStep step, CancellationToken cancel)
    {
        if (step.Decision.Undoes is not null)
        {
            await session.ExecuteAsync(SuspectDomain, [HandChange.Suspected, @case.DomainId], cancel);
            await session.ExecuteAsync(SuspectAddresses, [HandChange.Suspected, @case.Confidence, @case.DomainId, step.DismissedAt], cancel);
            return true;
        }

        if (await session.ExecuteAsync(DismissDomain, [HandChange.None, @case.DomainId, HandChange.Suspected], cancel) != 1)
        {
            return false;
        }

        await session.ExecuteAsync(DismissAddresses, [step.DismissedAt, HandChange.None, Confidence.None, @case.DomainId, HandChange.Suspected], cancel);
        return true;
    }

    private static object?[] Row(Case c, int readVersion) =>
    [
        c.State, c.IsOpen, c.IsUnverified, c.Situation, c.Wanted, c.Guard, c.Phase, c.HandChange, c.Confidence, c.Severity,
        c.Points, c.DropFrom, c.StateSince, c.ReopenReason, c.Until, c.DecidedPhase, c.DecidedHandChange, c.DecidedWanted, c.AssigneeId,
        c.IsContested, c.BatchId, c.AppliedUpTo, c.PolicyVersion, c.ScanId, c.SameFrom, c.SameTo, c.Version,
        c.Id, readVersion,
    ];

    private static object?[] Row(Decision d) =>
    [
        d.Id, d.CaseId, d.CaseVersion, d.At, d.ActorKind, d.ActorId, d.Event, d.From, d.To, d.Reason, d.Comment, d.Until, d.Situation, d.Phase, d.HandChange, d.Confidence, d.PolicyVersion, d.ScanId, d.BulkId,
        d.Before, d.Undoes,
    ];
}
