using CsCheck;
using DomainGuard.Core.Domains;
using static DomainGuard.Core.Tests.Domains.Sample;

namespace DomainGuard.Core.Tests.Domains;

public class DropEstimateTests
{
    private static readonly DateTimeOffset Expired = Utc(2026, 11, 14, 14);

    [Fact]
    public void After_its_term_a_generic_name_drops_35_to_80_days_later()
    {
        var drop = Estimate(Phase.Expired, "com", new(Expired));

        Assert.Equal(new DropInterval(Now.AddDays(35), Expired.AddDays(81)), drop);
    }

    [Fact]
    public void The_registrys_own_renewal_is_taken_back() => Assert.Equal(
        Estimate(Phase.Expired, "com", new(Expired)), Estimate(Phase.AutoRenewGrace, "com", new(Expired.AddYears(1))));

    [Fact]
    public void A_deletion_that_we_saw_narrows_the_interval()
    {
        var deleted = Utc(2026, 11, 1, 9);

        Assert.Equal(
            new DropInterval(deleted.AddDays(35), deleted.AddDays(36).AddHours(12)),
            Estimate(Phase.Redemption, "com", new(Expired, deleted), deleted.AddHours(12)));
        Assert.Equal(new DropInterval(Now.AddDays(5), Now.AddDays(36)), Estimate(Phase.Redemption, "com", default, null));
    }

    [Fact]
    public void The_last_five_days_are_five_days()
    {
        var began = Now.AddDays(-2);

        Assert.Equal(new DropInterval(began.AddDays(5), began.AddDays(6).AddHours(2)), Estimate(Phase.PendingDelete, "com", new(Expired, began), began.AddHours(2)));
        Assert.Equal(new DropInterval(Now, Now.AddDays(6)), Estimate(Phase.PendingDelete, "com", default, null));
    }

    [Fact]
    public void A_drop_that_is_overdue_lies_wholly_in_the_past()
    {
        var drop = Estimate(Phase.PendingDelete, "com", default, Now.AddDays(-9))!;

        Assert.True(drop.From < Now && drop.To < Now);
    }

    [Theory]
    [InlineData("uk", Phase.Expired, 10, 85)]
    [InlineData("uk", Phase.Redemption, 60, 35)]
    [InlineData("uk", Phase.PendingDelete, 92, 3)]
    [InlineData("id", Phase.Redemption, 50, 22)]
    public void Registries_that_count_from_the_end_of_the_term_drop_on_a_known_day(string tld, Phase phase, int daysAfter, int daysLeft)
    {
        var drop = Estimate(phase, tld, new(Now.AddDays(-daysAfter)))!;

        Assert.Equal(new DropInterval(Now.AddDays(daysLeft), Now.AddDays(daysLeft + 1)), drop);
    }

    [Fact]
    public void An_announced_deletion_is_believed() =>
        Assert.Equal(new DropInterval(Now.AddHours(10), Now.AddHours(34)), Estimate(Phase.PendingDelete, "fr", new(null, null, Now.AddHours(10))));

    [Fact]
    public void Redemption_of_de_ends_on_day_31()
    {
        var drop = Estimate(Phase.Redemption, "de", default, Now.AddDays(-10))!;

        Assert.Equal((Now, Now.AddDays(21)), (drop.From, drop.To));
    }

    [Theory]
    [InlineData(Phase.Unknown)]
    [InlineData(Phase.Active)]
    [InlineData(Phase.ExpiringSoon)]
    [InlineData(Phase.PendingRestore)]
    [InlineData(Phase.Released)]
    [InlineData(Phase.NotApplicable)]
    [InlineData(Phase.OnHold)]
    public void Nothing_points_to_a_drop(Phase phase) => Assert.Null(Estimate(phase, "com", new(Expired)));

    [Fact]
    public void The_hold_of_au_after_expiry_lasts_30_days_and_one_on_the_purge_list()
    {
        var held = Rdap(new RdapFacts { Statuses = ["server hold", "server update prohibited"], LastChangedAt = Now.AddDays(-4) });
        var disputed = Rdap(new RdapFacts { Statuses = ["client hold"], LastChangedAt = Now.AddDays(-4) });

        Assert.Equal(new DropInterval(Now.AddDays(27), Now.AddDays(32)), Judge("name.com.au", held).EstimatedDrop);
        Assert.Contains("renew for 30 days", Judge("name.com.au", held).Reasons[0].Text, StringComparison.Ordinal);
        Assert.Null(Judge("name.com.au", disputed).EstimatedDrop);
        Assert.DoesNotContain("renew for 30 days", Judge("name.com.au", disputed).Reasons[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void No_estimate_is_invented()
    {
        Assert.Null(Estimate(Phase.Expired, "com", default));
        Assert.Null(Estimate(Phase.Expired, "com", new(Now.AddDays(-300))));
        Assert.Null(Estimate(Phase.Redemption, "xx", new(Expired)));
        Assert.Null(Estimate(Phase.OnHold, "au", default));
        Assert.Null(Estimate(Phase.OnHold, "com", new(null, IsServerHeld: true)));
    }

    [Fact]
    public void Forecasts_have_no_gaps_and_end_with_the_latest_drop() =>
        Gen.Select(Gen.Enum<Phase>(), Gen.Int[0, 40], Generate.Facts, Gen.Bool).Sample(
            (phase, tld, facts, seen) =>
            {
                var rule = TldRules.All.Append(TldRules.Generic).ElementAt(tld % (TldRules.All.Count() + 1));
                var dates = LifecycleDates.Of(facts);
                DateTimeOffset? since = seen ? Now.AddDays(-tld) : null;
                var stages = LifecycleForecast.For(phase, dates, since, rule, Now);
                for (var i = 0; i < stages.Count; i++)
                {
                    Assert.True(stages[i].From < stages[i].To);
                    Assert.Equal(i == 0 ? Now : stages[i - 1].To, stages[i].From);
                    Assert.True(i == 0 || stages[i].Phase > stages[i - 1].Phase);
                }

                if (stages.Count > 0 && DropEstimate.For(phase, dates, since, rule, Now) is { } drop)
                {
                    Assert.Equal(drop.To, stages[^1].To);

                    // The stage of now is missing only when it may end any moment.
                    Assert.True(stages[0].Phase >= phase);
                }
            },
            iter: 20_000);

    [Fact]
    public void A_generic_life_is_forecast_stage_by_stage()
    {
        var end = Now.AddDays(60);

        Assert.Equal(
            [
                new(Phase.Active, Now, end.AddDays(-30)), new(Phase.ExpiringSoon, end.AddDays(-30), end), new(Phase.AutoRenewGrace, end, end.AddDays(45)),
                new(Phase.Redemption, end.AddDays(45), end.AddDays(75)), new(Phase.PendingDelete, end.AddDays(75), end.AddDays(81)),
            ],
            LifecycleForecast.For(Phase.Active, new(end), null, TldRules.Generic, Now));
        Assert.Equal(
            [new ForecastStage(Phase.Redemption, Now, Now.AddDays(31))], LifecycleForecast.For(Phase.Redemption, default, null, TldRules.For("de"), Now));
        Assert.Empty(LifecycleForecast.For(Phase.Active, default, null, TldRules.Generic, Now));
        Assert.Empty(LifecycleForecast.For(Phase.Active, new(end), null, TldRules.For("nl"), Now));
    }

    private static DropInterval? Estimate(Phase phase, string tld, LifecycleDates dates, DateTimeOffset? since = null) =>
        DropEstimate.For(phase, dates, since, TldRules.For(tld), Now);
}
