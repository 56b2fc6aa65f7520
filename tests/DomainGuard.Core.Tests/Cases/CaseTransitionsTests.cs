using CsCheck;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Cases;

public class CaseTransitionsTests
{
    /// <summary>
    /// Product section 7 once more, written down independently of the code: state, whether the address is un-verified, and for every event the next state
    /// (N S U C O D R T by first letter, T for Restored), "." where it cannot happen.
    /// </summary>
    private const string Table =
        """
        state       address     Unverify Confirm Override EndOverride Dismiss Snooze Wake Restore Reopen FindingReview WorseReview FindingUnverify WorseUnverify FindingGone DateReached DateReachedInOrder OwnerReverified Contested
        NeedsReview Verified    U        .       O        .           D       S      .    .       .      .             .           U               U             R           .           .                  T               N
        Snoozed     Verified    U        .       O        .           D       S      N    .       .      .             N           .               U             .           N           R                  T               N
        Unverified  Unverified  .        C       O        .           .       .      .    .       .      .             .           .               .             R           .           .                  T               U
        Confirmed   Unverified  .        .       O        .           .       .      .    .       .      .             .           .               .             R           .           .                  T               U
        Overridden  Verified    .        .       .        N           .       .      .    .       .      .             N           .               N             .           N           R                  T               N
        Dismissed   Verified    .        .       .        .           .       .      .    .       N      .             N           .               U             .           .           .                  .               N
        Recovered   Unverified  .        .       .        .           .       .      .    T       .      .             U           .               U             .           .           .                  T               .
        Recovered   Verified    .        .       .        .           .       .      .    .       .      .             N           .               U             .           .           .                  T               .
        Restored    Verified    .        .       .        .           .       .      .    .       .      .             N           .               U             .           .           .                  .               N
        """;

    public static IEnumerable<TheoryDataRow<CaseState, bool, CaseEvent, CaseState?>> Rows()
    {
        var lines = Table.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        foreach (var line in lines.Skip(1))
        {
            for (var i = 2; i < line.Length; i++)
            {
                yield return new(Enum.Parse<CaseState>(line[0]), line[1] == "Unverified", Enum.Parse<CaseEvent>(lines[0][i]), line[i] switch
                {
                    "." => null,
                    "T" => CaseState.Restored,
                    var first => Enum.GetValues<CaseState>().First(s => s != CaseState.Restored && s.ToString().StartsWith(first, StringComparison.Ordinal)),
                });
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_case_becomes_what_the_table_says(CaseState state, bool isUnverified, CaseEvent what, CaseState? expected) =>
        Assert.Equal(expected, CaseTransitions.Next(state, what, isUnverified));

    [Fact]
    public void The_table_names_every_state_and_every_event()
    {
        var rows = Rows().ToList();
        Assert.Equal(Enum.GetValues<CaseState>().Order(), rows.Select(r => r.Data.Item1).Distinct().Order());
        Assert.Equal(Enum.GetValues<CaseEvent>().Order(), rows.Select(r => r.Data.Item3).Distinct().Order());
    }

    [Fact]
    public void Whatever_happens_an_address_is_unverified_only_by_a_finding_that_unverifies_or_by_a_person() =>
        Gen.Select(Gen.Int[0, 3], Gen.Enum<CaseEvent>().Array[1, 30]).Sample((_, events) =>
        {
            var state = CaseState.NeedsReview;
            var isUnverified = false;
            foreach (var what in events)
            {
                if (CaseTransitions.Next(state, what, isUnverified) is not { } next)
                {
                    continue;
                }

                var after = CaseTransitions.AddressAfter(next) ?? isUnverified;
                if (after && !isUnverified)
                {
                    Assert.Contains(what, new[] { CaseEvent.Unverify, CaseEvent.FindingUnverify, CaseEvent.WorseUnverify });
                }

                // What a machine does alone never gives an address back: only the owner with proof, or a person.
                if (!after && isUnverified)
                {
                    Assert.Contains(what, new[] { CaseEvent.Override, CaseEvent.Restore, CaseEvent.OwnerReverified });
                }

                (state, isUnverified) = (next, after);
            }
        });

    [Fact]
    public void No_case_is_closed_while_its_address_is_unverified_and_nobody_has_looked()
    {
        foreach (var state in Enum.GetValues<CaseState>())
        {
            if (CaseTransitions.AddressAfter(state) ?? true)
            {
                Assert.Equal(state != CaseState.Confirmed, CaseTransitions.IsOpen(state, isUnverified: true));
            }
        }
    }

    [Fact]
    public void The_bar_offers_what_the_table_allows()
    {
        Assert.Equal([CaseEvent.Unverify, CaseEvent.Override, CaseEvent.Dismiss, CaseEvent.Snooze], CaseTransitions.Decisions(CaseState.NeedsReview, false));
        Assert.Equal([CaseEvent.Confirm, CaseEvent.Override], CaseTransitions.Decisions(CaseState.Unverified, true));
        Assert.Equal([CaseEvent.Restore], CaseTransitions.Decisions(CaseState.Recovered, true));
        Assert.Empty(CaseTransitions.Decisions(CaseState.Recovered, false));
    }

    [Theory]
    [InlineData(Phase.Redemption, HandChange.None, PolicyAction.Unverify, Phase.PendingDelete, HandChange.None, PolicyAction.Unverify, true)]
    [InlineData(Phase.PendingDelete, HandChange.None, PolicyAction.Unverify, Phase.Redemption, HandChange.None, PolicyAction.Unverify, false)]
    [InlineData(Phase.PendingRestore, HandChange.None, PolicyAction.Review, Phase.Redemption, HandChange.None, PolicyAction.Unverify, true)]
    [InlineData(Phase.Redemption, HandChange.None, PolicyAction.Unverify, Phase.Unknown, HandChange.None, PolicyAction.Nothing, false)]
    [InlineData(Phase.Unknown, HandChange.None, PolicyAction.Review, Phase.Released, HandChange.None, PolicyAction.Unverify, false)]
    [InlineData(Phase.Active, HandChange.Suspected, PolicyAction.Review, Phase.Active, HandChange.Reregistered, PolicyAction.Unverify, true)]
    [InlineData(Phase.Redemption, HandChange.None, PolicyAction.Unverify, Phase.Active, HandChange.Reregistered, PolicyAction.Unverify, true)]
    [InlineData(Phase.Active, HandChange.None, PolicyAction.Nothing, Phase.Active, HandChange.None, PolicyAction.Review, true)]
    [InlineData(Phase.Active, HandChange.None, PolicyAction.Review, Phase.Active, HandChange.None, PolicyAction.Review, false)]
    public void Worse_is_a_later_phase_or_a_worse_change_of_hands_and_Unknown_is_neither(
        Phase thenPhase, HandChange thenHand, PolicyAction thenWanted, Phase phase, HandChange hand, PolicyAction wanted, bool expected) =>
        Assert.Equal(expected, new CaseFacts(thenPhase, thenHand, thenWanted).IsWorse(new CaseFacts(phase, hand, wanted)));

    [Theory]
    [InlineData(Phase.Active, HandChange.None, PolicyAction.Nothing, true)]
    [InlineData(Phase.ExpiringSoon, HandChange.None, PolicyAction.Watch, true)]
    [InlineData(Phase.Active, HandChange.None, PolicyAction.Review, false)]
    [InlineData(Phase.Active, HandChange.Suspected, PolicyAction.Nothing, false)]
    [InlineData(Phase.Expired, HandChange.None, PolicyAction.Watch, false)]
    [InlineData(Phase.Unknown, HandChange.None, PolicyAction.Nothing, false)]
    public void In_order_is_registered_in_term_by_the_same_holder(Phase phase, HandChange hand, PolicyAction wanted, bool expected) =>
        Assert.Equal(expected, new CaseFacts(phase, hand, wanted).IsInOrder);

    [Theory]
    [InlineData(Situation.Reregistered, HandChange.Reregistered, 0, false, false, null, Severity.Critical)]
    [InlineData(Situation.Released, HandChange.None, 0, false, false, null, Severity.High)]
    [InlineData(Situation.Released, HandChange.None, 500, false, false, null, Severity.Critical)]
    [InlineData(Situation.PendingDelete, HandChange.None, 0, false, false, 2.0, Severity.Critical)]
    [InlineData(Situation.Redemption, HandChange.None, 0, false, false, 25.0, Severity.Medium)]
    [InlineData(Situation.Redemption, HandChange.None, 200, true, false, 25.0, Severity.High)]
    [InlineData(Situation.OnHold, HandChange.None, 100, false, false, null, Severity.Low)]
    [InlineData(Situation.Parked, HandChange.None, 0, false, false, null, Severity.Low)]
    public void Severity_grows_with_what_threatens_and_what_is_at_stake(
        Situation situation, HandChange hand, int impact, bool only, bool noFactor, double? days, Severity expected) =>
        Assert.Equal(expected, SeverityScale.Of(SeverityScale.Points(new SeverityInput
        {
            Situation = situation,
            HandChange = hand,
            Impact = impact,
            IsOnlyVerified = only,
            LacksSecondFactor = noFactor,
            DaysToDrop = days,
        })));
}
