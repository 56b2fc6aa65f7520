using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Scans;

public sealed class RunScanTests
{
    [Fact]
    public async Task Looks_every_domain_up_once_and_judges_it()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 700).Select(i => $"d{i}.{(i % 3 == 0 ? "com" : "org")}"));

        var scan = await world.ScanAsync();

        Assert.Equal((ScanStatus.Completed, ScanResult.Complete), (scan.Status, scan.Result));
        Assert.Equal((700, 700, 700, 700, 700), (scan.Total, scan.Done, scan.Answered, scan.Settled, scan.Changed));
        Assert.Equal(700, world.Rdap.Asked.Count);
        Assert.All(world.Rdap.Asked.Values, n => Assert.Equal(1, n));
        await using var db = await world.OpenAsync();
        Assert.Equal(700, await db.Domains.CountAsync(d => d.Phase == Phase.Active && d.LastAnsweredAt == world.Clock.Now && d.NextCheckAt > world.Clock.Now));
        Assert.Equal(700, await db.Observations.CountAsync());
        Assert.Equal(700, await db.PhaseSpans.CountAsync(s => s.To == null));
        Assert.Equal(700, await db.Baselines.CountAsync());
        Assert.Equal(0, await db.ScanItems.CountAsync(i => i.Staged != null || i.State == ScanItemState.Waiting));
        Assert.Equal(0, await db.ScanLanes.CountAsync(l => l.LeaseOwner != null || l.PortionDone != 0));
    }

    [Fact]
    public async Task An_equal_answer_adds_only_its_time_and_no_history()
    {
        await using var world = await ScanWorld.CreateAsync();
        var registered = world.Clock.Now.AddYears(-3);
        world.Rdap.Answer = (q, host) => ScriptedSource.Record(q, host, registered, registered.AddYears(5));
        await world.AddAsync("a.com", "b.com");
        await world.ScanAsync();

        world.Clock.Time += TimeSpan.FromDays(3);
        var scan = await world.ScanAsync();

        Assert.Equal(0, scan.Changed);
        await using var db = await world.OpenAsync();
        var rows = await db.Observations.ToListAsync();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, r => Assert.Equal((2, world.Clock.Now), (r.Times, r.LastAt)));
        Assert.Equal(2, await db.PhaseSpans.CountAsync());
        Assert.All(await db.Baselines.ToListAsync(), b => Assert.Equal(world.Clock.Now, b.LastSeenAt));
    }

    [Fact]
    public async Task A_change_of_phase_ends_one_stretch_and_begins_the_next()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com");
        await world.ScanAsync();
        var began = world.Clock.Now;

        world.Clock.Time += TimeSpan.FromDays(40);
        world.Rdap.Answer = (q, host) => ScriptedSource.Record(q, host, q.Now.AddYears(-3), q.Now.AddDays(-2), "redemption period", "pending delete");
        await world.ScanAsync();

        await using var db = await world.OpenAsync();
        var spans = await db.PhaseSpans.OrderBy(s => s.From).ToListAsync();
        Assert.Equal([Phase.Active, Phase.Redemption], spans.Select(s => s.Phase));
        Assert.Equal((began, world.Clock.Now), (spans[0].From, spans[0].To));
        Assert.Null(spans[1].To);
        var domain = await world.DomainAsync("a.com");
        Assert.Equal((Phase.Redemption, world.Clock.Now), (domain.Phase, domain.PhaseSince));
        Assert.NotNull(domain.DropFrom);
        Assert.Single(await db.Baselines.ToListAsync()); // none is taken in redemption
    }

    [Fact]
    public async Task A_void_scan_writes_the_times_tried_and_due_and_nothing_else()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 40).Select(i => $"d{i}.com"));
        await world.ScanAsync();
        var before = await world.DomainAsync("d1.com");

        world.Clock.Time += TimeSpan.FromDays(40);
        world.Rdap.Answer = (q, host) => q.Domain.EndsWith("1.com", StringComparison.Ordinal) || q.Domain.EndsWith("2.com", StringComparison.Ordinal)
            ? ScriptedSource.Record(q, host, q.Now.AddYears(-3), q.Now.AddDays(-2), "redemption period")
            : ScriptedSource.Fails(q, host);
        var scan = await world.ScanAsync();

        Assert.Equal((ScanResult.Void, 0, 40), (scan.Result, scan.Changed, scan.Settled));
        Assert.Contains("rdap.com is void", scan.Note!, StringComparison.Ordinal);
        var after = await world.DomainAsync("d1.com");
        Assert.Equal((Phase.Active, before.PhaseSince, before.LastAnsweredAt, 0), (after.Phase, after.PhaseSince, after.LastAnsweredAt, after.FailuresInRow));
        Assert.Equal(world.Clock.Now, after.LastTriedAt);
        Assert.True(after.NextCheckAt > world.Clock.Now);
        Assert.Equal(1, (await world.DomainAsync("d5.com")).FailuresInRow);
        await using var db = await world.OpenAsync();
        Assert.Equal(40, await db.Observations.CountAsync());
        Assert.Equal(40, await db.PhaseSpans.CountAsync());
        Assert.True(await db.ScanLanes.AnyAsync(l => l.ScanId == scan.Id && l.IsVoid));
    }

    [Fact]
    public async Task A_void_lane_changes_nothing_while_the_others_count()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 200).Select(i => $"d{i}.org").Concat(Enumerable.Range(0, 12).Select(i => $"d{i}.com")));
        world.Rdap.Answer = (q, host) => host == "rdap.com" && q.Domain != "d3.com" ? ScriptedSource.Fails(q, host) : ScriptedSource.Registered(q, host);

        var scan = await world.ScanAsync();

        Assert.Equal((ScanResult.Partial, 200), (scan.Result, scan.Changed));
        Assert.Equal(Phase.Active, (await world.DomainAsync("d3.org")).Phase);
        Assert.Equal((Phase.Unknown, (DateTimeOffset?)null), ((await world.DomainAsync("d3.com")).Phase, (await world.DomainAsync("d3.com")).LastAnsweredAt));
    }

    [Fact]
    public async Task A_host_that_is_down_is_rested_and_does_not_hold_the_scan_up()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 1_000).Select(i => $"d{i}.org").Concat(Enumerable.Range(0, 100).Select(i => $"d{i}.com")));
        world.Rdap.Answer = (q, host) => host == "rdap.com" ? ScriptedSource.IsDown(q, host) : ScriptedSource.Registered(q, host);

        var scan = await world.ScanAsync(ScanScope.Due);

        Assert.Equal((ScanResult.Partial, 1_100, 1_000, 1_000), (scan.Result, scan.Done, scan.Answered, scan.Changed));
        Assert.InRange(world.Rdap.Asked.Count, 1_005, 1_040); // five failures, and what was in flight
        var notAsked = Enumerable.Range(0, 100).Select(i => $"d{i}.com").First(n => !world.Rdap.Asked.ContainsKey(n));
        var domain = await world.DomainAsync(notAsked);
        Assert.Equal(((DateTimeOffset?)null, 0, world.Clock.Now.AddHours(1)), (domain.LastTriedAt, domain.FailuresInRow, domain.NextCheckAt));
        var lane = (await world.Get<ScanQueries>().LanesAsync(scan.Id, CancellationToken.None)).Single(l => l.Host == "rdap.com");
        Assert.True(lane.IsVoid);
        Assert.NotNull(lane.RestsUntil);
        Assert.Contains("HTTP 500", lane.Note!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_keeps_the_verdict_and_backs_off()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 60).Select(i => $"d{i}.com"));
        await world.ScanAsync();
        var answered = world.Clock.Now;
        world.Rdap.Answer = (q, host) => q.Domain == "d7.com" ? ScriptedSource.Fails(q, host) : ScriptedSource.Registered(q, host);
        DateTimeOffset? last = null;

        for (var failures = 1; failures <= 4; failures++)
        {
            world.Clock.Time += TimeSpan.FromDays(1);
            Assert.Equal(ScanResult.Complete, (await world.ScanAsync()).Result);
            var domain = await world.DomainAsync("d7.com");
            Assert.Equal((Phase.Active, answered, world.Clock.Now, failures), (domain.Phase, domain.LastAnsweredAt, domain.LastTriedAt, domain.FailuresInRow));
            var wait = domain.NextCheckAt - world.Clock.Now;
            Assert.True(failures == 1 || wait > last!.Value - world.Clock.Now.AddDays(-1));
            last = domain.NextCheckAt;
        }
    }

    [Fact]
    public async Task A_lying_server_is_found_out_by_its_canary()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 30).Select(i => $"d{i}.com").Concat(Enumerable.Range(0, 300).Select(i => $"d{i}.org")));
        await world.ScanAsync();
        world.Clock.Time += TimeSpan.FromDays(1);

        world.Rdap.Answer = (q, host) => host == "rdap.com" ? ScriptedSource.NotFound(q, host) : ScriptedSource.Registered(q, host);
        var asked = world.Rdap.Asked.Values.Sum();
        var scan = await world.ScanAsync();

        Assert.Contains("canary", scan.Note!, StringComparison.Ordinal);
        await using var db = await world.OpenAsync();
        Assert.Equal(330, await db.Domains.CountAsync(d => d.Phase == Phase.Active));
        Assert.True(await db.Lanes.AnyAsync(l => l.Host == "rdap.com" && l.CanaryFailed));
        Assert.True(world.Rdap.Asked.Values.Sum() - asked < 330); // the rest of the lane was not asked

        world.Rdap.Answer = null;
        world.Clock.Time += TimeSpan.FromDays(1);
        Assert.Equal(ScanResult.Complete, (await world.ScanAsync()).Result);
        Assert.False(await db.Lanes.AnyAsync(l => l.CanaryFailed));
    }

    [Fact]
    public async Task A_canary_that_has_really_gone_only_costs_the_lane_its_canary()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 30).Select(i => $"d{i}.com"));
        await world.ScanAsync();
        await using var db = await world.OpenAsync();
        var canary = (await db.Lanes.AsNoTracking().SingleAsync(l => l.Host == "rdap.com")).Canary!;
        world.Clock.Time += TimeSpan.FromDays(1);

        world.Rdap.Answer = (q, host) => q.Domain == canary ? ScriptedSource.NotFound(q, host) : ScriptedSource.Registered(q, host);
        var scan = await world.ScanAsync();

        Assert.Equal((ScanResult.Complete, 1), (scan.Result, scan.Changed));
        Assert.Equal(Phase.Released, (await world.DomainAsync(canary)).Phase);
        Assert.NotEqual(canary, (await db.Lanes.AsNoTracking().SingleAsync(l => l.Host == "rdap.com")).Canary);
    }

    [Fact]
    public async Task A_domain_registered_anew_is_seen_for_the_addresses_verified_before()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com", "b.com");
        await world.ScanAsync();
        world.Clock.Time += TimeSpan.FromDays(90);
        var anew = world.Clock.Now.AddDays(-5);
        world.Rdap.Answer = (q, host) => q.Domain == "a.com"
            ? ScriptedSource.Record(q, host, anew, anew.AddYears(1)) with { Rdap = new RdapFacts { Handle = "OTHER", RegisteredAt = anew, ExpiresAt = anew.AddYears(1), Statuses = ["active"] } }
            : ScriptedSource.Registered(q, host);

        await world.ScanAsync();

        Assert.Equal(HandChange.Reregistered, (await world.DomainAsync("a.com")).HandChange);
        Assert.Equal(HandChange.None, (await world.DomainAsync("b.com")).HandChange);
        await using var db = await world.OpenAsync();
        var address = await db.Addresses.SingleAsync(a => a.Email == "a@a.com");
        Assert.Equal(HandChange.Reregistered, address.HandChange);
        Assert.NotEmpty(ObservationCodec.DecodeReasons(address.HandReasons));
        Assert.True((await world.DomainAsync("a.com")).NextCheckAt <= world.Clock.Now.AddHours(1));
    }

    [Fact]
    public async Task A_spent_budget_leaves_the_rest_for_tomorrow()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.ChangePolicyAsync(("budgets.rdap", "25"));
        await world.AddAsync(Enumerable.Range(0, 60).Select(i => $"d{i}.com"));

        var scan = await world.ScanAsync(ScanScope.Due);

        Assert.Equal((ScanResult.Partial, 25, 35), (scan.Result, scan.Done, scan.GivenUp));
        Assert.Contains("35 domains wait until tomorrow", scan.Note!, StringComparison.Ordinal);
        Assert.IsType<StartOutcome.NothingDue>(await world.Get<StartScan>().ExecuteAsync(ScanScope.Due, null, Requester.Schedule, CancellationToken.None));
        world.Clock.Time = world.Clock.Time.Date.AddDays(1).AddMinutes(1);
        scan = await world.ScanAsync(ScanScope.Due);
        Assert.Equal(24, scan.Done); // one question goes to the canary
        await using var db = await world.OpenAsync();
        Assert.Equal(11, await db.Domains.CountAsync(d => d.LastTriedAt == null));
        Assert.Equal(50, world.Rdap.Asked.Values.Sum());
    }

    [Fact]
    public async Task Pauses_resumes_and_cancels()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 2_000).Select(i => $"d{i}.com"));
        world.Rdap.Delay = () => Task.Delay(20);
        var id = await world.StartAsync();
        var run = world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);
        while ((await world.RowAsync(id)).Done == 0)
        {
            await Task.Delay(20);
        }

        Assert.True(await world.Get<ControlScan>().PauseAsync(id, Requester.CommandLine, CancellationToken.None));
        Assert.Equal(ScanStatus.Paused, await run);
        var paused = await world.RowAsync(id);
        Assert.InRange(paused.Done, 1, 1_999);
        Assert.Equal(paused.Done, world.Rdap.Asked.Count); // what was in flight is written

        Assert.False(await world.Get<ControlScan>().PauseAsync(id, Requester.CommandLine, CancellationToken.None));
        Assert.True(await world.Get<ControlScan>().ResumeAsync(id, Requester.CommandLine, CancellationToken.None));
        run = world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);
        while ((await world.RowAsync(id)).Done == paused.Done)
        {
            await Task.Delay(20);
        }

        Assert.True(await world.Get<ControlScan>().CancelAsync(id, Requester.CommandLine, CancellationToken.None));
        Assert.Equal(ScanStatus.Cancelled, await run);
        var cancelled = await world.RowAsync(id);
        Assert.Equal(cancelled.Done, cancelled.Settled);
        Assert.NotNull(cancelled.EndedAt);
        await using var db = await world.OpenAsync();
        Assert.Equal(cancelled.Done, await db.Domains.CountAsync(d => d.Phase == Phase.Active)); // what was found stays
    }

    [Theory]
    [InlineData(ScanScope.Domain, "nobody.com")]
    [InlineData(ScanScope.Domain, "someone@a.com")]
    [InlineData(ScanScope.Domain, "..")]
    [InlineData(ScanScope.Account, "u999")]
    [InlineData(ScanScope.Tld, "net")]
    [InlineData(ScanScope.Tld, "a.com")]
    [InlineData(ScanScope.Phase, "Gone")]
    [InlineData(ScanScope.Phase, "2")]
    [InlineData(ScanScope.Due, "a.com")]
    public async Task Refuses_an_unknown_target_and_says_so(ScanScope scope, string target)
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com");

        var outcome = await world.Get<StartScan>().ExecuteAsync(scope, target, Requester.CommandLine, CancellationToken.None);

        Assert.NotEmpty(Assert.IsType<StartOutcome.Refused>(outcome).Problem);
    }

    [Theory]
    [InlineData(ScanScope.Domain, "A.COM.", 1)]
    [InlineData(ScanScope.Account, "u1", 1)]
    [InlineData(ScanScope.Tld, ".Com", 2)]
    [InlineData(ScanScope.Phase, "unknown", 3)]
    [InlineData(ScanScope.All, null, 3)]
    [InlineData(ScanScope.Due, null, 3)]
    public async Task Counts_and_scans_a_scope(ScanScope scope, string? target, int count)
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com", "b.com", "c.org");

        Assert.Equal(new ScanPreview(count, null), await world.Get<StartScan>().PreviewAsync(scope, target, CancellationToken.None));
        Assert.Equal((count, ScanResult.Complete), ((await world.ScanAsync(scope, target)).Done, ScanResult.Complete));
    }

    [Fact]
    public async Task Due_work_on_the_list_of_another_scan_is_not_done_twice()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com", "b.com", "c.org");
        var all = await world.StartAsync();
        await using (var db = await world.OpenAsync())
        {
            await world.Get<PrepareScan>().ExecuteAsync(await db.Scans.SingleAsync(), CancellationToken.None);
        }

        var due = await world.ScanAsync(ScanScope.Due);
        Assert.Equal((0, ScanResult.Complete), (due.Total, due.Result));
        await world.Get<RunScan>().ExecuteAsync(all, CancellationToken.None);
        Assert.All(world.Rdap.Asked.Values, n => Assert.Equal(1, n));
    }

    [Fact]
    public async Task The_sweep_asks_only_DNS_and_brings_full_checks_forward()
    {
        var dns = new ScriptedSource(SourceKind.Dns);
        await using var world = await ScanWorld.CreateAsync(new ScriptedSource(), dns);
        var servers = new Dictionary<string, string>();
        dns.Answer = (q, host) => new Observation(SourceKind.Dns, host, Outcome.Answered, q.Now, TimeSpan.FromMilliseconds(1))
        {
            Dns = new DnsFacts
            {
                Delegation = Delegation.Delegated,
                NameServers = [servers.GetValueOrDefault(q.Domain, "ns1.host.net")],
                MailHosts = [new MailHostFacts(q.Domain, MailRoute.Mx, ["mx." + q.Domain])],
            },
        };
        await world.AddAsync(Enumerable.Range(0, 20).Select(i => $"d{i}.com"));
        await world.ScanAsync();
        world.Clock.Time += TimeSpan.FromDays(2);
        servers["d4.com"] = "ns1.other.net";
        var asked = world.Rdap.Asked.Values.Sum();

        var sweep = await world.ScanAsync(ScanScope.DnsSweep);

        Assert.Equal((20, 1, ScanResult.Complete), (sweep.Done, sweep.Changed, sweep.Result));
        Assert.Equal(asked, world.Rdap.Asked.Values.Sum());
        Assert.Equal(world.Clock.Now, (await world.DomainAsync("d4.com")).NextCheckAt);
        Assert.True((await world.DomainAsync("d5.com")).NextCheckAt > world.Clock.Now.AddDays(1));
        Assert.True((await world.DomainAsync("d5.com")).NextSweepAt > world.Clock.Now);
    }

    [Fact]
    public async Task Domains_behind_mail_exchangers_are_watched_and_their_lapse_is_a_flag()
    {
        var dns = new ScriptedSource(SourceKind.Dns);
        await using var world = await ScanWorld.CreateAsync(new ScriptedSource(), dns);
        dns.Answer = (q, host) => new Observation(SourceKind.Dns, host, Outcome.Answered, q.Now, TimeSpan.FromMilliseconds(1))
        {
            Dns = new DnsFacts { Delegation = Delegation.Delegated, NameServers = ["ns1.host.net"], MailHosts = [new MailHostFacts(q.Domain, MailRoute.Mx, ["mx1.mailer.net"])] },
        };
        await world.AddAsync("a.com", "b.com");
        await world.ScanAsync();
        var mailer = await world.DomainAsync("mailer.net");
        Assert.Equal((WatchedFor.MailExchange, world.Clock.Now), (mailer.WatchedFor, mailer.NextCheckAt));

        world.Clock.Time += TimeSpan.FromHours(1);
        world.Rdap.Answer = (q, host) => q.Domain == "mailer.net" ? ScriptedSource.NotFound(q, host) : ScriptedSource.Registered(q, host);
        await world.ScanAsync(ScanScope.Due);
        Assert.Equal(Phase.Released, (await world.DomainAsync("mailer.net")).Phase);
        Assert.Equal(world.Clock.Now, (await world.DomainAsync("a.com")).NextCheckAt); // brought forward
        await world.ScanAsync(ScanScope.Due);
        Assert.True((await world.DomainAsync("a.com")).Flags.HasFlag(DomainFlags.DanglingMx));
    }
}
