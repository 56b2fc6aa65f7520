using System.Text.RegularExpressions;
using DomainGuard.Core.Policy;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Policy;

namespace DomainGuard.Tests.Policy;

/// <summary>The tables of docs/policy.md say what the code does.</summary>
public sealed partial class PolicyDocsTests
{
    private static readonly string Text = Repository.Read("docs", "policy.md");

    [Fact]
    public void The_table_of_situations_is_the_default_policy()
    {
        var rows = Row().Matches(Text).Select(m => (m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value)).ToList();
        var code = Enum.GetValues<Situation>().Select(s => (
            s.ToString(), GuardPolicy.Default[s].Action.ToString(), PolicyWords.Value(PolicyFields.LookAgainOf(s), PolicyFields.Get(GuardPolicy.Default, PolicyFields.LookAgainOf(s)))));
        Assert.Equal(code, rows);
    }

    [Theory]
    [InlineData("guard, notable domain", "guards.notable")]
    [InlineData("guard, large domain from", "guards.largeFrom")]
    [InlineData("guard, not corroborated", "guards.confidence")]
    [InlineData("brake", "brake.perDay")]
    [InlineData("brake", "brake.timesMean")]
    [InlineData("gate, evidence of an Active domain", "gate.maxAge")]
    [InlineData("gate, evidence of any other", "gate.maxAgeInDoubt")]
    [InlineData("gate, answers within", "gate.deadline")]
    [InlineData("gate, without a fresh answer the last state counts", "gate.reviewAfter")]
    [InlineData("budget a day", "budgets.rdap")]
    [InlineData("budget a day", "budgets.domainResearch")]
    [InlineData("budget a day", "budgets.dns")]
    [InlineData("early warnings", "earlyWarningDays")]
    public void The_table_of_other_rules_is_the_default_policy(string line, string field)
    {
        var cell = Regex.Match(Text, $@"^\| {Regex.Escape(line)} \| (.+) \|$", RegexOptions.Multiline).Groups[1].Value;
        var value = PolicyWords.Value(field, PolicyFields.Get(GuardPolicy.Default, field));
        Assert.Contains(field == "earlyWarningDays" ? "30, 14 and 3" : value, cell, StringComparison.Ordinal);
        Assert.True(field != "earlyWarningDays" || value == "30, 14, 3");
    }

    [Fact]
    public void What_can_never_unverify_is_named_and_refused()
    {
        Situation[] never = [Situation.Unknown, Situation.NotApplicable, Situation.PlatformTenant, Situation.Active];
        Assert.Contains("`Unknown`, `NotApplicable`, `PlatformTenant` and `Active` can never be set to Unverify", Text, StringComparison.Ordinal);
        Assert.All(Enum.GetValues<Situation>(), s => Assert.Equal(never.Contains(s), PolicyFields.With(GuardPolicy.Default, PolicyFields.ActionOf(s), "Unverify")!.Problems().Count > 0));
    }

    [Fact]
    public void The_page_has_a_word_for_every_row_and_every_field()
    {
        Assert.Equal(Enum.GetValues<Situation>(), PolicyWords.Rows.Order());
        Assert.Equal(PolicyFields.Names.Count, PolicyFields.Names.Select(PolicyWords.Field).Distinct().Count());
        Assert.All(PolicyFields.Names, n => Assert.NotEqual(n, PolicyWords.Field(n)));
    }

    [GeneratedRegex(@"^\| `(\w+)` \| (Nothing|Watch|Review|Unverify) \| (.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
