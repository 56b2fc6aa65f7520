using DomainGuard.Core.Cases;
using DomainGuard.Web.Features.Triage;

namespace DomainGuard.Tests.Triage;

/// <summary>The five places of the decision bar, against the table of cases.</summary>
public sealed class DecisionPlacesTests
{
    public static TheoryData<CaseState, bool> States
    {
        get
        {
            var data = new TheoryData<CaseState, bool>();
            foreach (var state in Enum.GetValues<CaseState>())
            {
                data.Add(state, true);
                data.Add(state, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Every_decision_that_the_table_allows_has_a_place_and_no_other_has(CaseState state, bool isUnverified)
    {
        var places = DecisionPlaces.For([(state, isUnverified)]);
        Assert.Equal(5, places.Count);
        Assert.Equal(CaseTransitions.Decisions(state, isUnverified).Order(), places.SelectMany(p => p.Events).Order());
        Assert.All(places, p => Assert.Equal(p.IsAllowed, p.Why is null));
    }

    [Theory]
    [InlineData(CaseState.NeedsReview, false, "u o d s r")]
    [InlineData(CaseState.Unverified, true, "c o d s r")]
    [InlineData(CaseState.Overridden, false, "u o d s r")]
    [InlineData(CaseState.Dismissed, false, "u o d s r")]
    [InlineData(CaseState.Snoozed, false, "u o d s r")]
    public void Places_and_keys_stay_where_hands_have_learned_them(CaseState state, bool isUnverified, string keys) =>
        Assert.Equal(keys, string.Join(' ', DecisionPlaces.For([(state, isUnverified)]).Select(p => p.Key)));

    [Theory]
    [InlineData(CaseState.NeedsReview, false, "Unverify Override")]
    [InlineData(CaseState.Snoozed, false, "Unverify Override")]
    [InlineData(CaseState.Unverified, true, "Confirm Override")]
    [InlineData(CaseState.Confirmed, true, "Override")]
    [InlineData(CaseState.Overridden, false, "EndOverride")]
    [InlineData(CaseState.Dismissed, false, "Reopen")]
    [InlineData(CaseState.Recovered, true, "Restore")]
    [InlineData(CaseState.Restored, false, "")]
    public void A_card_offers_the_main_decision_and_override(CaseState state, bool isUnverified, string buttons)
    {
        var places = DecisionPlaces.For([(state, isUnverified)]);
        int[] shown = DecisionPlaces.OnCard(places) is { } two ? two.Second is { } second ? [two.Main, second] : [two.Main] : [];
        Assert.Equal(buttons, string.Join(' ', shown.Select(i => places[i].Shown)));
    }

    [Fact]
    public void For_many_a_place_does_what_all_allow()
    {
        var places = DecisionPlaces.For([(CaseState.NeedsReview, false), (CaseState.Unverified, true)]);
        Assert.Equal([CaseEvent.Override], places.SelectMany(p => p.Events));
        Assert.Equal("not for all of these", places[0].Why);
    }

    [Fact]
    public void What_is_forbidden_says_why_in_one_line() =>
        Assert.Equal("Dismiss, Snooze: needs review only. Restore: once in order again", DecisionPlaces.Forbidden(DecisionPlaces.For([(CaseState.Unverified, true)])));

    [Fact]
    public void Nothing_selected_allows_nothing() => Assert.All(DecisionPlaces.For([]), p => Assert.Equal("nothing is selected", p.Why));
}
