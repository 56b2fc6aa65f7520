using System.Collections.Frozen;

namespace DomainGuard.Core.Cases;

/// <summary>
/// What a case becomes by what happens to it: product section 7 as one table. A pair that does not stand in it is refused (a person) or leaves the case as it
/// is (the machine). Whether the address is un-verified follows from the state alone, see <see cref="AddressAfter"/>.
/// </summary>
public static class CaseTransitions
{
    private const CaseState N = CaseState.NeedsReview;
    private const CaseState S = CaseState.Snoozed;
    private const CaseState U = CaseState.Unverified;
    private const CaseState C = CaseState.Confirmed;
    private const CaseState O = CaseState.Overridden;
    private const CaseState D = CaseState.Dismissed;
    private const CaseState R = CaseState.Recovered;
    private const CaseState T = CaseState.Restored;

    private static readonly FrozenDictionary<(CaseState, CaseEvent), CaseState> Table = new Dictionary<(CaseState, CaseEvent), CaseState>
    {
        [(N, CaseEvent.Unverify)] = U,
        [(N, CaseEvent.Override)] = O,
        [(N, CaseEvent.Dismiss)] = D,
        [(N, CaseEvent.Snooze)] = S,
        [(N, CaseEvent.FindingUnverify)] = U,
        [(N, CaseEvent.WorseUnverify)] = U,
        [(N, CaseEvent.FindingGone)] = R,
        [(N, CaseEvent.OwnerReverified)] = T,
        [(N, CaseEvent.Contested)] = N,

        [(S, CaseEvent.Unverify)] = U,
        [(S, CaseEvent.Override)] = O,
        [(S, CaseEvent.Dismiss)] = D,
        [(S, CaseEvent.Snooze)] = S,
        [(S, CaseEvent.Wake)] = N,
        [(S, CaseEvent.WorseReview)] = N,
        [(S, CaseEvent.WorseUnverify)] = U,
        [(S, CaseEvent.DateReached)] = N,
        [(S, CaseEvent.DateReachedInOrder)] = R,
        [(S, CaseEvent.OwnerReverified)] = T,
        [(S, CaseEvent.Contested)] = N,

        [(U, CaseEvent.Confirm)] = C,
        [(U, CaseEvent.Override)] = O,
        [(U, CaseEvent.FindingGone)] = R,
        [(U, CaseEvent.OwnerReverified)] = T,
        [(U, CaseEvent.Contested)] = U,

        [(C, CaseEvent.Override)] = O,
        [(C, CaseEvent.FindingGone)] = R,
        [(C, CaseEvent.OwnerReverified)] = T,
        [(C, CaseEvent.Contested)] = U,

        [(O, CaseEvent.EndOverride)] = N,
        [(O, CaseEvent.WorseReview)] = N,
        [(O, CaseEvent.WorseUnverify)] = N,
        [(O, CaseEvent.DateReached)] = N,
        [(O, CaseEvent.DateReachedInOrder)] = R,
        [(O, CaseEvent.OwnerReverified)] = T,
        [(O, CaseEvent.Contested)] = N,

        [(D, CaseEvent.Reopen)] = N,
        [(D, CaseEvent.WorseReview)] = N,
        [(D, CaseEvent.WorseUnverify)] = U,
        [(D, CaseEvent.Contested)] = N,

        [(R, CaseEvent.Restore)] = T,
        [(R, CaseEvent.WorseReview)] = N,
        [(R, CaseEvent.WorseUnverify)] = U,
        [(R, CaseEvent.OwnerReverified)] = T,

        [(T, CaseEvent.WorseReview)] = N,
        [(T, CaseEvent.WorseUnverify)] = U,
        [(T, CaseEvent.Contested)] = N,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<CaseEvent> ByPerson = FrozenSet.Create(
        null,
        CaseEvent.Unverify, CaseEvent.Confirm, CaseEvent.Override, CaseEvent.EndOverride, CaseEvent.Dismiss, CaseEvent.Snooze, CaseEvent.Wake, CaseEvent.Restore, CaseEvent.Reopen);

    /// <summary>A person may cause it.</summary>
    public static bool IsDecision(CaseEvent what) => ByPerson.Contains(what);

    /// <summary>
    /// What the case becomes; null when that cannot happen in its state. <paramref name="isUnverified"/> is the address as it is: what was un-verified before it
    /// recovered goes back to <see cref="CaseState.Unverified"/> when it becomes worse, and only such an address can be restored.
    /// </summary>
    public static CaseState? Next(CaseState state, CaseEvent what, bool isUnverified)
    {
        if (!Table.TryGetValue((state, what), out var next))
        {
            return null;
        }

        return (state, what) switch
        {
            (CaseState.Recovered, CaseEvent.Restore) => isUnverified ? next : null,
            (CaseState.Recovered, CaseEvent.WorseReview) when isUnverified => CaseState.Unverified,
            _ => next,
        };
    }

    /// <summary>What a case begins with; null when the finding opens none.</summary>
    public static CaseState? First(CaseEvent what) => what switch
    {
        CaseEvent.FindingReview or CaseEvent.WorseReview or CaseEvent.Contested => CaseState.NeedsReview,
        CaseEvent.FindingUnverify or CaseEvent.WorseUnverify => CaseState.Unverified,
        _ => null,
    };

    /// <summary>The address after the case came into a state: true un-verified, false verified, null as it was.</summary>
    public static bool? AddressAfter(CaseState state) => state switch
    {
        CaseState.Unverified or CaseState.Confirmed => true,
        CaseState.Recovered => null,
        _ => false,
    };

    /// <summary>Whether the case waits for somebody.</summary>
    public static bool IsOpen(CaseState state, bool isUnverified) => state switch
    {
        CaseState.NeedsReview or CaseState.Snoozed or CaseState.Unverified or CaseState.Overridden => true,
        CaseState.Recovered => isUnverified,
        _ => false,
    };

    /// <summary>The decisions that a person may take in a state, in the order of the bar.</summary>
    public static IEnumerable<CaseEvent> Decisions(CaseState state, bool isUnverified) =>
        Enum.GetValues<CaseEvent>().Where(e => IsDecision(e) && Next(state, e, isUnverified) is not null);
}
