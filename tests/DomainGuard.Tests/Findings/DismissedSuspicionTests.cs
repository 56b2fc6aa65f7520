using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace DomainGuard.Tests.Findings;

/// <summary>
/// A person dismissed the suspicion that a domain changed hands: what is there now is the holder's (product section 7). The same signs are not asked about again, and others are; for a domain that
/// is decided as a whole as for a single address.
/// </summary>
public sealed class DismissedSuspicionTests
{
    private const string Domain = "corp.com";

    public static TheoryData<DatabaseProvider, int> Worlds => new() { { DatabaseProvider.Sqlite, 60 }, { DatabaseProvider.PostgreSql, 60 }, { DatabaseProvider.Sqlite, 0 }, { DatabaseProvider.PostgreSql, 0 } };

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task The_same_signs_are_not_asked_about_again_whatever_the_calendar_says(DatabaseProvider provider, int others)
    {
        await using var world = await SuspectedAsync(provider, others);
        await DismissAsync(world);
        Assert.Equal(0, (await HandsAsync(world)).Addresses);

        await world.FindAsync(Life.Bought, Domain);
        Assert.Equal((HandChange.None, 0), await HandsAsync(world));
        // A year later its term draws to a close, as every year: nothing of it is news about the holder.
        world.Ends(Domain, world.Now.AddDays(20));
        await world.FindAsync(Life.Bought, Domain);
        Assert.Equal((CaseState.Dismissed, HandChange.None), await CaseAsync(world));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task Other_signs_than_those_dismissed_are_raised_though_they_are_no_worse_by_their_name(DatabaseProvider provider, int others)
    {
        await using var world = await SuspectedAsync(provider, others);
        await DismissAsync(world);
        await world.FindAsync(Life.Bought, Domain);

        await world.FindAsync(Life.BoughtAgain, Domain);

        Assert.Equal((CaseState.NeedsReview, HandChange.Suspected), await CaseAsync(world));
        Assert.Equal((HandChange.Suspected, others + 1), await HandsAsync(world));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task A_real_change_of_hands_is_raised_after_a_suspicion_was_dismissed(DatabaseProvider provider, int others)
    {
        await using var world = await SuspectedAsync(provider, others);
        await DismissAsync(world);
        await world.PassAsync(TimeSpan.FromDays(10));

        await world.FindAsync(Life.Reregistered, Domain);

        Assert.Equal((CaseState.NeedsReview, HandChange.Reregistered), await CaseAsync(world));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task An_undone_dismissal_leaves_the_suspicion_as_it_was(DatabaseProvider provider, int others)
    {
        await using var world = await SuspectedAsync(provider, others);
        var done = await DismissAsync(world);
        await world.PassAsync(TimeSpan.FromMinutes(1));

        var undo = new UndoDecision(world.Get<IDbContextFactory<GuardDb>>(), world.Scans.Clock, world.Get<TimeProvider>(), new CaseNotifier(NullLogger<CaseNotifier>.Instance));
        Assert.IsType<UndoOutcome.Done>(await undo.ExecuteAsync(FindingsWorld.Analyst, done.BulkId, CancellationToken.None));

        Assert.Equal((CaseState.NeedsReview, HandChange.Suspected), await CaseAsync(world));
        Assert.Equal((HandChange.Suspected, others + 1), await HandsAsync(world));
        await world.FindAsync(Life.Bought, Domain);
        Assert.Equal((CaseState.NeedsReview, HandChange.Suspected), await CaseAsync(world));
        Assert.Equal((HandChange.Suspected, others + 1), await HandsAsync(world));
        await world.AssertWholeAsync();
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task An_account_older_than_the_registration_whose_verification_nobody_dated_is_asked_about_once(DatabaseProvider provider, int others)
    {
        await using var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(Domain);
        if (others > 0)
        {
            await world.AddAddressesAsync(Domain, others);
        }

        await using (var db = await world.OpenAsync())
        {
            await db.Addresses.ExecuteUpdateAsync(s => s.SetProperty(a => a.VerifiedAt, (DateTimeOffset?)null));
            await db.Accounts.ExecuteUpdateAsync(s => s.SetProperty(a => a.CreatedAt, new DateTimeOffset(2015, 1, 1, 0, 0, 0, TimeSpan.Zero)));
            await db.Domains.ExecuteUpdateAsync(s => s.SetProperty(d => d.EarliestTrustAt, new DateTimeOffset(2015, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        }

        await world.FindAsync(Life.InOrder, Domain);
        Assert.Equal((CaseState.NeedsReview, HandChange.Suspected), await CaseAsync(world));
        await DismissAsync(world);
        await world.FindAsync(Life.InOrder, Domain);

        Assert.Equal((CaseState.Dismissed, HandChange.None), await CaseAsync(world));
        Assert.Equal((HandChange.None, 0), await HandsAsync(world));
        await world.AssertWholeAsync();
    }

    [Theory]
    [InlineData(DatabaseProvider.Sqlite)]
    [InlineData(DatabaseProvider.PostgreSql)]
    public async Task What_a_scan_found_while_the_person_read_is_not_dismissed_with_the_rest(DatabaseProvider provider)
    {
        await using var world = await SuspectedAsync(provider, 60);
        await using (var db = await world.OpenAsync())
        {
            await db.Domains.ExecuteUpdateAsync(s => s.SetProperty(d => d.HandChange, HandChange.Reregistered));
        }

        Assert.IsType<DecideOutcome.Conflict>(await DecideAsync(world));
        Assert.Equal((HandChange.Reregistered, 61), await HandsAsync(world));
    }

    private static async Task<FindingsWorld> SuspectedAsync(DatabaseProvider provider, int others)
    {
        var world = await FindingsWorld.CreateAsync(provider);
        await world.AddAsync(Domain);
        if (others > 0)
        {
            await world.AddAddressesAsync(Domain, others);
        }

        await world.FindAsync(Life.InOrder, Domain);
        await world.FindAsync(Life.Bought, Domain);
        Assert.Equal((CaseState.NeedsReview, HandChange.Suspected), await CaseAsync(world));
        Assert.Equal((HandChange.Suspected, others + 1), await HandsAsync(world));
        return world;
    }

    private static async Task<DecideOutcome.Done> DismissAsync(FindingsWorld world)
    {
        var done = Assert.IsType<DecideOutcome.Done>(await DecideAsync(world));
        Assert.Equal(CaseState.Dismissed, (await CaseAsync(world)).State);
        return done;
    }

    private static async Task<DecideOutcome> DecideAsync(FindingsWorld world)
    {
        await world.PassAsync(TimeSpan.FromMinutes(1));
        var found = (await world.CaseAsync(Domain))!;
        var decide = new DecideCases(world.Get<IDbContextFactory<GuardDb>>(), world.Scans.Clock, world.Get<TimeProvider>(), new CaseNotifier(NullLogger<CaseNotifier>.Instance));
        return await decide.ExecuteAsync(FindingsWorld.Analyst, [new CaseRef(found.Id, found.Version)], new DecisionWish(CaseEvent.Dismiss, ReasonCode.OwnerConfirmed), CancellationToken.None);
    }

    private static async Task<(CaseState State, HandChange Hands)> CaseAsync(FindingsWorld world) => (await world.CaseAsync(Domain)) is { } found ? (found.State, found.HandChange) : default;

    /// <summary>The domain's conclusion, and how many addresses are suspected.</summary>
    private static async Task<(HandChange Domain, int Addresses)> HandsAsync(FindingsWorld world)
    {
        await using var db = await world.OpenAsync();
        return (await db.Domains.Select(d => d.HandChange).SingleAsync(), await db.Addresses.CountAsync(a => a.HandChange == HandChange.Suspected));
    }
}
