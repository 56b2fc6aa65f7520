using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;

namespace DomainGuard.Core.Tests.Scheduling;

public class CheckScheduleTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 14, 0, 0, TimeSpan.Zero);

    private static readonly Gen<ScheduleInput> Inputs = Gen.Select(
            Gen.String[Gen.Char['a', 'z'], 1, 20], Gen.Enum<Phase>(), Gen.Int[0, 2047], Gen.Enum<HandChange>(), Gen.Int[-400, 400], Gen.Int[0, 40], Gen.Bool, Gen.Enum<Confidence>())
        .Select(t => new ScheduleInput
        {
            Domain = t.Item1 + ".com",
            Phase = t.Item2,
            Flags = (DomainFlags)t.Item3,
            HandChange = t.Item4,
            HandChangeSince = Now.AddDays(-Math.Abs(t.Item5)),
            ExpiresAt = Now.AddDays(t.Item5),
            Now = Now,
            FailuresInRow = t.Item6,
            IsAnswered = t.Item7,
            Confidence = t.Item8,
        });

    [Theory]
    [InlineData(Phase.Active, 720)]
    [InlineData(Phase.ExpiringSoon, 72)]
    [InlineData(Phase.Expired, 24)]
    [InlineData(Phase.AutoRenewGrace, 12)]
    [InlineData(Phase.OnHold, 24)]
    [InlineData(Phase.Redemption, 6)]
    [InlineData(Phase.PendingRestore, 6)]
    [InlineData(Phase.PendingDelete, 2)]
    [InlineData(Phase.Released, 6)]
    [InlineData(Phase.Unknown, 24)]
    public void Every_phase_has_its_cadence(Phase phase, int hours)
    {
        var input = new ScheduleInput { Domain = "name.com", Phase = phase, Now = Now, IsAnswered = true };

        Assert.Equal(TimeSpan.FromHours(hours), CheckSchedule.Cadence(input));
        Assert.InRange(CheckSchedule.Next(input)!.Value, Now.AddHours(hours * 0.9), Now.AddHours(hours));
    }

    [Fact]
    public void What_cannot_be_looked_up_is_never_due() =>
        Assert.Null(CheckSchedule.Next(new() { Domain = "localhost", Phase = Phase.NotApplicable, Now = Now, IsAnswered = false }));

    [Theory]
    [InlineData(DomainFlags.Undelegated, 24)]
    [InlineData(DomainFlags.Parked, 24)]
    [InlineData(DomainFlags.ForSale, 24)]
    [InlineData(DomainFlags.Sinkholed, 24)]
    [InlineData(DomainFlags.DanglingMx, 24)]
    [InlineData(DomainFlags.PlatformTenant, 720)]
    [InlineData(DomainFlags.Notable | DomainFlags.NullMx | DomainFlags.DatesHidden, 720)]
    public void Flags_that_are_reviewed_are_looked_at_daily(DomainFlags flags, int hours) =>
        Assert.Equal(TimeSpan.FromHours(hours), CheckSchedule.Cadence(Active() with { Flags = flags }));

    [Fact]
    public void The_shortest_of_all_situations_counts()
    {
        var reregistered = Active() with { HandChange = HandChange.Reregistered, HandChangeSince = Now.AddDays(-14) };

        Assert.Equal(TimeSpan.FromHours(1), CheckSchedule.Cadence(reregistered));
        Assert.Equal(TimeSpan.FromHours(1), CheckSchedule.Cadence(reregistered with { HandChangeSince = null }));
        Assert.Equal(TimeSpan.FromDays(1), CheckSchedule.Cadence(reregistered with { HandChangeSince = Now.AddDays(-15) }));
        Assert.Equal(TimeSpan.FromHours(2), CheckSchedule.Cadence(reregistered with { HandChangeSince = Now.AddDays(-15), Phase = Phase.PendingDelete }));
        Assert.Equal(TimeSpan.FromHours(6), CheckSchedule.Cadence(Active() with { HandChange = HandChange.Suspected }));
        Assert.Equal(TimeSpan.FromDays(1), CheckSchedule.Cadence(Active() with { Confidence = Confidence.Conflicting }));
    }

    [Theory]
    [InlineData(40, 9, 11)]
    [InlineData(20, 5, 7)] // 14 days before
    [InlineData(5, 1, 3)] // 3 days before
    [InlineData(2, 2, 3)]
    [InlineData(-0.1, 0.7, 0.9)]
    [InlineData(200, 27, 30)]
    [InlineData(-200, 27, 30)]
    public void Neither_the_days_of_early_warnings_nor_the_day_after_the_end_of_the_term_are_slept_through(double expiresInDays, double fromDays, double toDays)
    {
        var next = CheckSchedule.Next(Active() with { ExpiresAt = Now.AddDays(expiresInDays) })!.Value;

        Assert.InRange((next - Now).TotalDays, fromDays, toDays + 0.1);
    }

    [Fact]
    public void The_next_check_lies_ahead_and_never_later_than_the_cadence() => Inputs.Sample(
        input =>
        {
            if (CheckSchedule.Next(input) is not { } next)
            {
                Assert.Equal(Phase.NotApplicable, input.Phase);
                return;
            }

            Assert.True(next > Now);
            Assert.True(!input.IsAnswered || next <= Now + CheckSchedule.Cadence(input));
            Assert.True(next <= Now.AddDays(30));
        },
        iter: 20_000);

    [Fact]
    public void More_failures_never_mean_an_earlier_try_and_end_at_a_week() => Inputs.Sample(
        input =>
        {
            var failed = input with { IsAnswered = false };
            if (CheckSchedule.Next(failed) is not { } next)
            {
                return;
            }

            Assert.True(CheckSchedule.Next(failed with { FailuresInRow = input.FailuresInRow + 1 }) >= next);
            Assert.True(next <= Now.AddDays(7));
        },
        iter: 20_000);

    [Fact]
    public void A_failed_look_up_of_a_domain_in_order_is_tried_again_within_the_hour_then_backs_off()
    {
        var failed = Active() with { IsAnswered = false };

        Assert.InRange(Hours(failed, 1), 0.9, 1);
        Assert.InRange(Hours(failed, 2), 1.8, 2);
        Assert.InRange(Hours(failed, 5), 14.4, 16);
        Assert.InRange(Hours(failed, 9), 151, 168);
        Assert.InRange(Hours(failed, int.MaxValue), 151, 168);
    }

    [Fact]
    public void A_domain_in_danger_is_tried_at_least_daily_however_often_it_failed()
    {
        var failed = Active() with { Phase = Phase.PendingDelete, IsAnswered = false };

        Assert.InRange(Hours(failed, 1), 0.45, 0.5);
        Assert.InRange(Hours(failed, 1000), 21.6, 24);
    }

    [Fact]
    public void Unknown_backs_off_from_a_day_to_a_week()
    {
        var failed = Active() with { Phase = Phase.Unknown, IsAnswered = false };

        Assert.InRange(Hours(failed, 0), 21.6, 24);
        Assert.InRange(Hours(failed, 1), 21.6, 24);
        Assert.InRange(Hours(failed, 2), 43.2, 48);
        Assert.InRange(Hours(failed, 4), 151, 168);
    }

    [Fact]
    public void The_spread_is_the_same_in_every_process_and_even()
    {
        // Pinned: a change would move every due time of an installation at once.
        Assert.Equal(0.39733924, StableHash.Fraction("example.com"), 8);

        var tenths = new int[10];
        for (var i = 0; i < 10_000; i++)
        {
            tenths[(int)(StableHash.Fraction($"name{i}.com") * 10)]++;
        }

        Assert.All(tenths, n => Assert.InRange(n, 850, 1150));
    }

    [Fact]
    public void The_sweep_comes_once_a_day_at_the_time_of_the_name() => Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 20], Gen.Int[0, 100_000]).Sample(
        (name, minutes) =>
        {
            var now = Now.AddMinutes(minutes);
            var next = CheckSchedule.NextSweep(name, now);
            Assert.True(next > now && next <= now.AddDays(1));
            Assert.Equal(next.AddDays(1), CheckSchedule.NextSweep(name, next));
        });

    [Fact]
    public void The_cadence_is_what_the_policy_says_of_the_shortest_situation_that_holds()
    {
        var rules = new Dictionary<Situation, SituationRule>(GuardPolicy.Default.Situations)
        {
            [Situation.Expired] = new(PolicyAction.Watch, TimeSpan.FromHours(20)),
            [Situation.ExpiredAndMoved] = new(PolicyAction.Review, TimeSpan.FromHours(3)),
            [Situation.Reregistered] = new(PolicyAction.Unverify, TimeSpan.FromHours(2)),
            [Situation.Parked] = new(PolicyAction.Review, TimeSpan.FromHours(5)),
        };
        var policy = GuardPolicy.Default with { Situations = rules, ReregisteredWatch = TimeSpan.FromDays(3) };
        var expired = Active() with { Phase = Phase.Expired, Policy = policy };

        Assert.Equal(TimeSpan.FromHours(20), CheckSchedule.Cadence(expired));
        Assert.Equal(TimeSpan.FromHours(3), CheckSchedule.Cadence(expired with { HasMoved = true }));
        Assert.Equal(TimeSpan.FromHours(5), CheckSchedule.Cadence(expired with { Flags = DomainFlags.Parked }));
        Assert.Equal(TimeSpan.FromHours(2), CheckSchedule.Cadence(expired with { HandChange = HandChange.Reregistered, HandChangeSince = Now.AddDays(-2) }));
        Assert.Equal(TimeSpan.FromHours(20), CheckSchedule.Cadence(expired with { HandChange = HandChange.Reregistered, HandChangeSince = Now.AddDays(-4) }));
    }

    private static ScheduleInput Active() => new() { Domain = "name.com", Phase = Phase.Active, Now = Now, IsAnswered = true };

    private static double Hours(ScheduleInput input, int failures) => (CheckSchedule.Next(input with { FailuresInRow = failures })!.Value - Now).TotalHours;
}
