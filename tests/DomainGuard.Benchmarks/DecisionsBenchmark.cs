using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Triage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Benchmarks;

/// <summary>
/// A decision on a frozen list of 10,000 cases, and its undo, beside a bare loop in the same run: as many prepared statements (update of case and address, insert of a line of
/// history and of the audit trail, of the same width) in one transaction, with nothing read, judged or hashed.
/// </summary>
internal static class DecisionsBenchmark
{
    private const int Rounds = 5;
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary><c>decisions [CASES]</c>: SQLite in a temporary file, and PostgreSQL where DOMAINGUARD_TEST_POSTGRES names a server. Prints a table in Markdown, medians.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : DecisionRules.MostCases;
        Console.WriteLine($"{count:N0} cases of as many addresses in one decision; median of {Rounds} rounds, seconds");
        Console.WriteLine();
        Console.WriteLine("| database | bare loop | freeze | decide | of bare loop | undo |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|");
        var file = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}.db");
        await MeasureAsync(new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=" + file }, count);
        if (Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES") is { Length: > 0 } server)
        {
            await MeasureAsync(new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = $"{server};Database=dg_bench_{Guid.CreateVersion7():N}" }, count);
        }

        return 0;
    }

    private static async Task MeasureAsync(DatabaseOptions database, int count)
    {
        await using var services = new ServiceCollection()
            .AddLogging()
            .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
            .AddGuardData(database, Path.GetTempPath())
            .AddSingleton(TimeProvider.System)
            .AddSingleton<GuardClock>(new FixedClock())
            .AddTriage()
            .BuildServiceProvider();
        var dbs = services.GetRequiredService<IDbContextFactory<GuardDb>>();
        try
        {
            await services.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
            await FillAsync(dbs, count);
            var by = new StaffMember(Guid.CreateVersion7(), "Benchmark", new HashSet<string> { Roles.Analyst }, "192.0.2.7");
            List<double> bare = [], freeze = [], decide = [], undo = [];
            for (var round = 0; round < Rounds; round++)
            {
                var bulk = Guid.Empty;
                await TimeAsync(bare, () => BareAsync(dbs, count, round));
                await TimeAsync(freeze, async () => bulk = (await services.GetRequiredService<FreezeCases>().ExecuteAsync(by, db => db.Cases.Where(c => c.IsOpen), CancellationToken.None)).BulkId);
                await TimeAsync(decide, async () =>
                {
                    var wish = new DecisionWish(CaseEvent.Unverify, ReasonCode.DomainLapsed, "All of them, as discussed.");
                    if (await services.GetRequiredService<DecideBulk>().ExecuteAsync(by, bulk, wish, CancellationToken.None) is not DecideOutcome.Done done || done.Count != count)
                    {
                        throw new InvalidOperationException("The list was not decided.");
                    }
                });
                await TimeAsync(undo, async () =>
                {
                    if (await services.GetRequiredService<UndoDecision>().ExecuteAsync(by, bulk, CancellationToken.None) is UndoOutcome.Refused refused)
                    {
                        throw new InvalidOperationException(refused.Problem);
                    }
                });
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {database.Provider} | {Median(bare):F2} | {Median(freeze):F2} | {Median(decide):F2} | {Median(decide) / Median(bare):F1} times | {Median(undo):F2} |"));
        }
        finally
        {
            await using var db = await dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }
    }

    private static async Task TimeAsync(List<double> seconds, Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        seconds.Add(watch.Elapsed.TotalSeconds);
    }

    private static double Median(List<double> seconds) => seconds.Order().ElementAt(seconds.Count / 2);

    private static async Task BareAsync(IDbContextFactory<GuardDb> dbs, int count, int round)
    {
        var updateCase = new SqlStatement("""UPDATE "Case" SET "Points" = @p0, "StateSince" = @p1 WHERE "Id" = @p2 AND "Version" >= @p3""", Number, Instant, Key, Number);
        var updateAddress = new SqlStatement("""UPDATE "Address" SET "State" = @p0 WHERE "Id" = @p1""", Number, Key);
        var decision = new SqlStatement(
            """
            INSERT INTO "Decision" ("Id", "CaseId", "CaseVersion", "At", "ActorKind", "ActorId", "Event", "From", "To", "Reason", "Comment", "Situation", "Phase", "HandChange", "Confidence", "PolicyVersion", "Before")
            VALUES (@p0, @p1, 0, @p2, 1, @p3, 0, 0, 2, 0, @p4, 10, 8, 0, 2, 3, @p5)
            """,
            Uuid, Key, Instant, SqlKind.Text, SqlKind.Text, SqlKind.Text);
        var entry = new SqlStatement(
            """
            INSERT INTO "AuditEntry" ("Id", "At", "ActorKind", "ActorId", "Action", "CaseId", "Comment", "Before", "After", "ContentHash") VALUES (@p0, @p1, 1, @p2, @p3, @p4, @p5, @p6, @p6, @p7)
            """,
            Uuid, Instant, SqlKind.Text, Number, Key, SqlKind.Text, SqlKind.Text, Bytes);
        var (actor, before, change, hash) = (Guid.CreateVersion7().ToString("D"), new string('b', 420), new string('c', 60), new byte[32]);
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        await session.BeginAsync(CancellationToken.None);
        for (var id = 1L; id <= count; id++)
        {
            await session.ExecuteAsync(updateCase, [54 + round, Now, id, 0], CancellationToken.None);
            await session.ExecuteAsync(updateAddress, [0, id], CancellationToken.None);
            await session.ExecuteAsync(decision, [Guid.CreateVersion7(Now), id, Now, actor, "All of them, as discussed.", before], CancellationToken.None);
            await session.ExecuteAsync(entry, [Guid.CreateVersion7(Now), Now, actor, AuditAction.CaseUnverified, id, "All of them, as discussed.", change, hash], CancellationToken.None);
        }

        await session.CommitAsync(CancellationToken.None);
    }

    private static async Task FillAsync(IDbContextFactory<GuardDb> dbs, int count)
    {
        var domains = new BulkTable(
            "Domain",
            ("Id", Key), ("Name", SqlKind.Text), ("Tld", SqlKind.Text), ("WatchedFor", Number), ("AddressCount", Number), ("MaxImpact", Number), ("Priority", Number), ("AddedAt", Instant), ("Phase", Number),
            ("Flags", Number), ("Confidence", Number), ("HandChange", Number), ("FailuresInRow", Number), ("Version", Number));
        var accounts = new BulkTable(
            "Account",
            ("Id", Key), ("ExternalId", SqlKind.Text), ("SortName", SqlKind.Text), ("Privileged", Bool), ("Projects", Key), ("MonthlyDownloads", Key), ("Impact", Number), ("AddressCount", Number),
            ("AddedAt", Instant), ("ChangedAt", Instant), ("Version", Number));
        var addresses = new BulkTable(
            "Address",
            ("Id", Key), ("AccountId", Key), ("DomainId", Key), ("Email", SqlKind.Text), ("SearchEmail", SqlKind.Text), ("MailHost", SqlKind.Text), ("IsPrimary", Bool), ("BaselineFrom", Instant), ("State", Number),
            ("HandChange", Number), ("HandConfidence", Number), ("AddedAt", Instant), ("Version", Number));
        var cases = new BulkTable(
            "Case",
            ("Id", Key), ("AddressId", Key), ("AccountId", Key), ("DomainId", Key), ("State", Number), ("IsOpen", Bool), ("IsUnverified", Bool), ("Situation", Number), ("Wanted", Number), ("Guard", Number),
            ("Phase", Number), ("HandChange", Number), ("Confidence", Number), ("Severity", Number), ("Points", Number), ("OpenedAt", Instant), ("StateSince", Instant), ("DecidedPhase", Number),
            ("DecidedHandChange", Number), ("DecidedWanted", Number), ("IsContested", Bool), ("PolicyVersion", Number), ("Version", Number));
        var ids = Enumerable.Range(1, count).Select(i => (long)i).ToList();
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        await session.BeginAsync(CancellationToken.None);
        await session.InsertAsync(domains, ids.ConvertAll(i => new object?[] { i, $"d{i}.test", "test", 1, 1, 0, 0, Now, Phase.Redemption, 0, Confidence.Corroborated, 0, 0, 0 }), CancellationToken.None);
        await session.InsertAsync(accounts, ids.ConvertAll(i => new object?[] { i, $"u{i}", $"u{i}", false, 3L, 100L, 10, 1, Now, Now, 0 }), CancellationToken.None);
        await session.InsertAsync(addresses, ids.ConvertAll(i => new object?[] { i, i, i, $"a@d{i}.test", $"a@d{i}.test", $"d{i}.test", true, Now, 0, 0, 0, Now, 0 }), CancellationToken.None);
        await session.InsertAsync(
            cases,
            ids.ConvertAll(i => new object?[]
            {
                i, i, i, i, CaseState.NeedsReview, true, false, Situation.Redemption, PolicyAction.Review, Guard.None, Phase.Redemption, HandChange.None, Confidence.Corroborated, Severity.Medium, 54, Now, Now,
                Phase.Redemption, HandChange.None, PolicyAction.Review, false, 3, 1,
            }),
            CancellationToken.None);
        await session.CommitAsync(CancellationToken.None);
        await using var db = await dbs.CreateDbContextAsync();
        await db.Database.ExecuteSqlRawAsync("ANALYZE");
    }

    private sealed class FixedClock : GuardClock
    {
        public override DateTimeOffset Now => DecisionsBenchmark.Now;
    }
}
