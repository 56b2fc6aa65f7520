using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Cases;

/// <summary>What a finding means for a case.</summary>
public enum Found
{
    /// <summary>Nothing that can be acted on: no usable answer, an override that is honoured, a lane that lies.</summary>
    Unclear,

    /// <summary>A person has to look.</summary>
    Review,

    /// <summary>The address is to be un-verified, all guards passed.</summary>
    Unverify,

    /// <summary>Nothing for a person any more, the same holder, but not in order either: past its term, for example.</summary>
    Gone,

    /// <summary>Same holder and in order.</summary>
    InOrder,
}

/// <summary>What the machine does to a case on a finding: one table, state by finding by whether the facts became worse than those of the latest decision.</summary>
public static class FindingEvents
{
    /// <summary>What a finding means.</summary>
    /// <param name="finding">The policy's conclusion.</param>
    /// <param name="facts">The facts that it rests on.</param>
    public static Found Kind(Finding finding, CaseFacts facts)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return finding switch
        {
            { Guard: Guard.Override or Guard.Canary } => Found.Unclear,
            { Action: PolicyAction.Unverify } => Found.Unverify,
            { Action: PolicyAction.Review } => Found.Review,
            _ when facts.IsInOrder => Found.InOrder,
            _ when facts.HandChange == HandChange.None && facts.Phase is not (Phase.Unknown or Phase.NotApplicable) => Found.Gone,
            _ => Found.Unclear,
        };
    }

    /// <summary>What happens; null when nothing does. Whatever it gives back, <see cref="CaseTransitions"/> has a place for.</summary>
    /// <param name="state">Where the case stands; null while there is none.</param>
    /// <param name="found">What was found.</param>
    /// <param name="isWorse">The facts are worse than those of the latest decision (<see cref="CaseFacts.IsWorse"/>).</param>
    public static CaseEvent? Of(CaseState? state, Found found, bool isWorse) => (state, found, isWorse) switch
    {
        (null, Found.Review, _) => CaseEvent.FindingReview,
        (null, Found.Unverify, _) => CaseEvent.FindingUnverify,
        (null, _, _) => null,

        (CaseState.NeedsReview, Found.Unverify, false) => CaseEvent.FindingUnverify,
        (CaseState.NeedsReview, Found.Unverify, true) => CaseEvent.WorseUnverify,
        (CaseState.NeedsReview, Found.Gone or Found.InOrder, _) => CaseEvent.FindingGone,
        (CaseState.NeedsReview, _, _) => null,

        // Un-verified addresses come back only when the domain is in order: past its term is not (product section 7).
        (CaseState.Unverified or CaseState.Confirmed, Found.InOrder, _) => CaseEvent.FindingGone,
        (CaseState.Unverified or CaseState.Confirmed, _, _) => null,

        // A person has decided, or it was over: only worse facts undo that.
        (_, Found.Review, true) => CaseEvent.WorseReview,
        (_, Found.Unverify, true) => CaseEvent.WorseUnverify,
        _ => null,
    };

    /// <summary>What happens when the date of a snooze or an override is reached.</summary>
    public static CaseEvent AtDate(Found found) => found is Found.Gone or Found.InOrder ? CaseEvent.DateReachedInOrder : CaseEvent.DateReached;
}
