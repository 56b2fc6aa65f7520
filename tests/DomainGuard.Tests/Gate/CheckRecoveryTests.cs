using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Gate;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Findings;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Gate;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Gate;

/// <summary>May I send a recovery mail to this address, now? (product section 8)</summary>
public sealed class CheckRecoveryTests
{
    private static readonly RecoveryAsker Key = new(new AuditActor(AuditActorKind.Key, "k1", "10.0.0.1"), IsPreview: false);

    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_reset_that_comes_minutes_after_the_domain_was_bought_is_refused(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync("figlief.com");
        await world.PassAsync(TimeSpan.FromDays(20));
        await world.Scans.ScanAsync();
        Assert.Equal((GateDecision.Allow, GateReason.InOrder), await AskAsync(world, "a@figlief.com"));

        // The last scan saw it in order. Then it was bought; the reset comes 26 hours later, before the next scan.
        world.Say(Life.Reregistered, "figlief.com");
        await world.PassAsync(TimeSpan.FromHours(26));
        var check = await CheckAsync(world, "a@figlief.com");

        Assert.Equal((GateDecision.Deny, GateReason.AddressUnverified, true, false), (check.Decision, check.Reason, check.LookedUp, check.Stale));
        Assert.Equal(AddressState.Unverified, await world.AddressAsync("figlief.com"));
        var @case = await world.CaseAsync("figlief.com");
        Assert.Equal((CaseState.Unverified, check.CaseId), (@case!.State, @case.Id));
        Assert.NotNull(@case.KnockedAt);
        Assert.Equal(1, await world.CountAsync(db => db.AuditEntries.Where(e => e.Action == AuditAction.GateDenied && e.ActorId == "k1" && e.CaseId == @case.Id && e.Subject == check.PublicId)));
        await world.AssertWholeAsync();

        // Whoever holds it now verifies the address anew: contested, not released, refused as before.
        var address = (await AddressesAsync(world)).Single();
        await world.PassAsync(TimeSpan.FromMinutes(12));
        Assert.IsType<ReverifyOutcome.Contested>(await world.Get<ReverifyAddress>().ExecuteAsync(address.Id, world.Now, ClaimProof.None, Key.Actor, CancellationToken.None));
        Assert.Equal((GateDecision.Deny, GateReason.AddressUnverified), await AskAsync(world, "a@figlief.com"));

        // The honest holder, who has his second factor, gets in again.
        Assert.IsType<ReverifyOutcome.Accepted>(await world.Get<ReverifyAddress>().ExecuteAsync(address.Id, world.Now, ClaimProof.SecondFactor, Key.Actor, CancellationToken.None));
        Assert.Equal((GateDecision.Allow, GateReason.InOrder), await AskAsync(world, "a@figlief.com"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_address_that_came_after_the_last_look_is_judged_before_it_is_answered(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync("taken.com", "mute.com");
        await world.FindAsync(Life.Reregistered, "taken.com"); // both were looked up just now
        world.Say(Life.Silent, "mute.com");
        await world.PassAsync(TimeSpan.FromMinutes(1));
        await world.AddAddressesAsync("taken.com", 1);
        await world.AddAddressesAsync("mute.com", 1);

        var check = await CheckAsync(world, "m0@taken.com");
        Assert.Equal((HandChange.Reregistered, true, false), (check.HandChange, check.LookedUp, check.Stale));
        Assert.NotEqual(GateDecision.Allow, check.Decision);

        check = await CheckAsync(world, "m0@mute.com");
        Assert.Equal((GateDecision.Review, GateReason.NoRecentEvidence, true), (check.Decision, check.Reason, check.Stale));
        Assert.Equal((GateDecision.Allow, GateReason.InOrder), await AskAsync(world, "a@mute.com")); // its neighbour was judged
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_flood_of_questions_about_one_stale_domain_is_one_look_up(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync("stale.com");
        await world.AddAddressesAsync("stale.com", 20);
        var source = world.Scans.Rdap;
        var before = source.Asked["stale.com"];
        source.Delay = () => Task.Delay(100);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => CheckAsync(world, i % 2 == 0 ? "a@stale.com" : $"m{i % 20}@stale.com")));

        Assert.Equal(before + 1, source.Asked["stale.com"]);
        Assert.All(answers, a => Assert.Equal((GateDecision.Allow, false), (a.Decision, a.Stale)));
        Assert.Equal(200, await world.CountAsync(db => db.RecoveryChecks));
    }

    [Fact]
    public async Task Known_evidence_that_is_young_enough_asks_nobody()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("young.com");
        await world.Scans.ScanAsync();
        var asked = world.Scans.Rdap.Asked["young.com"];
        await world.PassAsync(TimeSpan.FromHours(23));
        Assert.Equal((GateDecision.Allow, GateReason.InOrder), await AskAsync(world, "A@Young.com"));
        Assert.Equal(asked, world.Scans.Rdap.Asked["young.com"]);
        await world.PassAsync(TimeSpan.FromHours(2));
        Assert.True((await CheckAsync(world, "a@young.com")).LookedUp);
        Assert.Equal(asked + 1, world.Scans.Rdap.Asked["young.com"]);
    }

    [Fact]
    public async Task An_upstream_that_is_slow_or_down_is_answered_within_the_deadline_and_marked_stale()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("slow.com", "down.com");
        var held = new TaskCompletionSource();
        world.Scans.Rdap.Delay = () => held.Task;
        var check = await CheckAsync(world, "a@slow.com", TimeSpan.FromMilliseconds(150));
        Assert.Equal((GateDecision.Allow, GateReason.InOrder, true, false), (check.Decision, check.Reason, check.Stale, check.LookedUp));
        Assert.False(held.Task.IsCompleted); // nobody has answered yet
        held.SetResult();
        world.Scans.Rdap.Delay = () => Task.CompletedTask;
        await EventuallyAsync(async () => !(await CheckAsync(world, "a@slow.com")).Stale); // the look-up went on, and counts

        world.Say(Life.Silent, "down.com");
        Assert.True((await CheckAsync(world, "a@down.com")).Stale);
        var asked = world.Scans.Rdap.Asked["down.com"];
        Assert.True((await CheckAsync(world, "a@down.com")).Stale);
        Assert.Equal(asked, world.Scans.Rdap.Asked["down.com"]); // who gave no answer is left alone for a while

        await world.PassAsync(TimeSpan.FromDays(8));
        check = await CheckAsync(world, "a@down.com");
        Assert.Equal((GateDecision.Review, GateReason.NoRecentEvidence, true), (check.Decision, check.Reason, check.Stale));
        Assert.Equal(AddressState.Verified, await world.AddressAsync("down.com")); // silence un-verifies nobody
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_the_gate_finds_passes_the_same_guards_and_the_same_brake(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync([.. FindingsWorld.Names(22), "one.com"]);
        world.Say(Life.RedemptionByOne, "one.com");
        await world.PassAsync(TimeSpan.FromHours(25));
        Assert.Equal((GateDecision.Review, GateReason.Confidence), await AskAsync(world, "a@one.com"));
        Assert.Equal(CaseState.NeedsReview, (await world.CaseAsync("one.com"))!.State);

        world.Say(Life.Redemption, FindingsWorld.Names(22));
        var answers = new List<(GateDecision, GateReason)>();
        foreach (var name in FindingsWorld.Names(22))
        {
            answers.Add(await AskAsync(world, "a@" + name));
        }

        Assert.All(answers.Take(20), a => Assert.Equal((GateDecision.Deny, GateReason.AddressUnverified), a));
        Assert.All(answers.Skip(20), a => Assert.Equal((GateDecision.Review, GateReason.Braked), a));
        Assert.Equal(20, await world.CountAsync(db => db.Addresses.Where(a => a.State == AddressState.Unverified)));
        Assert.Equal(2, await world.CountAsync(db => db.BatchItems));
        await world.AssertWholeAsync();
    }

    [Fact]
    public async Task Whatever_breaks_while_it_looks_the_gate_answers_by_what_is_known()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("odd.com");
        world.Scans.Rdap.Answer = (_, _) => throw new InvalidDataException("What nobody thought of.");
        var check = await CheckAsync(world, "a@odd.com");
        Assert.Equal((GateDecision.Allow, true), (check.Decision, check.Stale));
    }

    [Fact]
    public async Task A_server_that_lies_about_its_canary_refuses_nobody()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync(FindingsWorld.Names(5));
        world.Scans.Rdap.Answer = Scans.ScriptedSource.NotFound;
        await world.PassAsync(TimeSpan.FromDays(2));
        var check = await CheckAsync(world, "a@d3.com");
        Assert.Equal((GateDecision.Allow, true, Phase.Active), (check.Decision, check.Stale, check.Phase));
        Assert.Equal(AddressState.Verified, await world.AddressAsync("d3.com"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task While_the_installation_only_observes_the_gate_says_what_it_would_have_answered(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync("lost.com");
        await using (var db = await world.OpenAsync())
        {
            await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, true, CancellationToken.None);
            await db.SaveChangesAsync();
        }

        world.Say(Life.Redemption, "lost.com");
        await world.PassAsync(TimeSpan.FromHours(25));
        var check = await CheckAsync(world, "a@lost.com");
        Assert.Equal((GateDecision.Review, GateReason.ObserveOnly, (GateDecision?)GateDecision.Deny), (check.Decision, check.Reason, check.WouldAnswer));
        Assert.Equal((AddressState.Verified, 0), (await world.AddressAsync("lost.com"), await world.CountAsync(db => db.Cases)));
        Assert.Equal(0, await world.CountAsync(db => db.AuditEntries.Where(e => e.Action == AuditAction.GateDenied)));
    }

    [Fact]
    public async Task A_large_domain_is_allowed_with_an_alarm_and_its_case_rises()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("large.com");
        await world.AddAddressesAsync("large.com", 60);
        world.Say(Life.Redemption, "large.com");
        await world.PassAsync(TimeSpan.FromHours(25));
        var check = await CheckAsync(world, "m7@large.com");
        Assert.Equal((GateDecision.Allow, GateReason.LargeDomain), (check.Decision, check.Reason));
        await using var db = await world.OpenAsync();
        var whole = await db.Cases.SingleAsync();
        Assert.Equal(((long?)null, CaseState.NeedsReview, check.CaseId), (whole.AddressId, whole.State, (long?)whole.Id));
        Assert.NotNull(whole.KnockedAt);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_decision_of_a_person_counts_until_the_facts_are_worse(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync("kept.com");
        await world.FindAsync(Life.Redemption, "kept.com");
        await world.DecideAsync("kept.com", CaseEvent.Override, world.Now.AddDays(60));
        await world.PassAsync(TimeSpan.FromHours(2));
        Assert.Equal((GateDecision.Allow, GateReason.Overridden), await AskAsync(world, "a@kept.com"));

        world.Say(Life.PendingDelete, "kept.com");
        await world.PassAsync(TimeSpan.FromHours(2));
        Assert.Equal((GateDecision.Review, GateReason.CaseNeedsReview), await AskAsync(world, "a@kept.com"));
        Assert.Equal(CaseState.NeedsReview, (await world.CaseAsync("kept.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Fact]
    public async Task Doors_are_named_when_the_mail_may_not_go()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("gone.com", "home.com");
        await using (var db = await world.OpenAsync())
        {
            var gone = await db.Addresses.Include(a => a.Account).SingleAsync(a => a.Email == "a@gone.com");
            (await db.Addresses.SingleAsync(a => a.Email == "a@home.com")).AccountId = gone.AccountId;
            gone.Account!.TwoFactor = true;
            gone.Account.AddressCount = 2;
            await db.SaveChangesAsync();
        }

        await world.FindAsync(Life.Released, "gone.com");
        var outcome = Assert.IsType<RecoveryOutcome.Answered>(await world.Get<CheckRecovery>().ExecuteAsync(new RecoveryQuestion("a@gone.com"), Key, CancellationToken.None));
        Assert.Equal(["verified_address", "second_factor", "manual_recovery"], outcome.Alternatives);
        var allowed = Assert.IsType<RecoveryOutcome.Answered>(await world.Get<CheckRecovery>().ExecuteAsync(new RecoveryQuestion("a@home.com"), Key, CancellationToken.None));
        Assert.Empty(allowed.Alternatives);
    }

    [Fact]
    public async Task An_address_of_several_accounts_is_answered_by_its_worst_and_one_account_by_its_own()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("both.com", "other.com");
        await using (var db = await world.OpenAsync())
        {
            var domain = await db.Domains.SingleAsync(d => d.Name == "both.com");
            var second = await db.Addresses.SingleAsync(a => a.Email == "a@other.com");
            (second.Email, second.SearchEmail, second.MailHost, second.DomainId, second.State) = ("a@both.com", "a@both.com", "both.com", domain.Id, AddressState.Unverified);
            await db.SaveChangesAsync();
        }

        Assert.Equal((GateDecision.Deny, GateReason.AddressUnverified), await AskAsync(world, "a@both.com"));
        Assert.Equal(GateDecision.Allow, (await CheckAsync(world, "a@both.com", account: "u1")).Decision);
        Assert.Equal(GateDecision.Deny, (await CheckAsync(world, "a@both.com", account: "u2")).Decision);
        Assert.Equal(GateReason.NotMonitored, (await CheckAsync(world, "a@both.com", account: "u3")).Reason);
    }

    [Fact]
    public async Task Nothing_is_kept_of_a_strangers_address_and_nonsense_is_no_question()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        var check = await CheckAsync(world, "who@nowhere.example.org");
        Assert.Equal((GateDecision.Allow, GateReason.NotMonitored, null, null), (check.Decision, check.Reason, check.AddressId, check.DomainId));
        Assert.IsType<RecoveryOutcome.Invalid>(await world.Get<CheckRecovery>().ExecuteAsync(new RecoveryQuestion("no address"), Key, CancellationToken.None));
    }

    [Fact]
    public async Task Answers_are_kept_for_400_days()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await CheckAsync(world, "who@nowhere.example.org");
        await world.PassAsync(TimeSpan.FromDays(399));
        await CheckAsync(world, "who@nowhere.example.org");
        await world.Get<Web.Features.Scans.KeepRetention>().ExecuteAsync(CancellationToken.None);
        Assert.Equal(2, await world.CountAsync(db => db.RecoveryChecks));
        await world.PassAsync(TimeSpan.FromDays(2));
        await world.Get<Web.Features.Scans.KeepRetention>().ExecuteAsync(CancellationToken.None);
        Assert.Equal(1, await world.CountAsync(db => db.RecoveryChecks));
    }

    [Fact]
    public async Task A_preview_asks_nobody_and_refuses_nothing()
    {
        await using var world = await CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync("seen.com");
        await world.FindAsync(Life.Released, "seen.com");
        await world.PassAsync(TimeSpan.FromDays(3));
        var asked = world.Scans.Rdap.Asked["seen.com"];
        var asker = new RecoveryAsker(FindingsWorld.Analyst.Actor, IsPreview: true);
        var outcome = Assert.IsType<RecoveryOutcome.Answered>(await world.Get<CheckRecovery>().ExecuteAsync(new RecoveryQuestion("a@seen.com", LooksUp: false), asker, CancellationToken.None));
        Assert.Equal((GateDecision.Deny, true, true), (outcome.Check.Decision, outcome.Check.IsPreview, outcome.Check.Stale));
        Assert.Equal(0, await world.CountAsync(db => db.RecoveryChecks));
        Assert.Equal(asked, world.Scans.Rdap.Asked["seen.com"]);
        Assert.Equal(0, await world.CountAsync(db => db.AuditEntries.Where(e => e.Action == AuditAction.GateDenied)));
        Assert.Null((await world.CaseAsync("seen.com"))!.KnockedAt);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_owner_who_renewed_is_noticed_when_he_asks(DatabaseProvider provider)
    {
        await using var world = await CreateAsync(provider);
        await world.AddAsync("late.com");
        await world.FindAsync(Life.Redemption, "late.com");
        world.Say(Life.InOrder, "late.com");
        await world.PassAsync(TimeSpan.FromHours(3));
        var check = await CheckAsync(world, "a@late.com");
        Assert.Equal((GateDecision.Deny, true, false), (check.Decision, check.LookedUp, check.Stale)); // a person, or he himself, closes it
        Assert.Equal(CaseState.Recovered, (await world.CaseAsync("late.com"))!.State);
    }

    // With the longest deadline that a policy may give: these tests say what is answered, on a machine that may have much else to do.
    private static async Task<FindingsWorld> CreateAsync(DatabaseProvider provider)
    {
        var world = await FindingsWorld.CreateAsync(provider);
        await world.Scans.ChangePolicyAsync(("gate.deadline", "10s"));
        return world;
    }

    private static async Task<(GateDecision, GateReason)> AskAsync(FindingsWorld world, string email)
    {
        var check = await CheckAsync(world, email);
        return (check.Decision, check.Reason);
    }

    private static async Task<RecoveryCheck> CheckAsync(FindingsWorld world, string email, TimeSpan? deadline = null, string? account = null)
    {
        var outcome = await world.Get<CheckRecovery>().ExecuteAsync(new RecoveryQuestion(email, account, deadline), Key, TestContext.Current.CancellationToken);
        var check = Assert.IsType<RecoveryOutcome.Answered>(outcome).Check;
        await using var db = await world.OpenAsync();
        Assert.Equal(check.Decision, (await db.RecoveryChecks.AsNoTracking().SingleAsync(c => c.Id == check.Id)).Decision);
        Assert.True(RecoveryCheck.TryReadId(check.PublicId, out var id) && id == check.Id);
        return check;
    }

    private static async Task<List<Address>> AddressesAsync(FindingsWorld world)
    {
        await using var db = await world.OpenAsync();
        return await db.Addresses.AsNoTracking().ToListAsync();
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 100; i++)
        {
            if (await holds())
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail("It did not come.");
    }
}
