using DomainGuard.Core.Audit;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Sync;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Sync;

/// <summary>When the query runs, by whom, and what it may not do without a person.</summary>
public sealed class SqlScheduleTests
{
    private const string Query = "SELECT id AS account_id, 'u' || id || '@example.com' AS email FROM users";
    private static readonly string[] Ten = ["CREATE TABLE users (id INTEGER)", "INSERT INTO users VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_at_once_and_then_as_often_as_it_should_on_one_of_several_nodes()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Ten);
        await using var other = world.Guard.Join();
        RunSqlSync[] nodes = [world.Guard.Get<RunSqlSync>(), other.Get<RunSqlSync>()];
        Assert.Single(await EachAsync(), r => r is not null);
        Assert.DoesNotContain(await EachAsync(), r => r is not null);
        world.Guard.Clock.Time += world.Options.Schedule - TimeSpan.FromSeconds(1);
        Assert.DoesNotContain(await EachAsync(), r => r is not null);
        world.Guard.Clock.Time += TimeSpan.FromSeconds(1);
        Assert.Single(await EachAsync(), r => r is not null);

        world.Options.Schedule = TimeSpan.FromMinutes(2); // a new configuration counts at once
        world.Guard.Clock.Time += TimeSpan.FromMinutes(2);
        Assert.Single(await EachAsync(), r => r is not null);
        world.Options.ConnectionString = " ";
        world.Guard.Clock.Time += TimeSpan.FromDays(2);
        Assert.DoesNotContain(await EachAsync(), r => r is not null);

        async Task<Import?[]> EachAsync() => await Task.WhenAll(nodes.Select(n => Task.Run(() => n.ExecuteAsync(Cancel))));
    }

    [Fact]
    public async Task A_run_whose_process_died_is_done_again_soon()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Ten);
        world.Options.Schedule = TimeSpan.FromDays(1);
        Assert.NotNull(await world.Guard.Get<SqlSchedule>().ClaimAsync(Cancel)); // and then nothing more
        var run = world.Guard.Get<RunSqlSync>();
        Assert.Null(await run.ExecuteAsync(Cancel));
        world.Guard.Clock.Time += TimeSpan.FromMinutes(5);
        Assert.Equal(10, (await run.ExecuteAsync(Cancel))!.NewAccounts);
        world.Guard.Clock.Time += TimeSpan.FromMinutes(5);
        Assert.Null(await run.ExecuteAsync(Cancel));
    }

    [Fact]
    public async Task Nothing_is_run_beside_a_run_that_lives()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Ten);
        await using (var db = await world.Guard.Dbs.CreateDbContextAsync(Cancel))
        {
            var turn = world.Guard.Get<ImportTurn>();
            db.Imports.Add(new Import { Id = 1, FileName = "SQL query", Format = ImportFormat.Sql, RequestedBy = "schedule", Status = ImportStatus.Staging, LeaseOwner = turn.NewOwner(), LeaseUntil = turn.LeaseEnd });
            await db.SaveChangesAsync(Cancel);
        }

        Assert.Null(await world.Guard.Get<RunSqlSync>().ExecuteAsync(Cancel));
        Assert.Contains("under way", await world.Guard.Get<StartSqlSync>().ExecuteAsync(People.Administrator, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_lets_it_run_now_and_stands_in_the_audit_trail()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Ten);
        await world.SyncAsync();
        var (start, run) = (world.Guard.Get<StartSqlSync>(), world.Guard.Get<RunSqlSync>());
        Assert.NotNull(await start.ExecuteAsync(People.Analyst, Cancel));
        Assert.Null(await run.ExecuteAsync(Cancel));
        Assert.Null(await start.ExecuteAsync(People.Administrator, Cancel));
        Assert.Contains("a moment ago", await start.ExecuteAsync(People.Administrator, Cancel), StringComparison.Ordinal);
        Assert.True((await world.Guard.Get<SyncQueries>().SourceAsync(Cancel)).IsRunning);
        Assert.Equal("Administrator", (await run.ExecuteAsync(Cancel))!.RequestedBy);
        Assert.Null(await run.ExecuteAsync(Cancel));
        await using var db = await world.Guard.Dbs.CreateDbContextAsync(Cancel);
        Assert.Contains(await db.AuditEntries.AsNoTracking().Where(e => e.Action == AuditAction.ImportMerged).ToListAsync(Cancel), e => (e.ActorKind, e.ActorId) == (AuditActorKind.Staff, People.Administrator.Actor.Id));
        Assert.Equal(2, (await world.Guard.Get<SyncQueries>().LatestAsync(20, Cancel)).Count);
    }

    [Fact]
    public async Task Above_a_tenth_gone_nothing_is_written_until_an_administrator_allows_that_run()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Ten);
        await world.SyncAsync();
        var before = await world.Guard.DumpAsync();
        await world.RunAsync("DELETE FROM users WHERE id > 8");
        var first = await world.SyncAsync();
        Assert.Equal((ImportStatus.Compared, 2), (first.Status, first.GoneAccounts));
        Assert.Contains("more than 10 %", first.Problem, StringComparison.Ordinal);
        Assert.Equal(before, await world.Guard.DumpAsync());

        var second = await world.SyncAsync(); // a newer run takes its place
        var (queries, confirm) = (world.Guard.Get<SyncQueries>(), world.Guard.Get<ConfirmImport>());
        Assert.Equal(ImportStatus.Refused, (await world.Guard.Get<ImportQueries>().FindAsync(first.Id, Cancel))!.Status);
        Assert.Equal(second.Id, (await queries.WaitingAsync(Cancel))!.Id);
        Assert.NotNull(await confirm.ExecuteAsync(first.Id, People.Administrator, keepGood: true, allowRemovals: true, Cancel));
        Assert.NotNull(await confirm.ExecuteAsync(second.Id, People.Analyst, keepGood: true, allowRemovals: true, Cancel));
        Assert.Null(await confirm.ExecuteAsync(second.Id, People.Administrator, keepGood: true, allowRemovals: true, Cancel));
        Assert.True(await world.Guard.Get<MergeImport>().ExecuteAsync(second.Id, null, Cancel));
        Assert.NotNull((await world.Guard.AccountAsync("9")).RetiredAt);

        await world.RunAsync("DELETE FROM users WHERE id > 5");
        Assert.Equal(ImportStatus.Compared, (await world.SyncAsync()).Status); // it was allowed once, not for ever
        world.Options.Mode = SqlSourceMode.Partial;
        var part = await world.SyncAsync();
        Assert.Equal((ImportStatus.Completed, 0), (part.Status, part.GoneAccounts));
        Assert.Null((await world.Guard.AccountAsync("8")).RetiredAt);
        Assert.Null(await queries.WaitingAsync(Cancel));
    }
}
