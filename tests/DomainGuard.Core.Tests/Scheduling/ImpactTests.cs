using CsCheck;
using DomainGuard.Core.Scheduling;

namespace DomainGuard.Core.Tests.Scheduling;

public class ImpactTests
{
    [Theory]
    [InlineData(0, 0, false, 0)]
    [InlineData(-3, -3, false, 0)]
    [InlineData(1, 0, false, 24)]
    [InlineData(1, 100_000, false, 374)]
    [InlineData(0, 0, true, 250)]
    [InlineData(300, 2_000_000_000, true, 1000)]
    [InlineData(long.MaxValue, long.MaxValue, true, 1000)]
    public void Is_a_number_from_0_to_1000(long projects, long downloads, bool privileged, int expected) =>
        Assert.Equal(expected, Impact.Of(projects, downloads, privileged));

    [Fact]
    public void More_at_stake_is_never_less_impact() => Gen.Select(Gen.Long, Gen.Long, Gen.Bool, Gen.Long[0, 1_000_000]).Sample((projects, downloads, privileged, more) =>
    {
        projects /= 2;
        downloads /= 2;
        var impact = Impact.Of(projects, downloads, privileged);
        Assert.InRange(impact, 0, 1000);
        Assert.True(Impact.Of(projects + more, downloads, privileged) >= impact);
        Assert.True(Impact.Of(projects, downloads + more, privileged) >= impact);
        Assert.True(Impact.Of(projects, downloads, true) >= impact);
    });
}
