using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Findings;

/// <summary>From settled verdicts to cases. For each automatic step both harms: whom it locks out when the evidence is wrong, and what it leaves to who holds the domain already.</summary>
public sealed class ApplyFindingsTests
{
    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_lapse_that_two_sources_show_unverifies_and_says_by_which_policy_and_scan(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("gone.com", "fine.com");

        await world.FindAsync(Life.Redemption, "gone.com");

        var found = await world.CaseAsync("gone.com");
        Assert.Equal((CaseState.Unverified, true, true, Situation.Redemption, Guard.None), (found!.State, found.IsOpen, found.IsUnverified, found.Situation, found.Guard));
        Assert.Equal((Phase.Redemption, Confidence.Corroborated, PolicyAction.Unverify), (found.Phase, found.Confidence, found.Wanted));
        Assert.Equal(AddressState.Unverified, await world.AddressAsync("gone.com"));
        Assert.Equal(AddressState.Verified, await world.AddressAsync("fine.com"));
        Assert.Null(await world.CaseAsync("fine.com"));
        await using var db = await world.OpenAsync();
        var scan = await db.Scans.MaxAsync(s => s.Id);
        var entry = await db.AuditEntries.SingleAsync(e => e.Action == AuditAction.AddressUnverified);
        Assert.Equal((AuditActorKind.Policy, "1", "scan " + scan, found.AddressId, "gone.com", 1), (entry.ActorKind, entry.ActorId, entry.ActorFrom, entry.AddressId, entry.DomainName, entry.PolicyVersion));
        Assert.Equal((1, (long?)scan), (found.PolicyVersion, found.ScanId));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_one_source_alone_says_goes_to_a_person_and_locks_nobody_out(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("gone.com");

        await world.FindAsync(Life.RedemptionByOne, "gone.com");

        var found = await world.CaseAsync("gone.com");
        Assert.Equal((CaseState.NeedsReview, Guard.Confidence, PolicyAction.Unverify), (found!.State, found.Guard, found.Wanted));
        Assert.Equal(AddressState.Verified, await world.AddressAsync("gone.com"));
        await world.FindAsync(Life.Redemption, "gone.com");
        Assert.Equal((CaseState.Unverified, found.Id), ((await world.CaseAsync("gone.com"))!.State, (await world.CaseAsync("gone.com"))!.Id));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_outage_of_a_registry_unverifies_nobody(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(30));

        await world.FindAsync(Life.Silent, FindingsWorld.Names(30));
        world.Say(Life.Released, FindingsWorld.Names(3));
        await world.FindAsync(Life.Silent, FindingsWorld.Names(30).Skip(3));

        Assert.Equal(0, await world.CountAsync(db => db.Cases));
        Assert.Equal(0, await world.CountAsync(db => db.Domains.Where(d => d.FindingsDueAt != null)));
        Assert.Equal(0, await world.CountAsync(db => db.Addresses.Where(a => a.State == AddressState.Unverified)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_domain_registered_anew_is_critical_and_unverified_although_it_reads_as_active(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("sold.com");

        await world.PassAsync(TimeSpan.FromDays(90));
        await world.FindAsync(Life.Reregistered, "sold.com");

        var found = await world.CaseAsync("sold.com");
        Assert.Equal((CaseState.Unverified, Severity.Critical, HandChange.Reregistered, Situation.Reregistered), (found!.State, found.Severity, found.HandChange, found.Situation));
        Assert.Equal(AddressState.Unverified, await world.AddressAsync("sold.com"));

        // Whoever holds it now keeps it in order; that gives nothing back.
        await world.PassAsync(TimeSpan.FromDays(30));
        await world.Scans.ScanAsync();
        Assert.Equal(CaseState.Unverified, (await world.CaseAsync("sold.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Twenty_addresses_pass_the_brake_and_twenty_one_wait_as_one_batch_with_their_evidence(DatabaseProvider provider)
    {
        await using (var world = await FindingsWorld.CreateAsync(provider))
        {
            await world.AddAsync(FindingsWorld.Names(40));
            await world.FindAsync(Life.Redemption, FindingsWorld.Names(20));
            Assert.Equal((20, 0), (await world.CountAsync(db => db.Cases.Where(c => c.State == CaseState.Unverified)), await world.CountAsync(db => db.Batches)));
            await world.AssertWholeAsync();
        }

        await using (var world = await FindingsWorld.CreateAsync(provider))
        {
            await world.AddAsync(FindingsWorld.Names(40));
            world.Say(Life.Parked, "d30.com");
            await world.FindAsync(Life.Redemption, FindingsWorld.Names(21));

            await using var db = await world.OpenAsync();
            var batch = await db.Batches.SingleAsync();
            Assert.Equal((BatchState.Waiting, Guard.Brake, 21, 20, 0), (batch.State, batch.Guard, batch.Count, batch.Limit, batch.Before));
            Assert.Equal(21, await db.BatchItems.CountAsync(i => i.BatchId == batch.Id && i.State == BatchItemState.Waiting));
            Assert.Equal(21, await db.Cases.CountAsync(c => c.State == CaseState.NeedsReview && c.Guard == Guard.Brake && c.BatchId == batch.Id && c.Phase == Phase.Redemption && c.Wanted == PolicyAction.Unverify));
            Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
            Assert.Equal(CaseState.NeedsReview, (await world.CaseAsync("d30.com"))!.State); // nothing else of the portion waits
            Assert.Equal(1, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.BatchBraked && e.Subject == "batch " + batch.Id));

            await world.FindAsync(Life.PendingDelete, FindingsWorld.Names(21)); // they join no second one
            Assert.Equal((1, 21), (await db.Batches.CountAsync(), await db.BatchItems.CountAsync()));
            Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
            await world.AssertWholeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Portions_of_one_day_add_up_and_those_of_the_day_after_begin_anew(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(60));
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(15));

        await world.FindAsync(Life.Redemption, FindingsWorld.Names(22).Skip(15)); // 15 + 7

        await using var db = await world.OpenAsync();
        Assert.Equal((15, 7), (await db.Cases.CountAsync(c => c.State == CaseState.Unverified), await db.BatchItems.CountAsync()));
        await world.PassAsync(TimeSpan.FromHours(20));
        await world.FindAsync(Life.Redemption, FindingsWorld.Names(40).Skip(22)); // 18 alone
        Assert.Equal(15 + 18, await db.Cases.CountAsync(c => c.State == CaseState.Unverified));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_override_is_honoured_until_the_facts_are_worse(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("mine.com");
        await world.FindAsync(Life.Redemption, "mine.com");
        await world.DecideAsync("mine.com", CaseEvent.Override, world.Now.AddDays(90));

        await world.FindAsync(Life.Redemption, "mine.com");
        Assert.Equal((CaseState.Overridden, AddressState.Verified), ((await world.CaseAsync("mine.com"))!.State, await world.AddressAsync("mine.com")));

        await world.FindAsync(Life.PendingDelete, "mine.com");
        var broken = await world.CaseAsync("mine.com");
        Assert.Equal((CaseState.NeedsReview, AddressState.Verified), (broken!.State, await world.AddressAsync("mine.com")));
        Assert.Equal("The domain is in Pending delete now; it was in Redemption when it was overridden.", broken.ReopenReason);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_dismissed_case_stays_closed_until_worse_and_a_new_lapse_after_a_recovery_is_worse(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("park.com");
        await world.FindAsync(Life.Parked, "park.com");
        await world.DecideAsync("park.com", CaseEvent.Dismiss);

        await world.FindAsync(Life.Parked, "park.com");
        Assert.Equal(CaseState.Dismissed, (await world.CaseAsync("park.com"))!.State);
        await world.FindAsync(Life.InOrder, "park.com");
        await world.FindAsync(Life.Parked, "park.com");
        Assert.Equal(CaseState.NeedsReview, (await world.CaseAsync("park.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_domain_in_order_again_recovers_and_waits_for_a_person_to_give_the_address_back(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("back.com", "look.com");
        await world.FindAsync(Life.Redemption, "back.com");
        await world.FindAsync(Life.RedemptionByOne, "look.com");

        await world.FindAsync(Life.InOrder, "back.com", "look.com");

        var back = await world.CaseAsync("back.com");
        Assert.Equal((CaseState.Recovered, true, AddressState.Unverified), (back!.State, back.IsOpen, await world.AddressAsync("back.com")));
        Assert.Equal((CaseState.Recovered, false), ((await world.CaseAsync("look.com"))!.State, (await world.CaseAsync("look.com"))!.IsOpen));
        await world.FindAsync(Life.Redemption, "back.com");
        Assert.Equal(CaseState.Unverified, (await world.CaseAsync("back.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_large_domain_gets_one_case_and_no_address_of_it_is_unverified_by_the_machine(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("corp.com");
        await world.AddAddressesAsync("corp.com", 60);

        await world.FindAsync(Life.Redemption, "corp.com");

        await using var db = await world.OpenAsync();
        var found = await db.Cases.SingleAsync();
        Assert.Equal((CaseState.NeedsReview, Guard.Large, null), (found.State, found.Guard, found.AddressId));
        Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));

        // Fewer addresses do not make a second case beside it, nor let the machine un-verify.
        await db.Domains.Where(d => d.Name == "corp.com").ExecuteUpdateAsync(s => s.SetProperty(d => d.AddressCount, 10).SetProperty(d => d.Version, d => d.Version + 1));
        await world.FindAsync(Life.PendingDelete, "corp.com");
        Assert.Equal((1, CaseState.NeedsReview), (await db.Cases.CountAsync(), await db.Cases.Select(c => c.State).SingleAsync()));
        Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_address_that_had_a_case_before_its_domain_grew_keeps_it(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("corp.com");
        await world.FindAsync(Life.Parked, "corp.com");
        await world.AddAddressesAsync("corp.com", 60);

        await world.FindAsync(Life.Redemption, "corp.com");

        await using var db = await world.OpenAsync();
        Assert.Equal((1, 1), (await db.Cases.CountAsync(c => c.AddressId == null), await db.Cases.CountAsync(c => c.AddressId != null)));
        Assert.Equal(2, await db.Cases.CountAsync(c => c.State == CaseState.NeedsReview && c.Guard == Guard.Large));
        Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task While_the_installation_only_observes_nothing_is_decided_and_its_end_makes_one_batch(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(FindingsWorld.Names(10));
        await using var db = await world.OpenAsync();
        await db.Settings.Where(s => s.Name == "observe-only").ExecuteUpdateAsync(s => s.SetProperty(x => x.Value, "true"));
        world.Say(Life.Parked, "d9.com");

        await world.FindAsync(Life.Redemption, FindingsWorld.Names(3));

        Assert.Equal((0, 0), (await db.Cases.CountAsync(), await db.Domains.CountAsync(d => d.FindingsDueAt != null)));
        Assert.IsType<EndObserveOnlyOutcome.Refused>(await world.Get<EndObserveOnly>().ExecuteAsync(FindingsWorld.Analyst, CancellationToken.None));
        Assert.IsType<EndObserveOnlyOutcome.Done>(await world.Get<EndObserveOnly>().ExecuteAsync(FindingsWorld.Administrator, CancellationToken.None));
        var batch = await db.Batches.SingleAsync();
        Assert.Equal((Guard.ObserveOnly, 3, BatchState.Waiting), (batch.Guard, batch.Count, batch.State)); // few as they are
        Assert.Equal(4, await db.Cases.CountAsync(c => c.State == CaseState.NeedsReview));
        Assert.Equal(0, await db.Addresses.CountAsync(a => a.State == AddressState.Unverified));
        Assert.Equal(1, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.SettingChanged && e.Subject == "observe-only"));
        Assert.IsType<EndObserveOnlyOutcome.Refused>(await world.Get<EndObserveOnly>().ExecuteAsync(FindingsWorld.Administrator, CancellationToken.None));
        await world.FindAsync(Life.Redemption, "d4.com");
        Assert.Equal(AddressState.Unverified, await world.AddressAsync("d4.com"));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_single_scan_that_only_observes_decides_nothing(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("gone.com");
        world.Say(Life.Redemption, "gone.com");
        await world.PassAsync(TimeSpan.FromDays(1));

        var started = (StartOutcome.Started)await world.Get<StartScan>().ExecuteAsync(ScanScope.All, null, Requester.CommandLine, observeOnly: true, CancellationToken.None);
        await world.Get<RunScan>().ExecuteAsync(started.ScanId, CancellationToken.None);
        await world.Get<ApplyFindings>().TakeUpAsync(CancellationToken.None);

        Assert.Null(await world.CaseAsync("gone.com"));
        Assert.Equal(Phase.Redemption, (await world.Scans.DomainAsync("gone.com")).Phase);
        await world.FindAsync(Life.Redemption, "gone.com");
        Assert.Equal(AddressState.Unverified, await world.AddressAsync("gone.com"));
    }
}
