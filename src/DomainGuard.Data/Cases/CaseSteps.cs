using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;

namespace DomainGuard.Data.Cases;

/// <summary>Who takes a step, when, and what he says with it.</summary>
/// <param name="Actor">Who.</param>
/// <param name="At">When (UTC).</param>
public sealed record StepBy(AuditActor Actor, DateTimeOffset At)
{
    /// <summary>Reason code: a person always gives one.</summary>
    public ReasonCode? Reason { get; init; }

    /// <summary>Free text, at most 10,000 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>End of the snooze or override that the step sets (UTC).</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The bulk decision that it belongs to.</summary>
    public Guid? BulkId { get; init; }

    /// <summary>Why the case is opened again, in words, at most 300 characters.</summary>
    public string? ReopenReason { get; init; }
}

/// <summary>What a finding says of a case: written into it by the step that it causes.</summary>
/// <param name="Finding">The policy's conclusion.</param>
/// <param name="Phase">Phase of the domain.</param>
/// <param name="HandChange">Change of hands for the address.</param>
/// <param name="Confidence">Confidence of the claim that decided.</param>
/// <param name="Points">Points of <see cref="SeverityScale"/>.</param>
/// <param name="DropFrom">Earliest estimated drop (UTC).</param>
/// <param name="PolicyVersion">Version of the policy.</param>
/// <param name="ScanId">The scan that found it; null when none did.</param>
public sealed record CaseFinding(
    Finding Finding, Phase Phase, HandChange HandChange, Confidence Confidence, int Points, DateTimeOffset? DropFrom, int PolicyVersion, long? ScanId);

/// <summary>One step of a case, taken in memory: what is to be written beside the case itself, in one transaction.</summary>
/// <param name="Decision">The line of the case's own history.</param>
/// <param name="Fact">The line of the audit trail.</param>
/// <param name="AddressChanged">The address became verified or un-verified, or its baseline moved: it is to be written too. For a case of a whole domain: its addresses are to follow.</param>
public sealed record CaseStep(Decision Decision, AuditFact Fact, bool AddressChanged);

/// <summary>What a case and its address were before a decision: what an undo gives back.</summary>
/// <param name="State">State.</param>
/// <param name="StateSince">Since when.</param>
/// <param name="Until">End of its snooze or override.</param>
/// <param name="DecidedPhase">Facts that the decision before rested on.</param>
/// <param name="DecidedHandChange">The same.</param>
/// <param name="DecidedWanted">The same.</param>
/// <param name="IsUnverified">Un-verified.</param>
/// <param name="IsContested">Contested.</param>
/// <param name="AssigneeId">Who worked on it.</param>
/// <param name="BatchId">The batch that it waited in.</param>
/// <param name="BaselineFrom">Baseline of the address; null for a case of a whole domain.</param>
/// <param name="AddressHandChange">Change of hands of the address.</param>
/// <param name="AddressHandConfidence">Its confidence.</param>
public sealed record CaseBefore(
    CaseState State,
    DateTimeOffset StateSince,
    DateTimeOffset? Until,
    Phase DecidedPhase,
    HandChange DecidedHandChange,
    PolicyAction DecidedWanted,
    bool IsUnverified,
    bool IsContested,
    Guid? AssigneeId,
    long? BatchId,
    DateTimeOffset? BaselineFrom,
    HandChange AddressHandChange,
    Confidence AddressHandConfidence)
{
    /// <summary>As kept in <see cref="Decision.Before"/>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>Reads it back.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static CaseBefore Parse(string json) => JsonSerializer.Deserialize<CaseBefore>(json) ?? throw new JsonException("What a case was before is a JSON object, this is null.");

    /// <summary>Of a case and its address as they are.</summary>
    public static CaseBefore Of(Case @case, Address? address)
    {
        ArgumentNullException.ThrowIfNull(@case);
        return new CaseBefore(
            @case.State, @case.StateSince, @case.Until, @case.DecidedPhase, @case.DecidedHandChange, @case.DecidedWanted, @case.IsUnverified, @case.IsContested, @case.AssigneeId, @case.BatchId,
            address?.BaselineFrom, address?.HandChange ?? HandChange.None, address?.HandConfidence ?? Confidence.None);
    }
}

/// <summary>
/// Takes the steps of <see cref="CaseTransitions"/> on entities in memory: the one place where state, address, dates, facts, history and audit entry of a case are
/// moved together, whoever writes them and how. Nothing is saved here.
/// </summary>
public static class CaseSteps
{
    /// <summary>
    /// Opens a case by its first finding. Gives back null when such an event opens none. The case has a version of 0 and is not in any context yet.
    /// </summary>
    /// <param name="id">Its number.</param>
    /// <param name="address">The address; null for a case of the whole domain.</param>
    /// <param name="domainId">The domain.</param>
    /// <param name="domain">Its name.</param>
    /// <param name="what">What happened.</param>
    /// <param name="finding">The finding.</param>
    /// <param name="by">Who.</param>
    public static (Case Case, CaseStep Step)? Open(long id, Address? address, long domainId, string domain, CaseEvent what, CaseFinding finding, StepBy by)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(by);
        if (CaseTransitions.First(what) is not { } state)
        {
            return null;
        }

        var opened = new Case { Id = id, AddressId = address?.Id, AccountId = address?.AccountId, DomainId = domainId, OpenedAt = by.At };
        return (opened, Move(opened, address, domain, what, null, state, finding, by));
    }

    /// <summary>Takes one step. Gives back null, with nothing changed, when the event cannot happen in the case's state.</summary>
    /// <param name="case">The case; changed.</param>
    /// <param name="address">Its address; changed. Null for a case of the whole domain.</param>
    /// <param name="domain">Name of the domain.</param>
    /// <param name="what">What happens.</param>
    /// <param name="finding">The finding that causes it; null for a person and for dates.</param>
    /// <param name="by">Who.</param>
    public static CaseStep? Take(Case @case, Address? address, string domain, CaseEvent what, CaseFinding? finding, StepBy by)
    {
        ArgumentNullException.ThrowIfNull(@case);
        ArgumentNullException.ThrowIfNull(by);
        return CaseTransitions.Next(@case.State, what, @case.IsUnverified) is { } next ? Move(@case, address, domain, what, @case.State, next, finding, by) : null;
    }

    /// <summary>Writes a newer finding into a case whose state it does not change; true when anything that people see differs.</summary>
    public static bool Refresh(Case @case, CaseFinding finding)
    {
        ArgumentNullException.ThrowIfNull(@case);
        ArgumentNullException.ThrowIfNull(finding);
        var before = Facts(@case);
        Write(@case, finding);
        return Facts(@case) != before;
    }

    private static (Situation, PolicyAction, Guard, Phase, HandChange, Confidence, int, DateTimeOffset?) Facts(Case c) =>
        (c.Situation, c.Wanted, c.Guard, c.Phase, c.HandChange, c.Confidence, c.Points, c.DropFrom);

    private static void Write(Case @case, CaseFinding finding)
    {
        @case.Situation = finding.Finding.Situation;
        @case.Wanted = finding.Finding.Wanted;
        @case.Guard = finding.Finding.Guard;
        @case.Phase = finding.Phase;
        @case.HandChange = finding.HandChange;
        @case.Confidence = finding.Confidence;
        @case.Points = finding.Points;
        @case.Severity = SeverityScale.Of(finding.Points);
        @case.DropFrom = finding.DropFrom;
        @case.PolicyVersion = finding.PolicyVersion;
        @case.ScanId = finding.ScanId;
    }

    private static CaseStep Move(Case @case, Address? address, string domain, CaseEvent what, CaseState? from, CaseState to, CaseFinding? finding, StepBy by)
    {
        var before = CaseBefore.Of(@case, address);
        var (situation, wanted, guard, phase, hands, severity) = (@case.Situation, @case.Wanted, @case.Guard, @case.Phase, @case.HandChange, @case.Severity);
        var isPerson = CaseTransitions.IsDecision(what);
        if (finding is not null)
        {
            Write(@case, finding);
        }

        if (from != to)
        {
            @case.StateSince = by.At;
        }

        @case.State = to;
        @case.Until = to is CaseState.Snoozed or CaseState.Overridden ? by.Until ?? @case.Until : null;
        @case.IsUnverified = CaseTransitions.AddressAfter(to) ?? @case.IsUnverified;
        @case.IsOpen = CaseTransitions.IsOpen(to, @case.IsUnverified);
        @case.IsContested = what == CaseEvent.Contested || (@case.IsContested && what is not (CaseEvent.OwnerReverified or CaseEvent.Restore or CaseEvent.Dismiss or CaseEvent.Override));
        @case.ReopenReason = by.ReopenReason ?? (isPerson ? null : @case.ReopenReason);
        if (isPerson || from != to)
        {
            (@case.DecidedPhase, @case.DecidedHandChange, @case.DecidedWanted) = (@case.Phase, @case.HandChange, @case.Wanted);
        }

        // A decision, or an un-verification, takes it out of the batch that it waited in.
        if (isPerson || @case.IsUnverified)
        {
            @case.BatchId = null;
        }

        // First decision takes the case.
        if (isPerson && @case.AssigneeId is null && by.Actor.Kind == AuditActorKind.Staff && Guid.TryParse(by.Actor.Id, out var staff))
        {
            @case.AssigneeId = staff;
        }

        var moved = MoveAddress(@case, address, what, hands, by.At);
        if (moved)
        {
            // Against the new baseline nothing has changed hands yet: the next time it does is worse.
            @case.DecidedHandChange = HandChange.None;
        }

        if (address is null && @case.IsUnverified != before.IsUnverified)
        {
            @case.AppliedUpTo = 0;
        }

        @case.Version++;
        var decision = new Decision
        {
            Id = Guid.CreateVersion7(by.At),
            CaseId = @case.Id,
            At = by.At,
            ActorKind = by.Actor.Kind,
            ActorId = by.Actor.Id,
            Event = what,
            From = from,
            To = to,
            Reason = by.Reason,
            Comment = by.Comment,
            Until = @case.Until,
            Situation = @case.Situation,
            Phase = @case.Phase,
            HandChange = @case.HandChange,
            Confidence = @case.Confidence,
            PolicyVersion = @case.PolicyVersion,
            ScanId = @case.ScanId,
            BulkId = by.BulkId,
            Before = isPerson ? before.ToJson() : null,
        };
        var fact = new AuditFact(ActionOf(what, from, !before.IsUnverified && @case.IsUnverified), by.Actor, by.At)
        {
            AccountId = @case.AccountId,
            AddressId = @case.AddressId,
            DomainName = domain,
            CaseId = @case.Id,
            ScanId = @case.ScanId,
            PolicyVersion = @case.PolicyVersion,
            BatchId = by.BulkId,
            Reason = by.Reason?.ToString(),
            Comment = by.Comment,
            Changes =
            [
                ("state", from, to),
                ("address", Word(before.IsUnverified), Word(@case.IsUnverified)),
                ("until", before.Until, @case.Until),
                ("situation", from is null ? null : situation, @case.Situation),
                ("wanted", from is null ? null : wanted, @case.Wanted),
                ("guard", from is null ? null : guard, @case.Guard),
                ("phase", from is null ? null : phase, @case.Phase),
                ("handChange", from is null ? null : hands, @case.HandChange),
                ("severity", from is null ? null : severity, @case.Severity),
                ("contested", before.IsContested, @case.IsContested),
                ("assignee", before.AssigneeId?.ToString("D"), @case.AssigneeId?.ToString("D")),
            ],
        };
        return new CaseStep(decision, fact, moved || @case.IsUnverified != before.IsUnverified);
    }

    // True when the baseline moved.
    private static bool MoveAddress(Case @case, Address? address, CaseEvent what, HandChange hands, DateTimeOffset at)
    {
        if (address is null)
        {
            return false;
        }

        address.State = @case.IsUnverified ? AddressState.Unverified : AddressState.Verified;
        // Dismissing a suspicion, and a verification that is accepted, take what is there now for the holder's (product section 7).
        if (what == CaseEvent.OwnerReverified || (what == CaseEvent.Dismiss && hands == HandChange.Suspected))
        {
            address.BaselineFrom = at;
            address.HandChange = HandChange.None;
            address.HandConfidence = Confidence.None;
            return true;
        }

        return false;
    }

    private static string Word(bool isUnverified) => isUnverified ? nameof(AddressState.Unverified) : nameof(AddressState.Verified);

    private static AuditAction ActionOf(CaseEvent what, CaseState? from, bool unverifies) => what switch
    {
        CaseEvent.Unverify => AuditAction.CaseUnverified,
        CaseEvent.Confirm => AuditAction.CaseConfirmed,
        CaseEvent.Override => AuditAction.CaseOverridden,
        CaseEvent.EndOverride => AuditAction.OverrideEnded,
        CaseEvent.Dismiss => AuditAction.CaseDismissed,
        CaseEvent.Snooze => AuditAction.CaseSnoozed,
        CaseEvent.Wake => AuditAction.CaseWoken,
        CaseEvent.Restore => AuditAction.CaseRestored,
        CaseEvent.Reopen => AuditAction.CaseReopenedByPerson,
        CaseEvent.FindingUnverify or CaseEvent.WorseUnverify when unverifies => AuditAction.AddressUnverified,
        CaseEvent.FindingGone or CaseEvent.DateReachedInOrder => AuditAction.CaseRecovered,
        CaseEvent.OwnerReverified => AuditAction.AddressRestored,
        CaseEvent.Contested => AuditAction.VerificationContested,
        _ => from is null ? AuditAction.CaseOpened : AuditAction.CaseReopened,
    };
}
