using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Triage;

public sealed class DecideBatchTests
{
    private const long Number = 31;

    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Some_are_approved_the_others_stay_for_a_person_and_what_was_decided_meanwhile_is_left_out(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await BatchAsync(world, 5);
        await world.DecideAsync(world.Ann, cases[4], CaseEvent.Dismiss);

        var outcome = await DecideAsync(world, world.Root, 0, new BatchChoice.Some([cases[0].Id, cases[2].Id, cases[4].Id]));

        Assert.Equal(new BatchOutcome.Done(2, 2), outcome);
        var (batch, items) = await ReadAsync(world);
        Assert.Equal((BatchState.Approved, world.Root.Id, "Looked at each.", 1), (batch.State, batch.DecidedBy!.Value, batch.Comment!, batch.Version));
        Assert.Equal([BatchItemState.Approved, BatchItemState.Refused, BatchItemState.Approved, BatchItemState.Refused, BatchItemState.NoLonger], items);
        Assert.Equal([Number, null, Number, null, null], await Task.WhenAll(cases.Select(async c => (await world.ReadAsync(c.Id)).BatchId)));
        var entry = (await world.AuditAsync()).Single(e => e.Action == AuditAction.BatchApproved);
        Assert.Equal(("batch 31", "Looked at each.", """{"approved":2,"refused":2}"""), (entry.Subject, entry.Comment, entry.After));
        // Whoever had a refused case open decides it as he read it.
        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, cases[1], CaseEvent.Unverify));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Of_administrators_at_once_one_decides_and_the_others_are_told_who(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await BatchAsync(world, 20);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => DecideAsync(
            world, i % 2 == 0 ? world.Root : world.Second, 0, (i % 3) switch { 0 => new BatchChoice.All(), 1 => new BatchChoice.None(), _ => new BatchChoice.Some([cases[3].Id]) }))));

        Assert.Single(outcomes.OfType<BatchOutcome.Done>());
        Assert.All(outcomes.OfType<BatchOutcome.Conflict>(), c => Assert.Contains(c.By, new[] { "Root R.", "Second S." }));
        Assert.Equal(7, outcomes.OfType<BatchOutcome.Conflict>().Count());
        Assert.Single(await world.AuditAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task None_closes_it_and_every_case_stays_for_a_person(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await BatchAsync(world, 3);

        Assert.Equal(new BatchOutcome.Done(0, 3), await DecideAsync(world, world.Root, 0, new BatchChoice.None()));

        Assert.Equal(BatchState.Closed, (await ReadAsync(world)).Batch.State);
        Assert.All(await Task.WhenAll(cases.Select(c => world.ReadAsync(c.Id))), c => Assert.Equal((CaseState.NeedsReview, true, null), (c.State, c.IsOpen, c.BatchId)));
        Assert.Equal(AuditAction.BatchRefused, Assert.Single(await world.AuditAsync()).Action);
    }

    [Fact]
    public async Task What_is_no_answer_is_refused_and_changes_nothing()
    {
        await using var world = await TriageWorld.CreateAsync();
        var cases = await BatchAsync(world, 2);
        var stranger = await world.CaseAsync();

        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Root, 0, new BatchChoice.Some([cases[0].Id, stranger.Id])));
        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Root, 0, new BatchChoice.Some([])));
        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Root, 0, new BatchChoice.All(), comment: " "));
        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Root, 0, new BatchChoice.All(), comment: new string('x', 2_001)));
        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Root, 0, new BatchChoice.All(), batch: 99));
        Assert.IsType<BatchOutcome.Conflict>(await DecideAsync(world, world.Root, 7, new BatchChoice.All()));

        var (batch, items) = await ReadAsync(world);
        Assert.Equal((BatchState.Waiting, 0), (batch.State, batch.Version));
        Assert.All(items, i => Assert.Equal(BatchItemState.Waiting, i));
        Assert.Empty(await world.AuditAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Where_a_second_person_is_required_one_proposes_and_another_approves_never_oneself(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await BatchAsync(world, 3);
        await RequireSecondAsync(world);

        Assert.Equal(new BatchOutcome.Proposed(1, 2), await DecideAsync(world, world.Root, 0, new BatchChoice.Some([cases[0].Id])));
        Assert.Equal(BatchState.Proposed, (await ReadAsync(world)).Batch.State);
        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Root, 1, new BatchChoice.All()));
        Assert.IsType<BatchOutcome.Refused>(await DecideAsync(world, world.Second, 1, new BatchChoice.Some([cases[1].Id])));
        Assert.IsType<BatchOutcome.Conflict>(await DecideAsync(world, world.Second, 0, new BatchChoice.All()));
        // A case that an analyst decided while it was proposed is not carried out.
        await world.DecideAsync(world.Ann, cases[0], CaseEvent.Override);
        Assert.Equal(new BatchOutcome.Done(0, 2), await DecideAsync(world, world.Second, 1, new BatchChoice.All()));

        var (batch, items) = await ReadAsync(world);
        Assert.Equal((BatchState.Closed, world.Second.Id), (batch.State, batch.DecidedBy!.Value));
        Assert.Equal([BatchItemState.NoLonger, BatchItemState.Refused, BatchItemState.Refused], items);
        Assert.Equal([AuditAction.ChangeProposed, AuditAction.CaseOverridden, AuditAction.BatchRefused], (await world.AuditAsync()).OrderBy(e => e.Action == AuditAction.ChangeProposed ? 0 : 1).ThenBy(e => e.Action).Select(e => e.Action));
    }

    [Fact]
    public async Task A_refused_proposal_leaves_the_batch_waiting_as_before()
    {
        await using var world = await TriageWorld.CreateAsync();
        await BatchAsync(world, 3);
        await RequireSecondAsync(world);
        await DecideAsync(world, world.Root, 0, new BatchChoice.All());

        Assert.IsType<BatchOutcome.Waits>(await DecideAsync(world, world.Second, 1, new BatchChoice.None()));

        var (batch, items) = await ReadAsync(world);
        Assert.Equal((BatchState.Waiting, null, null), (batch.State, batch.DecidedBy, batch.Comment));
        Assert.All(items, i => Assert.Equal(BatchItemState.Waiting, i));
        Assert.Equal(new BatchOutcome.Proposed(3, 0), await DecideAsync(world, world.Second, 2, new BatchChoice.All()));
        Assert.Equal(new BatchOutcome.Done(3, 0), await DecideAsync(world, world.Root, 3, new BatchChoice.All()));
    }

    private static Task<BatchOutcome> DecideAsync(TriageWorld world, StaffMember by, int version, BatchChoice choice, string comment = "Looked at each.", long batch = Number) =>
        world.Get<DecideBatch>().ExecuteAsync(by, batch, version, choice, comment, CancellationToken.None);

    private static async Task<IReadOnlyList<Case>> BatchAsync(TriageWorld world, int count)
    {
        var cases = await world.CasesAsync(count, (c, _) => (c.BatchId, c.Guard, c.Wanted) = (Number, Guard.Brake, PolicyAction.Unverify));
        await using var db = await world.Dbs.CreateDbContextAsync();
        db.Batches.Add(new Batch { Id = Number, Guard = Guard.Brake, CreatedAt = world.Clock.Now, Count = count, PolicyVersion = 3 });
        db.BatchItems.AddRange(cases.Select(c => new BatchItem { BatchId = Number, CaseId = c.Id }));
        await db.SaveChangesAsync();
        return cases;
    }

    private static async Task RequireSecondAsync(TriageWorld world)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        await InstallationSettings.SetAsync(db, InstallationSettings.RequireSecondPerson, true, CancellationToken.None);
        await db.SaveChangesAsync();
    }

    private static async Task<(Batch Batch, List<BatchItemState> Items)> ReadAsync(TriageWorld world)
    {
        await using var db = await world.Dbs.CreateDbContextAsync();
        return (await db.Batches.AsNoTracking().SingleAsync(), await db.BatchItems.OrderBy(i => i.CaseId).Select(i => i.State).ToListAsync());
    }
}
