using DomainGuard.Core.Scheduling;

namespace DomainGuard.Core.Tests.Scheduling;

public class ScanSumTests
{
    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(100, 100, ScanResult.Complete)]
    [InlineData(100, 98, ScanResult.Complete)]
    [InlineData(100, 97, ScanResult.Partial)]
    [InlineData(100, 90, ScanResult.Partial)]
    [InlineData(100, 89, ScanResult.Void)]
    [InlineData(1, 0, ScanResult.Void)]
    [InlineData(1, 1, ScanResult.Complete)]
    [InlineData(50_000_000, 49_000_000, ScanResult.Complete)]
    [InlineData(50_000_000, 48_999_999, ScanResult.Partial)]
    [InlineData(int.MaxValue, int.MaxValue, ScanResult.Complete)]
    public void The_share_of_answers_is_the_verdict(int done, int answered, ScanResult? expected) => Assert.Equal(expected, ScanSum.Of(done, answered));

    [Theory]
    [InlineData(9, 0, false)]
    [InlineData(10, 8, true)]
    [InlineData(10, 9, false)]
    [InlineData(1000, 899, true)]
    [InlineData(1000, 900, false)]
    [InlineData(0, 0, false)]
    public void A_lane_is_void_below_90_percent_of_at_least_10(int done, int answered, bool expected) => Assert.Equal(expected, ScanSum.LaneIsVoid(done, answered));
}
