using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.Sources;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Policy;

public sealed class PolicyInForceTests
{
    public static TheoryData<DatabaseProvider> Providers => PolicyWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_policy_saved_while_a_scan_runs_is_not_that_scans(DatabaseProvider provider)
    {
        var source = new ScriptedSource();
        await using var world = await PolicyWorld.CreateAsync(provider, source);
        await world.Scans.AddAsync("a.com", "b.com");
        var id = await world.Scans.StartAsync();
        var saved = 0;
        source.Delay = async () =>
        {
            if (Interlocked.Exchange(ref saved, 1) == 0)
            {
                Assert.Equal(new SavePolicyOutcome.Saved(2), await world.SaveAsync(("Active.lookAgain", "1d")));
            }
        };
        await world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);

        await using var db = await world.OpenAsync();
        Assert.Equal((1, ScanStatus.Completed), await db.Scans.Where(s => s.Id == id).Select(s => new ValueTuple<int, ScanStatus>(s.PolicyVersion, s.Status)).SingleAsync(TestContext.Current.CancellationToken));
        // Its domains are looked at again as the version says that it began with.
        Assert.All(await db.Domains.ToListAsync(TestContext.Current.CancellationToken), d => Assert.True(d.NextCheckAt > world.Scans.Clock.Now.AddDays(20), $"{d.Name} {d.NextCheckAt}"));

        world.Scans.Clock.Time = world.Scans.Clock.Time.AddDays(31);
        var next = await world.Scans.ScanAsync(ScanScope.All);
        await using var after = await world.OpenAsync();
        Assert.Equal(2, await after.Scans.Where(s => s.Id == next.Id).Select(s => s.PolicyVersion).SingleAsync(TestContext.Current.CancellationToken));
        Assert.All(await after.Domains.ToListAsync(TestContext.Current.CancellationToken), d => Assert.True(d.NextCheckAt < world.Scans.Clock.Now.AddDays(1.1), $"{d.Name} {d.NextCheckAt}"));
    }

    [Fact]
    public async Task A_budget_saved_in_one_process_holds_in_every_other_within_a_second()
    {
        await using var world = await PolicyWorld.CreateAsync();
        var time = new Infrastructure.ManualTime();
        await using var other = world.Scans.Join(time, s => s.AddPolicy());
        Assert.Equal(60_000, await other.Get<SourceBudgets>().OfAsync(SourceKind.Rdap, CancellationToken.None));
        Assert.Equal(10_000, await other.Get<SourceBudgets>().OfAsync(SourceKind.Domainr, CancellationToken.None));
        await world.SaveAsync(("budgets.rdap", "777"));
        time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal(777, await other.Get<SourceBudgets>().OfAsync(SourceKind.Rdap, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Switches_are_turned_to_the_careful_side_with_a_reason_and_an_entry(DatabaseProvider provider)
    {
        await using var world = await PolicyWorld.CreateAsync(provider);
        var change = world.Get<ChangeSetting>();
        // Where nobody has ended it, it observes.
        await using (var fresh = await world.OpenAsync())
        {
            await fresh.Settings.Where(s => s.Name == InstallationSettings.ObserveOnly).ExecuteDeleteAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(new Switches(true, false), await world.Get<SettingQueries>().SwitchesAsync(CancellationToken.None));
        Assert.IsType<ChangeSettingOutcome.Refused>(await change.OnlyObserveAsync("why", PolicyWorld.Ada, CancellationToken.None));

        await using (var db = await world.OpenAsync())
        {
            await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, false, CancellationToken.None);
            var role = new IdentityRole<Guid>(Roles.Administrator) { Id = Guid.CreateVersion7() };
            db.Roles.Add(role);
            db.UserRoles.Add(new IdentityUserRole<Guid> { RoleId = role.Id, UserId = PolicyWorld.Ada.Id });
            await AddAsync(PolicyWorld.Ada, "ada");
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
            Assert.Contains("only one administrator", Problem(await change.RequireSecondPersonAsync("why", PolicyWorld.Ada, CancellationToken.None)), StringComparison.Ordinal);
            await AddAsync(PolicyWorld.Bela, "bela");
            db.UserRoles.Add(new IdentityUserRole<Guid> { RoleId = role.Id, UserId = PolicyWorld.Bela.Id });
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        foreach (var (role, may) in new[] { (Roles.Auditor, false), (Roles.Analyst, false), (Roles.Administrator, true) })
        {
            var by = PolicyWorld.Person(role);
            Assert.IsType<ChangeSettingOutcome.Refused>(await change.OnlyObserveAsync(" ", by, CancellationToken.None));
            Assert.Equal(may, await change.OnlyObserveAsync("too many", by, CancellationToken.None) is ChangeSettingOutcome.Changed);
            Assert.Equal(may, await change.RequireSecondPersonAsync("four eyes", by, CancellationToken.None) is ChangeSettingOutcome.Changed);
        }

        Assert.Equal(new Switches(true, true), await world.Get<SettingQueries>().SwitchesAsync(CancellationToken.None));
        await using var read = await world.OpenAsync();
        Assert.Equal(
            [("observe-only", "too many", """{"value":true}"""), ("require-second-person", "four eyes", """{"value":true}""")],
            (await read.AuditEntries.AsNoTracking().Where(e => e.Action == AuditAction.SettingChanged).OrderBy(e => e.Subject).ToListAsync(TestContext.Current.CancellationToken)).Select(e => (e.Subject!, e.Comment!, e.After!)));

        Task AddAsync(StaffMember person, string name) => world.AddStaffAsync(person, name);
    }

    private static string Problem(ChangeSettingOutcome outcome) => Assert.IsType<ChangeSettingOutcome.Refused>(outcome).Problem;
}
