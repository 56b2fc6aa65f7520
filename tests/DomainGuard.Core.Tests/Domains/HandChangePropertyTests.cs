using CsCheck;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests.Domains;

public class HandChangePropertyTests
{
    private const int Many = 20_000;

    [Fact]
    public void Never_throws_and_every_conclusion_has_reasons_and_a_confidence() => Generate.HandInput.Sample(
        input =>
        {
            var verdict = HandChangeJudge.Judge(input);
            Assert.Equal(verdict.Change == HandChange.None, verdict.Confidence == Confidence.None);
            Assert.True(verdict.Change == HandChange.None || verdict.Reasons.Count > 0);
            Assert.All(verdict.Reasons, r => Assert.InRange(r.Sentence().Length, 1, 200));
        },
        iter: Many);

    [Fact]
    public void A_failure_never_changes_whose_hands_it_is_in() => Gen.Select(Generate.HandInput, Generate.NoEvidence).Sample(
        (input, failure) =>
        {
            var before = HandChangeJudge.Judge(input);
            var after = HandChangeJudge.Judge(input with { Observations = [failure, .. input.Observations] });
            Assert.Equal((before.Change, before.Confidence), (after.Change, after.Confidence));
        },
        iter: Many);

    [Fact]
    public void Nothing_known_of_the_address_accuses_nobody() => Generate.HandInput.Sample(
        input =>
        {
            var verdict = HandChangeJudge.Judge(input with { VerifiedAt = null, AccountCreatedAt = null, Baseline = null });
            Assert.Equal(HandChange.None, verdict.Change);
        },
        iter: Many);

    [Fact]
    public void Without_verified_at_and_baseline_nothing_is_worse_than_suspected() => Generate.HandInput.Sample(
        input => Assert.NotEqual(HandChange.Reregistered, HandChangeJudge.Judge(input with { VerifiedAt = null, Baseline = null }).Change),
        iter: Many);

    [Fact]
    public void A_later_registration_is_never_the_better_one() => Gen.Select(Generate.HandInput, Gen.Int[1, 2000]).Sample(
        (input, days) =>
        {
            // Only the plain record: no migration, no handle, no lapse.
            var verified = Sample.Utc(2023, 6, 2);
            HandChange At(int d)
            {
                Observation[] said = [Sample.Rdap(Sample.Registered("active") with { RegisteredAt = verified.AddDays(d) })];
                return HandChangeJudge.Judge(new()
                {
                    Verdict = Sample.Judge("name.com", said),
                    Observations = said,
                    Now = Sample.Now,
                    VerifiedAt = verified,
                    AccountCreatedAt = input.AccountCreatedAt,
                }).Change;
            }

            Assert.True(At(days) >= At(days - 1));
        });
}
