using DomainGuard.Core.Cases;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Triage;

/// <summary>One of the five fixed places of the decision bar.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Events">What it does to the cases at hand: one decision, or two of which the form asks for one; empty when their state forbids it.</param>
/// <param name="Shown">What it is called: the first of <paramref name="Events"/>, or what it would be.</param>
/// <param name="Why">Why it is forbidden; null when it is not.</param>
public sealed record DecisionPlace(string Key, IReadOnlyList<CaseEvent> Events, CaseEvent Shown, string? Why)
{
    public bool IsAllowed => Events.Count > 0;
}

/// <summary>
/// The five places, so that hands learn them: Confirm or Unverify, Override, Dismiss, Snooze, Restore. What one place does follows from <see cref="CaseTransitions"/>; for many cases
/// it does what all of them allow.
/// </summary>
internal static class DecisionPlaces
{
    private const int Override = 1;

    private static readonly (CaseEvent[] Events, string[] Keys, string Why)[] Places =
    [
        ([CaseEvent.Confirm, CaseEvent.Unverify], ["c", "u"], "not in this state"),
        ([CaseEvent.EndOverride, CaseEvent.Override], ["o", "o"], "not while closed"),
        ([CaseEvent.Reopen, CaseEvent.Dismiss], ["d", "d"], "needs review only"),
        ([CaseEvent.Wake, CaseEvent.Snooze], ["s", "s"], "needs review only"),
        ([CaseEvent.Restore], ["r"], "once in order again"),
    ];

    /// <summary>The places for cases in these states.</summary>
    public static IReadOnlyList<DecisionPlace> For(IReadOnlyList<(CaseState State, bool IsUnverified)> cases) =>
        [.. Places.Select(place =>
        {
            var allowed = place.Events.Where(e => cases.Count > 0 && cases.All(c => CaseTransitions.Next(c.State, e, c.IsUnverified) is not null)).ToList();
            // What stands in a place that is forbidden: what the person would look for there.
            var shown = allowed.Count > 0 ? allowed[0] : place.Events[0] == CaseEvent.Confirm && cases.All(c => c.IsUnverified) ? CaseEvent.Confirm : place.Events[^1];
            return new DecisionPlace(place.Keys[Array.IndexOf(place.Events, shown)], allowed, shown, allowed.Count > 0 ? null : Why(place.Why, shown, cases));
        })];

    /// <summary>The forbidden ones in one line: "Dismiss, Snooze: needs review only". Null when nothing is.</summary>
    public static string? Forbidden(IReadOnlyList<DecisionPlace> places)
    {
        var lines = places.Where(p => !p.IsAllowed).GroupBy(p => p.Why).Select(g => $"{string.Join(", ", g.Select(p => CaseWords.Act(p.Shown)))}: {g.Key}");
        var text = string.Join(". ", lines);
        return text.Length == 0 ? null : text;
    }

    /// <summary>The places of the two large buttons of a card: the main decision, and Override where it is not that. Null where the state allows nothing.</summary>
    public static (int Main, int? Second)? OnCard(IReadOnlyList<DecisionPlace> places)
    {
        // In order again: restoring is what is left to do. What was put aside or closed is taken up again.
        int[] order = [0, 4, 1, 3, 2];
        var main = Array.FindIndex(order, i => places[i].IsAllowed) is >= 0 and var at ? order[at] : (int?)null;
        return main is { } first ? (first, first != Override && places[Override].IsAllowed ? Override : null) : null;
    }

    private static string Why(string why, CaseEvent shown, IReadOnlyList<(CaseState State, bool IsUnverified)> cases) => (shown, cases.Count) switch
    {
        (_, 0) => "nothing is selected",
        (_, > 1) when cases.Any(c => CaseTransitions.Next(c.State, shown, c.IsUnverified) is not null) => "not for all of these",
        (CaseEvent.Confirm, _) when cases.All(c => c.State == CaseState.Confirmed) => "confirmed already",
        (CaseEvent.Unverify, _) => "only while it needs review",
        (CaseEvent.Restore, _) when cases.All(c => c.State == CaseState.Recovered) => "the address is verified",
        _ => why,
    };
}
