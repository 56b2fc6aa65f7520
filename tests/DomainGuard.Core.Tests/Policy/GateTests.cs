using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Policy;

/// <summary>The table of product section 8: each row with what it locks out and what it lets through.</summary>
public sealed class GateTests
{
    private static readonly GateRules Rules = GuardPolicy.Default.Gate;
    private static readonly GateFacts Good = new() { IsMonitored = true, Phase = Phase.Active, EvidenceAge = TimeSpan.FromHours(3), IsFresh = true, Finding = new Finding(Situation.Active, PolicyAction.Nothing, PolicyAction.Nothing, Guard.None) };

    private static Finding Wants(PolicyAction wanted, Guard guard = Guard.None, bool wide = false) =>
        new(Situation.Redemption, wanted, guard == Guard.None ? wanted : PolicyAction.Review, guard, wide);

    private static GateCase In(CaseState state, bool worse = false, bool contested = false, bool waits = false) => new(state, worse, contested, waits);

    public static TheoryData<string, GateFacts, GateDecision, GateReason> Table => new()
    {
        { "in order", Good, GateDecision.Allow, GateReason.InOrder },
        { "not monitored", Good with { IsMonitored = false }, GateDecision.Allow, GateReason.NotMonitored },
        { "a literal", Good with { Phase = Phase.NotApplicable, EvidenceAge = null, IsFresh = false }, GateDecision.Allow, GateReason.NotApplicable },
        { "un-verified", Good with { IsUnverified = true, Own = In(CaseState.Unverified) }, GateDecision.Deny, GateReason.AddressUnverified },
        { "un-verified, and confirmed", Good with { IsUnverified = true, Own = In(CaseState.Confirmed) }, GateDecision.Deny, GateReason.AddressUnverified },
        { "un-verified, in order since", Good with { IsUnverified = true, Own = In(CaseState.Recovered) }, GateDecision.Deny, GateReason.AddressUnverified },
        { "un-verified on a notable domain, by a person", Good with { IsUnverified = true, IsNotable = true, Whole = In(CaseState.Confirmed) }, GateDecision.Deny, GateReason.AddressUnverified },
        { "un-verified, and nobody answers", Good with { IsUnverified = true, IsFresh = false, EvidenceAge = TimeSpan.FromDays(90) }, GateDecision.Deny, GateReason.AddressUnverified },
        { "overridden", Good with { Own = In(CaseState.Overridden), Finding = Wants(PolicyAction.Unverify, Guard.Override) }, GateDecision.Allow, GateReason.Overridden },
        { "overridden with its whole domain", Good with { Whole = In(CaseState.Overridden), Finding = Wants(PolicyAction.Unverify, Guard.Confidence) }, GateDecision.Allow, GateReason.Overridden },
        { "overridden, and worse since", Good with { Own = In(CaseState.Overridden, worse: true), Finding = Wants(PolicyAction.Unverify, Guard.Confidence) }, GateDecision.Review, GateReason.Confidence },
        { "dismissed", Good with { Own = In(CaseState.Dismissed), HandChange = HandChange.Suspected, Finding = Wants(PolicyAction.Review) }, GateDecision.Allow, GateReason.Dismissed },
        { "dismissed, and worse since", Good with { Own = In(CaseState.Dismissed, worse: true), HandChange = HandChange.Suspected, Finding = Wants(PolicyAction.Review) }, GateDecision.Review, GateReason.ChangeOfHandsSuspected },
        { "its own case in review, its domain's dismissed", Good with { Own = In(CaseState.NeedsReview), Whole = In(CaseState.Dismissed), Finding = Wants(PolicyAction.Review) }, GateDecision.Review, GateReason.CaseNeedsReview },
        { "notable", Good with { IsNotable = true, Whole = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Unverify, Guard.Notable, true) }, GateDecision.Allow, GateReason.NotableDomain },
        { "notable, and parked", Good with { IsNotable = true, Whole = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Review, wide: true) }, GateDecision.Allow, GateReason.NotableDomain },
        { "large", Good with { Whole = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Unverify, Guard.Large, true) }, GateDecision.Allow, GateReason.LargeDomain },
        { "large, and parked", Good with { Whole = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Review, wide: true) }, GateDecision.Review, GateReason.CaseNeedsReview },
        { "one source only", Good with { Own = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Unverify, Guard.Confidence) }, GateDecision.Review, GateReason.Confidence },
        { "a server that lies", Good with { Finding = Wants(PolicyAction.Unverify, Guard.Canary) }, GateDecision.Review, GateReason.CanaryFailed },
        { "braked", Good with { Own = In(CaseState.NeedsReview, waits: true), Finding = Wants(PolicyAction.Unverify, Guard.Brake) }, GateDecision.Review, GateReason.Braked },
        { "in a batch, in order since", Good with { Own = In(CaseState.NeedsReview, waits: true) }, GateDecision.Review, GateReason.Braked },
        { "wanted, and not carried out in time", Good with { Finding = Wants(PolicyAction.Unverify) }, GateDecision.Review, GateReason.DecisionPending },
        { "an override that the facts outgrew", Good with { Own = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Unverify) }, GateDecision.Review, GateReason.CaseNeedsReview },
        { "suspected", Good with { HandChange = HandChange.Suspected, Finding = Wants(PolicyAction.Review) }, GateDecision.Review, GateReason.ChangeOfHandsSuspected },
        { "contested", Good with { Own = In(CaseState.NeedsReview, contested: true) }, GateDecision.Review, GateReason.Contested },
        { "a case in review", Good with { Own = In(CaseState.NeedsReview), Finding = Wants(PolicyAction.Review) }, GateDecision.Review, GateReason.CaseNeedsReview },
        { "asleep", Good with { Own = In(CaseState.Snoozed), Finding = Wants(PolicyAction.Review) }, GateDecision.Review, GateReason.CaseSnoozed },
        { "recovered", Good with { Own = In(CaseState.Recovered) }, GateDecision.Review, GateReason.CaseRecovered },
        { "restored", Good with { Own = In(CaseState.Restored) }, GateDecision.Allow, GateReason.InOrder },
        { "no answer in time", Good with { IsFresh = false, EvidenceAge = TimeSpan.FromDays(6) }, GateDecision.Allow, GateReason.InOrder },
        { "no answer for long", Good with { IsFresh = false, EvidenceAge = TimeSpan.FromDays(8) }, GateDecision.Review, GateReason.NoRecentEvidence },
        { "never an answer", Good with { Phase = Phase.Unknown, IsFresh = false, EvidenceAge = null }, GateDecision.Review, GateReason.NoRecentEvidence },
        { "an answer that says nothing", Good with { Phase = Phase.Unknown }, GateDecision.Allow, GateReason.InOrder },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Answers_by_the_first_row_that_matches(string row, GateFacts facts, GateDecision decision, GateReason reason)
    {
        Assert.NotEmpty(row);
        var answer = Gate.Answer(Rules, facts);
        Assert.Equal((decision, reason), (answer.Decision, answer.Reason));
        Assert.Equal(answer.Reason is GateReason.NotableDomain or GateReason.LargeDomain, answer.Alarm);
    }

    [Fact]
    public void What_is_not_watched_is_looked_at_where_the_policy_says_so()
    {
        var strict = Rules with { AllowNotMonitored = false, AllowNotApplicable = false };
        Assert.Equal(GateDecision.Review, Gate.Answer(strict, Good with { IsMonitored = false }).Decision);
        Assert.Equal(GateDecision.Review, Gate.Answer(strict, Good with { Phase = Phase.NotApplicable }).Decision);
    }

    [Fact]
    public void While_the_installation_only_observes_nobody_is_refused()
    {
        foreach (var (_, facts, decision, reason) in Table.Select(t => t.Data))
        {
            var would = Gate.Answer(Rules, facts);
            var given = Gate.Observing(would);
            Assert.Equal(decision == GateDecision.Deny ? (GateDecision.Review, GateReason.ObserveOnly) : (decision, reason), (given.Decision, given.Reason));
        }
    }

    [Fact]
    public void Whatever_the_rest_an_address_that_is_unverified_is_refused_and_none_other_is()
    {
        var states = Enum.GetValues<CaseState>().Select(s => (CaseState?)s).Append(null).ToArray();
        foreach (var phase in Enum.GetValues<Phase>().Where(p => p != Phase.NotApplicable))
        {
            foreach (var hands in Enum.GetValues<HandChange>())
            {
                foreach (var guard in Enum.GetValues<Guard>())
                {
                    foreach (var wanted in Enum.GetValues<PolicyAction>())
                    {
                        foreach (var own in states)
                        {
                            foreach (var whole in states)
                            {
                                foreach (var (unverified, fresh) in new[] { (true, true), (true, false), (false, true), (false, false) })
                                {
                                    var answer = Gate.Answer(Rules, new GateFacts
                                    {
                                        IsMonitored = true,
                                        Phase = phase,
                                        HandChange = hands,
                                        IsUnverified = unverified,
                                        IsFresh = fresh,
                                        EvidenceAge = fresh ? TimeSpan.Zero : null,
                                        Finding = Wants(wanted, guard),
                                        Own = own is { } o ? In(o) : null,
                                        Whole = whole is { } w ? In(w) : null,
                                    });
                                    Assert.Equal(unverified, answer.Decision == GateDecision.Deny);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(Phase.Active, 24)]
    [InlineData(Phase.ExpiringSoon, 1)]
    [InlineData(Phase.Redemption, 1)]
    [InlineData(Phase.Unknown, 1)]
    public void Evidence_may_be_a_day_old_for_an_active_domain_and_an_hour_for_every_other(Phase phase, int hours) => Assert.Equal(TimeSpan.FromHours(hours), Gate.MaxAge(Rules, phase));
}
