using DomainGuard.Core.Domains;
using static DomainGuard.Core.Tests.Domains.Sample;

namespace DomainGuard.Core.Tests.Domains;

public class DomainJudgeTests
{
    /// <summary>Status words of a registration whose term runs on, by TLD (facts sections 1.7, 2 and 5).</summary>
    public static TheoryData<string, string, Phase> Statuses => new()
    {
        { "name.com", "", Phase.Active },
        { "name.com", "active", Phase.Active },
        { "name.com", "client transfer prohibited|server delete prohibited", Phase.Active },
        { "name.com", "inactive", Phase.Active },
        { "name.com", "add period", Phase.Active },
        { "name.com", "renew period|transfer period|pending transfer|pending update", Phase.Active },
        { "name.com", "removed|obscured|server recover prohibited|registered until expiry date", Phase.Active },
        { "name.com", "auto renew period", Phase.AutoRenewGrace },
        { "name.com", "active|auto renew period", Phase.AutoRenewGrace },
        { "name.com", "client hold", Phase.OnHold },
        { "name.com", "auto renew period|client hold", Phase.OnHold },
        { "name.com", "server hold|server update prohibited", Phase.OnHold },
        { "name.com", "pending delete", Phase.PendingDelete },
        { "name.com", "pending delete|server hold|inactive", Phase.PendingDelete },
        { "name.com", "redemption period", Phase.Redemption },
        { "name.com", "pending delete|redemption period", Phase.Redemption },
        { "name.io", "pending delete|redemption period|server hold", Phase.Redemption },
        { "name.com", "pending delete|redemption period|pending restore", Phase.PendingRestore },
        { "name.com", "pending restore", Phase.PendingRestore },
        { "name.co.uk", "pending delete", Phase.Redemption },
        { "name.nl", "pending delete", Phase.Redemption },
        { "name.fr", "pending delete", Phase.Redemption },
        { "name.re", "pending delete", Phase.Redemption },
        { "name.id", "pending delete", Phase.Redemption },
        { "name.si", "pending delete", Phase.Redemption },
        { "name.ch", "pending delete", Phase.Redemption },
        { "name.us", "pending delete", Phase.PendingDelete },
        { "name.xx", "pending delete", Phase.PendingDelete },
        { "name.com.au", "server hold|server update prohibited", Phase.OnHold },
        { "name.com.au", "server hold|server update prohibited|server renew prohibited", Phase.PendingDelete },
        { "name.com", "server hold|server update prohibited|server renew prohibited", Phase.OnHold },
        { "name.com.br", "published", Phase.Active },
        { "name.no", "", Phase.Active },
    };

    [Theory]
    [MemberData(nameof(Statuses))]
    public void Status_words_give_the_phase_that_their_registry_means(string domain, string statuses, Phase expected) =>
        Assert.Equal(expected, Judge(domain, Rdap(statuses.Split('|', StringSplitOptions.RemoveEmptyEntries))).Phase);

    /// <summary>Words of Fastly and Domainr where no RDAP server is known (facts section 6), with what DNS says: d, n, or nothing.</summary>
    public static TheoryData<string, string, string, Phase, Confidence> WithoutRdap => new()
    {
        { "name.eu", "", "d", Phase.Active, Confidence.Single },
        { "name.eu", "", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "active", "", Phase.Active, Confidence.Single },
        { "name.eu", "active", "d", Phase.Active, Confidence.Single },
        { "name.eu", "undelegated active", "n", Phase.Active, Confidence.Single },
        { "name.eu", "inactive active", "n", Phase.Active, Confidence.Single },
        { "name.eu", "inactive", "", Phase.Unknown, Confidence.None },
        { "name.eu", "undelegated inactive", "", Phase.Unknown, Confidence.None },
        { "name.eu", "undelegated inactive", "n", Phase.Released, Confidence.Corroborated },
        { "name.eu", "undelegated inactive premium", "n", Phase.Released, Confidence.Corroborated },
        { "name.eu", "inactive", "d", Phase.Active, Confidence.Conflicting },
        { "name.eu", "undelegated", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "unknown", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "undelegated unknown", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "undelegated reserved", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "undelegated claimed", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "reserved inactive", "n", Phase.Unknown, Confidence.None },
        { "name.eu", "undelegated active deleting", "n", Phase.Redemption, Confidence.Corroborated },
        { "name.cn", "undelegated active deleting", "n", Phase.PendingDelete, Confidence.Corroborated },
        { "name.cn", "marketed priced deleting", "", Phase.PendingDelete, Confidence.Single },
        { "name.cn", "active expiring", "n", Phase.Redemption, Confidence.Corroborated },
        { "name.cn", "active expiring", "d", Phase.Redemption, Confidence.Conflicting },
        { "name.eu", "marketed priced undelegated active", "n", Phase.Active, Confidence.Single },
        { "name.eu", "marketed", "", Phase.Active, Confidence.Single },
        { "name.eu", "priced", "", Phase.Unknown, Confidence.None },
        { "name.eu", "nonsense", "", Phase.Unknown, Confidence.None },
    };

    [Theory]
    [MemberData(nameof(WithoutRdap))]
    public void Where_no_registry_answers_the_other_sources_judge_together(string domain, string words, string dns, Phase phase, Confidence confidence)
    {
        List<Observation> said = [NotServed()];
        if (words.Length > 0)
        {
            said.Add(Fastly(words));
        }

        if (dns.Length > 0)
        {
            said.Add(dns == "d" ? Delegated() : NxDomain());
        }

        var verdict = Judge(domain, [.. said]);

        Assert.Equal((phase, confidence), (verdict.Phase, verdict.Confidence));
    }

    [Fact]
    public void Nobody_is_told_that_a_name_is_lost_where_the_registry_may_mean_otherwise()
    {
        Assert.Contains("nobody can renew", Judge("name.com", Rdap("pending delete")).Reasons[0].Text, StringComparison.Ordinal);
        Assert.Contains("not known for this registry", Judge("name.xx", Rdap("pending delete")).Reasons[0].Text, StringComparison.Ordinal);
        Assert.Contains("can take it back", Judge("name.uk", Rdap("pending delete")).Reasons[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_at_all_is_unknown_and_says_so()
    {
        var verdict = Judge("name.com");

        Assert.Equal((Phase.Unknown, Confidence.None, DomainFlags.None), (verdict.Phase, verdict.Confidence, verdict.Flags));
        Assert.False(verdict.IsAnswered);
        Assert.Equal("Not looked up yet", Assert.Single(verdict.Reasons).Text);
    }

    [Fact]
    public void A_reserved_name_is_unknown_although_the_zone_denies_it()
    {
        Assert.Equal(Phase.Unknown, Judge("name.fun", Reserved(), NxDomain()).Phase);
        Assert.Equal(Phase.Unknown, Judge("name.fun", Reserved(), NxDomain(), Fastly("inactive")).Phase);
        Assert.Equal(Phase.Unknown, Judge("name.fun", NotFound(), NxDomain(), Fastly("undelegated reserved")).Phase);
    }

    [Fact]
    public void A_404_of_the_registry_is_a_release_that_waits_for_a_second_source()
    {
        Assert.Equal((Phase.Released, Confidence.Single), Found(Judge("name.com", NotFound())));
        Assert.Equal((Phase.Released, Confidence.Corroborated), Found(Judge("name.com", NotFound(), NxDomain())));
        Assert.Equal((Phase.Released, Confidence.Corroborated), Found(Judge("name.com", NotFound(), Fastly("inactive"))));
        Assert.Equal((Phase.Released, Confidence.Conflicting), Found(Judge("name.com", NotFound(), Delegated())));
        Assert.Equal((Phase.Released, Confidence.Conflicting), Found(Judge("name.com", NotFound(), NxDomain(), Fastly("active"))));
    }

    [Fact]
    public void Locks_out_no_honest_holder_whose_domain_is_only_missing_from_the_zone()
    {
        var verdict = Judge("name.eu", NotServed(), NxDomain());

        Assert.Equal((Phase.Unknown, DomainFlags.Undelegated | DomainFlags.NoMail), (verdict.Phase, verdict.Flags));
        Assert.True(verdict.IsAnswered);
        Assert.Contains(verdict.Reasons, r => r.Text.Contains("not delegated is not unregistered", StringComparison.Ordinal));
    }

    [Fact]
    public void Does_not_miss_a_release_because_the_registry_stopped_answering_weeks_ago()
    {
        var old = Rdap(Registered("active"), Now.AddDays(-20));
        var oldRedemption = Rdap(Registered("redemption period"), Now.AddDays(-20));

        var verdict = Judge("name.com", old, Failed(SourceKind.Rdap), NxDomain(), Fastly("inactive"));
        Assert.Equal((Phase.Released, Confidence.Conflicting), Found(verdict));
        Assert.Contains(verdict.Reasons, r => r.Text.Contains("still showed a registration", StringComparison.Ordinal));
        Assert.Equal(
            (Phase.Released, Confidence.Corroborated),
            Found(Judge("name.com", oldRedemption, Failed(SourceKind.Rdap), NxDomain(), Fastly("inactive"))));
    }

    [Fact]
    public void A_fresh_answer_of_the_registry_outranks_all_others()
    {
        var verdict = Judge("name.com", Rdap("active"), NxDomain(), Fastly("undelegated inactive"));

        Assert.Equal((Phase.Active, Confidence.Conflicting), Found(verdict));
        Assert.Equal(DomainFlags.Undelegated | DomainFlags.NoMail, verdict.Flags);
    }

    [Fact]
    public void A_name_past_its_term_without_a_status_is_expired()
    {
        var facts = Registered("active") with { ExpiresAt = Now.AddDays(-3) };

        Assert.Equal((Phase.Expired, Confidence.Corroborated), Found(Judge("name.com", Rdap(facts), Delegated())));
        Assert.Equal(Phase.Expired, Judge("name.com.br", Rdap(facts with { Statuses = ["published"] })).Phase);
        Assert.Equal(Phase.Expired, Judge("name.com", Rdap(facts with { ExpiresAt = Now })).Phase);
    }

    [Fact]
    public void A_term_that_ended_since_the_last_answer_may_have_been_renewed()
    {
        var facts = Registered("active") with { ExpiresAt = Now.AddDays(-1) };

        var verdict = Judge("name.com", Rdap(facts, Now.AddDays(-2)), Failed(SourceKind.Rdap), Delegated());

        Assert.Equal((Phase.Expired, Confidence.Single), Found(verdict));
        Assert.Contains(verdict.Reasons, r => r.Text.Contains("may have been renewed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(31, Phase.Active)]
    [InlineData(30, Phase.ExpiringSoon)]
    [InlineData(1, Phase.ExpiringSoon)]
    public void A_term_ends_soon_from_30_days_before(int days, Phase expected) =>
        Assert.Equal(expected, Judge("name.com", Rdap(Registered() with { ExpiresAt = Now.AddDays(days) })).Phase);

    [Fact]
    public void The_expiration_of_nl_is_the_moment_of_release()
    {
        var release = Utc(2026, 12, 11, 5);
        var quarantined = Judge("name.nl", Rdap(Registered("pending delete") with { ExpiresAt = release }), NxDomain());

        Assert.Equal((Phase.Redemption, Confidence.Corroborated), Found(quarantined));
        Assert.Equal(new DropInterval(release, release.AddHours(1)), quarantined.EstimatedDrop);
        Assert.Equal(Phase.Active, Judge("name.nl", Rdap(Registered("active") with { ExpiresAt = Now.AddDays(-9) })).Phase);
    }

    [Theory]
    [InlineData("name.uk", 89, Phase.Redemption)]
    [InlineData("name.uk", 90, Phase.PendingDelete)]
    [InlineData("name.id", 64, Phase.Redemption)]
    [InlineData("name.id", 65, Phase.PendingDelete)]
    [InlineData("name.nl", 400, Phase.Redemption)]
    public void Pending_delete_is_final_once_the_time_to_take_it_back_is_over(string domain, int daysAfterExpiry, Phase expected) =>
        Assert.Equal(expected, Judge(domain, Rdap(Registered("pending delete") with { ExpiresAt = Now.AddDays(-daysAfterExpiry) })).Phase);

    [Fact]
    public void The_last_day_of_fr_shows_only_a_deletion()
    {
        var lastDay = Registered("client hold") with { DeletedAt = Now.AddHours(10), ExpiresAt = Now.AddDays(-60) };

        Assert.Equal((Phase.PendingDelete, Confidence.Corroborated), Found(Judge("name.fr", Rdap(lastDay), NxDomain())));
        Assert.Equal((Phase.PendingDelete, Confidence.Conflicting), Found(Judge("name.fr", Rdap(lastDay), Delegated())));
        Assert.Equal(Phase.OnHold, Judge("name.com", Rdap(lastDay)).Phase);
        Assert.Equal(Phase.Redemption, Judge("name.fr", Rdap(lastDay with { Statuses = ["redemption period"] })).Phase);
    }

    [Fact]
    public void A_restored_fr_name_that_kept_its_deletion_event_is_active()
    {
        var restored = Registered("active") with { DeletedAt = Now.AddDays(-90) };

        Assert.Equal(Phase.Active, Judge("name.fr", Rdap(restored), Delegated()).Phase);
    }

    [Fact]
    public void A_meagre_br_record_follows_the_zone_and_is_never_corroborated()
    {
        var meagre = new RdapFacts { Statuses = ["published"] };

        Assert.Equal((Phase.PendingDelete, Confidence.Single), Found(Judge("name.com.br", Rdap(meagre), NxDomain())));
        Assert.Equal(Phase.Unknown, Judge("name.com.br", Rdap(meagre)).Phase);
        Assert.Equal(Phase.Active, Judge("name.com.br", Rdap(meagre), Delegated()).Phase);
        Assert.Equal(Phase.Active, Judge("name.com", Rdap(meagre)).Phase);
    }

    [Fact]
    public void A_de_name_in_redemption_needs_no_events()
    {
        var verdict = Judge("gone.de", Rdap(new RdapFacts { Statuses = ["redemption period"] }), NxDomain());

        Assert.Equal((Phase.Redemption, Confidence.Corroborated), Found(verdict));
        Assert.True(verdict.Flags.HasFlag(DomainFlags.DatesHidden | DomainFlags.Undelegated));
        Assert.NotNull(verdict.EstimatedDrop);
    }

    [Theory]
    [InlineData("name.de", true)]
    [InlineData("name.fi", true)]
    [InlineData("name.com", false)]
    public void Hidden_dates_are_flagged_where_the_registry_hides_them_by_policy(string domain, bool expected)
    {
        var noExpiry = Registered("active") with { ExpiresAt = null };

        Assert.Equal(expected, Judge(domain, Rdap(noExpiry)).Flags.HasFlag(DomainFlags.DatesHidden));
        Assert.True(Judge(domain, Rdap(noExpiry with { ExpiryHidden = true })).Flags.HasFlag(DomainFlags.DatesHidden));
    }

    [Fact]
    public void Flags_come_from_every_source_and_from_outside()
    {
        var zone = new DnsFacts
        {
            Delegation = Delegation.Delegated,
            ParkedBy = "bodis.com",
            SinkholedBy = "shadowserver.org",
            MailHosts = [new("name.com", MailRoute.NullMx, [])],
        };
        var verdict = DomainJudge.Judge(new()
        {
            Domain = "name.com",
            Now = Now,
            KnownFlags = DomainFlags.Notable | DomainFlags.DanglingMx,
            Observations = [Rdap(Registered("add period") with { RegisteredAt = Now.AddDays(-2) }), Dns(zone), Fastly("active marketed priced")],
        });

        Assert.Equal(
            DomainFlags.Parked | DomainFlags.Sinkholed | DomainFlags.NullMx | DomainFlags.ForSale | DomainFlags.NewlyRegistered
            | DomainFlags.Notable | DomainFlags.DanglingMx,
            verdict.Flags);
    }

    [Fact]
    public void Mail_that_arrives_at_one_mail_host_is_mail()
    {
        static DomainFlags Of(params MailHostFacts[] hosts) => Judge(
            "name.com", Rdap("active"), Dns(new() { Delegation = Delegation.Delegated, MailHosts = hosts })).Flags;

        Assert.Equal(DomainFlags.None, Of());
        Assert.Equal(DomainFlags.NoMail, Of(new MailHostFacts("a.name.com", MailRoute.None, [])));
        Assert.Equal(DomainFlags.None, Of(new("a.name.com", MailRoute.None, []), new("name.com", MailRoute.ImplicitMx, [])));
        Assert.Equal(DomainFlags.None, Of(new MailHostFacts("name.com", MailRoute.Unknown, [])));
    }

    [Fact]
    public void An_active_status_of_another_source_is_no_objection_to_redemption() => Assert.Equal(
        (Phase.Redemption, Confidence.Corroborated),
        Found(Judge("name.com", Rdap("redemption period"), NxDomain(), Fastly("undelegated active"))));

    [Fact]
    public void A_registry_that_says_active_against_deleting_is_a_conflict() =>
        Assert.Equal((Phase.Active, Confidence.Conflicting), Found(Judge("name.com", Rdap("active"), Delegated(), Fastly("active deleting"))));

    [Theory]
    [InlineData("redemption period")]
    [InlineData("pending delete")]
    public void Locks_out_nobody_by_a_status_that_the_zone_contradicts(string status) =>
        Assert.Equal(Confidence.Conflicting, Judge("name.com", Rdap(status), Delegated()).Confidence);

    [Theory]
    [InlineData(24, Confidence.Corroborated)]
    [InlineData(25, Confidence.Single)]
    public void Two_answers_support_each_other_for_24_hours(int hours, Confidence expected)
    {
        var earlier = Now.AddHours(-hours);
        Assert.Equal(expected, Judge("name.com", NotFound(), NxDomain(earlier)).Confidence);
        Assert.Equal(expected, Judge("name.com", Rdap("redemption period"), NxDomain(earlier)).Confidence);
        Assert.Equal(expected, Judge("name.com", Rdap("active"), Delegated(earlier)).Confidence);
    }

    [Fact]
    public void Two_sources_that_are_not_the_registry_release_a_name_only_together()
    {
        Assert.Equal(Phase.Released, Judge("name.jp", NxDomain(), Fastly("inactive", Now.AddHours(-24))).Phase);
        Assert.Equal(Phase.Unknown, Judge("name.jp", NxDomain(), Fastly("inactive", Now.AddHours(-25))).Phase);
    }

    [Fact]
    public void Fastly_and_Domainr_are_one_source()
    {
        Assert.Equal(Phase.Unknown, Judge("name.eu", Fastly("inactive"), Domainr("inactive")).Phase);
        Assert.Equal(Phase.Active, Judge("name.eu", Fastly("inactive", Now.AddHours(-2)), Domainr("active")).Phase);
        Assert.Equal(Phase.Active, Judge("name.eu", Fastly("unknown"), Domainr("active", Now.AddHours(-2))).Phase);
    }

    [Fact]
    public void An_escrow_import_is_a_migration()
    {
        // google.to, as its registry gives it: the date of the import, not of the registration.
        var google = new RdapFacts
        {
            Handle = "D0000000-TO",
            RegisteredAt = Utc(2018, 11, 30, 7),
            RegistrationActor = "escrow_import",
            ExpiresAt = Utc(2027, 11, 30, 7),
            Statuses = ["client delete prohibited", "client transfer prohibited", "client update prohibited"],
        };

        Assert.True(Judge("google.to", Rdap(google)).LooksMigrated);
        Assert.False(Judge("google.to", Rdap(google with { RegistrationActor = "TheRegistrar" })).LooksMigrated);
        Assert.True(Judge("old.ai", Rdap(google with { RegistrationActor = null, RegisteredAt = Utc(2017, 12, 16, 9) })).LooksMigrated);
        Assert.True(DomainJudge.Judge(new()
        {
            Domain = "name.to",
            Now = Now,
            SharesRegistrationDate = true,
            Observations = [Rdap(google with { RegistrationActor = null })],
        }).LooksMigrated);
    }

    [Fact]
    public void Counts_as_answered_when_a_registration_source_answers_or_dns_where_none_serves()
    {
        Assert.True(Judge("name.com", Rdap("active")).IsAnswered);
        Assert.True(Judge("name.com", NotFound()).IsAnswered);
        Assert.True(Judge("name.com", Failed(SourceKind.Rdap), Fastly("active")).IsAnswered);
        Assert.False(Judge("name.com", Failed(SourceKind.Rdap), Delegated()).IsAnswered);
        Assert.False(Judge("name.com", Rdap(Registered(), Now.AddDays(-1)), Failed(SourceKind.Rdap), Delegated()).IsAnswered);
        Assert.False(Judge("name.eu", NotServed(), Fastly("unknown"), Delegated()).IsAnswered);
        Assert.True(Judge("name.eu", NotServed(), Delegated()).IsAnswered);
        Assert.False(Judge("name.eu", NotServed(), Failed(SourceKind.Dns)).IsAnswered);
    }

    [Fact]
    public void A_failure_is_named_with_the_answer_that_stays()
    {
        var verdict = Judge("name.com", Rdap(Registered("active"), Now.AddDays(-1)), Failed(SourceKind.Rdap, FailureKind.RateLimited), Delegated());

        Assert.Equal(Phase.Active, verdict.Phase);
        Assert.Contains(new Reason("Asked us to slow down (429): not evidence; the answer of 23 Nov 2026 stays", SourceKind.Rdap, Now), verdict.Reasons);
    }

    [Fact]
    public void What_another_source_said_longer_ago_neither_supports_nor_contradicts()
    {
        Assert.Equal(Confidence.Single, Judge("name.com", Rdap("redemption period"), Delegated(Now.AddHours(-25))).Confidence);
        Assert.Equal(Confidence.Single, Judge("name.com", Rdap("active"), Fastly("deleting", Now.AddHours(-25))).Confidence);
        Assert.Equal(Confidence.Conflicting, Judge("name.com", Rdap("active"), Fastly("deleting", Now.AddHours(-24))).Confidence);
    }

    [Fact]
    public void The_opposite_of_a_claim_depends_on_the_claim()
    {
        var soon = Rdap(Registered() with { ExpiresAt = Now.AddDays(9) });
        var past = Rdap(Registered() with { ExpiresAt = Now.AddDays(-9) });

        Assert.Equal(Confidence.Conflicting, Judge("name.com", soon, Fastly("deleting")).Confidence);
        Assert.Equal(Confidence.Corroborated, Judge("name.com", soon, Fastly("expiring")).Confidence);
        Assert.Equal(Confidence.Conflicting, Judge("name.com", Rdap("active"), Fastly("expiring")).Confidence);
        Assert.Equal(Confidence.Conflicting, Judge("name.com", Rdap("auto renew period"), Fastly("inactive")).Confidence);
        Assert.Equal(Confidence.Corroborated, Judge("name.com", past, Fastly("deleting")).Confidence);
        Assert.Equal(Confidence.Conflicting, Judge("name.com", past, Fastly("inactive")).Confidence);
        Assert.Equal(Confidence.Conflicting, Judge("name.com", Rdap("client hold"), Delegated()).Confidence);
        Assert.Equal(Confidence.Corroborated, Judge("name.com", Rdap("client hold"), NxDomain()).Confidence);
        Assert.Equal(Confidence.Single, Judge("name.com", Rdap("active"), Dns(new() { Delegation = Delegation.Unknown })).Confidence);
    }

    [Theory]
    [InlineData(24, Phase.Active)]
    [InlineData(25, Phase.Released)]
    public void The_registry_is_outranked_only_when_its_answer_is_more_than_a_day_older(int hours, Phase expected) =>
        Assert.Equal(expected, Judge("name.com", Rdap(Registered("active"), Now.AddHours(-hours)), NxDomain(), Fastly("inactive")).Phase);

    [Fact]
    public void Undelegated_is_said_of_what_is_not_known_to_be_gone()
    {
        static bool Says(params Observation[] said) => Judge("name.com", said).Flags.HasFlag(DomainFlags.Undelegated);

        Assert.False(Says(NotFound(), NxDomain()));
        Assert.True(Says(Rdap("client hold"), NxDomain()));
        Assert.True(Says(Rdap("inactive")));
        Assert.True(Says(Rdap("inactive"), Failed(SourceKind.Dns)));
        Assert.False(Says(Rdap("inactive"), Delegated()));
        Assert.True(Says(Rdap("active"), Fastly("undelegated active")));
        Assert.False(Says(Rdap("active"), Dns(new() { Delegation = Delegation.NoZone })));
    }

    [Fact]
    public void For_sale_is_what_somebody_offers()
    {
        static DomainFlags Of(string words, int offers) => Judge(
            "name.com", Rdap("active"), Fastly(words) with { Research = new(words.Split(' ')) { Offers = offers } }).Flags & DomainFlags.ForSale;

        Assert.Equal(DomainFlags.ForSale, Of("active marketed", 0));
        Assert.Equal(DomainFlags.ForSale, Of("active transferable", 0));
        Assert.Equal(DomainFlags.ForSale, Of("active", 2));
        Assert.Equal(DomainFlags.None, Of("active priced", 0));
        Assert.Equal(DomainFlags.None, Of("undelegated inactive premium", 2));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(30, true)]
    [InlineData(31, false)]
    public void Newly_registered_is_said_for_30_days(int daysAgo, bool expected) => Assert.Equal(
        expected, Judge("name.com", Rdap(Registered() with { RegisteredAt = Now.AddDays(-daysAgo) })).Flags.HasFlag(DomainFlags.NewlyRegistered));

    [Fact]
    public void The_time_since_when_a_phase_is_known_narrows_the_drop()
    {
        var input = new JudgeInput { Domain = "gone.de", Observations = [Rdap(new RdapFacts { Statuses = ["redemption period"] })], Now = Now };
        var since = Now.AddDays(-12);

        Assert.Equal(Now.AddDays(31), DomainJudge.Judge(input).EstimatedDrop!.To);
        Assert.Equal(since.AddDays(31), DomainJudge.Judge(input with { KnownPhase = Phase.Redemption, KnownPhaseSince = since }).EstimatedDrop!.To);
        Assert.Equal(Now.AddDays(31), DomainJudge.Judge(input with { KnownPhase = Phase.Active, KnownPhaseSince = since }).EstimatedDrop!.To);
    }

    [Fact]
    public void Name_servers_are_those_of_the_zone_and_mail_exchangers_those_of_all_mail_hosts()
    {
        var zone = Dns(new()
        {
            Delegation = Delegation.Delegated,
            NameServers = OtherServers,
            MailHosts = [new("a.name.com", MailRoute.Mx, ["mx2.example", "mx3.example"]), new("name.com", MailRoute.Mx, ["mx1.example", "mx2.example"])],
        });
        var verdict = Judge("name.com", Rdap("active"), zone);

        Assert.Equal(OtherServers, verdict.NameServers);
        Assert.Equal(["mx1.example", "mx2.example", "mx3.example"], verdict.MxHosts);
        Assert.Equal(HerServers, Judge("name.com", Rdap("active")).NameServers);
        Assert.Equal(HerServers, Judge("name.com", Rdap("active"), Dns(new() { Delegation = Delegation.Unknown })).NameServers);
        Assert.Empty(Judge("name.com", Rdap("active"), NxDomain()).NameServers);
    }

    [Fact]
    public void Every_reason_names_its_source_and_time()
    {
        var verdict = Judge("name.com", Rdap("active"), Delegated());

        Assert.Equal(
            ["Registered until 1 Jun 2027 (RDAP, 24 Nov 2026 14:00 UTC)", "Delegated in the zone of its parent (DNS, 24 Nov 2026 14:00 UTC)"],
            verdict.Reasons.Select(r => r.Sentence()));
    }

    [Fact]
    public void The_usual_verdict_is_cheap()
    {
        var input = new JudgeInput { Domain = "name.com", Observations = [Rdap("active"), Delegated()], Now = Now };
        DomainJudge.Judge(input);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            DomainJudge.Judge(input);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 1000, 1, 800);
    }

    private static (Phase Phase, Confidence Confidence) Found(Verdict verdict) => (verdict.Phase, verdict.Confidence);
}
