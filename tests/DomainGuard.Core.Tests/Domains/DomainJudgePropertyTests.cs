using CsCheck;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests.Domains;

public class DomainJudgePropertyTests
{
    private const int Many = 20_000;

    [Fact]
    public void Never_throws_and_always_gives_readable_reasons() => Generate.JudgeInput.Sample(
        input =>
        {
            var verdict = DomainJudge.Judge(input);
            Assert.NotEmpty(verdict.Reasons);
            Assert.All(verdict.Reasons, r => Assert.InRange(r.Text.Length, 1, 160));
            Assert.All(verdict.Reasons, r => Assert.InRange(r.Sentence().Length, 1, 200));
            Assert.All(verdict.Reasons, r => Assert.Equal(r.Source is null, r.ObservedAt is null));
        },
        iter: Many);

    [Fact]
    public void Failures_alone_give_nothing_but_unknown() => Gen.Select(Generate.Domain, Generate.NoEvidence.Array[0, 6]).Sample(
        (domain, failures) =>
        {
            var verdict = DomainJudge.Judge(new() { Domain = domain, Observations = failures, Now = Sample.Now });
            Assert.Equal(
                (Phase.Unknown, Confidence.None, DomainFlags.None, false), (verdict.Phase, verdict.Confidence, verdict.Flags, verdict.IsAnswered));
            Assert.Null(verdict.EstimatedDrop);
        },
        iter: Many);

    [Fact]
    public void A_failure_never_changes_what_the_evidence_gave() => Gen.Select(Generate.JudgeInput, Generate.NoEvidence).Sample(
        (input, failure) =>
        {
            var before = DomainJudge.Judge(input);
            var after = DomainJudge.Judge(input with { Observations = [failure, .. input.Observations] });
            Assert.Equal(
                (before.Phase, before.Confidence, before.Flags, before.EstimatedDrop, before.RegisteredAt),
                (after.Phase, after.Confidence, after.Flags, after.EstimatedDrop, after.RegisteredAt));
        },
        iter: Many);

    [Fact]
    public void The_order_of_the_observations_does_not_matter() => Gen.Select(Generate.JudgeInput, Gen.Int[0, 1000]).Sample(
        (input, seed) =>
        {
            var shuffled = input.Observations.OrderBy(o => ((int)o.Source * 31 + o.AskedAt.Hour + seed) % 17).ToArray();
            var a = DomainJudge.Judge(input);
            var b = DomainJudge.Judge(input with { Observations = shuffled });
            Assert.Equal((a.Phase, a.Confidence, a.Flags, a.IsAnswered, a.EstimatedDrop), (b.Phase, b.Confidence, b.Flags, b.IsAnswered, b.EstimatedDrop));
        },
        iter: Many);

    [Fact]
    public void Never_released_without_the_registry_unless_two_sources_say_so() => Generate.JudgeInput.Sample(
        input =>
        {
            if (DomainJudge.Judge(input).Phase != Phase.Released || input.Observations.Any(o => o.Outcome == Outcome.NotFound))
            {
                return;
            }

            Assert.Contains(input.Observations, o => o.Dns?.Delegation == Delegation.NxDomain);
            Assert.Contains(input.Observations, o => o.Research?.Says("inactive") == true && !o.Research.Says("active"));
        },
        iter: Many);

    [Fact]
    public void Corroborated_always_rests_on_two_sources_within_a_day() => Generate.JudgeInput.Sample(
        input =>
        {
            if (DomainJudge.Judge(input).Confidence != Confidence.Corroborated)
            {
                return;
            }

            var times = input.Observations.Where(o => o.IsEvidence).Select(o => (Kind: o.Source == SourceKind.Domainr ? SourceKind.Fastly : o.Source, o.AskedAt)).ToArray();
            Assert.Contains(times, a => times.Any(b => a.Kind != b.Kind && (a.AskedAt - b.AskedAt).Duration() <= TimeSpan.FromHours(24)));
        },
        iter: Many);

    [Fact]
    public void A_drop_is_estimated_only_for_what_is_on_its_way_and_lies_ahead_unless_overdue() => Generate.JudgeInput.Sample(
        input =>
        {
            var verdict = DomainJudge.Judge(input);
            if (verdict.EstimatedDrop is not { } drop)
            {
                return;
            }

            Assert.True(verdict.Phase is Phase.Expired or Phase.AutoRenewGrace or Phase.OnHold or Phase.Redemption or Phase.PendingDelete);
            Assert.True(drop.From <= drop.To);
            Assert.True(drop.From >= input.Now || drop.To < input.Now, $"{drop} at {input.Now}");
        },
        iter: Many);

    [Fact]
    public void Another_agreeing_answer_never_lowers_the_confidence_of_a_release() => Gen.Int[0, 40].Sample(
        hours =>
        {
            var found = Sample.NotFound();
            var alone = DomainJudge.Judge(new() { Domain = "name.com", Now = Sample.Now, Observations = [found] });
            var more = DomainJudge.Judge(new() { Domain = "name.com", Now = Sample.Now, Observations = [found, Sample.NxDomain(Sample.Now.AddHours(-hours))] });
            Assert.True(more.Confidence >= alone.Confidence && more.Confidence != Confidence.Conflicting);
        });
}
