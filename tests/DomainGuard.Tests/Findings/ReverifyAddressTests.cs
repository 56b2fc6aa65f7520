using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Findings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Findings;

/// <summary>Who holds the domain now can click a verification link too (product section 7).</summary>
public sealed class ReverifyAddressTests
{
    private static readonly AuditActor Key = new(AuditActorKind.Key, "k1", "10.0.0.1");

    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task After_a_change_of_hands_only_a_second_factor_gives_the_address_back(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("sold.com");
        await world.PassAsync(TimeSpan.FromDays(90));
        await world.FindAsync(Life.Reregistered, "sold.com");
        var before = await AddressAsync(world, "sold.com");

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.IsType<ReverifyOutcome.Contested>(await ReverifyAsync(world, before.Id, ClaimProof.None));
        var contested = await world.CaseAsync("sold.com");
        Assert.Equal((CaseState.Unverified, true, AddressState.Unverified), (contested!.State, contested.IsContested, await world.AddressAsync("sold.com")));
        Assert.Equal((before.BaselineFrom, before.VerifiedAt), ((await AddressAsync(world, "sold.com")).BaselineFrom, (await AddressAsync(world, "sold.com")).VerifiedAt));
        Assert.IsType<ReverifyOutcome.Unchanged>(await ReverifyAsync(world, before.Id, ClaimProof.None));
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.IsType<ReverifyOutcome.Contested>(await ReverifyAsync(world, before.Id, ClaimProof.Session));

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.IsType<ReverifyOutcome.Accepted>(await ReverifyAsync(world, before.Id, ClaimProof.SecondFactor));
        var restored = await world.CaseAsync("sold.com");
        Assert.Equal((CaseState.Restored, false, false, AddressState.Verified), (restored!.State, restored.IsContested, restored.IsOpen, await world.AddressAsync("sold.com")));
        Assert.Equal((world.Now, world.Now), ((await AddressAsync(world, "sold.com")).BaselineFrom, (await AddressAsync(world, "sold.com")).VerifiedAt));
        await world.FindAsync(Life.Reregistered, "nothing.com"); // what is there now is the holder's
        await world.Scans.ScanAsync();
        Assert.Equal(CaseState.Restored, (await world.CaseAsync("sold.com"))!.State);

        await world.PassAsync(TimeSpan.FromDays(200)); // and the next change of hands is found again
        await world.FindAsync(Life.Reregistered, "sold.com");
        Assert.NotEqual(CaseState.Restored, (await world.CaseAsync("sold.com"))!.State);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task For_all_other_findings_the_domain_is_looked_up_first(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("late.com");
        await world.FindAsync(Life.Redemption, "late.com");
        var address = await AddressAsync(world, "late.com");

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.IsType<ReverifyOutcome.Waits>(await ReverifyAsync(world, address.Id, ClaimProof.None));
        var told = world.Now;
        Assert.Equal(told, (await world.Scans.DomainAsync("late.com")).NextCheckAt);
        await world.FindAsync(Life.Redemption, "late.com");
        Assert.Equal((CaseState.Unverified, AddressState.Unverified), ((await world.CaseAsync("late.com"))!.State, await world.AddressAsync("late.com")));

        await world.FindAsync(Life.InOrder, "late.com");
        var back = await AddressAsync(world, "late.com");
        Assert.Equal((CaseState.Restored, AddressState.Verified, told, world.Now), ((await world.CaseAsync("late.com"))!.State, back.State, back.VerifiedAt, back.BaselineFrom));
        Assert.Equal((ClaimState.None, null, false), (back.ClaimState, back.ClaimedAt, (await world.Scans.DomainAsync("late.com")).HasClaim));
        Assert.Equal(1, await world.CountAsync(db => db.AuditEntries.Where(e => e.Action == AuditAction.AddressRestored && e.ActorKind == AuditActorKind.Owner)));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_verification_that_waits_is_contested_when_the_domain_turns_out_to_have_changed_hands(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("sold.com");
        await world.PassAsync(TimeSpan.FromDays(90));
        world.Say(Life.Reregistered, "sold.com");
        await world.PassAsync(TimeSpan.FromHours(1));

        Assert.IsType<ReverifyOutcome.Waits>(await ReverifyAsync(world, (await AddressAsync(world, "sold.com")).Id, ClaimProof.None));
        await world.PassAsync(TimeSpan.FromHours(1));
        await world.Scans.ScanAsync();

        var found = await world.CaseAsync("sold.com");
        Assert.Equal((CaseState.Unverified, true, HandChange.Reregistered), (found!.State, found.IsContested, found.HandChange));
        Assert.Equal(ClaimState.Contested, (await AddressAsync(world, "sold.com")).ClaimState);
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task In_order_and_answered_since_it_is_accepted_at_once_and_older_or_future_ones_change_nothing(DatabaseProvider provider)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync("fine.com");
        await world.FindAsync(Life.InOrder, "fine.com");
        var address = await AddressAsync(world, "fine.com");

        Assert.IsType<ReverifyOutcome.Unchanged>(await world.Get<ReverifyAddress>().ExecuteAsync(address.Id, address.VerifiedAt!.Value, ClaimProof.None, Key, CancellationToken.None));
        Assert.IsType<ReverifyOutcome.Refused>(await world.Get<ReverifyAddress>().ExecuteAsync(address.Id, world.Now.AddHours(1), ClaimProof.None, Key, CancellationToken.None));
        Assert.IsType<ReverifyOutcome.Refused>(await world.Get<ReverifyAddress>().ExecuteAsync(999_999, world.Now, ClaimProof.None, Key, CancellationToken.None));
        Assert.IsType<ReverifyOutcome.Accepted>(await ReverifyAsync(world, address.Id, ClaimProof.None));
        Assert.Equal(world.Now, (await AddressAsync(world, "fine.com")).VerifiedAt);
        Assert.Null(await world.CaseAsync("fine.com"));
    }

    private static Task<ReverifyOutcome> ReverifyAsync(FindingsWorld world, long address, ClaimProof proof) =>
        world.Get<ReverifyAddress>().ExecuteAsync(address, world.Now, proof, Key, CancellationToken.None);

    private static async Task<Address> AddressAsync(FindingsWorld world, string name)
    {
        await using var db = await world.OpenAsync();
        return await db.Addresses.AsNoTracking().SingleAsync(a => a.Email == "a@" + name);
    }
}
