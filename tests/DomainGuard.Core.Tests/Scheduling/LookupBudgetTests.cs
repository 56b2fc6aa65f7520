using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;

namespace DomainGuard.Core.Tests.Scheduling;

public class LookupBudgetTests
{
    [Theory]
    [InlineData(SourceKind.Rdap, 60_000)]
    [InlineData(SourceKind.Fastly, 10_000)]
    [InlineData(SourceKind.Domainr, 10_000)]
    [InlineData(SourceKind.Dns, 500_000)]
    public void Every_source_has_its_default(SourceKind source, int perDay) => Assert.Equal(perDay, LookupBudget.DefaultPerDay(source));

    [Fact]
    public void The_riskiest_phase_goes_first_whatever_else_is_at_stake()
    {
        Phase[] rising =
        [
            Phase.NotApplicable, Phase.Active, Phase.ExpiringSoon, Phase.Unknown, Phase.Expired, Phase.OnHold, Phase.AutoRenewGrace, Phase.PendingRestore, Phase.Released,
            Phase.Redemption, Phase.PendingDelete,
        ];
        for (var i = 1; i < rising.Length; i++)
        {
            Assert.True(
                LookupBudget.Priority(rising[i], HandChange.None, 0, false, false, TimeSpan.Zero)
                > LookupBudget.Priority(rising[i - 1], HandChange.None, 1000, true, true, TimeSpan.MaxValue));
        }
    }

    [Fact]
    public void Within_a_phase_impact_then_a_single_address_then_a_missing_second_factor_then_age_decide()
    {
        static int Of(int impact, bool single, bool noFactor, int hours) =>
            LookupBudget.Priority(Phase.Active, HandChange.None, impact, single, noFactor, TimeSpan.FromHours(hours));

        Assert.True(Of(501, false, false, 0) > Of(500, false, false, 0) + 1);
        Assert.True(Of(500, true, false, 0) > Of(500, false, true, 100_000));
        Assert.True(Of(500, false, true, 0) > Of(500, false, false, 100_000));
        Assert.True(Of(500, false, false, 2) > Of(500, false, false, 1));
        Assert.True(Of(501, false, false, 0) < Of(501, true, true, 0));
        Assert.Equal(Of(500, false, false, 0), Of(500, false, false, -5));
    }

    [Fact]
    public void A_change_of_hands_raises_every_phase_and_lowers_none() =>
        Gen.Select(Gen.Enum<Phase>(), Gen.Int[-5, 2000], Gen.Bool, Gen.Bool, Gen.Int[-10, 1_000_000]).Sample((phase, impact, single, noFactor, hours) =>
        {
            var rising = Enum.GetValues<HandChange>().Select(h => LookupBudget.Priority(phase, h, impact, single, noFactor, TimeSpan.FromHours(hours))).ToArray();
            Assert.True(rising[0] >= 0 && rising[0] <= rising[1] && rising[1] <= rising[2]);
        });
}
