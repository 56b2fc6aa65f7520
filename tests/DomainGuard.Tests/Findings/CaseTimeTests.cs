using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Findings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Findings;

/// <summary>Dates that are reached, clocks that are set back, whole domains, and addresses that go and come.</summary>
public sealed class CaseTimeTests
{
    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_snooze_and_an_override_end_at_their_date_by_what_is_known_then(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("a.com", "b.com", "c.com", "d.com");
        await world.FindAsync(Life.Parked, "a.com", "b.com");
        await world.FindAsync(Life.Redemption, "c.com", "d.com");
        var date = world.Now.AddDays(5);
        await world.DecideAsync("a.com", CaseEvent.Snooze, date);
        await world.DecideAsync("b.com", CaseEvent.Snooze, date);
        await world.DecideAsync("c.com", CaseEvent.Override, date);
        await world.DecideAsync("d.com", CaseEvent.Override, date);
        await world.FindAsync(Life.InOrder, "b.com", "d.com");
        Assert.Equal(0, await world.Get<WakeCases>().ExecuteAsync(CancellationToken.None));

        world.Scans.Clock.Time = date;
        Assert.Equal(4, await world.Get<WakeCases>().ExecuteAsync(CancellationToken.None));

        Assert.Equal([CaseState.NeedsReview, CaseState.Recovered, CaseState.NeedsReview, CaseState.Recovered], await StatesAsync(world, "a.com", "b.com", "c.com", "d.com"));
        Assert.Equal("The override ended while a finding is left.", (await world.CaseAsync("c.com"))!.ReopenReason);
        Assert.Equal(Guard.None, (await world.CaseAsync("c.com"))!.Guard);
        Assert.Equal(0, await world.Get<WakeCases>().ExecuteAsync(CancellationToken.None));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_snoozed_case_sleeps_through_the_same_and_wakes_when_worse(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("a.com", "b.com");
        await world.FindAsync(Life.RedemptionByOne, "a.com");
        await world.FindAsync(Life.Parked, "b.com");
        await world.DecideAsync("a.com", CaseEvent.Snooze, world.Now.AddDays(5));
        await world.DecideAsync("b.com", CaseEvent.Snooze); // until worse

        await world.FindAsync(Life.RedemptionByOne, "a.com");
        Assert.Equal([CaseState.Snoozed, CaseState.Snoozed], await StatesAsync(world, "a.com", "b.com"));
        await world.FindAsync(Life.Released, "a.com");
        await world.FindAsync(Life.RedemptionByOne, "b.com");
        Assert.Equal([CaseState.Unverified, CaseState.NeedsReview], await StatesAsync(world, "a.com", "b.com"));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_clock_that_was_set_back_breaks_nothing_and_lets_no_more_pass_the_brake(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(40));
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(15));

        world.Scans.Clock.Time -= TimeSpan.FromDays(3);
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(30).Skip(15));
        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);

        Assert.Equal((15, 15), (await world.CountAsync(db => db.Addresses.Where(a => a.State == AddressState.Unverified)), await world.CountAsync(db => db.BatchItems)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_decision_on_a_whole_domain_is_followed_by_its_addresses_but_not_against_a_person(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("corp.com");
        await world.FindAsync(Life.Parked, "corp.com");
        await world.DecideAsync("corp.com", CaseEvent.Override, world.Now.AddDays(300));
        await world.AddAddressesAsync("corp.com", 1_250);
        await world.FindAsync(Life.Redemption, "corp.com");
        await using var db = await world.OpenAsync();
        var own = await db.Cases.SingleAsync(c => c.AddressId != null);
        await TakeAsync(world, own.Id, CaseEvent.Override, world.Now.AddDays(300)); // he keeps it, knowing that the domain lapsed
        var whole = await db.Cases.AsNoTracking().SingleAsync(c => c.AddressId == null);

        await TakeAsync(world, whole.Id, CaseEvent.Unverify, null);
        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);

        Assert.Equal((1_250, 1), (await db.Addresses.CountAsync(a => a.State == AddressState.Unverified), await db.Addresses.CountAsync(a => a.State == AddressState.Verified)));
        Assert.Equal(1_250, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.AddressUnverified && e.CaseId == whole.Id && e.ActorKind == AuditActorKind.Staff));
        Assert.Null(await db.Cases.Where(c => c.Id == whole.Id).Select(c => c.AppliedUpTo).SingleAsync());
        await world.FindAsync(Life.InOrder, "corp.com");
        Assert.Equal(CaseState.Recovered, await db.Cases.Where(c => c.Id == whole.Id).Select(c => c.State).SingleAsync());
        await TakeAsync(world, whole.Id, CaseEvent.Restore, null);
        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);
        Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
        Assert.Equal(1_250, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.AddressRestored && e.CaseId == whole.Id));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_address_that_is_removed_keeps_its_case_and_goes_on_with_it_when_it_comes_back(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("gone.com");
        await world.AddAddressesAsync("gone.com", 1);
        await world.FindAsync(Life.RedemptionByOne, "gone.com");
        var before = await world.CaseAsync("gone.com");
        await using var db = await world.OpenAsync();
        await db.Addresses.Where(a => a.Email == "a@gone.com").ExecuteUpdateAsync(s => s.SetProperty(a => a.RetiredAt, world.Now));

        await world.FindAsync(Life.Released, "gone.com");
        Assert.Equal((before!.State, before.Version), ((await world.CaseAsync("gone.com"))!.State, (await world.CaseAsync("gone.com"))!.Version));

        await db.Addresses.Where(a => a.Email == "a@gone.com").ExecuteUpdateAsync(s => s.SetProperty(a => a.RetiredAt, (DateTimeOffset?)null));
        await world.FindAsync(Life.Released, "gone.com");
        var after = await world.CaseAsync("gone.com");
        Assert.Equal((before.Id, CaseState.Unverified), (after!.Id, after.State));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Past_its_term_a_domain_is_watched_and_reviewed_once_its_servers_moved(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("late.com");

        await world.FindAsync(Life.Expired, "late.com");
        Assert.Null(await world.CaseAsync("late.com"));
        await world.FindAsync(Life.ExpiredAndMoved, "late.com");
        var found = await world.CaseAsync("late.com");
        Assert.Equal((CaseState.NeedsReview, Phase.Expired), (found!.State, found.Phase));
        Assert.Contains(found.Situation, new[] { Situation.ExpiredAndMoved, Situation.Suspected });
        await world.FindAsync(Life.Expired, "late.com"); // moved back: nothing left for a person, in order it is not
        Assert.Equal(CaseState.Recovered, (await world.CaseAsync("late.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_unchanged_finding_writes_nothing(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("a.com", "b.com");
        await world.FindAsync(Life.Parked, "a.com", "b.com");
        var before = await world.CaseAsync("a.com");

        await world.FindAsync(Life.Parked, "a.com", "b.com");

        Assert.Equal((before!.Version, before.ScanId), ((await world.CaseAsync("a.com"))!.Version, (await world.CaseAsync("a.com"))!.ScanId));
        await world.AssertWholeAsync();
    }

    private static async Task TakeAsync(FindingsWorld world, long caseId, CaseEvent what, DateTimeOffset? until)
    {
        await world.PassAsync(TimeSpan.FromMinutes(1));
        await using var db = await world.OpenAsync();
        var @case = await db.Cases.Include(c => c.Address).Include(c => c.Domain).SingleAsync(c => c.Id == caseId);
        var step = CaseSteps.Take(@case, @case.Address, @case.Domain!.Name, what, null, new StepBy(FindingsWorld.Analyst.Actor, world.Now) { Reason = ReasonCode.DomainLapsed, Until = until });
        Assert.NotNull(step);
        db.Add(step.Decision);
        Data.Audit.AuditTrail.Add(db, step.Fact);
        await db.SaveChangesAsync();
    }

    private static async Task<CaseState[]> StatesAsync(FindingsWorld world, params string[] names)
    {
        var states = new List<CaseState>();
        foreach (var name in names)
        {
            states.Add((await world.CaseAsync(name))!.State);
        }

        return [.. states];
    }
}
