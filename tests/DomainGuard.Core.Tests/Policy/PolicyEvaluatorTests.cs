using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Policy;

public class PolicyEvaluatorTests
{
    private static FindingFacts Facts(
        Phase phase = Phase.Active,
        DomainFlags flags = DomainFlags.None,
        Confidence confidence = Confidence.Corroborated,
        HandChange hands = HandChange.None,
        Confidence handConfidence = Confidence.None,
        int addresses = 1,
        bool moved = false) => new()
        {
            Phase = phase,
            Flags = flags,
            Confidence = confidence,
            HandChange = hands,
            HandConfidence = handConfidence,
            AddressCount = addresses,
            HasMoved = moved,
        };

    [Theory]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.None, false, Situation.Active, PolicyAction.Nothing)]
    [InlineData(Phase.ExpiringSoon, DomainFlags.None, HandChange.None, false, Situation.ExpiringSoon, PolicyAction.Watch)]
    [InlineData(Phase.Expired, DomainFlags.None, HandChange.None, false, Situation.Expired, PolicyAction.Watch)]
    [InlineData(Phase.Expired, DomainFlags.None, HandChange.None, true, Situation.ExpiredAndMoved, PolicyAction.Review)]
    [InlineData(Phase.Expired, DomainFlags.Parked, HandChange.None, false, Situation.Parked, PolicyAction.Review)]
    [InlineData(Phase.AutoRenewGrace, DomainFlags.None, HandChange.None, false, Situation.AutoRenewGrace, PolicyAction.Watch)]
    [InlineData(Phase.AutoRenewGrace, DomainFlags.None, HandChange.None, true, Situation.AutoRenewGraceAndMoved, PolicyAction.Review)]
    [InlineData(Phase.AutoRenewGrace, DomainFlags.ForSale, HandChange.None, true, Situation.ForSale, PolicyAction.Review)]
    [InlineData(Phase.OnHold, DomainFlags.Undelegated, HandChange.None, false, Situation.OnHold, PolicyAction.Review)]
    [InlineData(Phase.Active, DomainFlags.Undelegated, HandChange.None, false, Situation.Undelegated, PolicyAction.Review)]
    [InlineData(Phase.Redemption, DomainFlags.Undelegated, HandChange.None, false, Situation.Redemption, PolicyAction.Unverify)]
    [InlineData(Phase.PendingRestore, DomainFlags.Undelegated, HandChange.None, false, Situation.PendingRestore, PolicyAction.Review)]
    [InlineData(Phase.PendingDelete, DomainFlags.None, HandChange.None, false, Situation.PendingDelete, PolicyAction.Unverify)]
    [InlineData(Phase.Released, DomainFlags.None, HandChange.None, false, Situation.Released, PolicyAction.Unverify)]
    [InlineData(Phase.Active, DomainFlags.NewlyRegistered, HandChange.Reregistered, false, Situation.Reregistered, PolicyAction.Unverify)]
    [InlineData(Phase.Released, DomainFlags.None, HandChange.Reregistered, false, Situation.Reregistered, PolicyAction.Unverify)]
    [InlineData(Phase.Active, DomainFlags.None, HandChange.Suspected, false, Situation.Suspected, PolicyAction.Review)]
    [InlineData(Phase.Active, DomainFlags.Sinkholed, HandChange.None, false, Situation.Sinkholed, PolicyAction.Review)]
    [InlineData(Phase.Active, DomainFlags.DanglingMx, HandChange.None, false, Situation.DanglingMx, PolicyAction.Review)]
    [InlineData(Phase.Unknown, DomainFlags.None, HandChange.None, false, Situation.Unknown, PolicyAction.Nothing)]
    [InlineData(Phase.Unknown, DomainFlags.Undelegated, HandChange.None, false, Situation.Unknown, PolicyAction.Nothing)]
    [InlineData(Phase.NotApplicable, DomainFlags.Parked, HandChange.None, false, Situation.NotApplicable, PolicyAction.Nothing)]
    [InlineData(Phase.Active, DomainFlags.PlatformTenant, HandChange.None, false, Situation.PlatformTenant, PolicyAction.Watch)]
    public void The_strongest_row_of_the_default_policy_wins(Phase phase, DomainFlags flags, HandChange hands, bool moved, Situation situation, PolicyAction action)
    {
        var finding = PolicyEvaluator.Evaluate(GuardPolicy.Default, Facts(phase, flags, hands: hands, handConfidence: Confidence.Corroborated, moved: moved));
        Assert.Equal(new Finding(situation, action, action, Guard.None), finding);
    }

    [Fact]
    public void Opposite_sources_go_to_a_person()
    {
        var finding = PolicyEvaluator.Evaluate(GuardPolicy.Default, Facts(confidence: Confidence.Conflicting));
        Assert.Equal(new Finding(Situation.Conflicting, PolicyAction.Review, PolicyAction.Review, Guard.None), finding);
    }

    [Fact]
    public void Of_two_rows_that_unverify_the_corroborated_one_is_named()
    {
        var byPhase = PolicyEvaluator.Evaluate(GuardPolicy.Default, Facts(Phase.Redemption, hands: HandChange.Reregistered, handConfidence: Confidence.Single));
        Assert.Equal((Situation.Redemption, PolicyAction.Unverify), (byPhase.Situation, byPhase.Action));

        var byHands = PolicyEvaluator.Evaluate(GuardPolicy.Default, Facts(Phase.Redemption, confidence: Confidence.Single, hands: HandChange.Reregistered, handConfidence: Confidence.Corroborated));
        Assert.Equal((Situation.Reregistered, PolicyAction.Unverify), (byHands.Situation, byHands.Action));
    }

    /// <summary>Override, notable, large, confidence, canary: in this order, the first that holds is the one that is named.</summary>
    [Theory]
    [InlineData(true, true, true, false, true, Guard.Override, PolicyAction.Watch, false)]
    [InlineData(false, true, true, false, true, Guard.Notable, PolicyAction.Review, true)]
    [InlineData(false, false, true, false, true, Guard.Large, PolicyAction.Review, true)]
    [InlineData(false, false, false, false, true, Guard.Confidence, PolicyAction.Review, false)]
    [InlineData(false, false, false, true, true, Guard.Canary, PolicyAction.Nothing, false)]
    [InlineData(false, false, false, true, false, Guard.None, PolicyAction.Unverify, false)]
    public void Guards_are_asked_in_the_order_of_the_product(
        bool overridden, bool notable, bool large, bool corroborated, bool canaryFailed, Guard guard, PolicyAction action, bool domainWide)
    {
        var facts = Facts(Phase.Released, notable ? DomainFlags.Notable : 0, corroborated ? Confidence.Corroborated : Confidence.Single, addresses: large ? 50 : 49) with
        {
            IsOverridden = overridden,
            CanaryFailed = canaryFailed,
        };
        Assert.Equal(new Finding(Situation.Released, PolicyAction.Unverify, action, guard, domainWide), PolicyEvaluator.Evaluate(GuardPolicy.Default, facts));
    }

    [Theory]
    [InlineData(49, false)]
    [InlineData(50, true)]
    public void What_a_person_reviews_is_one_case_where_the_domain_is_large(int addresses, bool domainWide) =>
        Assert.Equal(domainWide, PolicyEvaluator.Evaluate(GuardPolicy.Default, Facts(Phase.OnHold, addresses: addresses)).IsDomainWide);

    [Fact]
    public void A_guard_that_is_switched_off_stops_nothing()
    {
        var open = GuardPolicy.Default with { Guards = new GuardRules(Notable: false, LargeFrom: null, Confidence: false) };
        var finding = PolicyEvaluator.Evaluate(open, Facts(Phase.Released, DomainFlags.Notable, Confidence.Single, addresses: 100_000));
        Assert.Equal(PolicyAction.Unverify, finding.Action);
    }

    [Fact]
    public void No_guard_makes_a_finding_stronger_and_nothing_unknown_unverifies() =>
        Gen.Select(Gen.Enum<Phase>(), Gen.Int[0, 2047], Gen.Enum<Confidence>(), Gen.Enum<HandChange>(), Gen.Enum<Confidence>(), Gen.Int[0, 200], Gen.Bool, Gen.Bool)
            .Sample((phase, flags, confidence, hands, handConfidence, addresses, overridden, canary) =>
            {
                var finding = PolicyEvaluator.Evaluate(GuardPolicy.Default, Facts(phase, (DomainFlags)flags, confidence, hands, handConfidence, addresses) with
                {
                    IsOverridden = overridden,
                    CanaryFailed = canary,
                });
                Assert.True(finding.Action <= finding.Wanted);
                if (finding.Action == PolicyAction.Unverify)
                {
                    Assert.False(overridden || canary || addresses >= 50 || ((DomainFlags)flags).HasFlag(DomainFlags.Notable));
                    Assert.True(hands == HandChange.Reregistered || phase is Phase.Redemption or Phase.PendingDelete or Phase.Released);
                    Assert.Contains(Confidence.Corroborated, new[] { confidence, handConfidence });
                }

                if (phase == Phase.NotApplicable || (phase == Phase.Unknown && hands == HandChange.None))
                {
                    Assert.NotEqual(PolicyAction.Unverify, finding.Action);
                }
            });

    [Theory]
    [InlineData(0, 0, 20, false)]
    [InlineData(0, 0, 21, true)]
    [InlineData(20, 0, 1, true)]
    [InlineData(19, 0, 1, false)]
    [InlineData(0, 600, 100, false)] // a mean of 20 a day: 100 are usual enough
    [InlineData(0, 600, 101, true)]
    [InlineData(0, 119, 20, false)] // five times the mean is below 20: 20 holds
    [InlineData(1_000, 0, 0, false)] // an empty portion never waits
    public void The_brake_holds_above_20_a_day_or_five_times_the_mean(int last24, int last30Days, int portion, bool holds) =>
        Assert.Equal(holds, Brake.Holds(GuardPolicy.Default.Brake, last24, last30Days, portion));

    [Fact]
    public void A_policy_is_read_back_as_it_was_written()
    {
        var policy = GuardPolicy.Default with { Brake = new BrakeRules(40, 3.5), Guards = new GuardRules(true, null, false) };
        var read = GuardPolicy.Parse(policy.ToJson());
        Assert.Equal(policy.ToJson(), read.ToJson());
        Assert.Equal(policy.Brake, read.Brake);
        Assert.Equal(TimeSpan.FromHours(2), read[Situation.PendingDelete].LookAgain);
    }

    [Fact]
    public void A_kept_version_that_does_not_know_a_situation_yet_gets_its_default()
    {
        var without = GuardPolicy.Default with
        {
            Situations = GuardPolicy.Default.Situations.Where(s => s.Key != Situation.DanglingMx).ToDictionary(),
        };
        Assert.Equal(PolicyAction.Review, GuardPolicy.Parse(without.ToJson())[Situation.DanglingMx].Action);
    }

    [Fact]
    public void The_defaults_have_no_problem_and_nonsense_has_every_one_of_them_named()
    {
        Assert.Empty(GuardPolicy.Default.Problems());
        var nonsense = GuardPolicy.Default with
        {
            Situations = new Dictionary<Situation, SituationRule>(GuardPolicy.Default.Situations)
            {
                [Situation.Unknown] = new(PolicyAction.Unverify, TimeSpan.FromSeconds(1)),
            },
            Brake = new BrakeRules(-1, 0),
            Guards = new GuardRules(true, 1, true),
            EarlyWarningDays = [0],
        };
        Assert.Equal(6, nonsense.Problems().Count);
    }
}
