using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Cases;

public class FindingEventsTests
{
    /// <summary>
    /// What the machine does, once more and independently of the code: state by finding, where the facts are no worse and where they are worse. "." is nothing. fr, fu: a
    /// finding to review, to un-verify; wr, wu: the same, worse; fg: gone.
    /// </summary>
    private const string Table =
        """
        state       Review Unverify Gone InOrder Unclear | Review Unverify Gone InOrder Unclear
        none        fr     fu       .    .       .       | fr     fu       .    .       .
        NeedsReview .      fu       fg   fg      .       | .      wu       fg   fg      .
        Snoozed     .      .        .    .       .       | wr     wu       .    .       .
        Unverified  .      .        .    fg      .       | .      .        .    fg      .
        Confirmed   .      .        .    fg      .       | .      .        .    fg      .
        Overridden  .      .        .    .       .       | wr     wu       .    .       .
        Dismissed   .      .        .    .       .       | wr     wu       .    .       .
        Recovered   .      .        .    .       .       | wr     wu       .    .       .
        Restored    .      .        .    .       .       | wr     wu       .    .       .
        """;

    public static IEnumerable<TheoryDataRow<CaseState?, Found, bool, CaseEvent?>> Rows()
    {
        var lines = Table.Split('\n').Select(l => l.Split([' ', '|'], StringSplitOptions.RemoveEmptyEntries)).ToList();
        foreach (var line in lines.Skip(1))
        {
            for (var i = 1; i < line.Length; i++)
            {
                yield return new(line[0] == "none" ? null : Enum.Parse<CaseState>(line[0]), Enum.Parse<Found>(lines[0][i]), i > 5, line[i] switch
                {
                    "fr" => CaseEvent.FindingReview,
                    "fu" => CaseEvent.FindingUnverify,
                    "wr" => CaseEvent.WorseReview,
                    "wu" => CaseEvent.WorseUnverify,
                    "fg" => CaseEvent.FindingGone,
                    _ => null,
                });
            }
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_finding_does_what_the_table_says(CaseState? state, Found found, bool isWorse, CaseEvent? expected) =>
        Assert.Equal(expected, FindingEvents.Of(state, found, isWorse));

    [Fact]
    public void The_table_names_every_state_and_every_finding_twice()
    {
        var rows = Rows().Select(r => r.Data).ToList();
        Assert.Equal((1 + Enum.GetValues<CaseState>().Length) * Enum.GetValues<Found>().Length * 2, rows.Select(r => (r.Item1, r.Item2, r.Item3)).Distinct().Count());
    }

    /// <summary>What the machine wants to do to a case, the case's own table has a place for.</summary>
    [Theory]
    [MemberData(nameof(Rows))]
    public void Whatever_the_machine_does_a_case_can_do(CaseState? state, Found found, bool isWorse, CaseEvent? expected)
    {
        if (FindingEvents.Of(state, found, isWorse) is { } what)
        {
            Assert.Equal(expected, what);
            Assert.NotNull(state is { } s ? CaseTransitions.Next(s, what, s is CaseState.Unverified or CaseState.Confirmed) : CaseTransitions.First(what));
        }
    }

    [Theory]
    [InlineData(Found.Review, CaseEvent.DateReached)]
    [InlineData(Found.Unverify, CaseEvent.DateReached)]
    [InlineData(Found.Unclear, CaseEvent.DateReached)]
    [InlineData(Found.Gone, CaseEvent.DateReachedInOrder)]
    [InlineData(Found.InOrder, CaseEvent.DateReachedInOrder)]
    public void A_date_wakes_whatever_is_not_gone(Found found, CaseEvent expected)
    {
        Assert.Equal(expected, FindingEvents.AtDate(found));
        Assert.All([CaseState.Snoozed, CaseState.Overridden], s => Assert.NotNull(CaseTransitions.Next(s, expected, false)));
    }

    [Theory]
    [InlineData(Phase.Active, HandChange.None, PolicyAction.Nothing, Guard.None, Found.InOrder)]
    [InlineData(Phase.ExpiringSoon, HandChange.None, PolicyAction.Watch, Guard.None, Found.InOrder)]
    [InlineData(Phase.Expired, HandChange.None, PolicyAction.Watch, Guard.None, Found.Gone)]
    [InlineData(Phase.Active, HandChange.Suspected, PolicyAction.Watch, Guard.None, Found.Unclear)] // a policy that only watches: the holder is not known to be the same
    [InlineData(Phase.Unknown, HandChange.None, PolicyAction.Nothing, Guard.None, Found.Unclear)]
    [InlineData(Phase.Released, HandChange.None, PolicyAction.Watch, Guard.Override, Found.Unclear)]
    [InlineData(Phase.Released, HandChange.None, PolicyAction.Nothing, Guard.Canary, Found.Unclear)]
    [InlineData(Phase.Released, HandChange.None, PolicyAction.Unverify, Guard.None, Found.Unverify)]
    [InlineData(Phase.Released, HandChange.None, PolicyAction.Review, Guard.Confidence, Found.Review)]
    public void A_finding_means(Phase phase, HandChange hands, PolicyAction action, Guard guard, Found expected)
    {
        var wanted = guard is Guard.None ? action : PolicyAction.Unverify;
        Assert.Equal(expected, FindingEvents.Kind(new Finding(Situation.Active, wanted, action, guard), new CaseFacts(phase, hands, wanted)));
    }
}
