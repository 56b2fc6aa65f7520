using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Policies;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Findings;

/// <summary>Portions, the brake and its batches: under deaths, two nodes, and people who decide meanwhile.</summary>
public sealed class BatchTests
{
    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_approved_batch_is_judged_again_before_it_is_carried_out(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(60));
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(25));
        await world.FindAsync(Life.InOrder, "d1.com");
        await world.DecideAsync("d2.com", CaseEvent.Override, world.Now.AddDays(30));
        await using var db = await world.OpenAsync();
        await db.Addresses.Where(a => a.Email == "a@d3.com").ExecuteUpdateAsync(s => s.SetProperty(a => a.RetiredAt, world.Now));
        await world.PassAsync(TimeSpan.FromDays(2)); // what DNS said of d4.com before is too old to count
        world.Say(Life.RedemptionByOne, "d4.com");
        await world.FindAsync(Life.PendingDelete, "d5.com"); // worse is no reason to keep it

        await world.ApproveAsync(c => c.Domain!.Name != "d6.com");
        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);

        var batch = await db.Batches.AsNoTracking().SingleAsync();
        Assert.Equal(BatchState.Closed, batch.State);
        var states = await db.BatchItems.Join(db.Cases, i => i.CaseId, c => c.Id, (i, c) => new { c.Domain!.Name, i.State }).ToDictionaryAsync(x => x.Name, x => x.State);
        Assert.Equal(["d1.com", "d2.com", "d3.com", "d4.com"], states.Where(s => s.Value == BatchItemState.NoLonger).Select(s => s.Key).Order());
        Assert.Equal(BatchItemState.Refused, states["d6.com"]);
        Assert.Equal(20, states.Values.Count(s => s == BatchItemState.CarriedOut));
        Assert.Equal(20, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
        Assert.Equal(20, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.AddressUnverified && e.Subject == "batch " + batch.Id && e.ActorKind == AuditActorKind.Policy));
        Assert.Equal((CaseState.Recovered, CaseState.Overridden), ((await world.CaseAsync("d1.com"))!.State, (await world.CaseAsync("d2.com"))!.State));
        Assert.Equal((CaseState.NeedsReview, Guard.Confidence), ((await world.CaseAsync("d4.com"))!.State, (await world.CaseAsync("d4.com"))!.Guard));
        Assert.Equal(0, await db.Cases.CountAsync(c => c.BatchId != null));

        // What a person approved is no automatic un-verification: the brake lets as many pass as before.
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(50).Skip(30));
        Assert.Equal(40, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_an_administrator_refused_stays_for_a_person_until_the_facts_are_worse(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(30));
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(21));
        await world.ApproveAsync(_ => false);
        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);

        await world.FindAsync(Life.Redemption, FindingsWorld.Names(21));

        Assert.Equal((1, 0), (await world.CountAsync(db => db.Batches), await world.CountAsync(db => db.Addresses.Where(a => a.State == AddressState.Unverified))));
        Assert.Equal(21, await world.CountAsync(db => db.Cases.Where(c => c.State == CaseState.NeedsReview && c.Guard == Guard.Brake && c.BatchId == null)));
        await world.FindAsync(Life.PendingDelete, "d1.com");
        Assert.Equal((CaseState.Unverified, 1), ((await world.CaseAsync("d1.com"))!.State, await world.CountAsync(db => db.Addresses.Where(a => a.State == AddressState.Unverified))));
        await world.AssertWholeAsync();
    }

    /// <summary>Dies at ever later moments, between any two reads and writes; a last life ends it. The lease is left to the dead each time.</summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_portion_killed_anywhere_becomes_one_batch_and_loses_nothing(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(230));
        world.Say(Life.Parked, FindingsWorld.Names(230).Skip(190));
        await MarkAsync(world, Life.Redemption, FindingsWorld.Names(190));

        var lives = 0;
        for (var reads = 1; reads < 40 && await world.CountAsync(db => db.Domains.Where(d => d.FindingsDueAt != null)) > 0; reads++)
        {
            await using var mortal = world.Scans.Join(more: s => s.AddSingleton<GuardClock>(new MortalClock(world.Scans.Clock, reads)));
            try
            {
                await mortal.Get<ApplyFindings>().TakeUpAsync(CancellationToken.None);
            }
            catch (DeathException)
            {
                lives++;
            }

            await using var db = await world.OpenAsync();
            var until = TimeProvider.System.GetUtcNow().AddSeconds(20);
            await db.FindingsTurns.ExecuteUpdateAsync(s => s.SetProperty(t => t.LeaseOwner, $"{Environment.MachineName}:999999:dead/x").SetProperty(t => t.LeaseUntil, until).SetProperty(t => t.Version, t => t.Version + 1));
        }

        await world.Get<ApplyFindings>().TakeUpAsync(CancellationToken.None);
        Assert.InRange(lives, 4, 40); // or nothing was tested
        await using var after = await world.OpenAsync();
        var batch = await after.Batches.SingleAsync(b => b.State == BatchState.Waiting);
        Assert.Equal((190, 190), (batch.Count, await after.BatchItems.CountAsync()));
        Assert.Equal((230, 230), (await after.Cases.CountAsync(c => c.State == CaseState.NeedsReview), await after.Decisions.CountAsync()));
        Assert.Equal(1, await after.AuditEntries.CountAsync(e => e.Action == AuditAction.BatchBraked));
        Assert.Equal(TurnState.Idle, await after.FindingsTurns.Select(t => t.State).SingleAsync());
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Two_portions_at_once_on_two_nodes_do_not_both_slip_under_the_brake(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(40));
        await using var other = world.Scans.Join();
        await MarkAsync(world, Life.Redemption, FindingsWorld.Names(30));
        await using var db = await world.OpenAsync();
        var scan = await db.Scans.MaxAsync(s => s.Id);
        var half = FindingsWorld.Names(15).ToArray();
        await db.Domains.Where(d => half.Contains(d.Name)).ExecuteUpdateAsync(s => s.SetProperty(d => d.FindingsScanId, scan));

        await db.Scans.Where(s => s.Id == scan).ExecuteUpdateAsync(s => s.SetProperty(x => x.ObserveOnly, false));
        await Task.WhenAll(
            world.Get<ApplyFindings>().ExecuteAsync(scan, CancellationToken.None),
            other.Get<ApplyFindings>().ExecuteAsync(null, CancellationToken.None),
            world.Get<ApplyFindings>().ExecuteAsync(null, CancellationToken.None),
            other.Get<ApplyFindings>().ExecuteAsync(scan, CancellationToken.None));

        Assert.Equal((15, 15), (await db.Addresses.CountAsync(a => a.State == AddressState.Unverified), await db.BatchItems.CountAsync()));
        Assert.Equal(1, await db.Batches.CountAsync());
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_mark_that_comes_after_a_portion_was_counted_does_not_slip_under_the_brake(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(200));
        await MarkAsync(world, Life.Redemption, FindingsWorld.Names(100));
        await using var db = await world.OpenAsync();
        await db.FindingsTurns.ExecuteUpdateAsync(s => s.SetProperty(t => t.State, TurnState.Goes).SetProperty(t => t.ScanId, (long?)null).SetProperty(t => t.PolicyVersion, 1));

        await world.Get<ApplyFindings>().TakeUpAsync(CancellationToken.None); // counted as none, and a hundred came

        Assert.Equal((0, 100), (await db.Addresses.CountAsync(a => a.State == AddressState.Unverified), await db.BatchItems.CountAsync()));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_scan_keeps_the_policy_that_was_in_force_when_it_was_asked_for(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("gone.com");
        world.Say(Life.Redemption, "gone.com");
        await world.PassAsync(TimeSpan.FromDays(1));
        var id = await world.Scans.StartAsync();
        await using var db = await world.OpenAsync();
        var mild = new Dictionary<Situation, SituationRule>(GuardPolicy.Default.Situations) { [Situation.Redemption] = new(PolicyAction.Watch, TimeSpan.FromHours(3)) };
        db.PolicyVersions.Add(new PolicyVersion { Version = 2, Json = (GuardPolicy.Default with { Situations = mild }).ToJson(), SavedAt = world.Now });
        await db.SaveChangesAsync();

        await world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);

        Assert.Equal((CaseState.Unverified, 1), ((await world.CaseAsync("gone.com"))!.State, (await world.CaseAsync("gone.com"))!.PolicyVersion));
        await world.PassAsync(TimeSpan.FromDays(1));
        await world.Scans.ScanAsync();
        Assert.Equal(2, await db.Scans.OrderByDescending(s => s.Id).Select(s => s.PolicyVersion).FirstAsync());
        var next = (await world.Scans.DomainAsync("gone.com")).NextCheckAt - world.Now;
        Assert.InRange(next!.Value, TimeSpan.FromHours(2.6), TimeSpan.FromHours(3)); // and its cadence
    }

    [Fact]
    public async Task A_scan_that_runs_is_not_cut_into_portions_by_the_take_up()
    {
        await using var world = await FindingsWorld.CreateAsync(DatabaseProvider.Sqlite);
        await world.AddAsync(FindingsWorld.Names(30));
        await MarkAsync(world, Life.Redemption, FindingsWorld.Names(10));
        await using var db = await world.OpenAsync();
        var scan = await db.Scans.MaxAsync(s => s.Id);
        await db.Scans.Where(s => s.Id == scan).ExecuteUpdateAsync(s => s.SetProperty(x => x.Status, ScanStatus.Running).SetProperty(x => x.EndedAt, (DateTimeOffset?)null).SetProperty(x => x.ObserveOnly, false));
        await db.Domains.Where(d => d.FindingsDueAt != null).ExecuteUpdateAsync(s => s.SetProperty(d => d.FindingsScanId, scan));

        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);
        Assert.Equal(0, await db.Cases.CountAsync());
        await db.Scans.Where(s => s.Id == scan).ExecuteUpdateAsync(s => s.SetProperty(x => x.Status, ScanStatus.Paused));
        await world.Get<TakeUpFindings>().ExecuteAsync(CancellationToken.None);
        Assert.Equal(10, await db.Cases.CountAsync());
    }

    // Verdicts that a scan settled and marked, and that nobody has carried out.
    private static async Task MarkAsync(FindingsWorld world, Life life, IEnumerable<string> names)
    {
        world.Say(life, names);
        await world.PassAsync(TimeSpan.FromDays(1));
        var started = (StartOutcome.Started)await world.Get<StartScan>().ExecuteAsync(ScanScope.All, null, Requester.CommandLine, observeOnly: true, CancellationToken.None);
        await world.Get<RunScan>().ExecuteAsync(started.ScanId, CancellationToken.None);
        await using var db = await world.OpenAsync();
        var now = world.Now;
        await db.Domains.Where(d => d.Phase != Core.Domains.Phase.Active || d.Flags != 0).ExecuteUpdateAsync(s => s.SetProperty(d => d.FindingsDueAt, now));
    }

    private sealed class DeathException : Exception;

    private sealed class MortalClock(HandClock clock, int reads) : GuardClock
    {
        private int _reads;

        public override DateTimeOffset Now => Interlocked.Increment(ref _reads) >= reads ? throw new DeathException() : clock.Now;
    }
}
