using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Policy;

public class ComparisonRulesTests
{
    [Theory]
    [InlineData("active", ComparisonResult.Nothing)]
    [InlineData("active zone tld", ComparisonResult.Nothing)]
    [InlineData("parked active", ComparisonResult.Nothing)]
    [InlineData("marketed priced active", ComparisonResult.Nothing)] // for sale says nothing to PyPI
    [InlineData("inactive", ComparisonResult.Act)]
    [InlineData("undelegated inactive", ComparisonResult.Act)]
    [InlineData("active expiring", ComparisonResult.Act)]
    [InlineData("deleting active", ComparisonResult.Act)]
    [InlineData("undelegated active", ComparisonResult.Act)] // registered all the same: the weak point
    [InlineData("unknown", ComparisonResult.Act)] // not evidence: the weak point
    [InlineData("", ComparisonResult.Nothing)]
    public void PyPi_acts_on_any_of_five_words(string words, ComparisonResult result) => Assert.Equal(result, ComparisonRules.PyPi(Facts(words)));

    [Theory]
    [InlineData("active", MailRoute.None, ComparisonResult.Nothing)]
    [InlineData("unknown", MailRoute.None, ComparisonResult.Nothing)]
    [InlineData("undelegated active", MailRoute.None, ComparisonResult.Nothing)]
    [InlineData("inactive", MailRoute.Mx, ComparisonResult.Nothing)] // still takes mail
    [InlineData("inactive", MailRoute.None, ComparisonResult.Act)]
    [InlineData("inactive", MailRoute.ImplicitMx, ComparisonResult.Act)]
    [InlineData("inactive", MailRoute.NullMx, ComparisonResult.Nothing)] // a null MX is a record
    [InlineData("parked active", MailRoute.None, ComparisonResult.Act)] // parked alone: the weak point
    [InlineData("expiring active", MailRoute.None, ComparisonResult.Act)]
    [InlineData("active deleting", MailRoute.None, ComparisonResult.Act)]
    [InlineData("deleting", MailRoute.Unknown, ComparisonResult.Review)]
    public void RubyGems_acts_on_four_words_where_there_is_no_mx_besides(string words, MailRoute route, ComparisonResult result) =>
        Assert.Equal(result, ComparisonRules.RubyGems(Facts(words), route));

    [Fact]
    public void Without_an_answer_of_the_one_source_that_they_ask_nothing_is_known()
    {
        Assert.Equal(ComparisonResult.NotKnown, ComparisonRules.PyPi(null));
        Assert.Equal(ComparisonResult.NotKnown, ComparisonRules.RubyGems(null, MailRoute.None));
    }

    [Theory]
    [InlineData(ComparisonResult.Act, 20, ComparisonResult.Act)]
    [InlineData(ComparisonResult.Act, 21, ComparisonResult.Review)]
    [InlineData(ComparisonResult.Nothing, 21, ComparisonResult.Nothing)]
    [InlineData(ComparisonResult.NotKnown, 21, ComparisonResult.NotKnown)]
    public void A_run_of_RubyGems_that_would_block_more_than_20_blocks_nobody(ComparisonResult one, long acting, ComparisonResult result) =>
        Assert.Equal(result, ComparisonRules.InRun(one, acting));

    private static ResearchFacts Facts(string words) => new(words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
