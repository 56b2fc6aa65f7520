using DomainGuard.Core.Audit;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Policy;

public sealed class SavePolicyTests
{
    public static TheoryData<DatabaseProvider> Providers => PolicyWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_saved_version_is_in_force_at_once_and_stands_in_the_audit_trail_with_the_fields_that_changed(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.AddStaffAsync(PolicyWorld.Ada, "ada" + PolicyWorld.Ada.Id.ToString("N")[..6]);
        var saved = await world.SaveAsync(("OnHold.action", "Unverify"), ("brake.perDay", "40"));

        Assert.Equal(new SavePolicyOutcome.Saved(2), saved);
        var current = await world.Get<PolicyStore>().CurrentAsync(CancellationToken.None);
        Assert.Equal((2, PolicyAction.Unverify, 40), (current.Version, current.Policy[Situation.OnHold].Action, current.Policy.Brake.PerDay));
        var row = await world.Get<PolicyQueries>().LatestAsync(CancellationToken.None);
        Assert.Equal((2, "because", world.Scans.Clock.Now), (row!.Version, row.Comment, row.SavedAt));
        Assert.StartsWith("ada", row.SavedBy, StringComparison.Ordinal);

        await using var db = await world.OpenAsync();
        var entry = await db.AuditEntries.AsNoTracking().SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal((AuditAction.PolicySaved, AuditActorKind.Staff, PolicyWorld.Ada.Id.ToString("D"), 2, "because"), (entry.Action, entry.ActorKind, entry.ActorId, entry.PolicyVersion, entry.Comment));
        Assert.Equal("""{"OnHold.action":"Review","brake.perDay":"20"}""", entry.Before);
        Assert.Equal("""{"OnHold.action":"Unverify","brake.perDay":"40"}""", entry.After);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Of_two_that_save_at_once_one_wins_and_the_other_is_told_by_whom(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        var wish = await world.WishAsync("mine", ("OnHold.action", "Unverify"));
        var other = await world.WishAsync("theirs", ("brake.perDay", "10"));
        var save = world.Get<SavePolicy>();
        for (var round = 1; round <= 5; round++)
        {
            var outcomes = await Task.WhenAll(
                Task.Run(() => save.ExecuteAsync(wish with { BasedOn = round }, PolicyWorld.Ada, CancellationToken.None)),
                Task.Run(() => save.ExecuteAsync(other with { BasedOn = round }, PolicyWorld.Bela, CancellationToken.None)));
            Assert.Single(outcomes.OfType<SavePolicyOutcome.Saved>(), s => s.Version == round + 1);
            Assert.Single(outcomes.OfType<SavePolicyOutcome.Conflict>(), c => c.Latest.Version == round + 1);
            // The winner's change must be one again in the next round.
            (wish, other) = (await world.WishAsync("mine", ("OnHold.lookAgain", $"{round + 1}d")), await world.WishAsync("theirs", ("brake.perDay", $"{10 + round}")));
        }

        await using var db = await world.OpenAsync();
        Assert.Equal(6, await db.PolicyVersions.CountAsync(TestContext.Current.CancellationToken));
        Assert.Equal(5, await db.AuditEntries.CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Somebody_who_began_with_an_older_version_changes_nothing()
    {
        await using var world = await PolicyWorld.CreateAsync();
        var late = await world.WishAsync("late", ("OnHold.action", "Watch"));
        await world.SaveAsync(("brake.perDay", "30"));
        var conflict = Assert.IsType<SavePolicyOutcome.Conflict>(await world.Get<SavePolicy>().ExecuteAsync(late, PolicyWorld.Bela, CancellationToken.None));
        Assert.Equal((2, "because"), (conflict.Latest.Version, conflict.Latest.Comment));
        Assert.Equal(2, (await world.Get<PolicyStore>().CurrentAsync(CancellationToken.None)).Version);
    }

    [Theory]
    [InlineData("brake.perDay", "100001", "", "brake.perDay", "The brake is 0 to 100,000")]
    [InlineData("Unknown.action", "Unverify", "why", "Unknown.action", "can never un-verify")]
    [InlineData("OnHold.action", "Watch", "  ", "comment", "Say why")]
    [InlineData("OnHold.action", "Review", "why", "", "Nothing is changed")]
    [InlineData("gate.maxAgeInDoubt", "2d", "why", "gate.maxAgeInDoubt", "as old as any evidence")]
    public async Task What_is_wrong_is_said_at_its_field_and_nothing_is_written(string field, string text, string comment, string at, string words)
    {
        await using var world = await PolicyWorld.CreateAsync();
        var outcome = await world.Get<SavePolicy>().ExecuteAsync(await world.WishAsync(comment, (field, text)), PolicyWorld.Ada, CancellationToken.None);
        var problem = Assert.IsType<SavePolicyOutcome.Refused>(outcome).Problems[0];
        Assert.Equal(at, problem.Field);
        Assert.Contains(words, problem.Text, StringComparison.Ordinal);
        await using var db = await world.OpenAsync();
        Assert.Equal((1, 0), (await db.PolicyVersions.CountAsync(TestContext.Current.CancellationToken), await db.AuditEntries.CountAsync(TestContext.Current.CancellationToken)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_reason_that_the_history_cannot_keep_is_refused_on_every_database(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        foreach (var reason in new[] { new string('x', 2_001), "cut\0off", "half \uD83D" })
        {
            var outcome = await world.Get<SavePolicy>().ExecuteAsync(await world.WishAsync(reason, ("OnHold.action", "Watch")), PolicyWorld.Ada, CancellationToken.None);
            Assert.Equal("comment", Assert.IsType<SavePolicyOutcome.Refused>(outcome).Problems[0].Field);
        }
    }

    /// <summary>The longest entry that a change of ours makes: its column holds 8,000 characters, and PostgreSQL would refuse the change with one that is longer.</summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_policy_of_which_every_field_is_changed_fits_into_one_entry(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        string[] texts = ["1999999999ms", "90,89,88,87,86", "2147483647", "99.99999999999999", "Unverify", "Review", "off", "on"];
        var changed = PolicyFields.Names.Aggregate(GuardPolicy.Default, (policy, field) => texts
            .Select(t => PolicyFields.With(policy, field, t))
            .First(p => p is not null && PolicyFields.Get(p, field) != PolicyFields.Get(GuardPolicy.Default, field))!);
        var changes = PolicyFields.Changes(GuardPolicy.Default, changed);
        Assert.Equal(PolicyFields.Names.Count, changes.Count);

        await using var db = await world.OpenAsync();
        var entry = AuditTrail.Add(db, new AuditFact(AuditAction.PolicySaved, PolicyWorld.Ada.Actor, world.Scans.Clock.Now)
        {
            Comment = new string('"', 10_000),
            Changes = [.. changes.Select(c => (c.Field, (object?)c.Before, (object?)c.After))],
        });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);

        Assert.InRange(Math.Max(entry.Before!.Length, entry.After!.Length), 1, 4_000);
    }

    [Fact]
    public async Task A_cadence_that_the_budgets_cannot_meet_is_refused_with_the_sum()
    {
        await using var world = await PolicyWorld.CreateAsync();
        await world.Scans.AddAsync(Enumerable.Range(0, 100).Select(i => $"d{i}.com"));
        // A hundred domains that nothing is known of, once a day.
        var outcome = await world.SaveAsync(("budgets.rdap", "100"));
        var problem = Assert.Single(Assert.IsType<SavePolicyOutcome.Refused>(outcome).Problems);
        Assert.Equal("budgets.rdap", problem.Field);
        Assert.Equal("108 RDAP questions a day wanted, 100 allowed: Unknown every 1 d = 105; Repeats (2 %) = 2.", problem.Text);
        Assert.IsType<SavePolicyOutcome.Saved>(await world.SaveAsync(("budgets.rdap", "108")));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_old_version_is_restored_by_saving_it_anew(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        await world.SaveAsync(("OnHold.action", "Unverify"));
        var first = await world.Get<PolicyStore>().GetAsync(1, CancellationToken.None);
        Assert.Equal(new SavePolicyOutcome.Saved(3), await world.Get<SavePolicy>().ExecuteAsync(new PolicyWish(2, first.Policy, "back"), PolicyWorld.Ada, CancellationToken.None));
        Assert.Empty(PolicyFields.Changes(first.Policy, (await world.Get<PolicyStore>().CurrentAsync(CancellationToken.None)).Policy));
        await using var db = await world.OpenAsync();
        Assert.Equal([1, 2, 3], await db.PolicyVersions.OrderBy(p => p.Version).Select(p => p.Version).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(Roles.Administrator, true)]
    [InlineData(Roles.Analyst, false)]
    [InlineData(Roles.Auditor, false)]
    [InlineData("", false)]
    public async Task Only_administrators_change_the_policy(string role, bool may)
    {
        await using var world = await PolicyWorld.CreateAsync();
        var by = PolicyWorld.Person(role);
        Assert.Equal(may, await world.Get<SavePolicy>().ExecuteAsync(await world.WishAsync("why", ("OnHold.action", "Watch")), by, CancellationToken.None) is SavePolicyOutcome.Saved);

        await world.RequireSecondPersonAsync();
        Assert.Equal(may, await world.Get<ProposePolicy>().ExecuteAsync(await world.WishAsync("why", ("Expired.action", "Review")), by, CancellationToken.None) is SavePolicyOutcome.Proposed);
        Assert.Equal(may, await world.Get<ProposePolicy>().EndSecondPersonAsync("why", by, CancellationToken.None) is SavePolicyOutcome.Proposed);
        var proposed = Assert.IsType<SavePolicyOutcome.Proposed>(
            await world.Get<ProposePolicy>().ExecuteAsync(await world.WishAsync("why", ("Parked.action", "Watch")), PolicyWorld.Ada, CancellationToken.None));
        Assert.Equal(may, await world.Get<DecideProposal>().ExecuteAsync(proposed.ProposalId, true, "yes", by, CancellationToken.None) is DecideProposalOutcome.Approved);
    }
}
