using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Triage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Benchmarks;

/// <summary>
/// The queue at 50,000 open cases among 1,000,000 accounts (and as many closed ones). A sample is the first page as the console asks it; beside it later pages, views, filters and the counts
/// that are read after the page. Yardstick: 50 cases by primary key in the same run.
/// </summary>
internal static class TriageBenchmark
{
    private const int Samples = 40;
    private const int Size = 50;

    /// <summary>Fills a database (SQLite in a temporary file, or with <c>postgres</c> one on the server that DOMAINGUARD_TEST_POSTGRES names) and prints a table in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var numbers = args.Skip(1).Select(a => int.TryParse(a, CultureInfo.InvariantCulture, out var n) ? n : 0).Where(n => n > 0).ToList();
        var (accounts, open) = (numbers.FirstOrDefault(1_000_000), numbers.Skip(1).FirstOrDefault(50_000));
        var file = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}.db");
        var database = args.Contains("postgres")
            ? new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = $"{Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES")};Database=dg_bench_{Guid.CreateVersion7():N}" }
            : new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=" + file };
        var clock = new RealClock(TimeProvider.System);
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3);
        services.AddGuardData(database, Path.GetTempPath());
        await using var provider = services.BuildServiceProvider();
        var dbs = provider.GetRequiredService<IDbContextFactory<GuardDb>>();
        try
        {
            await provider.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
            var watch = Stopwatch.StartNew();
            var me = Guid.CreateVersion7();
            await FillAsync(dbs, clock.Now, accounts, open, me);
            await using (var db = await dbs.CreateDbContextAsync())
            {
                await db.Database.ExecuteSqlRawAsync("ANALYZE");
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{database.Provider}, {accounts:N0} accounts, {open:N0} open cases, filled in {watch.Elapsed.TotalSeconds:0} s; {Samples} samples each, ms"));
            Console.WriteLine();
            Console.WriteLine("| asked | groups | p50 | p95 |");
            Console.WriteLine("|---|---|---|---|");
            await MeasureAsync("yardstick: 50 cases by primary key", async i =>
            {
                await using var db = await dbs.CreateDbContextAsync();
                long from = (long)open * i / (Samples + 3);
                return (await db.Cases.AsNoTracking().Where(c => c.Id > from).OrderBy(c => c.Id).Take(Size).ToListAsync()).Count;
            });
            foreach (var (name, filter, position) in Asked(me))
            {
                await MeasureAsync(name, async _ => (await new CaseQueries(dbs, clock, TimeProvider.System).ListAsync(filter, me, true, position, Size, CancellationToken.None)).Items.Count);
            }

            await MeasureAsync("first page, case by case", async _ => (await new CaseQueries(dbs, clock, TimeProvider.System).ListAsync(new CaseFilter(), me, false, new ListPosition(), Size, CancellationToken.None)).Items.Count);
            await DeepAsync(dbs, clock, me);
            await MeasureAsync("beside the page: count of cases and domains", async _ => (await new CaseQueries(dbs, clock, TimeProvider.System).CountAsync(new CaseFilter(), me, CancellationToken.None)).Domains);
            await MeasureAsync("beside the page: counts of all views, never kept", async _ => (await new CaseQueries(dbs, clock, TimeProvider.System).CountsAsync(CancellationToken.None)).Total);
        }
        finally
        {
            await using var db = await dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }

        return 0;
    }

    private static IEnumerable<(string Name, CaseFilter Filter, ListPosition Position)> Asked(Guid me)
    {
        yield return ("**first page, worst first**", new CaseFilter(), new ListPosition());
        yield return ("last page", new CaseFilter(), new ListPosition(Before: ListPosition.End));
        foreach (var view in new[] { TriageView.Mine, TriageView.Unassigned, TriageView.Drop7, TriageView.Review, TriageView.Critical, TriageView.Unconfirmed, TriageView.OneSource, TriageView.Snoozed, TriageView.Recovered, TriageView.Open })
        {
            yield return ($"view {CaseFilter.Name(view)}", new CaseFilter { View = view }, new ListPosition());
        }

        yield return ("view Closed", new CaseFilter { View = TriageView.Closed }, new ListPosition());
        yield return ("phase Released", new CaseFilter { Phase = Phase.Released }, new ListPosition());
        yield return ("TLD of half", new CaseFilter { Tld = "com" }, new ListPosition());
        yield return ("TLD of 0.2 %", new CaseFilter { Tld = "rare" }, new ListPosition());
        yield return ("one domain", new CaseFilter { Domain = "d757.t7" }, new ListPosition());
        yield return ("search, one letter", new CaseFilter { Search = "d" }, new ListPosition());
        yield return ("search, address", new CaseFilter { Search = "a26x@" }, new ListPosition());
        yield return ("search, nothing found", new CaseFilter { Search = "zzzz" }, new ListPosition());
        yield return ("assignee me", new CaseFilter { Assignee = new AssigneeFilter(me) }, new ListPosition());
    }

    private static async Task DeepAsync(IDbContextFactory<GuardDb> dbs, GuardClock clock, Guid me)
    {
        var positions = new List<ListPosition>();
        var queries = new CaseQueries(dbs, clock, TimeProvider.System);
        var position = new ListPosition();
        for (var i = 0; i < 100 && (await queries.ListAsync(new CaseFilter(), me, true, position, Size, CancellationToken.None)).Next is { } next; i++)
        {
            positions.Add(position = new ListPosition(After: next));
        }

        await MeasureAsync("pages 60 to 100", async i => (await queries.ListAsync(new CaseFilter(), me, true, positions[Math.Min(positions.Count - 1, 60 + (i % 40))], Size, CancellationToken.None)).Items.Count);
    }

    private static async Task MeasureAsync(string name, Func<int, Task<int>> ask)
    {
        var times = new List<double>();
        var rows = 0;
        for (var i = 0; i < Samples + 2; i++)
        {
            var watch = Stopwatch.StartNew();
            rows = await ask(i);
            // The first two compile the query: a cost of the process, not of the page.
            if (i >= 2)
            {
                times.Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {rows:N0} | {times[times.Count / 2]:0.0} | {times[(int)Math.Ceiling(times.Count * 0.95) - 1]:0.0} |"));
    }

    private static async Task FillAsync(IDbContextFactory<GuardDb> dbs, DateTimeOffset now, int accounts, int open, Guid me)
    {
        var domains = accounts / 4;
        var random = new Random(20261124);
        var domain = new SqlStatement(
            """
            INSERT INTO "Domain" ("Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "AddedAt", "Phase", "Flags", "Confidence", "HandChange", "FailuresInRow", "NextCheckAt", "Reasons",
            "Version") VALUES (@p0, @p1, @p2, 1, @p3, 0, 0, @p4, @p5, 0, 2, 0, 0, @p4, @p6, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Number, SqlKind.Instant, SqlKind.Number, SqlKind.Text);
        var account = new SqlStatement(
            """
            INSERT INTO "Account" ("Id", "ExternalId", "UserName", "SortName", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version")
            VALUES (@p0, @p1, @p2, @p2, @p3, 3, @p4, @p5, 1, @p6, @p6, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Number, SqlKind.Number, SqlKind.Instant);
        var address = new SqlStatement(
            """
            INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence", "AddedAt", "Version")
            VALUES (@p0, @p0, @p1, @p2, @p2, @p3, @p4, @p5, @p5, @p6, 0, 0, @p5, 1)
            """,
            SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Instant, SqlKind.Number);
        var @case = new SqlStatement(
            """
            INSERT INTO "Case" ("Id", "AddressId", "AccountId", "DomainId", "State", "IsOpen", "IsUnverified", "Situation", "Wanted", "Guard", "Phase", "HandChange", "Confidence", "Severity", "Points", "DropFrom", "OpenedAt",
            "StateSince", "DecidedPhase", "DecidedHandChange", "DecidedWanted", "AssigneeId", "IsContested", "PolicyVersion", "Version")
            VALUES (@p0, @p1, @p1, @p2, @p3, @p4, @p5, @p6, 3, 0, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p13, @p7, @p8, 3, @p14, @p15, 1, 1)
            """,
            SqlKind.Key, SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Bool, SqlKind.Bool, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Instant, SqlKind.Instant,
            SqlKind.Uuid, SqlKind.Bool);
        var reasons = new string('r', 400);
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        await session.BeginAsync(CancellationToken.None);
        var names = new string[domains];
        for (var i = 0; i < domains; i++)
        {
            var tld = i % 500 == 3 ? "rare" : i % 2 == 0 ? "com" : $"t{i % 50}";
            names[i] = $"d{i}.{tld}";
            await session.ExecuteAsync(domain, [i + 1L, names[i], tld, 4, now, (int)Phase.Active, reasons], CancellationToken.None);
        }

        // Four accounts a domain; every 2.5th of the domains that lapsed has open cases, as many have closed ones.
        var lapsed = new HashSet<int>();
        while (lapsed.Count < Math.Min(domains, open / 2))
        {
            lapsed.Add(random.Next(domains));
        }

        long number = 0;
        for (var i = 0; i < accounts; i++)
        {
            var id = i + 1L;
            var name = $"{(char)('a' + (i * 7L % 26))}{i}x";
            var home = i % domains;
            await session.ExecuteAsync(account, [id, $"id{id}", name, false, random.Next(1_000_000), random.Next(1_000), now], CancellationToken.None);
            await session.ExecuteAsync(address, [id, home + 1L, $"{name}@{names[home]}", names[home], true, now.AddDays(-400), 0], CancellationToken.None);
            if (lapsed.Contains(home))
            {
                var isOpen = number % 2 == 0;
                var state = isOpen ? random.Next(20) switch { < 9 => CaseState.NeedsReview, < 17 => CaseState.Unverified, 17 => CaseState.Snoozed, 18 => CaseState.Overridden, _ => CaseState.Recovered } : random.Next(2) == 0 ? CaseState.Confirmed : CaseState.Dismissed;
                var phase = random.Next(3) switch { 0 => Phase.Redemption, 1 => Phase.PendingDelete, _ => Phase.Released };
                var points = random.Next(15, 115);
                DateTimeOffset? drop = random.Next(3) == 0 ? null : now.AddDays(random.Next(-5, 60));
                await session.ExecuteAsync(
                    @case,
                    [++number, id, home + 1L, (int)state, isOpen, state is CaseState.Unverified or CaseState.Confirmed or CaseState.Recovered, (int)Situation.Redemption, (int)phase, random.Next(100) == 0 ? 1 : 0, random.Next(10) == 0 ? 1 : 2,
                        (int)SeverityScale.Of(points), points, drop, now.AddDays(-random.Next(60)), random.Next(20) switch { 0 => me, < 8 => Guid.CreateVersion7(), _ => (Guid?)null }, random.Next(200) == 0],
                    CancellationToken.None);
            }

            if (i % 100_000 == 99_999)
            {
                await session.CommitAsync(CancellationToken.None);
                await session.BeginAsync(CancellationToken.None);
            }
        }

        await session.CommitAsync(CancellationToken.None);
    }

    private sealed class RealClock(TimeProvider time) : GuardClock
    {
        public override DateTimeOffset Now => time.GetUtcNow();
    }
}
