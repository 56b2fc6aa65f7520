using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Web.Shared;

namespace DomainGuard.Tests.Shared;

/// <summary>The sentence of a row, as the UI contract words it.</summary>
public sealed class CaseSentenceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 14, 12, 0, TimeSpan.Zero);

    public static TheoryData<string, string> Table => new()
    {
        { "reregistered", "Registered again on 11 Nov, after it was verified" },
        { "reregistered, date hidden", "Another registration than the one at verification" },
        { "suspected", "Signs of another holder, but the registration date did not move" },
        { "redemption", "In redemption since 30 Oct; only its old holder can restore it" },
        { "redemption of .nl", "In quarantine (40 days); its holder can take it back until 1 Dec" },
        { "pending delete of .com", "In its last 5 days: nobody can renew it any more" },
        { "pending delete of .fr", "In quarantine (30 days); its holder can take it back until 1 Dec" },
        { "released", "Free since 30 Oct: anyone can register it" },
        { "on hold, one source", "On hold since 30 Oct: mail cannot arrive. Guard: only one source says so" },
        { "redemption, braked", "In redemption since 30 Oct; only its old holder can restore it" },
        { "released, braked", "Free since 30 Oct: anyone can register it. Braked: batch #31" },
        { "on hold, braked", "On hold since 30 Oct: mail cannot arrive. Braked: batch #31" },
        { "reregistered, contested", "Registered again on 11 Nov, after it was verified. Contested" },
        { "for sale", "For sale at a marketplace; expires on 9 Dec" },
        { "expired and moved", "Expired on 19 Sep; name servers or MX moved since" },
        { "recovered", "In order again since 22 Nov; the address is still un-verified" },
        { "unknown", "No usable answer: not evidence against the holder" },
        { "released long ago", "Free since 30 Oct 2024: anyone can register it" },
        { "notable", "Free since 30 Oct: anyone can register it. Guard: notable domain" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Row_says_what_happened_in_the_words_of_the_contract(string situation, string sentence) => Assert.Equal(sentence, CaseSentence.Row(Look(situation), Now));

    [Fact]
    public void Row_fits_into_its_line_whatever_the_situation_state_guard_and_name()
    {
        var names = new[] { "example.com", "kanaal.nl", "xn--rksmrgs-5wao1o.se", $"{new string('a', 60)}.{new string('b', 60)}.co.uk", "x.xn--mgberp4a5d4a87g" };
        foreach (var situation in Enum.GetValues<Situation>())
        {
            foreach (var guard in Enum.GetValues<Guard>())
            {
                foreach (var state in Enum.GetValues<CaseState>())
                {
                    foreach (var name in names)
                    {
                        var look = Look("redemption") with { Situation = situation, Guard = guard, State = state, Domain = name, BatchId = guard == Guard.Brake ? 1_234_567 : null, AddressCount = 1_234_567 };
                        var row = CaseSentence.Row(look, Now);
                        Assert.InRange(row.Length, 10, CaseSentence.LongestRow);
                        Assert.DoesNotContain("please", row + CaseSentence.Meaning(look, Now) + CaseSentence.GuardText(look), StringComparison.OrdinalIgnoreCase);
                        Assert.DoesNotContain('!', row + CaseSentence.Meaning(look, Now) + CaseSentence.GuardText(look));
                    }
                }
            }
        }
    }

    [Fact]
    public void Unknown_is_never_called_expired()
    {
        var look = Look("unknown") with { ExpiresAt = Now.AddDays(-300) };
        Assert.DoesNotContain("xpired", CaseSentence.Row(look, Now) + CaseSentence.Meaning(look, Now), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Guard.Notable, "Policy v8 wants Unverify. A person decides for all its addresses, because the domain is notable.")]
    [InlineData(Guard.Large, "Policy v8 wants Unverify. A person decides for all its addresses, because it has 1,204 of them.")]
    [InlineData(Guard.Confidence, "Policy v8 wants Unverify. A person decides, because only one source says so.")]
    [InlineData(Guard.Brake, "Policy v8 wants Unverify. Nothing was done: too many at once. An administrator decides on the whole batch.")]
    [InlineData(Guard.None, null)]
    public void Panel_says_which_guard_stopped_what(Guard guard, string? text) =>
        Assert.Equal(text, CaseSentence.GuardText(Look("redemption") with { Guard = guard, AddressCount = 1_204, Confidence = Confidence.Single }));

    [Fact]
    public void Panel_says_when_a_domain_in_redemption_becomes_free() =>
        Assert.Equal("No mail arrives meanwhile. It becomes free 2 Dec to 4 Dec unless restored.", CaseSentence.Meaning(Look("redemption"), Now));

    [Theory]
    [InlineData(CaseEvent.Confirm, "reregistered", ReasonCode.ChangedHands)]
    [InlineData(CaseEvent.Unverify, "suspected", ReasonCode.ChangedHands)]
    [InlineData(CaseEvent.Confirm, "redemption", ReasonCode.DomainLapsed)]
    [InlineData(CaseEvent.Dismiss, "reregistered", ReasonCode.FalsePositive)]
    [InlineData(CaseEvent.Override, "redemption", ReasonCode.OwnerConfirmed)]
    [InlineData(CaseEvent.Restore, "recovered", ReasonCode.RenewalSeen)]
    public void Reason_is_suggested_by_the_facts(CaseEvent what, string situation, ReasonCode reason) => Assert.Equal(reason, CaseWords.Suggested(what, Look(situation)));

    [Fact]
    public void No_suggested_reason_asks_for_a_comment()
    {
        foreach (var what in Enum.GetValues<CaseEvent>().Where(CaseTransitions.IsDecision))
        {
            Assert.All(Enum.GetValues<Situation>(), s => Assert.NotEqual(ReasonCode.Other, CaseWords.Suggested(what, Look("redemption") with { Situation = s })));
        }
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1_000, "1 k")]
    [InlineData(9_949, "9.9 k")]
    [InlineData(139_600, "140 k")]
    [InlineData(999_499, "999 k")]
    [InlineData(999_500, "1 M")]
    [InlineData(2_240_000, "2.2 M")]
    public void Large_numbers_are_short_in_columns(long n, string text) => Assert.Equal(text, CaseWords.Short(n));

    private static CaseLook Look(string situation)
    {
        var look = new CaseLook
        {
            State = CaseState.NeedsReview,
            Situation = Situation.Redemption,
            Phase = Phase.Redemption,
            Confidence = Confidence.Corroborated,
            StateSince = Now.AddDays(-1),
            PolicyVersion = 8,
            Domain = "example.com",
            PhaseSince = new DateTimeOffset(2026, 10, 30, 8, 0, 0, TimeSpan.Zero),
            RegisteredAt = new DateTimeOffset(2026, 11, 11, 8, 0, 0, TimeSpan.Zero),
            ExpiresAt = new DateTimeOffset(2026, 12, 9, 8, 0, 0, TimeSpan.Zero),
            DropFrom = new DateTimeOffset(2026, 12, 2, 8, 0, 0, TimeSpan.Zero),
            DropTo = new DateTimeOffset(2026, 12, 4, 8, 0, 0, TimeSpan.Zero),
        };
        var first = new DateTimeOffset(2026, 12, 1, 8, 0, 0, TimeSpan.Zero);
        return situation switch
        {
            "reregistered" => look with { Situation = Situation.Reregistered },
            "reregistered, date hidden" => look with { Situation = Situation.Reregistered, RegisteredAt = null },
            "reregistered, contested" => look with { Situation = Situation.Reregistered, IsContested = true },
            "suspected" => look with { Situation = Situation.Suspected },
            "redemption of .nl" => look with { Domain = "fernhollow.nl", DropFrom = first },
            "pending delete of .com" => look with { Situation = Situation.PendingDelete },
            "pending delete of .fr" => look with { Situation = Situation.PendingDelete, Domain = "example.fr", DropFrom = first },
            "released" => look with { Situation = Situation.Released },
            "released long ago" => look with { Situation = Situation.Released, PhaseSince = new DateTimeOffset(2024, 10, 30, 8, 0, 0, TimeSpan.Zero) },
            "notable" => look with { Situation = Situation.Released, Guard = Guard.Notable },
            "on hold, one source" => look with { Situation = Situation.OnHold, Guard = Guard.Confidence, Confidence = Confidence.Single },
            "on hold, braked" => look with { Situation = Situation.OnHold, Guard = Guard.Brake, BatchId = 31 },
            "released, braked" => look with { Situation = Situation.Released, Guard = Guard.Brake, BatchId = 31 },
            "redemption, braked" => look with { Guard = Guard.Brake, BatchId = 31 },
            "for sale" => look with { Situation = Situation.ForSale },
            "expired and moved" => look with { Situation = Situation.ExpiredAndMoved, ExpiresAt = new DateTimeOffset(2026, 9, 19, 0, 0, 0, TimeSpan.Zero) },
            "recovered" => look with { State = CaseState.Recovered, Situation = Situation.Active, IsUnverified = true },
            "unknown" => look with { Situation = Situation.Unknown, Phase = Phase.Unknown },
            _ => look,
        };
    }
}
