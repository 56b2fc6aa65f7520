using DomainGuard.Core.Events;

namespace DomainGuard.Core.Tests.Events;

public sealed class DeliveryRulesTests
{
    /// <summary>Answer and try, and what becomes of the delivery.</summary>
    public static TheoryData<int?, int, DeliveryOutcome> Table => new()
    {
        { 200, 1, DeliveryOutcome.Delivered },
        { 202, 1, DeliveryOutcome.Delivered },
        { 204, 10, DeliveryOutcome.Delivered },
        { 301, 1, DeliveryOutcome.Again },
        { 308, 10, DeliveryOutcome.Dead },
        { 400, 1, DeliveryOutcome.Again },
        { 401, 1, DeliveryOutcome.Again },
        { 404, 9, DeliveryOutcome.Again },
        { 404, 10, DeliveryOutcome.Dead },
        { 410, 1, DeliveryOutcome.Gone },
        { 410, 10, DeliveryOutcome.Gone },
        { 429, 1, DeliveryOutcome.AgainAndRest },
        { 429, 10, DeliveryOutcome.Dead },
        { 500, 1, DeliveryOutcome.Again },
        { 500, 10, DeliveryOutcome.Dead },
        { 502, 2, DeliveryOutcome.AgainAndRest },
        { 503, 2, DeliveryOutcome.AgainAndRest },
        { 504, 2, DeliveryOutcome.AgainAndRest },
        { null, 1, DeliveryOutcome.AgainAndRest },
        { null, 10, DeliveryOutcome.Dead },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void An_answer_decides_what_becomes_of_a_delivery(int? status, int tries, DeliveryOutcome outcome) => Assert.Equal(outcome, DeliveryRules.Of(status, tries));

    [Fact]
    public void Ten_tries_take_three_days_and_a_bit()
    {
        Assert.Equal(10, DeliveryRules.Tries);
        var whole = Enumerable.Range(1, 9).Aggregate(TimeSpan.Zero, (sum, n) => sum + DeliveryRules.Wait(n, 0, null));
        Assert.Equal(new TimeSpan(3, 3, 35, 5), whole);
        Assert.Throws<ArgumentOutOfRangeException>(() => DeliveryRules.Wait(10, 0, null));
    }

    [Fact]
    public void A_receiver_is_never_tried_sooner_than_it_asked_nor_later_than_a_day()
    {
        Assert.Equal(TimeSpan.FromSeconds(90), DeliveryRules.Wait(1, 0, TimeSpan.FromSeconds(90)));
        Assert.Equal(TimeSpan.FromSeconds(5), DeliveryRules.Wait(1, 0, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromSeconds(5), DeliveryRules.Wait(1, 0, TimeSpan.FromSeconds(-60)));
        Assert.Equal(TimeSpan.FromHours(24), DeliveryRules.Wait(1, 0, TimeSpan.FromDays(400)));
        Assert.Equal(TimeSpan.FromSeconds(5.5), DeliveryRules.Wait(1, 1, null));
    }

    [Fact]
    public void A_receiver_that_is_down_is_left_alone_longer_each_time_and_as_long_as_it_asks()
    {
        Assert.Equal([1, 2, 4, 8, 256, 300, 300], new[] { 1, 2, 3, 4, 9, 10, 1_000 }.Select(n => DeliveryRules.Rest(n, null).TotalSeconds));
        Assert.Equal(TimeSpan.FromMinutes(10), DeliveryRules.Rest(1, TimeSpan.FromMinutes(10)));
        Assert.Equal(TimeSpan.FromHours(24), DeliveryRules.Rest(1, TimeSpan.FromDays(9)));
        Assert.Equal(TimeSpan.FromSeconds(1), DeliveryRules.Rest(1, TimeSpan.Zero));
    }
}
