using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Triage;

public sealed class UndoDecisionTests
{
    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    /// <summary>Every decision of the table of transitions in every state that it is possible in.</summary>
    public static IEnumerable<(CaseState State, bool IsUnverified, CaseEvent What)> Matrix() =>
        from state in Enum.GetValues<CaseState>()
        from isUnverified in CaseTransitions.AddressAfter(state) is { } only ? [only] : new[] { true, false }
        from what in CaseTransitions.Decisions(state, isUnverified)
        select (state, isUnverified, what);

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Every_decision_undone_gives_back_exactly_what_was_before(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        Assert.InRange(Matrix().Count(), 15, 40);
        foreach (var (state, isUnverified, what) in Matrix())
        {
            foreach (var isRich in new[] { false, true })
            {
                var read = await world.CaseAsync((c, a) =>
                {
                    (c.State, c.IsUnverified) = (state, isUnverified);
                    c.Until = state is CaseState.Snoozed or CaseState.Overridden ? world.Clock.Now.AddDays(5) : null;
                    if (what == CaseEvent.Restore)
                    {
                        (c.Phase, c.Wanted, c.DecidedPhase) = (Phase.Active, PolicyAction.Nothing, Phase.Active);
                    }
                    else if (isRich)
                    {
                        // An undo gives back a baseline, an assignment, a dispute and the reason of a reopening too.
                        (c.HandChange, c.DecidedPhase, a.HandChange, a.HandConfidence) = (HandChange.Suspected, Phase.Expired, HandChange.Suspected, Confidence.Single);
                    }

                    if (isRich)
                    {
                        (c.AssigneeId, c.IsContested, c.ReopenReason) = (world.Jonas.Id, true, new string('\u03B1', 300));
                    }
                });
                var before = await SnapshotAsync(world, read.Id);
                world.Clock.Time += TimeSpan.FromMinutes(1);
                var done = Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, read, what, ReasonCode.OwnerConfirmed, days: what is CaseEvent.Override or CaseEvent.Snooze ? 30 : null));
                Assert.NotEqual(before, await SnapshotAsync(world, read.Id));
                world.Clock.Time += TimeSpan.FromMinutes(1);

                Assert.Equal(new UndoOutcome.Done(1), await world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None));

                Assert.Equal(before, await SnapshotAsync(world, read.Id));
                var history = await world.DecisionsAsync(read.Id);
                Assert.Equal([(what, null), (what, (Guid?)history[0].Id)], history.Select(d => (d.Event, d.Undoes)));
                Assert.Equal((history[0].To, history[0].From!.Value, ReasonCode.Undone), (history[1].From!.Value, history[1].To, history[1].Reason!.Value));
                Assert.Equal(AuditAction.DecisionUndone, (await world.AuditAsync()).Last(e => e.CaseId == read.Id).Action);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_bulk_is_undone_whole(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(30);
        var done = await BulkAsync(world, cases);

        Assert.Equal(new UndoOutcome.Done(30), await world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None));

        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal((30, 0, 60), (await db.Cases.CountAsync(c => c.State == CaseState.NeedsReview && c.AssigneeId == null), await db.Addresses.CountAsync(a => a.State != 0), await db.AuditEntries.CountAsync()));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task One_case_that_went_on_keeps_all(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(5);
        var done = await BulkAsync(world, cases);
        // A clock that was set back does not hide who came after.
        world.Clock.Time -= TimeSpan.FromDays(1);
        await world.DecideAsync(world.Jonas, await world.ReadAsync(cases[2].Id), CaseEvent.Confirm);

        var refused = Assert.IsType<UndoOutcome.Refused>(await world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None));

        Assert.Contains($"Jonas T. moved case {cases[2].Id} after you", refused.Problem, StringComparison.Ordinal);
        Assert.Equal(6, (await world.DecisionsAsync()).Count);
    }

    [Fact]
    public async Task Worse_facts_keep_it_and_facts_that_stayed_do_not()
    {
        await using var world = await TriageWorld.CreateAsync();
        var (same, worse) = (await world.CaseAsync(), await world.CaseAsync());
        var (one, two) = (await BulkAsync(world, [same]), await BulkAsync(world, [worse]));
        await world.RefreshAsync(same.Id, Phase.Redemption);
        await world.RefreshAsync(worse.Id, Phase.Released);

        Assert.IsType<UndoOutcome.Done>(await world.Get<UndoDecision>().ExecuteAsync(world.Ann, one.BulkId, CancellationToken.None));
        Assert.Contains("became worse", Assert.IsType<UndoOutcome.Refused>(await world.Get<UndoDecision>().ExecuteAsync(world.Ann, two.BulkId, CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ten_minutes_are_those_of_the_machine_and_the_count_down_says_what_is_left()
    {
        await using var world = await TriageWorld.CreateAsync();
        var cases = await world.CasesAsync(2);
        var undo = world.Get<UndoDecision>();
        var (one, two) = (await BulkAsync(world, [cases[0]]), await BulkAsync(world, [cases[1]]));
        world.Clock.Time += TimeSpan.FromDays(7);
        world.Time.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal(TimeSpan.FromSeconds(1), await undo.RemainingAsync(one.BulkId, CancellationToken.None));
        Assert.IsType<UndoOutcome.Done>(await undo.ExecuteAsync(world.Ann, one.BulkId, CancellationToken.None));
        Assert.Null(await undo.RemainingAsync(one.BulkId, CancellationToken.None));
        world.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await undo.RemainingAsync(two.BulkId, CancellationToken.None));
        Assert.Contains("Ten minutes are over", Assert.IsType<UndoOutcome.Refused>(await undo.ExecuteAsync(world.Ann, two.BulkId, CancellationToken.None)).Problem, StringComparison.Ordinal);
        Assert.Null(await undo.RemainingAsync(Guid.CreateVersion7(), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Of_ten_undos_at_once_one_takes_back_and_only_who_decided_may(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(3);
        var done = await BulkAsync(world, cases);
        Assert.Contains("Only who decided", Assert.IsType<UndoOutcome.Refused>(await world.Get<UndoDecision>().ExecuteAsync(world.Jonas, done.BulkId, CancellationToken.None)).Problem, StringComparison.Ordinal);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None))));

        Assert.Single(outcomes.OfType<UndoOutcome.Done>());
        Assert.Equal(6, (await world.DecisionsAsync()).Count);
        Assert.Contains("no such decision", Assert.IsType<UndoOutcome.Refused>(await world.Get<UndoDecision>().ExecuteAsync(world.Ann, Guid.CreateVersion7(), CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_case_goes_back_into_its_batch_only_while_the_batch_waits_for_it()
    {
        await using var world = await TriageWorld.CreateAsync();
        var cases = await world.CasesAsync(2, (c, _) => c.BatchId = c.Id);
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            db.Batches.AddRange(cases.Select(c => new Batch { Id = c.Id, Guard = Guard.Brake, CreatedAt = world.Clock.Now, Count = 1 }));
            db.BatchItems.AddRange(cases.Select(c => new BatchItem { BatchId = c.Id, CaseId = c.Id }));
            await db.SaveChangesAsync();
        }

        var done = await BulkAsync(world, cases);
        Assert.Null((await world.ReadAsync(cases[0].Id)).BatchId);
        Assert.IsType<BatchOutcome.Done>(await world.Get<DecideBatch>().ExecuteAsync(world.Root, cases[1].Id, 0, new BatchChoice.None(), "Not these.", CancellationToken.None));
        await world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None);

        Assert.Equal((cases[0].Id, null), ((await world.ReadAsync(cases[0].Id)).BatchId, (await world.ReadAsync(cases[1].Id)).BatchId));
    }

    [Fact]
    public async Task What_a_colleague_changed_since_stays_as_he_made_it()
    {
        await using var world = await TriageWorld.CreateAsync();
        var read = await world.CaseAsync();
        var done = await BulkAsync(world, [read]);
        var now = await world.ReadAsync(read.Id);
        Assert.IsType<AssignOutcome.Done>(await world.Get<AssignCases>().ExecuteAsync(world.Jonas, [new(now.Id, now.Version)], world.Jonas.Id, CancellationToken.None));

        Assert.IsType<UndoOutcome.Done>(await world.Get<UndoDecision>().ExecuteAsync(world.Ann, done.BulkId, CancellationToken.None));

        Assert.Equal(world.Jonas.Id, (await world.ReadAsync(read.Id)).AssigneeId);
    }

    private static async Task<DecideOutcome.Done> BulkAsync(TriageWorld world, IReadOnlyList<Case> cases) => Assert.IsType<DecideOutcome.Done>(
        await world.Get<DecideCases>().ExecuteAsync(world.Ann, [.. cases.Select(c => new CaseRef(c.Id, c.Version))], world.Wish(CaseEvent.Unverify), CancellationToken.None));

    private static async Task<string> SnapshotAsync(TriageWorld world, long id)
    {
        var @case = await world.ReadAsync(id);
        var address = await world.AddressAsync(@case.AddressId!.Value);
        (@case.Version, address.Version, @case.SameFrom, @case.SameTo) = (0, 0, 0, 0);
        return JsonSerializer.Serialize(@case) + JsonSerializer.Serialize(address);
    }
}
