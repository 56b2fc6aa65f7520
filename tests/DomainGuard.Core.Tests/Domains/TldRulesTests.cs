using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests.Domains;

public class TldRulesTests
{
    [Theory]
    [InlineData("uk de fr re pm tf wf yt nl eu be it ch li jp au br se nu ru xn--p1ai cn ca io sh ac me us co ai fi no si id es")]
    public void Every_row_of_the_facts_is_there(string tlds)
    {
        foreach (var tld in tlds.Split(' '))
        {
            Assert.Equal(tld, TldRules.For(tld).Tld);
        }
    }

    [Theory]
    [InlineData("com", 45)]
    [InlineData("museum", 45)]
    [InlineData("xn--p1acf", 45)]
    [InlineData("", 45)]
    [InlineData("xx", null)]
    public void Others_follow_ICANN_but_for_unknown_countries(string tld, int? grace) => Assert.Equal(grace, TldRules.For(tld).GraceDaysMax);

    [Fact]
    public void A_domain_is_under_its_last_label()
    {
        Assert.Equal("uk", TldRules.ForDomain("name.co.uk").Tld);
        Assert.Equal("nl", TldRules.ForDomain("nl").Tld);
        Assert.Same(TldRules.Generic, TldRules.ForDomain(""));
    }

    [Fact]
    public void Lengths_are_whole_and_in_order() => Assert.All(TldRules.All, rule =>
    {
        Assert.Equal(rule.GraceDaysMin is null, rule.GraceDaysMax is null);
        Assert.True(rule.GraceDaysMin is null || (rule.GraceDaysMin >= 0 && rule.GraceDaysMin <= rule.GraceDaysMax));
        Assert.True(rule.FinalDaysMin >= 0 && rule.FinalDaysMin <= rule.FinalDaysMax);
        Assert.True(!rule.HoldIsGrace || rule.GraceDaysMin is not null);
        Assert.True(!rule.CountsFromExpiry || (rule.GraceDaysMax is not null && rule.RedemptionDays is not null));
    });
}
