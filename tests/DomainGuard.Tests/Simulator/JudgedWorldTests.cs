using System.Diagnostics;
using System.Net;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Http;
using DomainGuard.Lookups.Rdap;
using DomainGuard.Simulator;
using DomainGuard.Simulator.Scenarios;

namespace DomainGuard.Tests.Simulator;

/// <summary>The real clients, parsers and judge read the pretend world, and see what is true in it.</summary>
public sealed class JudgedWorldTests
{
    private static readonly DateTimeOffset Start = SimulatedLookups.Start;

    /// <summary>TLDs whose registry has no RDAP server, not even in the newest bootstrap file.</summary>
    private static readonly string[] WithoutRdap = ["eu", "be", "it", "se", "jp"];

    [Fact]
    public async Task Every_domain_is_judged_as_it_stands_on_any_day()
    {
        await using var sim = new SimulatedLookups();
        await RefreshAsync(sim);
        List<string> wrong = [];
        foreach (var day in (int[])[0, 2, 5, 11, 26, 41, 58, 71, 88, 101, 119])
        {
            sim.Now = Start.AddDays(day).AddHours(16);
            foreach (var names in sim.World.Names.Where(n => Registries.TroubleOf(TldOf(n), Start, sim.Now) == Trouble.None).Chunk(40))
            {
                wrong.AddRange((await Task.WhenAll(names.Select(n => JudgeAsync(sim, n)))).Where(x => x is not null)!);
            }
        }

        Assert.Empty(wrong);
    }

    private static async Task<string?> JudgeAsync(SimulatedLookups sim, string name)
    {
        var (domain, verdict) = (sim.World.Find(name)!, await sim.JudgeAsync(name));
        var step = domain.At(sim.Now)!;
        Phase[] right = (step.Stage, TldOf(name)) switch
        {
            (Stage.Gone, _) => [Phase.Released],
            (Stage.Reserved, _) => [Phase.Unknown],
            (Stage.Live, _) => [Phase.Active, Phase.ExpiringSoon],
            // Nothing but the date says so, and that only RDAP gives.
            (Stage.Lapsed, var tld) when WithoutRdap.Contains(tld) => [Phase.Active],
            (Stage.Lapsed, _) => [Phase.Expired],
            (Stage.AutoRenew, _) => [Phase.AutoRenewGrace],
            (Stage.Hold, "br") => [Phase.OnHold, Phase.Redemption, Phase.PendingDelete, Phase.Expired],
            (Stage.Hold, "au") => [Phase.OnHold, Phase.AutoRenewGrace],
            (Stage.Hold, var tld) when WithoutRdap.Contains(tld) => [Phase.Active],
            (Stage.Hold, _) => [Phase.OnHold],
            // On its last day a .fr name can no longer be taken back.
            (Stage.Redemption, "fr") when sim.Now >= step.Expires!.Value.AddDays(57) => [Phase.PendingDelete],
            (Stage.Suspended or Stage.Redemption or Stage.Quarantine, _) => [Phase.Redemption],
            (Stage.PendingDelete, "it") => [Phase.Redemption, Phase.PendingDelete],
            (Stage.PendingDelete, _) => [Phase.PendingDelete],
            (Stage.Restoring, _) => [Phase.PendingRestore],
            _ => [],
        };
        return right.Contains(verdict.Phase) && verdict.IsAnswered && verdict.Confidence != Confidence.Conflicting
            ? null
            : $"{name} on day {(sim.Now - Start).TotalDays:0}: {step.Stage} is judged {verdict.Phase}, {verdict.Confidence}: {string.Join("; ", verdict.Reasons.Select(r => r.Text))}";
    }

    [Fact]
    public async Task Dns_agrees_with_the_registry()
    {
        await using var sim = new SimulatedLookups();
        sim.Now = Start.AddDays(11).AddHours(3);
        foreach (var name in sim.World.Names.Where(n => n != NamedDomains.BrokenZone))
        {
            var step = sim.World.Find(name)!.At(sim.Now)!;
            var dns = (await sim.LookUpAsync(name)).Single(o => o.Source == SourceKind.Dns).Dns!;
            if (step.Stage is Stage.Live or Stage.Lapsed or Stage.AutoRenew or Stage.Restoring && step.Holder.NameServers.Count > 0)
            {
                Assert.Equal((Delegation.Delegated, name), (dns.Delegation, dns.SoaOwner));
                Assert.Equal(step.Holder.NameServers.Order(StringComparer.Ordinal), dns.NameServers);
                Assert.Equal(step.Holder.Mail == MailKind.Mx ? step.Holder.Exchanges.Order(StringComparer.Ordinal) : [], dns.MailHosts.Single().MxHosts);
            }
            else
            {
                Assert.Equal((Delegation.NxDomain, name[(name.IndexOf('.') + 1)..]), (dns.Delegation, dns.SoaOwner));
            }
        }
    }

    [Theory]
    [InlineData(NamedDomains.InRedemption, 0, Phase.Redemption, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.InRedemption, 7, Phase.PendingDelete, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.InRedemption, 11, Phase.Released, DomainFlags.None)]
    [InlineData(NamedDomains.TakenOver, 0, Phase.Active, DomainFlags.NewlyRegistered)]
    [InlineData(NamedDomains.DropCatch, 5, Phase.PendingDelete, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.DropCatch, 7, Phase.Active, DomainFlags.NewlyRegistered)]
    [InlineData(NamedDomains.HiddenDates, 0, Phase.Active, DomainFlags.DatesHidden)]
    [InlineData(NamedDomains.HiddenDates, 4, Phase.Redemption, DomainFlags.DatesHidden)]
    [InlineData(NamedDomains.HiddenDates, 34, Phase.Released, DomainFlags.None)]
    [InlineData(NamedDomains.InQuarantine, 0, Phase.Redemption, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.InQuarantine, 13, Phase.Released, DomainFlags.None)]
    [InlineData(NamedDomains.Auctioned, 0, Phase.AutoRenewGrace, DomainFlags.ForSale)]
    [InlineData(NamedDomains.Auctioned, 5, Phase.Active, DomainFlags.None)]
    [InlineData(NamedDomains.RenewedInGrace, 0, Phase.AutoRenewGrace, DomainFlags.Parked)]
    [InlineData(NamedDomains.RenewedInGrace, 6, Phase.Active, DomainFlags.None)]
    [InlineData(NamedDomains.Restored, 2, Phase.Redemption, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.Restored, 6, Phase.PendingRestore, DomainFlags.None)]
    [InlineData(NamedDomains.Restored, 10, Phase.Active, DomainFlags.None)]
    [InlineData(NamedDomains.BeingRestored, 0, Phase.PendingRestore, DomainFlags.None)]
    [InlineData(NamedDomains.InLastDays, 0, Phase.PendingDelete, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.Free, 0, Phase.Released, DomainFlags.None)]
    [InlineData(NamedDomains.LapsingMailHost, 2, Phase.AutoRenewGrace, DomainFlags.None)]
    [InlineData(NamedDomains.LapsingMailHost, 10, Phase.Redemption, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.OnHold, 0, Phase.OnHold, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.OnHold, 7, Phase.Active, DomainFlags.None)]
    [InlineData(NamedDomains.Suspended, 0, Phase.Redemption, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.KeptBack, 0, Phase.Unknown, DomainFlags.None)]
    [InlineData(NamedDomains.ForSale, 0, Phase.Active, DomainFlags.Parked | DomainFlags.ForSale)]
    [InlineData(NamedDomains.Sinkholed, 0, Phase.Active, DomainFlags.Sinkholed | DomainFlags.NoMail)]
    [InlineData(NamedDomains.NullMx, 0, Phase.Active, DomainFlags.NullMx)]
    [InlineData(NamedDomains.Undelegated, 0, Phase.Active, DomainFlags.Undelegated)]
    [InlineData(NamedDomains.BrokenZone, 0, Phase.Active, DomainFlags.None)]
    [InlineData(NamedDomains.International, 0, Phase.Active, DomainFlags.DatesHidden)]
    [InlineData(NamedDomains.NotableOnLyingLane, 0, Phase.Active, DomainFlags.Notable)]
    public async Task A_named_domain_tells_its_story(string name, int day, Phase phase, DomainFlags flags)
    {
        await using var sim = new SimulatedLookups();
        sim.Now = Start.AddDays(day).AddHours(5);
        var verdict = await sim.JudgeAsync(name);
        Assert.Equal(phase, verdict.Phase);
        Assert.Equal(flags, verdict.Flags & flags);
    }

    [Fact]
    public async Task The_drop_of_the_example_comes_in_ten_days_within_the_interval_foreseen()
    {
        await using var sim = new SimulatedLookups();
        var foreseen = (await sim.JudgeAsync(NamedDomains.InRedemption)).EstimatedDrop!;
        var drop = sim.World.Find(NamedDomains.InRedemption)!.Steps.Single(s => s.Stage == Stage.Gone).From;
        Assert.InRange(drop, Start.AddDays(9), Start.AddDays(11));
        Assert.InRange(drop, foreseen.From, foreseen.To);
    }

    [Fact]
    public async Task A_stranger_behind_a_verified_address_is_found_and_the_new_holder_himself_is_not_accused()
    {
        await using var sim = new SimulatedLookups();
        var observations = await sim.LookUpAsync(NamedDomains.TakenOver);
        var verdict = SimulatedLookups.Judge(NamedDomains.TakenOver, observations, Start);
        HandVerdict Hands(int verifiedDaysAgo) => HandChangeJudge.Judge(
            new HandInput { Verdict = verdict, Observations = observations, VerifiedAt = Start.AddDays(-verifiedDaysAgo), Now = Start });
        Assert.Equal(HandChange.Reregistered, Hands(400).Change);
        Assert.Equal(HandChange.None, Hands(9).Change);
    }

    [Fact]
    public async Task A_registry_migration_accuses_nobody()
    {
        await using var sim = new SimulatedLookups();
        sim.Now = Start.AddDays(8);
        var observations = await sim.LookUpAsync(NamedDomains.Migrated);
        var verdict = SimulatedLookups.Judge(NamedDomains.Migrated, observations, sim.Now);
        Assert.True(verdict.LooksMigrated);
        Assert.Equal(Start.AddDays(1), verdict.RegisteredAt);
        Assert.Equal(
            HandChange.None,
            HandChangeJudge.Judge(new HandInput { Verdict = verdict, Observations = observations, VerifiedAt = Start.AddDays(-400), Now = sim.Now }).Change);
    }

    [Theory]
    [InlineData("werkbank-nord.de", 19, FailureKind.RateLimited)]
    [InlineData("lumen-press.org", 24, FailureKind.ServerError)]
    [InlineData("hollendyke.co.uk", 3, FailureKind.ServerError)]
    [InlineData("any-atelier.fr", 9, FailureKind.BadAnswer)]
    public async Task An_outage_is_a_failure_and_never_evidence(string name, int day, FailureKind failure)
    {
        await using var sim = new SimulatedLookups();
        sim.Now = Start.AddDays(day).AddHours(2);
        var rdap = (await sim.LookUpAsync(name)).Single(o => o.Source == SourceKind.Rdap);
        Assert.Equal((Outcome.Failure, failure), (rdap.Outcome, rdap.Failure));
        Assert.Equal(failure == FailureKind.RateLimited ? TimeSpan.FromSeconds(1) : null, rdap.RetryAfter);
        sim.Now = Start.AddDays(day - 1);
        Assert.NotEqual(Outcome.Failure, (await sim.LookUpAsync(name)).Single(o => o.Source == SourceKind.Fastly).Outcome);
    }

    [Fact]
    public async Task On_the_day_its_registry_lies_a_notable_domain_is_not_held_for_gone()
    {
        await using var sim = new SimulatedLookups();
        sim.Now = Start.AddDays(12).AddHours(6);
        var observations = await sim.LookUpAsync(NamedDomains.NotableOnLyingLane);
        Assert.Equal(Outcome.NotFound, observations.Single(o => o.Source == SourceKind.Rdap).Outcome);
        var verdict = SimulatedLookups.Judge(NamedDomains.NotableOnLyingLane, observations, sim.Now);
        Assert.False(verdict is { Phase: Phase.Released, Confidence: Confidence.Corroborated or Confidence.Single }, $"{verdict.Phase} {verdict.Confidence}");
    }

    [Fact]
    public async Task Registries_write_as_theirs_do()
    {
        await using var sim = new SimulatedLookups();
        await RefreshAsync(sim);
        var com = await RdapAsync("maplekit.com");
        Assert.Contains("\"ldhName\":\"MAPLEKIT.COM\"", Text(com));
        Assert.EndsWith("_DOMAIN_COM-VRSN", com.Rdap!.Handle);
        Assert.Contains("\"related\"", Text(com));

        var free = await RdapAsync(NamedDomains.Free);
        Assert.Equal((Outcome.NotFound, 404, 0), (free.Outcome, free.HttpStatus, free.Raw.Length));
        var gone = await RdapAsync(sim.World.Names.First(n => TldOf(n) == "dev" && sim.World.Find(n)!.At(Start)!.Stage == Stage.Gone));
        Assert.Equal((Outcome.NotFound, true), (gone.Outcome, Text(gone).Contains("\"errorCode\":404", StringComparison.Ordinal)));

        var org = await RdapAsync(NamedDomains.Auctioned);
        Assert.Null(org.Rdap!.Handle);
        Assert.Contains("\"redacted\"", Text(org));

        var de = await RdapAsync(NamedDomains.HiddenDates);
        Assert.Equal((null, null, null), (de.Rdap!.RegisteredAt, de.Rdap.ExpiresAt, de.Rdap.RegistrarName));
        Assert.Contains(".\"", Text(de));
        sim.Now = Start.AddDays(3);
        Assert.DoesNotContain("\"events\"", Text(await RdapAsync(NamedDomains.HiddenDates)));
        sim.Now = Start;

        var uk = await RdapAsync(NamedDomains.Suspended);
        Assert.True(uk.Rdap!.ExpiresAt < Start && uk.Rdap.Statuses.Contains("pending delete"));

        var nl = await RdapAsync(NamedDomains.InQuarantine);
        Assert.True(nl.Rdap!.ExpiresAt > Start && nl.Rdap.Statuses is ["pending delete"]);
        Assert.Null((await RdapAsync(Live("nl"))).Rdap!.ExpiresAt);

        var au = await RdapAsync(Live("au"));
        Assert.True(au.Rdap is { RegistrationHidden: true, ExpiryHidden: true, RegisteredAt: null });
        Assert.Equal((false, true), ((await RdapAsync(Live("fi"))).Rdap is { RegisteredAt: null }, (await RdapAsync(Live("fi"))).Rdap is { ExpiresAt: null }));
        Assert.Contains("+01:00", Text(await RdapAsync(NamedDomains.Migrated)));
        Assert.Contains("published", (await RdapAsync(Live("br"))).Rdap!.Statuses);
        Assert.Equal(Outcome.Reserved, (await RdapAsync(NamedDomains.KeptBack)).Outcome);
        Assert.Equal(Outcome.NotServed, (await RdapAsync(Live("eu"))).Outcome);

        string Live(string tld) => sim.World.Names.First(n => TldOf(n) == tld && sim.World.Find(n)!.At(Start)!.Stage == Stage.Live);
        async Task<Observation> RdapAsync(string name) => (await sim.LookUpAsync(name)).Single(o => o.Source == SourceKind.Rdap);
        static string Text(Observation o) => System.Text.Encoding.UTF8.GetString(o.Raw.Span);
    }

    [Fact]
    public async Task A_mail_host_that_was_given_up_says_nothing_of_its_domain()
    {
        await using var sim = new SimulatedLookups();
        var dns = (await sim.LookUpAsync("gmx.de", "gmx.de", "mail.gmx.de", "old-mail.gmx.de")).Single(o => o.Source == SourceKind.Dns).Dns!;
        Assert.Equal(Delegation.Delegated, dns.Delegation);
        Assert.Equal([MailRoute.Mx, MailRoute.Mx, MailRoute.None], dns.MailHosts.Select(h => h.Route));
    }

    [Fact]
    public async Task The_bootstrap_file_is_refreshed_once_and_confirmed_from_then_on()
    {
        await using var sim = new SimulatedLookups();
        var (bootstrap, store) = (sim.Get<RdapBootstrap>(), new MemoryBootstrapStore());
        Assert.Null(bootstrap.BaseUrlFor("any.com.au"));
        Assert.Null(await bootstrap.RefreshAsync(store, Start, TestContext.Current.CancellationToken));
        Assert.Equal("rdap.cctld.au", bootstrap.BaseUrlFor("any.com.au")!.Host);
        var first = await store.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Null(await bootstrap.RefreshAsync(store, Start.AddDays(1), TestContext.Current.CancellationToken));
        var second = await store.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal((Start.AddDays(1), true), (second!.CheckedAt, ReferenceEquals(first!.Content, second.Content)));
    }

    [Fact]
    public async Task The_pretend_servers_never_are_the_slow_part()
    {
        await using var sim = new SimulatedLookups();
        using var http = new HttpMessageInvoker(sim.Get<LookupTransport>().CreateHandler(SourceKind.Rdap));
        var names = sim.World.Names;
        // The best of many short batches: what else runs on the machine slows some of them, a slow server all of them.
        const int Batch = 500;
        var best = 0.0;
        for (var i = 0; i < 60; i++)
        {
            var watch = Stopwatch.StartNew();
            await AskAsync(Batch);
            best = Math.Max(best, Batch / watch.Elapsed.TotalSeconds);
        }

        Assert.True(best >= 10_000, $"{best:0} answers a second");

        async Task AskAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"https://rdap.example/domain/{names[i % names.Count]}");
                using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound);
            }
        }
    }

    private static string TldOf(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static async Task RefreshAsync(SimulatedLookups sim) =>
        Assert.Null(await sim.Get<RdapBootstrap>().RefreshAsync(new MemoryBootstrapStore(), Start, TestContext.Current.CancellationToken));
}
