using DomainGuard.Core.Cases;

namespace DomainGuard.Web.Features.Triage;

/// <summary>What a person wants done to one case or to many.</summary>
/// <param name="Event">The decision; one for which <see cref="CaseTransitions.IsDecision"/> holds.</param>
/// <param name="Reason">Why.</param>
/// <param name="Comment">Free text, at most 10,000 characters; <see cref="ReasonCode.Other"/> requires one.</param>
/// <param name="Until">End of an override (tomorrow to 365 days, 90 by default) or of a snooze (UTC); null for all else, and for a snooze "until worse".</param>
public sealed record DecisionWish(CaseEvent Event, ReasonCode Reason, string? Comment = null, DateTimeOffset? Until = null);

/// <summary>A case as the person saw it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Version">Its version when it was read: another one means that somebody was faster.</param>
public sealed record CaseRef(long Id, int Version);

/// <summary>Somebody was faster.</summary>
/// <param name="CaseId">The case.</param>
/// <param name="State">Where it stands now.</param>
/// <param name="Version">Its version now.</param>
/// <param name="By">Who, as shown: a colleague's name, "policy v3", "the owner"; null when only facts were refreshed.</param>
/// <param name="At">When (UTC).</param>
/// <param name="Reason">Why.</param>
/// <param name="Until">Until when.</param>
public sealed record CaseConflict(long CaseId, CaseState State, int Version, string? By, DateTimeOffset? At, ReasonCode? Reason, DateTimeOffset? Until);

/// <summary>What became of a decision.</summary>
internal abstract record DecideOutcome
{
    /// <summary>It stands, in the database and in the audit trail.</summary>
    /// <param name="BulkId">Names it for an undo: one decision or many that were taken together.</param>
    /// <param name="Count">Cases decided.</param>
    internal sealed record Done(Guid BulkId, int Count) : DecideOutcome;

    /// <summary>Nothing was done: these were changed since they were read.</summary>
    /// <param name="Cases">The first hundred of them.</param>
    internal sealed record Conflict(IReadOnlyList<CaseConflict> Cases) : DecideOutcome;

    /// <summary>Nothing was done: the right is missing, the wish is incomplete, or the state of a case forbids it.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : DecideOutcome;
}
