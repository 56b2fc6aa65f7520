using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace DomainGuard.Tests.Auth;

/// <summary>Changing staff: who may, what can never happen, and what the audit trail says of it. On every configured database.</summary>
public sealed class StaffTests
{
    public static TheoryData<DatabaseProvider> Providers => TestDatabase.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Two_administrators_who_demote_each_other_at_once_leave_one(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var (ada, bea) = (await world.AddAsync("ada", Roles.Administrator), await world.AddAsync("bea", Roles.Administrator));
        var change = new ChangeStaffRoles(world.Changes);
        var outcomes = await Task.WhenAll(
            Task.Run(() => change.ExecuteAsync(ada, bea.Id, [Roles.Auditor], CancellationToken.None)),
            Task.Run(() => change.ExecuteAsync(bea, ada.Id, [Roles.Auditor], CancellationToken.None)));
        Assert.Single(outcomes.OfType<StaffOutcome.Done>());
        Assert.Contains("last administrator", Assert.Single(outcomes.OfType<StaffOutcome.Refused>()).Problem, StringComparison.Ordinal);
        Assert.Equal(1, await world.AdministratorsAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_reason_that_the_trail_cannot_keep_is_refused_in_words_on_every_database(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var (ada, ben) = (await world.AddAsync("ada", Roles.Administrator), await world.AddAsync("ben", Roles.Analyst));
        foreach (var reason in new[] { new string('x', 10_001), new string('x', StaffChanges.MostReason + 1), "cut\0off" })
        {
            Assert.StartsWith("The comment h", Assert.IsType<StaffOutcome.Refused>(await new LockStaff(world.Changes).ExecuteAsync(ada, ben.Id, reason, CancellationToken.None)).Problem, StringComparison.Ordinal);
        }

        Assert.IsType<StaffOutcome.Done>(await new LockStaff(world.Changes).ExecuteAsync(ada, ben.Id, new string('"', StaffChanges.MostReason), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_last_administrator_who_can_sign_in_is_neither_locked_nor_demoted_nor_removed(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var last = await world.AddAsync("last", Roles.Administrator);
        // One with the right by an old cookie: the row says that he is an auditor by now.
        var stale = (await world.AddAsync("stale", Roles.Auditor)) with { Roles = new HashSet<string> { Roles.Administrator } };
        foreach (var outcome in new[]
        {
            await new LockStaff(world.Changes).ExecuteAsync(stale, last.Id, null, CancellationToken.None),
            await new ChangeStaffRoles(world.Changes).ExecuteAsync(stale, last.Id, [Roles.Analyst], CancellationToken.None),
            await new RemoveStaff(world.Changes).ExecuteAsync(stale, last.Id, null, CancellationToken.None),
        })
        {
            Assert.Contains("last administrator", Assert.IsType<StaffOutcome.Refused>(outcome).Problem, StringComparison.Ordinal);
        }

        await using var db = await world.Database.Dbs.CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.Null((await db.Users.SingleAsync(u => u.Id == last.Id, TestContext.Current.CancellationToken)).LockoutEnd);
        Assert.Empty(await db.AuditEntries.ToListAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_change_of_roles_renews_the_stamp_and_says_before_and_after(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var (ada, ben) = (await world.AddAsync("ada", Roles.Administrator), await world.AddAsync("ben", Roles.Auditor));
        var before = await world.StampAsync(ben.Id);
        Assert.IsType<StaffOutcome.Done>(await new ChangeStaffRoles(world.Changes).ExecuteAsync(ada, ben.Id, [Roles.Analyst, Roles.Auditor], CancellationToken.None));
        Assert.NotEqual(before, await world.StampAsync(ben.Id));
        await using var db = await world.Database.Dbs.CreateDbContextAsync(TestContext.Current.CancellationToken);
        var entry = await db.AuditEntries.SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal((AuditAction.StaffChanged, ada.Id.ToString("D"), StaffChanges.Subject(ben.Id)), (entry.Action, entry.ActorId, entry.Subject));
        Assert.Equal("""{"roles":"Auditor"}""", entry.Before);
        Assert.Equal("""{"roles":"Analyst, Auditor"}""", entry.After);
        Assert.Equal([Roles.Analyst, Roles.Auditor], await StaffChanges.RolesOfAsync(db, ben.Id, TestContext.Current.CancellationToken));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_removed_person_leaves_only_the_id_in_the_audit_trail(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var (ada, ben) = (await world.AddAsync("ada", Roles.Administrator), await world.AddAsync("ben", Roles.Analyst));
        Assert.IsType<StaffOutcome.Done>(await new RemoveStaff(world.Changes).ExecuteAsync(ada, ben.Id, "left", CancellationToken.None));
        await using var db = await world.Database.Dbs.CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.False(await db.Users.AnyAsync(u => u.Id == ben.Id, TestContext.Current.CancellationToken));
        Assert.False(await db.UserRoles.AnyAsync(u => u.UserId == ben.Id, TestContext.Current.CancellationToken));
        var entry = await db.AuditEntries.SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal((AuditAction.StaffRemoved, StaffChanges.Subject(ben.Id), "left"), (entry.Action, entry.Subject, entry.Comment));
        Assert.DoesNotContain("ben", entry.Before + entry.After, StringComparison.Ordinal);
        Assert.IsType<StaffOutcome.Refused>(await new LockStaff(world.Changes).ExecuteAsync(ada, ben.Id, null, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Nobody_changes_his_own_roles_nor_locks_removes_or_resets_himself(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var (ada, _) = (await world.AddAsync("ada", Roles.Administrator), await world.AddAsync("bea", Roles.Administrator));
        Assert.IsType<StaffOutcome.Refused>(await new ChangeStaffRoles(world.Changes).ExecuteAsync(ada, ada.Id, Roles.All.ToList(), CancellationToken.None));
        Assert.IsType<StaffOutcome.Refused>(await new LockStaff(world.Changes).ExecuteAsync(ada, ada.Id, null, CancellationToken.None));
        Assert.IsType<StaffOutcome.Refused>(await new RemoveStaff(world.Changes).ExecuteAsync(ada, ada.Id, null, CancellationToken.None));
        Assert.IsType<StaffOutcome.Refused>(await new ResetSecondFactor(world.Changes).ExecuteAsync(ada, ada.Id, null, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_unknown_id_is_refused_in_words(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var ada = await world.AddAsync("ada", Roles.Administrator);
        Assert.Contains("no such", Assert.IsType<StaffOutcome.Refused>(await new LockStaff(world.Changes).ExecuteAsync(ada, Guid.Empty, null, CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Many_wrong_tries_at_once_are_never_more_than_five(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var tries = new SignInTries(world.Database.Dbs, TimeProvider.System);
        var taken = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Task.Run(() => tries.TakeAsync("NOBODY", CancellationToken.None))));
        Assert.Equal(5, taken.Count(t => t is not null));
        Assert.NotNull((await tries.StandAsync("NOBODY", CancellationToken.None)).LockedUntil);
        Assert.NotNull(await tries.TakeAsync("SOMEBODY ELSE", CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_wait_ends_after_fifteen_minutes_and_a_right_password_gives_one_try_back(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        var time = new ManualTime();
        var tries = new SignInTries(world.Database.Dbs, time);
        for (var left = 4; left >= 0; left--)
        {
            Assert.Equal(left, (await tries.TakeAsync("ANN", CancellationToken.None))!.Left);
        }

        Assert.Null(await tries.TakeAsync("ANN", CancellationToken.None));
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.Null(await tries.TakeAsync("ANN", CancellationToken.None));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(4, (await tries.TakeAsync("ANN", CancellationToken.None))!.Left);
        await tries.GiveBackAsync("ANN", CancellationToken.None);
        Assert.Equal(4, (await tries.TakeAsync("ANN", CancellationToken.None))!.Left);
        await tries.ForgetAsync("ANN", CancellationToken.None);
        Assert.Equal(new TriesLeft(5, null), await tries.StandAsync("ANN", CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Staff_are_listed_page_by_page_in_both_directions(DatabaseProvider provider)
    {
        await using var world = await StaffWorld.CreateAsync(provider);
        foreach (var name in (string[])["eve", "bob", "dan", "amy", "cay"])
        {
            await world.AddAsync(name, Roles.Auditor);
        }

        var queries = new StaffQueries(world.Database.Dbs, TimeProvider.System);
        var first = await queries.ListAsync(new(), 2, TestContext.Current.CancellationToken);
        Assert.Equal(["amy", "bob"], first.Items.Select(i => i.UserName));
        Assert.Null(first.Previous);
        var second = await queries.ListAsync(new(After: first.Next), 2, TestContext.Current.CancellationToken);
        Assert.Equal(["cay", "dan"], second.Items.Select(i => i.UserName));
        Assert.Equal([Roles.Auditor], second.Items[0].Roles);
        var back = await queries.ListAsync(new(Before: second.Previous), 2, TestContext.Current.CancellationToken);
        Assert.Equal(["amy", "bob"], back.Items.Select(i => i.UserName));
        var last = await queries.ListAsync(new(Before: DomainGuard.Data.Paging.ListPosition.End), 2, TestContext.Current.CancellationToken);
        Assert.Equal(["dan", "eve"], last.Items.Select(i => i.UserName));
        Assert.Null(last.Next);
    }
}

/// <summary>A database with roles, and people in it.</summary>
internal sealed class StaffWorld : IAsyncDisposable
{
    private StaffWorld(TestDatabase database)
    {
        Database = database;
        Changes = new StaffChanges(database.Dbs, Clock, NullLogger<StaffChanges>.Instance);
    }

    public TestDatabase Database { get; }

    public FixedClock Clock { get; } = new();

    public StaffChanges Changes { get; }

    public static async Task<StaffWorld> CreateAsync(DatabaseProvider provider)
    {
        var world = new StaffWorld(await TestDatabase.CreateAsync(provider));
        await using var db = await world.Database.Dbs.CreateDbContextAsync();
        db.Roles.AddRange(Roles.All.Select(r => new IdentityRole<Guid>(r) { Id = Guid.CreateVersion7(), NormalizedName = r.ToUpperInvariant() }));
        await db.SaveChangesAsync();
        return world;
    }

    public async Task<StaffMember> AddAsync(string name, params string[] roles)
    {
        await using var db = await Database.Dbs.CreateDbContextAsync();
        var user = new GuardUser
        {
            Id = Guid.CreateVersion7(),
            UserName = name,
            NormalizedUserName = name.ToUpperInvariant(),
            DisplayName = name,
            PasswordHash = "x",
            SecurityStamp = name,
            JoinedAt = Clock.Now,
        };
        db.Users.Add(user);
        await StaffChanges.SetRolesAsync(db, user.Id, roles, CancellationToken.None);
        await db.SaveChangesAsync();
        return new StaffMember(user.Id, name, roles.ToHashSet(), "192.0.2.1");
    }

    public async Task<string?> StampAsync(Guid id)
    {
        await using var db = await Database.Dbs.CreateDbContextAsync();
        return await db.Users.Where(u => u.Id == id).Select(u => u.SecurityStamp).SingleAsync();
    }

    public async Task<int> AdministratorsAsync()
    {
        await using var db = await Database.Dbs.CreateDbContextAsync();
        return await (from r in db.UserRoles join role in db.Roles on r.RoleId equals role.Id where role.Name == Roles.Administrator select r).CountAsync();
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();

    internal sealed class FixedClock : GuardClock
    {
        public override DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    }
}
