using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Policy;

public class BudgetOutlookTests
{
    private static readonly SourceKind[] Rdap = [SourceKind.Rdap];

    // Days between checks under the defaults; checks come a twentieth sooner on the mean, 2 % are repeated.
    [Theory]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.None, false, false, 30)]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.None, false, true, 7)] // a name that keeps failing is tried once a week
    [InlineData(Phase.ExpiringSoon, DomainFlags.None, HandChange.None, false, false, 3)]
    [InlineData(Phase.Expired, DomainFlags.None, HandChange.None, false, false, 1)]
    [InlineData(Phase.AutoRenewGrace, DomainFlags.None, HandChange.None, false, false, 0.5)]
    [InlineData(Phase.PendingDelete, DomainFlags.None, HandChange.None, false, false, 1 / 12.0)]
    [InlineData(Phase.PendingDelete, DomainFlags.None, HandChange.None, false, true, 1)] // in danger: once a day at least
    [InlineData(Phase.Unknown, DomainFlags.None, HandChange.None, false, false, 1)]
    [InlineData(Phase.Unknown, DomainFlags.None, HandChange.None, false, true, 7)]
    [InlineData(Phase.Active, DomainFlags.Parked, HandChange.None, false, false, 1)]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.Suspected, false, false, 0.25)]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.Reregistered, false, false, 1 / 24.0)]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.Reregistered, true, false, 1)] // after two weeks
    public void Each_class_asks_as_often_as_its_most_urgent_row(Phase phase, DomainFlags flags, HandChange hands, bool isOld, bool backedOff, double days)
    {
        var sum = Assert.Single(BudgetOutlook.Of(GuardPolicy.Default, [new DomainClass(phase, flags, Confidence.Corroborated, hands, isOld, backedOff, 9_500)], Rdap));
        Assert.Equal((long)Math.Ceiling((10_000 / days * 1.02) - 1e-6), sum.Wanted);
    }

    [Theory]
    [InlineData(Phase.NotApplicable)]
    public void What_is_never_looked_up_asks_nothing(Phase phase)
    {
        var sums = BudgetOutlook.Of(GuardPolicy.Default, [Class(phase, 1_000)], [SourceKind.Rdap, SourceKind.Dns]);
        Assert.All(sums, s => Assert.Equal(0, s.Wanted));
        Assert.All(sums, s => Assert.True(s.Fits));
    }

    [Theory]
    [InlineData(SourceKind.Rdap, 60_000)]
    [InlineData(SourceKind.Fastly, 10_000)]
    [InlineData(SourceKind.Domainr, 10_000)]
    [InlineData(SourceKind.Dns, 500_000)]
    public void Each_enabled_source_has_its_own_sum_and_budget(SourceKind source, int budget)
    {
        var sum = Assert.Single(BudgetOutlook.Of(GuardPolicy.Default, [Class(Phase.Active, 28_500)], [source]));
        Assert.Equal(budget, sum.Allowed);
        // 28,500 / 30 / 0.95 = 1,000 checks, 2 % repeats; the sweep asks DNS once a day for each besides.
        Assert.Equal(source == SourceKind.Dns ? 1_020 + 28_500 : 1_020, sum.Wanted);
    }

    [Fact]
    public void What_does_not_fit_says_by_which_sum()
    {
        var policy = PolicyFields.With(GuardPolicy.Default, "Active.lookAgain", "2d")!;
        var sum = Assert.Single(BudgetOutlook.Of(policy, [Class(Phase.Active, 114_000), Class(Phase.Redemption, 95), Class(Phase.Unknown, 950)], Rdap));
        Assert.False(sum.Fits);
        Assert.Equal("62,628 RDAP questions a day wanted, 60,000 allowed: Active every 2 d = 60,000; Unknown every 1 d = 1,000; Redemption every 6 h = 400; Repeats (2 %) = 1,228.", sum.Sentence());
    }

    [Fact]
    public void A_million_accounts_in_250_000_domains_fit_into_the_default_budgets()
    {
        DomainClass[] domains = [Class(Phase.Active, 243_000), Class(Phase.ExpiringSoon, 5_000), Class(Phase.Expired, 1_000), Class(Phase.Redemption, 300), Class(Phase.Released, 200), Class(Phase.Unknown, 500)];
        Assert.All(BudgetOutlook.Of(GuardPolicy.Default, domains, [SourceKind.Rdap, SourceKind.Dns]), s => Assert.True(s.Fits, s.Sentence()));
    }

    [Fact]
    public void A_shorter_row_for_a_domain_that_moved_counts_before_anybody_knows_whether_it_did()
    {
        var policy = PolicyFields.With(GuardPolicy.Default, "ExpiredAndMoved.lookAgain", "1h")!;
        Assert.Equal((Situation.ExpiredAndMoved, TimeSpan.FromHours(1)), PolicyCadence.Of(policy, Phase.Expired, DomainFlags.None, Confidence.Corroborated, HandChange.None, false));
        Assert.Equal((Situation.Expired, TimeSpan.FromDays(1)), PolicyCadence.Of(GuardPolicy.Default, Phase.Expired, DomainFlags.None, Confidence.Corroborated, HandChange.None, false));
    }

    private static DomainClass Class(Phase phase, int count) => new(phase, DomainFlags.None, Confidence.Corroborated, HandChange.None, false, false, count);
}
