using DomainGuard.Core.Audit;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Policies;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Policy;

public sealed class SecondPersonTests
{
    public static TheoryData<DatabaseProvider> Providers => PolicyWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_one_proposes_another_puts_in_force_and_the_history_names_both(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.RequireSecondPersonAsync();
        Assert.IsType<SavePolicyOutcome.Refused>(await world.SaveAsync(("OnHold.action", "Unverify")));

        var id = await ProposeAsync(world, ("OnHold.action", "Unverify"));
        var row = Assert.Single(await world.Get<PolicyQueries>().ProposalsAsync(CancellationToken.None));
        Assert.Equal((id, PolicyWorld.Ada.Id, PolicyAction.Unverify), (row.Id, row.ProposedBy, row.Policy![Situation.OnHold].Action));
        Assert.Equal(1, (await world.Get<PolicyStore>().CurrentAsync(CancellationToken.None)).Version);

        Assert.Contains("himself", Problem(await DecideAsync(world, id, true, PolicyWorld.Ada)), StringComparison.Ordinal);
        Assert.Equal(new DecideProposalOutcome.Approved(2), await DecideAsync(world, id, true, PolicyWorld.Bela));
        Assert.Contains("already", Problem(await DecideAsync(world, id, true, PolicyWorld.Bela)), StringComparison.Ordinal);
        Assert.Empty(await world.Get<PolicyQueries>().ProposalsAsync(CancellationToken.None));

        await using var db = await world.OpenAsync();
        var version = await db.PolicyVersions.AsNoTracking().SingleAsync(p => p.Version == 2, TestContext.Current.CancellationToken);
        Assert.Equal((PolicyWorld.Ada.Id, "because"), (version.SavedBy!.Value, version.Comment));
        var entries = await db.AuditEntries.AsNoTracking().OrderBy(e => e.Action).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([AuditAction.ChangeProposed, AuditAction.PolicySaved], entries.Select(e => e.Action));
        Assert.Equal([PolicyWorld.Ada.Id.ToString("D"), PolicyWorld.Bela.Id.ToString("D")], entries.Select(e => e.ActorId));
        Assert.All(entries, e => Assert.Equal($"proposal {id:D}", e.Subject));
    }

    [Fact]
    public async Task A_proposal_holds_for_seven_days()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.RequireSecondPersonAsync();
        var id = await ProposeAsync(world, ("OnHold.action", "Unverify"));
        world.Scans.Clock.Time += TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1);
        Assert.Single(await world.Get<PolicyQueries>().ProposalsAsync(CancellationToken.None));
        world.Scans.Clock.Time += TimeSpan.FromSeconds(1);
        Assert.Empty(await world.Get<PolicyQueries>().ProposalsAsync(CancellationToken.None));
        Assert.Contains("7 days", Problem(await DecideAsync(world, id, true, PolicyWorld.Bela)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proposal_that_another_version_overtook_is_not_put_in_force()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.RequireSecondPersonAsync();
        var (first, second) = (await ProposeAsync(world, ("OnHold.action", "Unverify")), await ProposeAsync(world, ("Parked.action", "Watch")));
        Assert.IsType<DecideProposalOutcome.Approved>(await DecideAsync(world, first, true, PolicyWorld.Bela));
        Assert.Contains("no longer in force", Problem(await DecideAsync(world, second, true, PolicyWorld.Bela)), StringComparison.Ordinal);
        Assert.Equal(PolicyAction.Review, (await world.Get<PolicyStore>().CurrentAsync(CancellationToken.None)).Policy[Situation.Parked].Action);
    }

    [Fact]
    public async Task What_the_budgets_no_longer_meet_is_not_put_in_force()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.RequireSecondPersonAsync();
        var id = await ProposeAsync(world, ("budgets.rdap", "10"));
        await world.Scans.AddAsync(Enumerable.Range(0, 20).Select(i => $"d{i}.com"));
        // The counts of a moment ago are forgotten by another process.
        await using var other = world.Scans.Join(more: s => s.AddPolicy());
        Assert.Contains("10 allowed", Problem(await other.Get<DecideProposal>().ExecuteAsync(id, true, "", PolicyWorld.Bela, CancellationToken.None)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Refusing_needs_a_reason_and_taking_back_needs_none(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.RequireSecondPersonAsync();
        var (first, second) = (await ProposeAsync(world, ("OnHold.action", "Unverify")), await ProposeAsync(world, ("Parked.action", "Watch")));
        Assert.IsType<DecideProposalOutcome.Refused>(await DecideAsync(world, first, false, PolicyWorld.Bela, ""));
        Assert.IsType<DecideProposalOutcome.Closed>(await DecideAsync(world, first, false, PolicyWorld.Bela, "too early"));
        Assert.IsType<DecideProposalOutcome.Closed>(await DecideAsync(world, second, false, PolicyWorld.Ada, ""));
        await using var db = await world.OpenAsync();
        Assert.Equal(
            [(ProposalState.Refused, "too early"), (ProposalState.Withdrawn, null)],
            (await db.PolicyProposals.AsNoTracking().OrderBy(p => p.State).ToListAsync(TestContext.Current.CancellationToken)).Select(p => (p.State, p.Answer)));
        Assert.Equal(2, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.ChangeRefused, TestContext.Current.CancellationToken));
        Assert.Equal(1, (await world.Get<PolicyStore>().CurrentAsync(CancellationToken.None)).Version);
    }

    [Fact]
    public async Task Two_who_decide_at_once_decide_once()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.RequireSecondPersonAsync();
        var id = await ProposeAsync(world, ("OnHold.action", "Unverify"));
        var outcomes = await Task.WhenAll(
            Task.Run(() => DecideAsync(world, id, true, PolicyWorld.Bela)),
            Task.Run(() => DecideAsync(world, id, false, PolicyWorld.Person(Web.Auth.Roles.Administrator), "no")));
        Assert.Single(outcomes, o => o is DecideProposalOutcome.Refused);
    }

    [Fact]
    public async Task One_person_alone_cannot_end_that_a_second_one_is_needed()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.RequireSecondPersonAsync();
        var proposed = Assert.IsType<SavePolicyOutcome.Proposed>(await world.Get<ProposePolicy>().EndSecondPersonAsync("we are one", PolicyWorld.Ada, CancellationToken.None));
        Assert.IsType<DecideProposalOutcome.Refused>(await DecideAsync(world, proposed.ProposalId, true, PolicyWorld.Ada));
        Assert.True(await world.Get<PolicyQueries>().NeedsSecondPersonAsync(CancellationToken.None));
        Assert.Equal(new DecideProposalOutcome.Approved(null), await DecideAsync(world, proposed.ProposalId, true, PolicyWorld.Bela));
        Assert.False(await world.Get<PolicyQueries>().NeedsSecondPersonAsync(CancellationToken.None));
        await using var db = await world.OpenAsync();
        var entry = await db.AuditEntries.AsNoTracking().SingleAsync(e => e.Action == AuditAction.SettingChanged, TestContext.Current.CancellationToken);
        Assert.Equal(("require-second-person", $$"""{"proposal":"{{proposed.ProposalId:D}}","value":false}"""), (entry.Subject, entry.After));
    }

    private static async Task<Guid> ProposeAsync(PolicyWorld world, params (string Field, string Text)[] changes) =>
        Assert.IsType<SavePolicyOutcome.Proposed>(await world.Get<ProposePolicy>().ExecuteAsync(await world.WishAsync("because", changes), PolicyWorld.Ada, CancellationToken.None)).ProposalId;

    private static Task<DecideProposalOutcome> DecideAsync(PolicyWorld world, Guid id, bool approve, Web.Auth.StaffMember by, string comment = "seen") =>
        world.Get<DecideProposal>().ExecuteAsync(id, approve, comment, by, CancellationToken.None);

    private static string Problem(DecideProposalOutcome outcome) => Assert.IsType<DecideProposalOutcome.Refused>(outcome).Problem;
}
