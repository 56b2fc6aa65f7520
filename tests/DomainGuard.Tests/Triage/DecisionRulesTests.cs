using DomainGuard.Core.Cases;
using DomainGuard.Web.Features.Triage;
using DomainGuard.Web.Shared;

namespace DomainGuard.Tests.Triage;

public class DecisionRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 22, 0, 0, TimeSpan.Zero);

    /// <summary>Decision, reason, length of the comment, hours until its end ("." for none), part of what is said ("." for nothing).</summary>
    private const string Table =
        """
        Unverify    DomainLapsed   0     .     .
        Unverify    ChangedHands   10000 .     .
        Unverify    ChangedHands   10001 .     10,001 characters
        Unverify    Other          0     .     Other needs a comment
        Unverify    Other          1     .     .
        Unverify    Undone         3     .     Undo alone
        Unverify    99             3     .     Choose a reason
        Unverify    DomainLapsed   0     48    Only an override and a snooze
        Confirm     DomainLapsed   0     48    Only an override and a snooze
        Dismiss     FalsePositive  0     48    Only an override and a snooze
        Restore     RenewalSeen    0     48    Only an override and a snooze
        Wake        RenewalSeen    0     48    Only an override and a snooze
        Reopen      RenewalSeen    0     48    Only an override and a snooze
        EndOverride RenewalSeen    0     48    Only an override and a snooze
        Override    OwnerConfirmed 0     .     needs an end date
        Override    OwnerConfirmed 0     1     needs an end date
        Override    OwnerConfirmed 0     2     .
        Override    OwnerConfirmed 0     2160  .
        Override    OwnerConfirmed 0     8760  .
        Override    OwnerConfirmed 0     8761  .
        Override    OwnerConfirmed 0     8762  needs an end date
        Override    OwnerConfirmed 0     -24   needs an end date
        Snooze      OwnerConfirmed 0     .     .
        Snooze      OwnerConfirmed 0     1     .
        Snooze      OwnerConfirmed 0     8760  .
        Snooze      OwnerConfirmed 0     0     ends in the future
        Snooze      OwnerConfirmed 0     -1    ends in the future
        Snooze      OwnerConfirmed 0     8762  ends in the future
        FindingGone DomainLapsed   0     .     nothing that a person can decide
        Contested   DomainLapsed   0     .     nothing that a person can decide
        99          DomainLapsed   0     .     nothing that a person can decide
        """;

    public static IEnumerable<TheoryDataRow<CaseEvent, ReasonCode, int, int?, string?>> Rows() =>
        Table.Split('\n').Select(l => l.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Select(c => new TheoryDataRow<CaseEvent, ReasonCode, int, int?, string?>(
            Enum.Parse<CaseEvent>(c[0]), Enum.Parse<ReasonCode>(c[1]), int.Parse(c[2], null), c[3] == "." ? null : int.Parse(c[3], null), c[4] == "." ? null : c[4]));

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_wish_is_complete_or_says_what_is_missing(CaseEvent what, ReasonCode reason, int length, int? hours, string? problem)
    {
        var wish = new DecisionWish(what, reason, length == 0 ? null : new string('x', length), hours is { } h ? Now.AddHours(h) : null);

        Assert.Contains(problem ?? "", DecisionRules.Problem(wish, Now) ?? (problem is null ? "" : "nothing"), StringComparison.Ordinal);
        Assert.Equal(problem is null, DecisionRules.Problem(wish, Now) is null);
    }

    [Fact]
    public void The_table_names_every_decision_and_a_machines_event() =>
        Assert.Superset(Enum.GetValues<CaseEvent>().Where(CaseTransitions.IsDecision).ToHashSet(), Rows().Select(r => r.Data.Item1).ToHashSet());

    [Theory]
    [InlineData("\u202Eevil\u200F <b>=1+1</b> \U0001F600", true)]
    [InlineData("a\0b", false)]
    [InlineData("half {D83D}", false)]
    [InlineData("{DE00} half", false)]
    [InlineData("{DE00}{D83D}", false)]
    [InlineData("{D83D}{DE00} whole", true)]
    [InlineData("line\r\nline\t", true)]
    public void A_comment_is_text_of_any_kind_and_nothing_else(string text, bool isText)
    {
        // An attribute is kept as UTF-8 and cannot hold half a pair.
        text = text.Replace("{D83D}", "\uD83D", StringComparison.Ordinal).Replace("{DE00}", "\uDE00", StringComparison.Ordinal);

        Assert.Equal(isText, KeptText.Problem(text, 100) is null);
    }
}
