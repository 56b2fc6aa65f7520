using DomainGuard.Core.Cases;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Triage;

public sealed class DecideBulkTests
{
    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Ten_thousand_are_decided_and_taken_back_in_one_transaction_each_with_its_own_entry(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(10_000);
        var frozen = await FreezeAsync(world, AllOpen);
        Assert.Equal(10_000, frozen.Count);

        var done = Assert.IsType<DecideOutcome.Done>(await world.Get<DecideBulk>().ExecuteAsync(world.Ann, frozen.BulkId, world.Wish(CaseEvent.Unverify, ReasonCode.Other, "all of them"), CancellationToken.None));

        Assert.Equal(new DecideOutcome.Done(frozen.BulkId, 10_000), done);
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal(10_000, await db.Cases.CountAsync(c => c.State == CaseState.Unverified && c.Version == 2 && c.Address!.State == Data.Accounts.AddressState.Unverified));
        Assert.Equal(10_000, await db.AuditEntries.Where(e => e.BatchId == frozen.BulkId && e.Comment == "all of them").Select(e => e.CaseId).Distinct().CountAsync());
        Assert.Equal(10_000, await db.Decisions.Where(d => d.BulkId == frozen.BulkId).Select(d => d.CaseId).Distinct().CountAsync());

        Assert.Equal(new UndoOutcome.Done(10_000), await world.Get<UndoDecision>().ExecuteAsync(world.Ann, frozen.BulkId, CancellationToken.None));

        Assert.Equal(10_000, await db.Cases.CountAsync(c => c.State == CaseState.NeedsReview && c.Version == 3 && c.Address!.State == Data.Accounts.AddressState.Verified));
    }

    [Fact]
    public async Task More_than_ten_thousand_are_refused_with_their_number()
    {
        await using var world = await TriageWorld.CreateAsync();
        await world.CasesAsync(10_001);

        var outcome = await world.Get<FreezeCases>().ExecuteAsync(world.Ann, AllOpen, CancellationToken.None);

        Assert.Equal((Guid.Empty, 10_001), (outcome.BulkId, outcome.Count));
        Assert.StartsWith("10,001 cases match; at most 10,000", outcome.Problem, StringComparison.Ordinal);
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.False(await db.Bulks.AnyAsync() || await db.BulkItems.AnyAsync());
        Assert.NotNull((await world.Get<FreezeCases>().ExecuteAsync(world.Ann, d => d.Cases.Where(c => c.Id < 0), CancellationToken.None)).Problem);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_changed_since_it_was_frozen_is_shown_first_and_left_out_when_that_is_accepted(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(6);
        var frozen = await FreezeAsync(world, AllOpen);
        await world.CaseAsync(); // comes into the queue afterwards, and is none of it
        await world.DecideAsync(world.Jonas, cases[1], CaseEvent.Dismiss);
        await world.RefreshAsync(cases[2].Id, Core.Domains.Phase.Redemption);
        var bulk = world.Get<DecideBulk>();

        var conflict = Assert.Single(Assert.IsType<DecideOutcome.Conflict>(await bulk.ExecuteAsync(world.Ann, frozen.BulkId, world.Wish(CaseEvent.Unverify), CancellationToken.None)).Cases);
        Assert.Equal((cases[1].Id, "Jonas T."), (conflict.CaseId, conflict.By));
        Assert.Single(await world.DecisionsAsync());

        Assert.Equal(new DecideOutcome.Done(frozen.BulkId, 5), await bulk.ExecuteAsync(world.Ann, frozen.BulkId, world.Wish(CaseEvent.Unverify), acceptDifference: true, CancellationToken.None));

        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal((5, 1), await db.Bulks.Where(b => b.Id == frozen.BulkId).Select(b => new { b.Decided, b.Skipped }).SingleAsync() is var b ? (b.Decided, b.Skipped) : default);
        Assert.Equal((CaseState.Dismissed, CaseState.NeedsReview), ((await world.ReadAsync(cases[1].Id)).State, (await world.ReadAsync(7)).State));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_list_sent_ten_times_at_once_is_decided_once(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(20);
        var frozen = await FreezeAsync(world, AllOpen);
        var wish = world.Wish(CaseEvent.Unverify);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(async () => i == 9
            ? (object)await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None)
            : await world.Get<DecideBulk>().ExecuteAsync(world.Ann, frozen.BulkId, wish, CancellationToken.None))));

        Assert.All(outcomes.OfType<DecideOutcome>(), o => Assert.Equal(new DecideOutcome.Done(frozen.BulkId, 20), o));
        Assert.Equal(20, (await world.DecisionsAsync()).Count);
        Assert.IsType<DecideOutcome.Refused>(await world.Get<DecideBulk>().ExecuteAsync(world.Ann, frozen.BulkId, world.Wish(CaseEvent.Dismiss), CancellationToken.None));
        Assert.IsType<DecideOutcome.Refused>(await world.Get<DecideBulk>().ExecuteAsync(world.Jonas, frozen.BulkId, wish, CancellationToken.None));
        Assert.IsType<DecideOutcome.Refused>(await world.Get<DecideBulk>().ExecuteAsync(world.Ann, Guid.CreateVersion7(), wish, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_process_killed_after_the_wish_was_kept_leaves_a_list_that_is_decided_by_the_job(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(5);
        var frozen = await FreezeAsync(world, AllOpen);
        await world.BreakAsync("Decision", "INSERT", "NEW.\"CaseId\" = 4");
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => world.Get<DecideBulk>().ExecuteAsync(
            world.Ann, frozen.BulkId, world.Wish(CaseEvent.Unverify, ReasonCode.Other, new string('"', 10_000)), CancellationToken.None));
        Assert.Empty(await world.DecisionsAsync());
        Assert.Equal(0, await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None));
        await world.MendAsync("Decision");

        Assert.Equal(1, await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None));
        Assert.Equal(0, await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None));

        var entries = await world.AuditAsync();
        Assert.Equal(5, entries.Count);
        Assert.All(entries, e => Assert.Equal((world.Ann.Id.ToString("D"), "192.0.2.7", 10_000), (e.ActorId, e.ActorFrom, e.Comment!.Length)));
    }

    /// <summary>A circuit lost in the middle: whoever opens the page again sees what he sent, while it is carried out and for as long as it can be taken back.</summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_list_whose_page_was_lost_goes_on_and_is_found_again_by_who_sent_it_and_nobody_else(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        await world.CasesAsync(3);
        var frozen = await FreezeAsync(world, AllOpen);
        Assert.Empty(await world.Get<BulkQueries>().RecentAsync(world.Ann.Id, CancellationToken.None)); // never sent
        await world.BreakAsync("Decision", "INSERT", "NEW.\"CaseId\" = 2");
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => world.Get<DecideBulk>().ExecuteAsync(world.Ann, frozen.BulkId, world.Wish(CaseEvent.Unverify), CancellationToken.None));

        var under = Assert.Single(await world.Get<BulkQueries>().RecentAsync(world.Ann.Id, CancellationToken.None));
        Assert.Equal((frozen.BulkId, "A decision on 3 cases is being carried out. It goes on without this page.", false), (under.Id, under.Text, under.CanUndo));
        Assert.Empty(await world.Get<BulkQueries>().RecentAsync(world.Jonas.Id, CancellationToken.None));
        await world.MendAsync("Decision");
        Assert.Equal(1, await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None));

        var done = Assert.Single(await world.Get<BulkQueries>().RecentAsync(world.Ann.Id, CancellationToken.None));
        Assert.Equal((frozen.BulkId, true), (done.Id, done.CanUndo));
        Assert.StartsWith("3 cases of 3 decided together", done.Text, StringComparison.Ordinal);
        Assert.Equal(frozen.BulkId, await world.Get<BulkQueries>().LastUndoableAsync(world.Ann.Id, CancellationToken.None));
        world.Time.Advance(CaseDetails.UndoTime + TimeSpan.FromSeconds(1));
        Assert.Empty(await world.Get<BulkQueries>().RecentAsync(world.Ann.Id, CancellationToken.None));
        Assert.Null(await world.Get<BulkQueries>().LastUndoableAsync(world.Ann.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_right_that_was_taken_away_is_not_used_by_the_job()
    {
        await using var world = await TriageWorld.CreateAsync();
        await world.CasesAsync(2);
        var frozen = await FreezeAsync(world, AllOpen);
        await using var db = await world.Dbs.CreateDbContextAsync();
        var json = new BulkWish(world.Wish(CaseEvent.Unverify), false, null).ToJson();
        await db.Bulks.ExecuteUpdateAsync(s => s.SetProperty(b => b.Wish, json));
        await db.UserRoles.Where(u => u.UserId == world.Ann.Id).ExecuteDeleteAsync();

        Assert.Equal(0, await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None));

        Assert.Empty(await world.DecisionsAsync());
        Assert.Null(await db.Bulks.Where(b => b.Id == frozen.BulkId).Select(b => b.Wish).SingleAsync());
    }

    [Fact]
    public async Task Lists_are_cleared_after_a_day_and_those_that_were_decided_keep_their_head()
    {
        await using var world = await TriageWorld.CreateAsync();
        await world.CasesAsync(3);
        var (decided, never) = (await FreezeAsync(world, AllOpen), await FreezeAsync(world, AllOpen));
        await world.Get<DecideBulk>().ExecuteAsync(world.Ann, decided.BulkId, world.Wish(CaseEvent.Unverify), CancellationToken.None);
        world.Time.Advance(TimeSpan.FromHours(23));
        await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None);
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal(6, await db.BulkItems.CountAsync());

        world.Time.Advance(TimeSpan.FromHours(2));
        await world.Get<BulkJob>().ExecuteAsync(CancellationToken.None);

        Assert.False(await db.BulkItems.AnyAsync());
        Assert.Equal([decided.BulkId], await db.Bulks.Select(b => b.Id).ToListAsync());
        Assert.NotEqual(never.BulkId, decided.BulkId);
    }

    private static IQueryable<Case> AllOpen(GuardDb db) => db.Cases.Where(c => c.IsOpen);

    private static async Task<FreezeOutcome> FreezeAsync(TriageWorld world, Func<GuardDb, IQueryable<Case>> filter)
    {
        var outcome = await world.Get<FreezeCases>().ExecuteAsync(world.Ann, filter, CancellationToken.None);
        Assert.Null(outcome.Problem);
        return outcome;
    }
}
