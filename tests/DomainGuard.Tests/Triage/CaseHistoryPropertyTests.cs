using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Triage;

namespace DomainGuard.Tests.Triage;

/// <summary>Whatever people and the machine do to a case in whatever order, case, address and history tell one story.</summary>
public sealed class CaseHistoryPropertyTests
{
    private static readonly CaseEvent[] ByPerson = [.. Enum.GetValues<CaseEvent>().Where(CaseTransitions.IsDecision)];
    private static readonly CaseEvent[] ByMachine = [.. Enum.GetValues<CaseEvent>().Where(e => !CaseTransitions.IsDecision(e))];
    private static readonly Phase[] Phases = [Phase.Unknown, Phase.Active, Phase.Expired, Phase.Redemption, Phase.Released];

    public static IEnumerable<TheoryDataRow<DatabaseProvider, int>> Seeds() =>
        from provider in new[] { DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql } from seed in Enumerable.Range(1, 4) select new TheoryDataRow<DatabaseProvider, int>(provider, seed);

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Case_address_and_history_always_tell_one_story(DatabaseProvider provider, int seed)
    {
        await using var world = await TriageWorld.CreateAsync(provider);
        var random = new Random(seed);
        var cases = await world.CasesAsync(6, (c, a) => (c.HandChange, a.HandChange) = c.Id % 2 == 0 ? (HandChange.Suspected, HandChange.Suspected) : default);
        List<Guid> bulks = [];
        var (decided, undone, stepped) = (0, 0, 0);
        for (var turn = 0; turn < 150; turn++)
        {
            world.Clock.Time += TimeSpan.FromHours(random.Next(-1, 30));
            world.Time.Advance(TimeSpan.FromMinutes(random.Next(4)));
            var id = cases[random.Next(cases.Count)].Id;
            switch (random.Next(6))
            {
                case 0 or 1:
                    var now = await world.ReadAsync(id);
                    var what = random.Next(3) == 0 ? ByPerson[random.Next(ByPerson.Length)] : CaseTransitions.Decisions(now.State, now.IsUnverified).OrderBy(_ => random.Next()).FirstOrDefault();
                    if (await world.DecideAsync(random.Next(2) == 0 ? world.Ann : world.Jonas, now, what, ReasonCode.OwnerConfirmed) is DecideOutcome.Done done)
                    {
                        bulks.Add(done.BulkId);
                        decided++;
                    }

                    break;
                case 2 when bulks.Count > 0:
                    undone += await world.Get<UndoDecision>().ExecuteAsync(random.Next(2) == 0 ? world.Ann : world.Jonas, bulks[^random.Next(1, Math.Min(3, bulks.Count) + 1)], CancellationToken.None) is UndoOutcome.Done ? 1 : 0;
                    break;
                case 3:
                    await world.RefreshAsync(id, Phases[random.Next(Phases.Length)], (HandChange)random.Next(3), (PolicyAction)random.Next(4));
                    break;
                default:
                    var happens = ByMachine[random.Next(ByMachine.Length)];
                    var isGone = happens is CaseEvent.FindingGone or CaseEvent.DateReachedInOrder or CaseEvent.OwnerReverified;
                    stepped += await world.StepAsync(id, happens, isGone ? TriageWorld.Found(Phase.Active, wanted: PolicyAction.Nothing) : TriageWorld.Found(Phase.Redemption)) ? 1 : 0;
                    break;
            }

            await AgreeAsync(world, id);
        }

        Assert.True(decided > 10 && undone > 0 && stepped > 10, $"too little happened: {decided} decided, {undone} undone, {stepped} by the machine");
        Assert.Equal((await world.DecisionsAsync()).Count, (await world.AuditAsync()).Count);
    }

    private static async Task AgreeAsync(TriageWorld world, long id)
    {
        var (@case, address) = (await world.ReadAsync(id), await world.AddressAsync(id));
        Assert.Equal(@case.IsUnverified, address.State == AddressState.Unverified);
        Assert.Equal(CaseTransitions.AddressAfter(@case.State) ?? @case.IsUnverified, @case.IsUnverified);
        Assert.Equal(CaseTransitions.IsOpen(@case.State, @case.IsUnverified), @case.IsOpen);
        Assert.Equal(@case.State is CaseState.Snoozed or CaseState.Overridden, @case.Until is not null || @case.State == CaseState.Snoozed);
        var from = CaseState.NeedsReview;
        var version = 1;
        foreach (var step in await world.DecisionsAsync(id))
        {
            Assert.Equal(from, step.From);
            Assert.True(step.CaseVersion > version);
            (from, version) = (step.To, step.CaseVersion);
        }

        Assert.Equal(@case.State, from);
    }
}
