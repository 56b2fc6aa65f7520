using DomainGuard.Core.Domains;
using static DomainGuard.Core.Tests.Domains.Sample;

namespace DomainGuard.Core.Tests.Domains;

public class HandChangeJudgeTests
{
    private static readonly DateTimeOffset Verified = Utc(2023, 6, 2);
    private static readonly DateTimeOffset SecondLife = Utc(2026, 11, 11, 3);

    private static readonly Baseline Hers = new()
    {
        RegisteredAt = Utc(2015, 3, 1),
        Handle = "D50322891-X",
        RegistrarIanaId = "1991",
        RegistrationSeenAt = Utc(2023, 6, 3),
        NameServers = HerServers,
        MxHosts = HerMx,
        DnsSeenAt = Utc(2023, 6, 3),
    };

    private static readonly RdapFacts HerRecord = Registered("active") with { Handle = "D50322891-X", RegistrarIanaId = "1991" };

    private static readonly RdapFacts TakersRecord = Registered("active", "add period") with
    {
        RegisteredAt = SecondLife,
        ExpiresAt = SecondLife.AddYears(1),
        Handle = "D99184420-X",
        RegistrarIanaId = "1443",
        NameServers = OtherServers,
    };

    [Fact]
    public void The_same_registration_is_in_the_same_hands()
    {
        var verdict = Hands([Rdap(HerRecord), Delegated()]);

        Assert.Same(HandVerdict.None, verdict);
    }

    [Fact]
    public void A_taker_who_already_holds_it_is_not_missed_though_all_reads_active()
    {
        var verdict = Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx)]);

        Assert.Equal((HandChange.Reregistered, Confidence.Corroborated), (verdict.Change, verdict.Confidence));
        Assert.Equal("Registered again on 11 Nov 2026, 1258 days after this address was verified; registry handle changed", verdict.Reasons[0].Text);
    }

    [Fact]
    public void Ctx_was_registered_anew_twelve_minutes_before_the_reset()
    {
        // ctx 2022: the maintainer's domain lapsed, was registered on 14 May 2022 18:40 UTC, and the reset came at 18:52.
        var now = new DateTimeOffset(2022, 5, 14, 18, 52, 0, TimeSpan.Zero);
        var registered = new DateTimeOffset(2022, 5, 14, 18, 40, 35, TimeSpan.Zero);
        var record = new RdapFacts { Statuses = ["add period"], RegisteredAt = registered, ExpiresAt = registered.AddYears(1) };
        Observation[] said = [Rdap(record, now)];

        var verdict = HandChangeJudge.Judge(new()
        {
            Verdict = DomainJudge.Judge(new() { Domain = "name.com", Observations = said, Now = now }),
            Observations = said,
            Now = now,
            VerifiedAt = Utc(2014, 12, 19),
        });

        Assert.Equal((HandChange.Reregistered, Confidence.Single), (verdict.Change, verdict.Confidence));
    }

    [Fact]
    public void Wikipedia_was_transferred_and_is_in_the_same_hands()
    {
        var record = new RdapFacts
        {
            Statuses = ["client delete prohibited", "client transfer prohibited", "client update prohibited"],
            RegisteredAt = Utc(2001, 1, 13),
            ExpiresAt = Utc(2027, 1, 13),
            LastTransferAt = Utc(2012, 3, 9, 16),
            RegistrarIanaId = "292",
        };
        var baseline = Hers with { RegisteredAt = Utc(2001, 1, 13), Handle = null, RegistrarIanaId = "2", RegistrationSeenAt = Utc(2010, 1, 1), DnsSeenAt = Utc(2010, 1, 1) };

        var verdict = Hands([Rdap(record), Delegated(OtherServers, OtherMx)], i => i with { VerifiedAt = Utc(2009, 1, 1), Baseline = baseline });

        Assert.Equal(HandChange.None, verdict.Change);
        Assert.Equal("Moved to another registrar on 9 Mar 2012; the registration is the same", Assert.Single(verdict.Reasons).Text);
    }

    [Fact]
    public void Google_to_was_imported_and_locks_out_no_honest_holder()
    {
        var record = HerRecord with { RegisteredAt = Utc(2024, 11, 30), RegistrationActor = "escrow_import", Handle = "D0000000-TO" };

        Assert.Equal(HandChange.None, Hands([Rdap(record), Delegated()]).Change);
        Assert.Equal(HandChange.None, Hands([Rdap(record), Delegated()], i => i with { Baseline = null }).Change);
        Assert.Equal(HandChange.Reregistered, Hands([Rdap(record with { RegistrationActor = null }), Delegated()], i => i with { Baseline = null }).Change);
    }

    [Fact]
    public void A_taker_behind_a_migration_is_still_suspected_when_the_zone_moved()
    {
        var record = HerRecord with { RegisteredAt = Utc(2024, 11, 30), RegistrationActor = "escrow_import" };

        Assert.Equal((HandChange.Suspected, Confidence.Conflicting), Found(Hands([Rdap(record), Delegated(OtherServers, OtherMx)])));
        Assert.Equal(
            (HandChange.Suspected, Confidence.Single), Found(Hands([Rdap(record with { Handle = null }), Delegated(OtherServers, OtherMx)])));
    }

    [Fact]
    public void An_unchanged_handle_and_zone_mean_that_only_the_date_was_rewritten()
    {
        var rewritten = HerRecord with { RegisteredAt = Utc(2025, 2, 1) };

        Assert.Equal(HandChange.None, Hands([Rdap(rewritten), Delegated()]).Change);
        Assert.Equal((HandChange.Suspected, Confidence.Conflicting), Found(Hands([Rdap(rewritten), Delegated(OtherServers, OtherMx)])));
    }

    [Fact]
    public void Locks_out_no_honest_holder_whose_name_servers_and_MX_are_those_from_before_the_new_date() => Assert.Equal(
        (HandChange.Reregistered, Confidence.Conflicting),
        Found(Hands([Rdap(HerRecord with { RegisteredAt = Utc(2025, 2, 1), Handle = null }), Delegated()])));

    [Theory]
    [InlineData(48, HandChange.None)]
    [InlineData(49, HandChange.Reregistered)]
    public void A_registration_within_48_hours_of_the_verification_is_the_verified_holders_own(int hours, HandChange expected) => Assert.Equal(
        expected,
        Hands([Rdap(TakersRecord with { RegisteredAt = Verified.AddHours(hours) })], i => i with { Baseline = null }).Change);

    [Fact]
    public void A_baseline_taken_after_the_new_registration_vouches_for_nothing()
    {
        var late = Hers with { Handle = TakersRecord.Handle, RegistrationSeenAt = SecondLife.AddDays(1), NameServers = OtherServers, MxHosts = OtherMx, DnsSeenAt = SecondLife.AddDays(1) };

        Assert.Equal(
            (HandChange.Reregistered, Confidence.Single),
            Found(Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx)], i => i with { Baseline = late })));
    }

    [Fact]
    public void What_we_saw_in_between_corroborates()
    {
        static HandInput Seen(HandInput i) => i with { Baseline = null, LapseSeenFrom = Utc(2026, 10, 7), LapseSeenTo = Utc(2026, 11, 11), LapsePhase = Phase.Redemption };

        Assert.Equal((HandChange.Reregistered, Confidence.Corroborated), Found(Hands([Rdap(TakersRecord)], Seen)));
    }

    [Theory]
    [InlineData(24, Confidence.Corroborated)]
    [InlineData(25, Confidence.Single)]
    public void Registry_and_zone_support_each_other_for_24_hours(int hours, Confidence expected) => Assert.Equal(
        (HandChange.Reregistered, expected), Found(Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx, Now.AddHours(-hours))])));

    [Fact]
    public void Hers_that_lapsed_and_was_restored_is_in_her_hands()
    {
        static HandInput Seen(HandInput i) => i with { LapseSeenFrom = Utc(2026, 10, 7), LapseSeenTo = Utc(2026, 11, 1), LapsePhase = Phase.Redemption };

        Assert.Equal(HandChange.None, Hands([Rdap(HerRecord), Delegated()], Seen).Change);
        Assert.Equal(HandChange.None, Hands([Rdap(HerRecord), Delegated(OtherServers, OtherMx)], Seen).Change);
    }

    [Theory]
    [InlineData(Phase.Redemption, true, HandChange.Suspected, Confidence.Single)]
    [InlineData(Phase.Redemption, false, HandChange.None, Confidence.None)]
    [InlineData(Phase.PendingDelete, true, HandChange.Reregistered, Confidence.Corroborated)]
    [InlineData(Phase.Released, true, HandChange.Reregistered, Confidence.Corroborated)]
    [InlineData(Phase.Released, false, HandChange.Suspected, Confidence.Conflicting)]
    public void Where_the_registry_hides_the_date_the_lapse_that_we_saw_decides(Phase lapse, bool moved, HandChange expected, Confidence confidence)
    {
        var record = Rdap(new RdapFacts { Statuses = ["active"] });
        HandInput Seen(HandInput i) => i with { LapseSeenFrom = Utc(2026, 10, 7), LapseSeenTo = Utc(2026, 11, 11), LapsePhase = lapse };

        var verdict = Hands([record, moved ? Delegated(OtherServers, OtherMx) : Delegated()], Seen, "name.de");

        Assert.Equal((expected, confidence), Found(verdict));
    }

    [Fact]
    public void A_release_of_a_name_with_hidden_dates_counts_without_a_baseline_of_the_zone() => Assert.Equal(
        (HandChange.Reregistered, Confidence.Single),
        Found(Hands(
            [NotServed(), Delegated(OtherServers, OtherMx)],
            i => i with { Baseline = null, LapseSeenFrom = Utc(2026, 10, 7), LapseSeenTo = Utc(2026, 11, 11), LapsePhase = Phase.Released },
            "name.eu")));

    [Fact]
    public void Another_handle_means_another_registration_where_the_date_is_hidden() => Assert.Equal(
        (HandChange.Reregistered, Confidence.Corroborated),
        Found(Hands([Rdap(new RdapFacts { Statuses = ["active"], Handle = "D2-DE" }), Delegated(OtherServers, OtherMx)], domain: "name.de")));

    [Fact]
    public void A_registry_that_renumbers_its_handles_locks_out_no_honest_holder()
    {
        var renumbered = Rdap(HerRecord with { Handle = "0f3c-X" });

        Assert.Equal(HandChange.None, Hands([renumbered, Delegated()]).Change);
        Assert.Equal((HandChange.Suspected, Confidence.Conflicting), Found(Hands([renumbered, Delegated(OtherServers, OtherMx)])));
    }

    [Fact]
    public void An_expired_name_that_was_sold_without_deletion_is_suspected()
    {
        var expired = Rdap(HerRecord with { ExpiresAt = Now.AddDays(-6) });

        Assert.Equal((HandChange.Suspected, Confidence.Corroborated), Found(Hands([expired, Delegated(OtherServers, OtherMx)])));
        Assert.Equal(HandChange.Suspected, Hands([Rdap(HerRecord with { Statuses = ["auto renew period"], ExpiresAt = Now.AddDays(340) }), Delegated(OtherServers, OtherMx)]).Change);
        Assert.Equal(HandChange.None, Hands([expired, Delegated(OtherServers, HerMx)]).Change);
        Assert.Equal(HandChange.None, Hands([expired, Delegated(HerServers, OtherMx)]).Change);
    }

    [Fact]
    public void A_name_sold_during_its_grace_stays_suspected_when_it_reads_active_again()
    {
        Observation[] said = [Rdap(HerRecord), Delegated(OtherServers, OtherMx)];
        static HandInput Grace(HandInput i) => i with { PastTermFrom = Utc(2026, 9, 1), PastTermTo = Utc(2026, 10, 10) };

        Assert.Equal(HandChange.Suspected, Hands(said, i => Grace(i) with { MovedAt = Utc(2026, 9, 20) }).Change);
        Assert.Equal(HandChange.None, Hands(said, i => Grace(i) with { MovedAt = Utc(2026, 8, 20) }).Change);
        Assert.Equal(HandChange.None, Hands(said, i => Grace(i) with { MovedAt = Utc(2026, 11, 20) }).Change);
    }

    [Fact]
    public void An_honest_holder_who_moves_everything_in_the_middle_of_a_term_is_left_alone() =>
        Assert.Equal(HandChange.None, Hands([Rdap(HerRecord), Delegated(OtherServers, OtherMx)]).Change);

    [Fact]
    public void A_registrar_that_changed_without_a_transfer_is_a_sign_only_together_with_the_name_servers()
    {
        var sold = HerRecord with { RegistrarIanaId = "895" };

        Assert.Equal(HandChange.None, Hands([Rdap(sold), Delegated()]).Change);
        Assert.Equal((HandChange.Suspected, Confidence.Single), Found(Hands([Rdap(sold), Delegated(OtherServers, HerMx)])));
        Assert.Equal(HandChange.None, Hands([Rdap(sold with { LastTransferAt = Utc(2025, 1, 1) }), Delegated(OtherServers, HerMx)]).Change);
    }

    [Fact]
    public void Without_verified_at_only_the_baseline_proves_a_new_registration()
    {
        HandInput NotVerified(HandInput i) => i with { VerifiedAt = null, AccountCreatedAt = Utc(2016, 1, 1) };

        Assert.Equal(
            (HandChange.Reregistered, Confidence.Corroborated), Found(Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx)], NotVerified)));
        Assert.Equal(
            (HandChange.Suspected, Confidence.Single), Found(Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx)], i => NotVerified(i) with { Baseline = null })));
        Assert.Equal(HandChange.None, Hands([Rdap(HerRecord)], i => NotVerified(i) with { Baseline = null }).Change);
        Assert.Equal(HandChange.None, Hands([Rdap(TakersRecord)], i => i with { VerifiedAt = null, Baseline = null }).Change);
    }

    [Fact]
    public void A_date_from_before_the_baseline_was_seen_was_rewritten_and_is_no_new_registration()
    {
        var rewritten = HerRecord with { RegisteredAt = Utc(2022, 1, 1) };

        Assert.Equal(HandChange.None, Hands([Rdap(rewritten), Delegated()], i => i with { VerifiedAt = null }).Change);
    }

    [Fact]
    public void A_stolen_name_that_lapses_again_stays_stolen()
    {
        var again = TakersRecord with { RegisteredAt = Utc(2025, 1, 5), Statuses = ["pending delete", "redemption period"] };

        Assert.Equal(HandChange.Reregistered, Hands([Rdap(again), NxDomain()], i => i with { LapseSeenFrom = Now.AddDays(-3), LapsePhase = Phase.Redemption }).Change);
        Assert.Equal(Confidence.Single, Hands([Rdap(again), NxDomain()], i => i with { LapseSeenFrom = Now.AddDays(-3), LapsePhase = Phase.Redemption }).Confidence);
    }

    [Theory]
    [InlineData(Phase.Released)]
    [InlineData(Phase.Unknown)]
    public void Nobody_holds_what_is_released_or_unknown(Phase phase)
    {
        Observation[] said = phase == Phase.Released ? [NotFound(), NxDomain()] : [Failed(SourceKind.Rdap)];

        Assert.Same(HandVerdict.None, Hands(said));
    }

    [Fact]
    public void A_lapse_from_before_the_verification_is_not_in_between()
    {
        static HandInput Before(HandInput i) => i with { Baseline = null, LapseSeenFrom = Utc(2023, 4, 1), LapseSeenTo = Utc(2023, 5, 1), LapsePhase = Phase.Released };

        Assert.Equal((HandChange.Reregistered, Confidence.Single), Found(Hands([Rdap(TakersRecord)], Before)));
        Assert.Same(HandVerdict.None, Hands([Rdap(new RdapFacts { Statuses = ["active"] })], Before, "name.de"));
    }

    [Fact]
    public void A_lapse_that_goes_on_is_not_over_where_the_date_is_hidden() => Assert.Same(
        HandVerdict.None,
        Hands(
            [Rdap(new RdapFacts { Statuses = ["redemption period"] }), NxDomain()],
            i => i with { LapseSeenFrom = Utc(2026, 10, 7), LapseSeenTo = Utc(2026, 11, 11), LapsePhase = Phase.Released },
            "name.de"));

    [Fact]
    public void An_unchanged_handle_proves_a_restoration_where_the_date_is_hidden() => Assert.Equal(
        HandChange.None,
        Hands(
            [Rdap(new RdapFacts { Statuses = ["active"], Handle = "d50322891-x" }), Delegated(OtherServers, OtherMx)],
            i => i with { LapseSeenFrom = Utc(2026, 10, 7), LapseSeenTo = Utc(2026, 11, 11), LapsePhase = Phase.Released },
            "name.de").Change);

    [Fact]
    public void Name_servers_count_only_while_the_zone_is_delegated_to_them()
    {
        var unclear = Dns(new() { Delegation = Delegation.Unknown, NameServers = OtherServers });

        Assert.Equal(Confidence.Single, Hands([Rdap(TakersRecord), unclear]).Confidence);
        Assert.Equal(Confidence.Single, Hands([Rdap(TakersRecord), NxDomain()]).Confidence);
    }

    [Fact]
    public void Mail_that_is_gone_altogether_moved_too_when_an_expired_name_was_sold()
    {
        var expired = Rdap(HerRecord with { ExpiresAt = Now.AddDays(-6) });

        Assert.Equal(HandChange.Suspected, Hands([expired, Delegated(OtherServers, [])]).Change);
    }

    [Fact]
    public void A_move_from_before_the_end_of_the_term_is_no_auction()
    {
        var expired = Rdap(HerRecord with { ExpiresAt = Now.AddDays(-6) });

        Assert.Equal(HandChange.None, Hands([expired, Delegated(OtherServers, OtherMx)], i => i with { MovedAt = Now.AddDays(-7) }).Change);
        Assert.Equal(HandChange.Suspected, Hands([expired, Delegated(OtherServers, OtherMx)], i => i with { MovedAt = Now.AddDays(-5) }).Change);
    }

    [Fact]
    public void A_move_soon_after_the_grace_ended_may_still_be_the_buyers()
    {
        Observation[] said = [Rdap(HerRecord), Delegated(OtherServers, OtherMx)];
        static HandInput Grace(HandInput i) => i with { PastTermFrom = Utc(2026, 10, 1), PastTermTo = Utc(2026, 10, 20) };

        Assert.Equal(HandChange.Suspected, Hands(said, i => Grace(i) with { MovedAt = Utc(2026, 11, 10) }).Change);
        Assert.Equal(HandChange.None, Hands(said, i => Grace(i) with { MovedAt = Utc(2026, 11, 20) }).Change);
    }

    [Fact]
    public void A_migration_after_the_account_was_created_accuses_nobody()
    {
        var imported = Rdap(HerRecord with { RegisteredAt = Utc(2018, 11, 30), RegistrationActor = "escrow_import" });

        Assert.Equal(
            HandChange.None, Hands([imported], i => i with { VerifiedAt = null, Baseline = null, AccountCreatedAt = Utc(2016, 1, 1) }).Change);
    }

    [Fact]
    public void A_migration_that_renumbers_accuses_nobody_who_moved()
    {
        var imported = Rdap(HerRecord with { RegisteredAt = Utc(2018, 11, 30), RegistrationActor = "escrow_import", Handle = "NEW-1" });

        Assert.Equal(HandChange.None, Hands([imported, Delegated(OtherServers, OtherMx)]).Change);
    }

    [Fact]
    public void A_date_that_shifts_by_hours_is_the_same_registration()
    {
        var fresh = Hers with { RegisteredAt = Utc(2026, 11, 1, 4), RegistrationSeenAt = Utc(2026, 11, 1, 5), Handle = null };

        Assert.Equal(
            HandChange.None,
            Hands([Rdap(HerRecord with { RegisteredAt = Utc(2026, 11, 1, 7) })], i => i with { VerifiedAt = null, Baseline = fresh }).Change);
        Assert.Equal(
            HandChange.Reregistered,
            Hands([Rdap(HerRecord with { RegisteredAt = Utc(2026, 11, 4) })], i => i with { VerifiedAt = null, Baseline = fresh }).Change);
    }

    [Fact]
    public void Hosts_that_were_only_added_are_nobody_elses()
    {
        string[] more = [.. HerServers, "ns3.hers.example"];
        var dated = Rdap(TakersRecord with { Handle = null });

        Assert.Equal(Confidence.Conflicting, Hands([dated, Delegated(more, HerMx)]).Confidence);
        Assert.Equal(Confidence.Corroborated, Hands([dated, Delegated([HerServers[0]], HerMx)]).Confidence);
    }

    [Fact]
    public void Only_the_mail_host_of_the_address_is_compared_where_it_is_named()
    {
        var zone = Dns(new()
        {
            Delegation = Delegation.Delegated,
            NameServers = HerServers,
            MailHosts = [new("lists.name.com", MailRoute.Mx, OtherMx), new("name.com", MailRoute.Mx, HerMx)],
        });
        var dated = Rdap(TakersRecord with { Handle = null });

        Assert.Equal(Confidence.Conflicting, Hands([dated, zone], i => i with { MailHost = "name.com" }).Confidence);
        Assert.Equal(Confidence.Corroborated, Hands([dated, zone], i => i with { MailHost = "lists.name.com" }).Confidence);
    }

    [Fact]
    public void A_suspicion_that_was_dismissed_is_over_and_does_not_come_back_as_certainty()
    {
        // Restored with a new date, by the same handle: the registry's word against what we saw.
        var restored = Rdap(HerRecord with { RegisteredAt = Utc(2025, 2, 1) });
        HandInput Lapsed(HandInput i) => i with { LapseSeenFrom = Utc(2024, 12, 20), LapseSeenTo = Utc(2025, 2, 2), LapsePhase = Phase.Redemption };
        Assert.Equal(HandChange.Suspected, Hands([restored, Delegated()], Lapsed).Change);

        // With a baseline of the day of the dismissal the handle is not known from before the date any more.
        var dismissed = Utc(2025, 6, 1);
        var now = Hers with { RegisteredAt = Utc(2025, 2, 1), RegistrationSeenAt = dismissed, DnsSeenAt = dismissed };
        Assert.Equal(HandChange.None, Hands([restored, Delegated()], i => Lapsed(i) with { Baseline = now, DismissedAt = dismissed }).Change);
    }

    [Fact]
    public void What_happens_after_a_dismissal_counts_as_after_a_verification()
    {
        var dismissed = Utc(2025, 6, 1);
        var verdict = Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx)], i => i with { Baseline = Hers with { RegistrationSeenAt = dismissed, DnsSeenAt = dismissed }, DismissedAt = dismissed });
        Assert.Equal((HandChange.Reregistered, Confidence.Corroborated), Found(verdict));
        Assert.Contains("1258 days after this address was verified", verdict.Reasons[0].Text, StringComparison.Ordinal);

        // A verification after it is the later word.
        Assert.Equal(HandChange.None, Hands([Rdap(TakersRecord), Delegated(OtherServers, OtherMx)], i => i with { Baseline = null, VerifiedAt = SecondLife.AddDays(1), DismissedAt = dismissed }).Change);
    }

    [Fact]
    public void An_account_older_than_the_registration_says_nothing_once_that_was_dismissed()
    {
        HandInput Undated(HandInput i) => i with { VerifiedAt = null, AccountCreatedAt = Utc(2010, 1, 1) };
        Assert.Equal(HandChange.Suspected, Hands([Rdap(HerRecord), Delegated()], Undated).Change);
        Assert.Equal(HandChange.None, Hands([Rdap(HerRecord), Delegated()], i => Undated(i) with { DismissedAt = Utc(2025, 6, 1) }).Change);
    }

    private static HandVerdict Hands(Observation[] said, Func<HandInput, HandInput>? change = null, string domain = "name.com")
    {
        var input = new HandInput { Verdict = Judge(domain, said), Observations = said, Now = Now, VerifiedAt = Verified, Baseline = Hers };
        return HandChangeJudge.Judge(change is null ? input : change(input));
    }

    private static (HandChange Change, Confidence Confidence) Found(HandVerdict verdict) => (verdict.Change, verdict.Confidence);
}
