using DomainGuard.Core.Cases;
using DomainGuard.Core.Events;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using DomainGuard.Tests.Findings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Webhooks;

/// <summary>What happened becomes events: each once, to whom wants it.</summary>
public sealed class FanOutEventsTests
{
    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_lapse_is_told_with_everything_that_the_platform_needs(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider, "https://guard.example");
        await world.Findings.AddAsync("gone.com", "fine.com");
        await world.FanAsync();
        await world.AddAsync();
        await world.Findings.FindAsync(Life.Redemption, "gone.com");

        await world.TellAsync();

        var told = world.Receiver.Got.ToList();
        Assert.Equal(["address.unverified", "case.opened", "domain.phase_changed", "scan.ended"], told.Select(t => t.Type).Order());
        var unverified = told.Single(t => t.Type == "address.unverified").Data;
        Assert.Equal(("a@gone.com", true), (unverified.GetProperty("address").GetProperty("email").GetString(), unverified.GetProperty("address").GetProperty("primary").GetBoolean()));
        Assert.Equal(("Unverified", "gone.com", "Redemption", "None"), (unverified.GetProperty("state").GetString(), unverified.GetProperty("domain").GetString(), unverified.GetProperty("phase").GetString(), unverified.GetProperty("handChange").GetString()));
        Assert.Equal(("Policy", "1"), (unverified.GetProperty("actor").GetProperty("kind").GetString(), unverified.GetProperty("actor").GetProperty("id").GetString()));
        await using var db = await world.OpenAsync();
        var @case = await db.Cases.Include(c => c.Account).SingleAsync();
        Assert.Equal((@case.Id, @case.Account!.ExternalId), (unverified.GetProperty("caseId").GetInt64(), unverified.GetProperty("account").GetProperty("id").GetString()));
        var opened = told.Single(t => t.Type == "case.opened").Data;
        Assert.Equal((@case.Severity.ToString(), $"https://guard.example/triage?case={@case.Id}"), (opened.GetProperty("severity").GetString(), opened.GetProperty("link").GetString()));
        var phase = told.Single(t => t.Type == "domain.phase_changed").Data;
        Assert.Equal(("gone.com", "Active", "Redemption", 1), (phase.GetProperty("domain").GetString(), phase.GetProperty("from").GetString(), phase.GetProperty("to").GetString(), phase.GetProperty("addressCount").GetInt32()));
        Assert.Equal("Complete", told.Single(t => t.Type == "scan.ended").Data.GetProperty("result").GetString());
        Assert.Empty(await db.Notices.ToListAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_decision_of_a_person_is_told_and_so_is_the_address_that_he_gives_back_but_not_who_he_is(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        await world.Findings.AddAsync("gone.com");
        await world.Findings.FindAsync(Life.Redemption, "gone.com");
        await world.FanAsync();
        await world.AddAsync(types: [EventType.CaseDecided, EventType.AddressRestored, EventType.AddressUnverified]);
        await world.Findings.DecideAsync("gone.com", CaseEvent.Override, world.Findings.Now.AddDays(30));

        await world.TellAsync();

        var told = world.Receiver.Got.OrderBy(t => t.Type).ToList();
        Assert.Equal(["address.restored", "case.decided"], told.Select(t => t.Type));
        Assert.Equal("Verified", told[0].Data.GetProperty("state").GetString());
        Assert.Equal(("CaseOverridden", "OwnerConfirmed", "Overridden"), (told[1].Data.GetProperty("action").GetString(), told[1].Data.GetProperty("reason").GetString(), told[1].Data.GetProperty("state").GetString()));
        Assert.Equal("""{"kind":"Staff"}""", told[1].Data.GetProperty("actor").GetRawText());
        Assert.DoesNotContain(FindingsWorld.Analyst.Id.ToString("D"), told[1].Body, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_sale_after_the_lapse_is_told_although_the_case_takes_no_step(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        await world.Findings.AddAsync("sold.com");
        await world.Findings.FindAsync(Life.Redemption, "sold.com");
        await world.FanAsync();
        await world.AddAsync(types: [EventType.AddressHandsChanged]);
        await world.Findings.PassAsync(TimeSpan.FromDays(60));
        await world.Findings.FindAsync(Life.Reregistered, "sold.com");
        await world.TellAsync();

        var told = Assert.Single(world.Receiver.Got);
        Assert.Equal(
            ("a@sold.com", "Unverified", "None", "Reregistered", "Corroborated"),
            (told.Data.GetProperty("address").GetProperty("email").GetString(), told.Data.GetProperty("state").GetString(), told.Data.GetProperty("from").GetString(), told.Data.GetProperty("handChange").GetString(), told.Data.GetProperty("handConfidence").GetString()));
        Assert.NotEqual(0, told.Data.GetProperty("reasons").GetArrayLength());

        // Looked at again, nothing new is told.
        await world.Findings.FindAsync(Life.Reregistered);
        await world.TellAsync();
        Assert.Single(world.Receiver.Got);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_large_domain_that_seems_sold_floods_nobody(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        await world.Findings.AddAsync("large.com");
        await world.Findings.AddAddressesAsync("large.com", 60);
        await world.AddAsync(types: [EventType.AddressHandsChanged, EventType.AddressUnverified, EventType.CaseOpened]);
        await world.Findings.PassAsync(TimeSpan.FromDays(90));
        await world.Findings.FindAsync(Life.Reregistered, "large.com");
        await world.TellAsync();

        var told = Assert.Single(world.Receiver.Got);
        Assert.Equal("case.opened", told.Type);
        Assert.False(told.Data.TryGetProperty("address", out _));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_whole_domain_that_a_person_unverifies_tells_each_address_once(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        await world.Findings.AddAsync("large.com");
        await world.Findings.AddAddressesAsync("large.com", 60);
        await world.Findings.FindAsync(Life.Redemption, "large.com");
        await world.FanAsync();
        await world.AddAsync(types: [EventType.AddressUnverified]);
        await using (var db = await world.OpenAsync())
        {
            var whole = await db.Cases.SingleAsync(c => c.AddressId == null);
            await world.Findings.DecideAsync("large.com", CaseEvent.Unverify);
            await world.Findings.Get<Web.Features.Findings.ApplyDomainCase>().ExecuteAsync(whole.Id, WebhookWorld.Cancel);
        }

        await world.TellAsync();

        Assert.Equal(61, world.Receiver.Got.Select(t => t.Data.GetProperty("address").GetProperty("email").GetString()).Distinct().Count());
        Assert.Equal(61, world.Receiver.Got.Count);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Every_entry_becomes_one_event_whoever_makes_them_side_by_side(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var names = FindingsWorld.Names(15).ToList();
        await world.Findings.AddAsync(names);
        await world.AddAsync(types: [EventType.AddressUnverified, EventType.DomainPhaseChanged]);
        await world.Findings.FindAsync(Life.Redemption, names);
        await world.Seal.ExecuteAsync(WebhookWorld.Cancel);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.FanOut.ExecuteAsync(WebhookWorld.Cancel)));
        await world.FanAsync();

        await using var db = await world.OpenAsync();
        Assert.Equal(30, await db.WebhookDeliveries.CountAsync());
        Assert.Equal(15, await db.WebhookEvents.Where(e => e.Type == EventType.AddressUnverified).Select(e => e.DomainName).Distinct().CountAsync());
        Assert.Equal(15, await db.WebhookEvents.CountAsync(e => e.Type == EventType.DomainPhaseChanged));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_happened_before_a_receiver_was_there_or_while_it_is_off_is_not_told(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        await world.Findings.AddAsync("one.com", "two.com");
        await world.Findings.FindAsync(Life.Redemption, "one.com");
        Assert.Equal(0, await world.FanAsync());
        var (id, _) = await world.AddAsync();
        await world.FanAsync();
        Assert.Empty(await world.DeliveriesAsync(id));
        await world.Change.SwitchAsync(WebhookWorld.Admin, id, on: false, WebhookWorld.Cancel);
        await world.Findings.FindAsync(Life.Redemption, "two.com");

        Assert.Equal(0, await world.FanAsync());
        await using var db = await world.OpenAsync();
        Assert.Empty(await db.Notices.ToListAsync());
        Assert.Equal(await db.AuditEntries.MaxAsync(e => e.Sequence), await db.EventHeads.Where(h => h.Id == EventHead.Webhooks).Select(h => h.Sequence).SingleAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_term_that_ends_soon_is_told_at_30_14_and_3_days_with_its_holders(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        await world.Findings.AddAsync("ends.com");
        await world.Findings.AddAddressesAsync("ends.com", 24);
        await world.AddAsync(types: [EventType.DomainExpiring]);
        world.Findings.Ends("ends.com", world.Findings.Now.AddDays(40));

        foreach (var days in new[] { 1, 10, 5, 12, 5, 4, 2 })
        {
            await world.Findings.PassAsync(TimeSpan.FromDays(days));
            await world.Findings.Scans.ScanAsync();
        }

        await world.TellAsync();
        var told = world.Receiver.Got.Select(t => t.Data).OrderByDescending(d => d.GetProperty("daysLeft").GetInt32()).ToList();
        Assert.Equal([30, 14, 3], told.Select(d => d.GetProperty("warning").GetInt32()));
        Assert.All(told, d =>
        {
            Assert.Equal((25, true, 20), (d.GetProperty("addressCount").GetInt32(), d.GetProperty("hasMore").GetBoolean(), d.GetProperty("addresses").GetArrayLength()));
            Assert.EndsWith("@ends.com", d.GetProperty("addresses")[0].GetProperty("email").GetString(), StringComparison.Ordinal);
        });
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_braked_batch_is_told_once_with_its_size_and_nobody_as_unverified(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var names = FindingsWorld.Names(21).ToList();
        await world.Findings.AddAsync(names);
        await world.AddAsync(types: [EventType.BatchBraked, EventType.AddressUnverified]);
        await world.Findings.FindAsync(Life.Redemption, names);

        await world.TellAsync();

        var told = Assert.Single(world.Receiver.Got);
        Assert.Equal(("batch.braked", 21, 20), (told.Type, told.Data.GetProperty("count").GetInt32(), told.Data.GetProperty("limit").GetInt32()));
        Assert.Equal(0, await world.Findings.CountAsync(db => db.Addresses.Where(a => a.State == AddressState.Unverified)));
    }
}
