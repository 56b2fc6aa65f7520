using DomainGuard.Core.Audit;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Sync;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace DomainGuard.Tests.Sync;

/// <summary>A query against the platform's own database, from its tables to our rows.</summary>
public sealed class SqlSourceTests
{
    private const string Query = "SELECT id AS account_id, mail AS email, is_main AS \"primary\", verified AS verified_at, made AS created_at, mfa AS two_factor, sum_ AS monthly_downloads, name AS user_name FROM users";

    public static TheoryData<DatabaseProvider> Providers => SqlSourceWorld.Providers;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Takes_accounts_in_with_the_types_of_the_database(DatabaseProvider provider)
    {
        await using var world = await SqlSourceWorld.CreateAsync(provider, Query + ";", provider == DatabaseProvider.PostgreSql
            ? ["CREATE TYPE colour AS ENUM ('red')", "CREATE TABLE users (id bigint, mail text, is_main boolean, verified timestamptz, made timestamp, mfa smallint, sum_ numeric, name colour)",
                "INSERT INTO users VALUES (1, 'A@Example.com', true, '2024-01-01 12:00:00.5+02', '2023-05-06 07:08:09', 1, 12.00, 'red'), (2, 'b@example.org', false, NULL, NULL, 0, NULL, NULL), (1, 'c@example.net', false, NULL, '2023-05-06 07:08:09', 1, 12, 'red')"]
            : ["CREATE TABLE users (id INTEGER, mail TEXT, is_main INTEGER, verified TEXT, made TEXT, mfa TEXT, sum_ REAL, name TEXT)",
                "INSERT INTO users VALUES (1, 'A@Example.com', 1, '2024-01-01T12:00:00.5+02:00', '2023-05-06 07:08:09', 'yes', 12.0, 'red'), (2, 'b@example.org', 0, NULL, NULL, 'f', NULL, NULL), (1, 'c@example.net', 0, NULL, '2023-05-06 07:08:09', 1, 12, 'red')"]);
        var run = await world.SyncAsync();
        Assert.Empty((await world.Guard.RejectionsAsync(run)).Select(r => $"{r.Field} {r.Reason}"));
        Assert.Equal((ImportStatus.Completed, 3, 2, 0, null), (run.Status, run.Rows, run.NewAccounts, run.Rejected, run.Problem));
        var (first, second) = (await world.Guard.AccountAsync("1"), await world.Guard.AccountAsync("2"));
        Assert.Equal(("red", true, 12L, new DateTimeOffset(2023, 5, 6, 7, 8, 9, TimeSpan.Zero), 2), (first.UserName, first.TwoFactor!.Value, first.MonthlyDownloads, first.CreatedAt!.Value, first.AddressCount));
        Assert.Equal((null, false, 0L, null), (second.UserName, second.TwoFactor, second.MonthlyDownloads, second.CreatedAt));
        var address = await world.Guard.AddressAsync("A@example.com");
        Assert.Equal((true, new DateTimeOffset(2024, 1, 1, 10, 0, 0, 500, TimeSpan.Zero)), (address.IsPrimary, address.VerifiedAt!.Value));

        await using var db = await world.Guard.Dbs.CreateDbContextAsync(Cancel);
        var entry = await db.AuditEntries.AsNoTracking().SingleAsync(e => e.Action == AuditAction.ImportMerged, Cancel);
        Assert.Equal((AuditActorKind.System, "sql source"), (entry.ActorKind, entry.ActorId));
        Assert.Equal(2, (await world.SyncAsync()).UnchangedAccounts);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Rejects_bad_rows_by_their_number_and_takes_the_others(DatabaseProvider provider)
    {
        var bytes = provider == DatabaseProvider.PostgreSql ? "'\\x00'::bytea" : "x'00'";
        await using var world = await SqlSourceWorld.CreateAsync(provider, $"""
            SELECT * FROM (
            SELECT 1 AS n, 'a' AS account_id, 'a@example.com' AS email, '2024-01-01' AS verified_at, 'true' AS two_factor, NULL AS user_name
            UNION ALL SELECT 2, 'b', 'no address', NULL, NULL, NULL
            UNION ALL SELECT 3, 'c', 'c@example.com', '01/02/2024', NULL, NULL
            UNION ALL SELECT 4, 'd', 'd@example.com', NULL, '2', NULL
            UNION ALL SELECT 5, NULL, 'e@example.com', NULL, NULL, NULL
            UNION ALL SELECT 6, 'a', 'a@example.com', NULL, NULL, NULL
            UNION ALL SELECT 7, 'g', NULL, NULL, NULL, NULL) AS rows ORDER BY n
            """);
        world.Options.Query = $"SELECT account_id, email, verified_at, two_factor, user_name FROM ({world.Options.Query}) AS numbered";
        var run = await world.SyncAsync();
        Assert.Equal((ImportStatus.Completed, 7, 1, 6), (run.Status, run.Rows, run.NewAccounts, run.Rejected));
        Assert.Equal(
            [(2, "email"), (3, "verified_at"), (4, "two_factor"), (5, "account_id"), (6, "two_factor"), (7, "email")], (await world.Guard.RejectionsAsync(run)).Select(r => (r.Line, r.Field)));
        Assert.Equal(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero), (await world.Guard.AddressAsync("a@example.com")).VerifiedAt);

        world.Options.Query = $"SELECT 'a' AS account_id, 'a@example.com' AS email, {bytes} AS user_name";
        run = await world.SyncAsync();
        Assert.Equal((ImportStatus.Refused, 1), (run.Status, run.Rejected));
        Assert.Contains("cast it to text", Assert.Single(await world.Guard.RejectionsAsync(run)).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Names_all_columns_that_are_missing_or_not_known(DatabaseProvider provider)
    {
        await using var world = await SqlSourceWorld.CreateAsync(provider, "SELECT 1 AS id, 'x' AS mail, true AS two_factor");
        var run = await world.SyncAsync();
        Assert.Equal(ImportStatus.Refused, run.Status);
        Assert.Contains("no column account_id and no column email", run.Problem, StringComparison.Ordinal);
        Assert.Contains("'id', 'mail'", run.Problem, StringComparison.Ordinal);
        Assert.True(run.Problem!.Length <= 500);
    }

    [Theory]
    [InlineData(DatabaseProvider.Sqlite, "DELETE FROM users RETURNING id AS account_id, 'a@example.com' AS email", "tries to write")]
    [InlineData(DatabaseProvider.PostgreSql, "DELETE FROM users RETURNING id AS account_id, 'a@example.com' AS email", "tries to write")]
    [InlineData(DatabaseProvider.PostgreSql, "WITH gone AS (DELETE FROM users RETURNING id) SELECT id AS account_id, 'a@example.com' AS email FROM gone", "tries to write")]
    [InlineData(DatabaseProvider.PostgreSql, "COMMIT; DELETE FROM users RETURNING id AS account_id, 'a@example.com' AS email", "multiple commands")]
    public async Task A_query_that_would_write_writes_nothing(DatabaseProvider provider, string query, string says)
    {
        await using var world = await SqlSourceWorld.CreateAsync(provider, query, "CREATE TABLE users (id integer)", "INSERT INTO users VALUES (1)");
        var run = await world.SyncAsync();
        Assert.Equal(ImportStatus.Refused, run.Status);
        Assert.Contains(says, run.Problem, StringComparison.Ordinal);
        Assert.Equal(1, await world.CountAsync("users"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_failed_run_says_what_to_do_and_leaves_what_was_there(DatabaseProvider provider)
    {
        await using var world = await SqlSourceWorld.CreateAsync(provider, "SELECT id AS account_id, mail AS email FROM users", "CREATE TABLE users (id integer, mail text)", "INSERT INTO users VALUES (1, 'a@example.com')");
        Assert.Equal(ImportStatus.Completed, (await world.SyncAsync()).Status);
        var before = await world.Guard.DumpAsync();

        world.Options.Query = "SELECT id AS account_id, mail AS email FROM nowhere";
        await FailsAsync("nowhere");
        world.Options.Query = "SELECT id AS account_id, mail AS email FROM users";
        world.Options.ConnectionString = provider == DatabaseProvider.PostgreSql
            ? new NpgsqlConnectionStringBuilder(world.ConnectionString) { Port = 1 }.ConnectionString : world.ConnectionString + ".gone";
        await FailsAsync("ConnectionString");
        if (provider == DatabaseProvider.PostgreSql)
        {
            world.Options.ConnectionString = new NpgsqlConnectionStringBuilder(world.ConnectionString) { Username = "nobody_of_that_name", Password = "secret-of-the-test" }.ConnectionString;
            await FailsAsync("refused the user name or password");

            // The server ends the connection after some rows.
            world.Options.ConnectionString = world.ConnectionString;
            world.Options.Query = "SELECT n::text AS account_id, 'a' || n || '@example.com' AS email FROM generate_series(1, 50000) AS n WHERE n < 40000 OR pg_terminate_backend(pg_backend_pid())";
            await FailsAsync("begins anew");
        }

        async Task FailsAsync(string says)
        {
            var run = await world.SyncAsync();
            Assert.Equal(ImportStatus.Refused, run.Status);
            Assert.Contains(says, run.Problem, StringComparison.Ordinal);
            Assert.Contains("Nothing was written", run.Problem, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", run.Problem, StringComparison.Ordinal);
            Assert.Equal(before, await world.Guard.DumpAsync());
            await using var db = await world.Guard.Dbs.CreateDbContextAsync(Cancel);
            Assert.False(await db.ImportRows.AnyAsync(Cancel));
        }
    }

    [Theory]
    [InlineData(DatabaseProvider.Sqlite, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) AS account_id, 'a@example.com' AS email FROM n")]
    [InlineData(DatabaseProvider.PostgreSql, "SELECT '1' AS account_id, 'a@example.com' AS email FROM pg_sleep(60)")]
    [InlineData(DatabaseProvider.Sqlite, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS account_id, 'a@example.com' AS email FROM n")]
    public async Task A_query_that_never_ends_is_broken_off_in_time(DatabaseProvider provider, string query)
    {
        await using var world = await SqlSourceWorld.CreateAsync(provider, query);
        world.Options.CommandTimeout = TimeSpan.FromSeconds(1);
        var run = await world.SyncAsync();
        Assert.Equal(ImportStatus.Refused, run.Status);
        Assert.Contains("took longer than 1 s (DomainGuard:Sync:Sql:CommandTimeout)", run.Problem, StringComparison.Ordinal);
        Assert.Null(await world.Guard.Get<SqlSchedule>().ClaimAsync(Cancel)); // its turn is over until the next one
    }

    [Theory]
    [InlineData(DatabaseProvider.Sqlite, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS account_id, 'A' || i || '@Example.com' AS email, '2024-01-01 10:00:00' AS verified_at FROM n")]
    [InlineData(DatabaseProvider.PostgreSql, "SELECT i AS account_id, 'A' || i || '@Example.com' AS email, '2024-01-01 10:00:00' AS verified_at FROM (SELECT generate_series(1, 2000000000) AS i) AS n")]
    public async Task A_preview_shows_the_first_rows_of_a_query_without_reading_the_rest(DatabaseProvider provider, string query)
    {
        await using var world = await SqlSourceWorld.CreateAsync(provider, query);
        var preview = Assert.IsType<SqlPreview.Read>(await world.Guard.Get<PreviewSqlSource>().ExecuteAsync(People.Administrator, Cancel));
        Assert.Equal((20, true), (preview.Rows.Count, preview.HasMore));
        Assert.Equal(["account_id", "email", "verified_at"], preview.Columns);
        var row = preview.Rows[19];
        Assert.Equal(["20", "A20@Example.com", "2024-01-01 10:00:00"], row.Cells);
        Assert.Equal(["20", "A20@example.com", "2024-01-01T10:00:00Z"], preview.Columns.Select(c => SqlPreviewText.Taken(row.Item, c)));

        world.Options.Query = "SELECT 'x' AS account_id, 'nowhere' AS email";
        preview = Assert.IsType<SqlPreview.Read>(await world.Guard.Get<PreviewSqlSource>().ExecuteAsync(People.Administrator, Cancel));
        Assert.Equal("email", Assert.IsType<ImportBad>(Assert.Single(preview.Rows).Item).Field);
        Assert.False(preview.HasMore);
        await using var db = await world.Guard.Dbs.CreateDbContextAsync(Cancel);
        Assert.False(await db.Imports.AnyAsync(Cancel));
    }

    [Fact]
    public async Task A_preview_that_takes_too_long_is_broken_off()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) AS account_id, 'a@example.com' AS email FROM n");
        var source = world.Guard.Get<SqlSource>();
        var problem = await Assert.ThrowsAsync<ImportUnreadableException>(async () =>
        {
            await using var rows = await source.OpenAsync(TimeSpan.FromMilliseconds(200), "the limit of a preview", Cancel);
            await rows.NextAsync(world.Guard.Clock.Now);
        });
        Assert.Contains("the limit of a preview", problem.Message, StringComparison.Ordinal);
    }
}
