using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Triage;

namespace DomainGuard.Tests.Triage;

/// <summary>Every role on every operation, and what assigning and commenting leave behind.</summary>
public sealed class TriageRightsTests
{
    /// <summary>The operations with the right that each asks for. Gives back whether it was done.</summary>
    private static readonly (string Name, string Right, Func<TriageWorld, StaffMember, Case, Task<bool>> Try)[] Operations =
    [
        (nameof(DecideCases), Policies.Decide, async (w, by, c) => await w.DecideAsync(by, c, CaseEvent.Unverify) is DecideOutcome.Done),
        (nameof(AssignCases), Policies.Decide, async (w, by, c) => await w.Get<AssignCases>().ExecuteAsync(by, [new(c.Id, c.Version)], w.Jonas.Id, CancellationToken.None) is AssignOutcome.Done),
        (nameof(CommentOnCase), Policies.Decide, async (w, by, c) => await w.Get<CommentOnCase>().ExecuteAsync(by, c.Id, "A word.", CancellationToken.None) is CommentOutcome.Done),
        (nameof(FreezeCases), Policies.Decide, async (w, by, c) => (await w.Get<FreezeCases>().ExecuteAsync(by, db => db.Cases, CancellationToken.None)).Problem is null),
        (nameof(DecideBulk), Policies.Decide, async (w, by, c) =>
        {
            var list = await w.Get<FreezeCases>().ExecuteAsync(by with { Roles = new HashSet<string> { Roles.Analyst } }, db => db.Cases, CancellationToken.None);
            return await w.Get<DecideBulk>().ExecuteAsync(by, list.BulkId, w.Wish(CaseEvent.Unverify), CancellationToken.None) is DecideOutcome.Done;
        }),
        (nameof(UndoDecision), Policies.Decide, async (w, by, c) =>
        {
            var done = Assert.IsType<DecideOutcome.Done>(await w.DecideAsync(by with { Roles = new HashSet<string> { Roles.Analyst } }, c, CaseEvent.Unverify));
            return await w.Get<UndoDecision>().ExecuteAsync(by, done.BulkId, CancellationToken.None) is UndoOutcome.Done;
        }),
        (nameof(DecideBatch), Policies.Operate, async (w, by, c) =>
        {
            await using var db = await w.Dbs.CreateDbContextAsync();
            db.Batches.Add(new Batch { Id = 1, CreatedAt = w.Clock.Now, Count = 1 });
            db.BatchItems.Add(new BatchItem { BatchId = 1, CaseId = c.Id });
            await db.SaveChangesAsync();
            return await w.Get<DecideBatch>().ExecuteAsync(by, 1, 0, new BatchChoice.None(), "Why.", CancellationToken.None) is BatchOutcome.Done;
        }),
    ];

    public static TheoryData<DatabaseProvider> Providers => TriageWorld.Providers;

    public static IEnumerable<TheoryDataRow<string, string>> Matrix() =>
        from operation in Operations from roles in new[] { "", Roles.Auditor, Roles.Analyst, Roles.Administrator, "Nonsense", string.Join(',', Roles.All) } select new TheoryDataRow<string, string>(operation.Name, roles);

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Every_role_does_what_it_may_and_nothing_else(string name, string roles)
    {
        await using var world = await TriageWorld.CreateAsync();
        var @case = await world.CaseAsync();
        var by = TriageWorld.Member("Somebody", roles.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var (_, right, attempt) = Operations.Single(o => o.Name == name);

        var isDone = await attempt(world, by, @case);

        Assert.Equal(by.May(right), isDone);
        if (!isDone && name is not nameof(UndoDecision))
        {
            Assert.Empty(await world.AuditAsync());
            Assert.Equal(1, (await world.ReadAsync(@case.Id)).Version);
        }
    }

    [Fact]
    public void Every_operation_that_changes_cases_is_in_the_table() => Assert.Equal(
        typeof(DecideCases).Assembly.GetTypes()
            .Where(t => t.Namespace == typeof(DecideCases).Namespace && t.GetMethods().Any(m => m.Name == "ExecuteAsync" && m.GetParameters().Any(p => p.ParameterType == typeof(StaffMember))))
            .Select(t => t.Name).Order(),
        Operations.Select(o => o.Name).Order());

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_case_is_given_to_analysts_alone_and_nobody_who_decides_is_held_up(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var cases = await world.CasesAsync(3);
        var refs = cases.Select(c => new CaseRef(c.Id, c.Version)).ToList();
        var assign = world.Get<AssignCases>();

        Assert.IsType<AssignOutcome.Refused>(await assign.ExecuteAsync(world.Ann, refs, world.Auditor.Id, CancellationToken.None));
        Assert.IsType<AssignOutcome.Refused>(await assign.ExecuteAsync(world.Ann, refs, Guid.CreateVersion7(), CancellationToken.None));
        Assert.IsType<AssignOutcome.Refused>(await assign.ExecuteAsync(world.Ann, [.. refs, new(99, 1)], world.Ann.Id, CancellationToken.None));
        Assert.Equal(new AssignOutcome.Done(3), await assign.ExecuteAsync(world.Ann, refs, world.Jonas.Id, CancellationToken.None));
        Assert.Equal(new AssignOutcome.Done(0), await assign.ExecuteAsync(world.Ann, refs, world.Jonas.Id, CancellationToken.None));
        Assert.IsType<DecideOutcome.Done>(await world.DecideAsync(world.Ann, cases[0], CaseEvent.Unverify));
        Assert.IsType<AssignOutcome.Conflict>(await assign.ExecuteAsync(world.Jonas, refs, null, CancellationToken.None));
        Assert.Equal(new AssignOutcome.Done(2), await assign.ExecuteAsync(world.Jonas, refs[1..], null, CancellationToken.None));

        Assert.Equal(world.Jonas.Id, (await world.ReadAsync(cases[0].Id)).AssigneeId);
        Assert.Equal(5, (await world.AuditAsync()).Count(e => e.Action == AuditAction.CaseAssigned));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_comment_lives_in_the_audit_trail_as_it_was_written(DatabaseProvider provider)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var @case = await world.CaseAsync();
        var comment = world.Get<CommentOnCase>();
        var text = "\u202E<img src=x onerror=alert(1)> \u05D0\u200F\U0001F600\n" + new string('x', 9_950);

        Assert.IsType<CommentOutcome.Done>(await comment.ExecuteAsync(world.Ann, @case.Id, text, CancellationToken.None));
        Assert.IsType<CommentOutcome.Refused>(await comment.ExecuteAsync(world.Ann, @case.Id, " \n", CancellationToken.None));
        Assert.IsType<CommentOutcome.Refused>(await comment.ExecuteAsync(world.Ann, @case.Id, new string('x', 10_001), CancellationToken.None));
        Assert.IsType<CommentOutcome.Refused>(await comment.ExecuteAsync(world.Ann, @case.Id, "\0", CancellationToken.None));
        Assert.IsType<CommentOutcome.Refused>(await comment.ExecuteAsync(world.Ann, 99, text, CancellationToken.None));

        var entry = Assert.Single(await world.AuditAsync());
        Assert.Equal((AuditAction.CommentAdded, @case.Id, text, world.Ann.Id.ToString("D")), (entry.Action, entry.CaseId, entry.Comment, entry.ActorId));
        Assert.Equal(1, (await world.ReadAsync(@case.Id)).Version);
    }
}
