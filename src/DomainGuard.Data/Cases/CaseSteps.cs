using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Conventions;

namespace DomainGuard.Data.Cases;

/// <summary>Who takes a step, when, and what he says with it.</summary>
/// <param name="Actor">Who.</param>
/// <param name="At">When (UTC).</param>
public sealed record StepBy(AuditActor Actor, DateTimeOffset At)
{
    /// <summary>When (UTC), as databases keep it: what is compared later must equal what is read back.</summary>
    public DateTimeOffset At { get; } = Kept(At);

    /// <summary>Reason code: a person always gives one.</summary>
    public ReasonCode? Reason { get; init; }

    /// <summary>Free text, at most 10,000 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>End of the snooze or override that the step sets (UTC).</summary>
    public DateTimeOffset? Until
    {
        get;
        init => field = value is { } until ? Kept(until) : null;
    }

    /// <summary>The bulk decision that it belongs to.</summary>
    public Guid? BulkId { get; init; }

    /// <summary>Why the case is opened again, in words, at most 300 characters.</summary>
    public string? ReopenReason { get; init; }

    private static DateTimeOffset Kept(DateTimeOffset at) => UtcConvention.FromColumn(UtcConvention.ToColumn(at));
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
public sealed record CaseStep(Decision Decision, AuditFact Fact, bool AddressChanged)
{
    /// <summary>A case of a whole domain: a suspicion was dismissed then (UTC), or that is taken back. To be written to all its suspected addresses. Null for every other step.</summary>
    public DateTimeOffset? DismissedAt { get; init; }
}

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
/// <param name="DismissedAt">When a suspicion about the address had been dismissed before; null for a case of a whole domain.</param>
/// <param name="AddressHandChange">Change of hands of the address.</param>
/// <param name="AddressHandConfidence">Its confidence.</param>
/// <param name="ReopenReason">Why it had been opened again.</param>
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
    DateTimeOffset? DismissedAt,
    HandChange AddressHandChange,
    Confidence AddressHandConfidence,
    string? ReopenReason)
{
    // Text as it is, or 300 Greek letters would be 1,800 characters.
    private static readonly JsonSerializerOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As kept in <see cref="Decision.Before"/>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads it back.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static CaseBefore Parse(string json) => JsonSerializer.Deserialize<CaseBefore>(json) ?? throw new JsonException("What a case was before is a JSON object, this is null.");

    /// <summary>Of a case and its address as they are.</summary>
    public static CaseBefore Of(Case @case, Address? address)
    {
        ArgumentNullException.ThrowIfNull(@case);
        return new CaseBefore(
            @case.State, @case.StateSince, @case.Until, @case.DecidedPhase, @case.DecidedHandChange, @case.DecidedWanted, @case.IsUnverified, @case.IsContested, @case.AssigneeId, @case.BatchId,
            address?.DismissedAt, address?.HandChange ?? HandChange.None, address?.HandConfidence ?? Confidence.None, @case.ReopenReason);
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

    /// <summary>
    /// Writes a newer finding into a case whose state it does not change; true when anything that people see differs. Whoever then saves it raises
    /// <see cref="Case.Version"/> by one; facts that are no worse let stand what a person is deciding meanwhile.
    /// </summary>
    public static bool Refresh(Case @case, CaseFinding finding)
    {
        ArgumentNullException.ThrowIfNull(@case);
        ArgumentNullException.ThrowIfNull(finding);
        var (before, facts) = (Facts(@case), @case.Facts);
        Write(@case, finding);
        if (!facts.IsWorse(@case.Facts))
        {
            @case.NoteSame();
        }

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
        var seen = from is null ? null : Shown.Of(@case);
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
        @case.Until = to is CaseState.Snoozed or CaseState.Overridden ? by.Until : null;
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

        var isDismissed = what == CaseEvent.Dismiss && seen?.HandChange == HandChange.Suspected;
        var moved = MoveAddress(@case, address, what, isDismissed, by.At);
        if (moved || isDismissed)
        {
            // Against the new baseline nothing has changed hands yet: the next time it does is worse.
            @case.DecidedHandChange = HandChange.None;
        }

        var action = ActionOf(what, from, !before.IsUnverified && @case.IsUnverified);
        var decision = Record(@case, address, what, from, before, by);
        decision.Before = isPerson ? before.ToJson() : null;
        return new CaseStep(decision, FactOf(@case, domain, action, from, before, seen, by), moved || @case.IsUnverified != before.IsUnverified)
        {
            DismissedAt = address is null && isDismissed ? by.At : null,
        };
    }

    /// <summary>
    /// Takes a decision back: state, dates, facts it rests on, assignee, contested and the address become what they were before it. That nothing followed it is for the
    /// caller to find out. What somebody else changed since (an assignment, a newer baseline) stays as he made it.
    /// </summary>
    /// <param name="case">The case; changed.</param>
    /// <param name="address">Its address; changed. Null for a case of the whole domain.</param>
    /// <param name="domain">Name of the domain.</param>
    /// <param name="undone">The decision: one that carries <see cref="Decision.Before"/>.</param>
    /// <param name="isBatchWaiting">The batch that the case waited in still waits for it.</param>
    /// <param name="by">Who.</param>
    /// <exception cref="JsonException">What was before cannot be read.</exception>
    public static CaseStep TakeBack(Case @case, Address? address, string domain, Decision undone, bool isBatchWaiting, StepBy by)
    {
        ArgumentNullException.ThrowIfNull(@case);
        ArgumentNullException.ThrowIfNull(undone);
        ArgumentNullException.ThrowIfNull(by);
        var (now, seen, then) = (CaseBefore.Of(@case, address), Shown.Of(@case), CaseBefore.Parse(undone.Before!));
        var from = @case.State;
        (@case.State, @case.StateSince, @case.Until, @case.IsContested, @case.ReopenReason) = (then.State, then.StateSince, then.Until, then.IsContested, then.ReopenReason);
        (@case.DecidedPhase, @case.DecidedHandChange, @case.DecidedWanted) = (then.DecidedPhase, then.DecidedHandChange, then.DecidedWanted);
        @case.IsUnverified = then.IsUnverified;
        @case.IsOpen = CaseTransitions.IsOpen(then.State, then.IsUnverified);
        @case.BatchId = isBatchWaiting ? then.BatchId : null;
        if (then.AssigneeId is null && undone.ActorId == @case.AssigneeId?.ToString("D"))
        {
            @case.AssigneeId = null;
        }

        var moved = false;
        if (address is not null)
        {
            address.State = then.IsUnverified ? AddressState.Unverified : AddressState.Verified;
            if (address.DismissedAt == undone.At && then.DismissedAt != undone.At)
            {
                (address.DismissedAt, address.HandChange, address.HandConfidence, moved) = (then.DismissedAt, then.AddressHandChange, then.AddressHandConfidence, true);
            }
        }

        var decision = Record(@case, address, undone.Event, from, now, by);
        decision.Undoes = undone.Id;
        return new CaseStep(decision, FactOf(@case, domain, AuditAction.DecisionUndone, from, now, seen, by), moved || @case.IsUnverified != now.IsUnverified)
        {
            DismissedAt = address is null && undone is { Event: CaseEvent.Dismiss, HandChange: HandChange.Suspected } ? undone.At : null,
        };
    }

    // The case has moved: gives it its next version and the line of its history.
    private static Decision Record(Case @case, Address? address, CaseEvent what, CaseState? from, CaseBefore before, StepBy by)
    {
        if (address is null && @case.IsUnverified != before.IsUnverified)
        {
            @case.AppliedUpTo = 0;
        }

        @case.Version++;
        return new Decision
        {
            Id = Guid.CreateVersion7(by.At),
            CaseId = @case.Id,
            CaseVersion = @case.Version,
            At = by.At,
            ActorKind = by.Actor.Kind,
            ActorId = by.Actor.Id,
            Event = what,
            From = from,
            To = @case.State,
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
        };
    }

    private static AuditFact FactOf(Case @case, string domain, AuditAction action, CaseState? from, CaseBefore before, Shown? seen, StepBy by) => new(action, by.Actor, by.At)
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
            ("state", from, @case.State),
            ("address", Word(before.IsUnverified), Word(@case.IsUnverified)),
            ("until", before.Until, @case.Until),
            ("situation", seen?.Situation, @case.Situation),
            ("wanted", seen?.Wanted, @case.Wanted),
            ("guard", seen?.Guard, @case.Guard),
            ("phase", seen?.Phase, @case.Phase),
            ("handChange", seen?.HandChange, @case.HandChange),
            ("severity", seen?.Severity, @case.Severity),
            ("contested", before.IsContested, @case.IsContested),
            ("assignee", before.AssigneeId?.ToString("D"), @case.AssigneeId?.ToString("D")),
        ],
    };

    // True when the baseline moved.
    private static bool MoveAddress(Case @case, Address? address, CaseEvent what, bool isDismissed, DateTimeOffset at)
    {
        if (address is null)
        {
            return false;
        }

        address.State = @case.IsUnverified ? AddressState.Unverified : AddressState.Verified;
        // Dismissing a suspicion, and a verification that is accepted, take what is there now for the holder's (product section 7).
        if (what == CaseEvent.OwnerReverified || isDismissed)
        {
            (address.BaselineFrom, address.DismissedAt) = isDismissed ? (address.BaselineFrom, at) : (at, address.DismissedAt);
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

    // What a finding may change.
    private sealed record Shown(Situation Situation, PolicyAction Wanted, Guard Guard, Phase Phase, HandChange HandChange, Severity Severity)
    {
        public static Shown Of(Case c) => new(c.Situation, c.Wanted, c.Guard, c.Phase, c.HandChange, c.Severity);
    }
}
