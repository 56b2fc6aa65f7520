using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Accounts;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Benchmarks;

/// <summary>
/// Pages of the list of accounts at a million accounts: every filter, sort and search that is offered, and the awkward pairs of them. A sample is what one visit to the page asks:
/// meaning of the search, estimate (never from the cache), page and count. Yardstick: a page of 50 by primary key in the same run.
/// </summary>
internal static class AccountsBenchmark
{
    private const int Samples = 20;
    private const int Size = 50;

    /// <summary>Fills a database (SQLite in a temporary file, or the one that DOMAINGUARD_TEST_POSTGRES names a server for, with <c>postgres</c>) and prints a table in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var accounts = args.Skip(1).Select(a => int.TryParse(a, CultureInfo.InvariantCulture, out var n) ? n : 0).FirstOrDefault(n => n > 0, 1_000_000);
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
            await FillAsync(dbs, clock.Now, accounts);
            await using (var db = await dbs.CreateDbContextAsync())
            {
                await db.Database.ExecuteSqlRawAsync("ANALYZE");
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{database.Provider}, {accounts:N0} accounts, {accounts / 4:N0} domains, filled in {watch.Elapsed.TotalSeconds:0} s; {Samples} visits each, ms"));
            Console.WriteLine();
            Console.WriteLine("| asked | order | rows | p50 | p95 |");
            Console.WriteLine("|---|---|---|---|---|");
            await YardstickAsync(dbs, accounts);
            foreach (var (name, filter) in Cases())
            {
                foreach (var sort in Enum.GetValues<AccountSort>())
                {
                    await CaseAsync(dbs, clock, name, filter, sort);
                }
            }
        }
        finally
        {
            await using var db = await dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }

        return 0;
    }

    private static IEnumerable<(string Name, AccountFilter Filter)> Cases()
    {
        yield return ("all", new AccountFilter());
        foreach (var phase in new[] { Phase.Active, Phase.ExpiringSoon, Phase.Expired, Phase.Redemption, Phase.Released, Phase.PendingRestore })
        {
            yield return ($"phase {phase}", new AccountFilter { Phase = phase });
        }

        foreach (var flag in new[] { DomainFlags.Notable, DomainFlags.DatesHidden, DomainFlags.Parked, DomainFlags.DanglingMx, DomainFlags.Sinkholed })
        {
            yield return ($"flag {flag}", new AccountFilter { Flag = flag });
        }

        yield return ("TLD of half", new AccountFilter { Tld = "com" });
        yield return ("TLD of 2 %", new AccountFilter { Tld = "t7" });
        yield return ("TLD of 0.2 %", new AccountFilter { Tld = "rare" });
        yield return ("TLD of none", new AccountFilter { Tld = "zz" });
        yield return ("reregistered", new AccountFilter { Hands = HandChange.Reregistered });
        yield return ("suspected", new AccountFilter { Hands = HandChange.Suspected });
        yield return ("due", new AccountFilter { DueOnly = true });
        yield return ("with second factor", new AccountFilter { TwoFactor = true });
        yield return ("without second factor", new AccountFilter { TwoFactor = false });
        yield return ("impact 300", new AccountFilter { MinImpact = 300 });
        yield return ("impact 700", new AccountFilter { MinImpact = 700 });
        yield return ("retired", new AccountFilter { Retired = true });
        yield return ("name, one letter", new AccountFilter { Search = "u" });
        yield return ("name, exact", new AccountFilter { Search = "u12345x" });
        yield return ("address, one letter", new AccountFilter { Search = "a", SearchIn = AccountSearch.Address });
        yield return ("address, exact", new AccountFilter { Search = "h0x@d", SearchIn = AccountSearch.Address });
        yield return ("domain of 300,000", new AccountFilter { Search = "d0.com", SearchIn = AccountSearch.Domain });
        yield return ("domain, exact", new AccountFilter { Search = "d757.t7", SearchIn = AccountSearch.Domain });
        yield return ("domain, one letter", new AccountFilter { Search = "d", SearchIn = AccountSearch.Domain });
        yield return ("Active and impact 700", new AccountFilter { Phase = Phase.Active, MinImpact = 700 });
        yield return ("ExpiringSoon with second factor", new AccountFilter { Phase = Phase.ExpiringSoon, TwoFactor = true });
        yield return ("Notable and ExpiringSoon", new AccountFilter { Phase = Phase.ExpiringSoon, Flag = DomainFlags.Notable });
        yield return ("Active and retired", new AccountFilter { Phase = Phase.Active, Retired = true });
        yield return ("Released and retired", new AccountFilter { Phase = Phase.Released, Retired = true });
        yield return ("one letter and Released", new AccountFilter { Search = "u", Phase = Phase.Released });
        yield return ("one letter and impact 700", new AccountFilter { Search = "u", MinImpact = 700 });
        yield return ("address, one letter, and Released", new AccountFilter { Search = "a", SearchIn = AccountSearch.Address, Phase = Phase.Released });
        yield return ("address, one letter, retired", new AccountFilter { Search = "a", SearchIn = AccountSearch.Address, Retired = true });
    }

    private static async Task CaseAsync(IDbContextFactory<GuardDb> dbs, GuardClock clock, string name, AccountFilter filter, AccountSort sort)
    {
        var positions = new List<ListPosition> { new(), new(Before: ListPosition.End) };
        var times = new List<double>();
        var rows = "";
        for (var i = 0; i < Samples; i++)
        {
            var queries = new AccountQueries(dbs, clock, TimeProvider.System);
            var watch = Stopwatch.StartNew();
            if (filter.Search is { } search)
            {
                await queries.MeaningOfAsync(search, CancellationToken.None);
            }

            var page = await queries.ListAsync(filter, sort, positions[i % positions.Count], Size, CancellationToken.None);
            var count = await queries.CountAsync(filter, CancellationToken.None);
            // The first two visits compile the queries: a cost of the process, not of the page.
            if (i >= 2)
            {
                times.Add(watch.Elapsed.TotalMilliseconds);
            }

            rows = count switch { null => "many", > AccountQueries.MostCounted => "10,000+", _ => count.Value.ToString("N0", CultureInfo.InvariantCulture) };
            if (page.Next is not null && positions.Count < 10)
            {
                positions.Add(new ListPosition(After: page.Next));
            }

            if (page.Previous is not null && positions.Count < 10)
            {
                positions.Add(new ListPosition(Before: page.Previous));
            }
        }

        Print(name, sort.ToString(), rows, times);
    }

    private static async Task YardstickAsync(IDbContextFactory<GuardDb> dbs, int accounts)
    {
        var times = new List<double>();
        for (var i = 0; i < Samples + 2; i++)
        {
            var watch = Stopwatch.StartNew();
            await using var db = await dbs.CreateDbContextAsync();
            long from = (long)accounts * i / (Samples + 3);
            _ = await db.Accounts.AsNoTracking().Where(a => a.Id > from).OrderBy(a => a.Id).Take(Size).ToListAsync();
            if (i >= 2)
            {
                times.Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        Print("yardstick: 50 rows by primary key", "Id", "", times);
    }

    private static void Print(string name, string order, string rows, List<double> times)
    {
        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {order} | {rows} | {times[times.Count / 2]:0.0} | {times[(int)Math.Ceiling(times.Count * 0.95) - 1]:0.0} |"));
    }

    internal static async Task FillAsync(IDbContextFactory<GuardDb> dbs, DateTimeOffset now, int accounts)
    {
        var domains = accounts / 4;
        var random = new Random(20261124);
        var domain = new SqlStatement(
            """
            INSERT INTO "Domain" ("Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "AddedAt", "Phase", "Flags", "Confidence", "HandChange", "FailuresInRow", "NextCheckAt", "Reasons",
            "Version") VALUES (@p0, @p1, @p2, 1, @p3, 0, 0, @p4, @p5, @p6, 0, @p7, 0, @p8, @p9, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Number, SqlKind.Instant, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Instant, SqlKind.Text);
        var account = new SqlStatement(
            """
            INSERT INTO "Account" ("Id", "ExternalId", "UserName", "SortName", "TwoFactor", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "RetiredAt", "AddedAt", "ChangedAt", "Version")
            VALUES (@p0, @p1, @p2, @p2, @p3, @p4, 3, 1000, @p5, 1, @p6, @p7, @p7, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Bool, SqlKind.Number, SqlKind.Instant, SqlKind.Instant);
        var address = new SqlStatement(
            """
            INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence", "RetiredAt", "AddedAt",
            "Version") VALUES (@p0, @p0, @p1, @p2, @p2, @p3, @p4, @p5, @p5, 0, 0, 0, @p6, @p5, 1)
            """,
            SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Instant, SqlKind.Instant);
        var names = new string[domains];
        var counts = new int[domains];
        var home = new int[accounts];
        for (var i = 0; i < accounts; i++)
        {
            // Three in ten share one mail provider, the others have a domain with two or three more.
            home[i] = random.Next(10) < 3 ? 0 : random.Next(1, domains);
            counts[home[i]]++;
        }

        var reasons = new string('r', 400);
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        await session.BeginAsync(CancellationToken.None);
        for (var i = 0; i < domains; i++)
        {
            var tld = i % 500 == 3 ? "rare" : i % 2 == 0 ? "com" : $"t{i % 50}";
            names[i] = $"d{i}.{tld}";
            var phase = i == 0 ? Phase.Active : random.Next(10_000) switch
            {
                < 5 => Phase.PendingDelete,
                < 40 => Phase.Released,
                < 150 => Phase.Redemption,
                < 400 => Phase.Expired,
                < 1_000 => Phase.ExpiringSoon,
                < 1_400 => Phase.Unknown,
                _ => Phase.Active,
            };
            var flags = (i == 0 ? DomainFlags.Notable : 0) | (tld is "t7" ? DomainFlags.DatesHidden : 0) | (random.Next(100) == 0 ? DomainFlags.Parked : 0) | (random.Next(5_000) == 0 ? DomainFlags.DanglingMx : 0);
            var hands = random.Next(1_000) switch { 0 => HandChange.Reregistered, < 4 => HandChange.Suspected, _ => HandChange.None };
            await session.ExecuteAsync(domain, [i + 1L, names[i], tld, counts[i], now, (int)phase, (int)flags, (int)hands, now.AddHours((i % 100) - 1), reasons], CancellationToken.None);
        }

        for (var i = 0; i < accounts; i++)
        {
            var id = i + 1L;
            DateTimeOffset? retired = i % 200 == 7 ? now : null;
            bool? twoFactor = random.Next(20) switch { < 2 => true, < 12 => false, _ => null };
            var name = $"{(char)('a' + (i * 7L % 26))}{i}x";
            await session.ExecuteAsync(account, [id, $"id{id}", name, twoFactor, false, (int)(1_000 * Math.Pow(random.NextDouble(), 6)), retired, now], CancellationToken.None);
            await session.ExecuteAsync(address, [id, home[i] + 1L, $"{name}@{names[home[i]]}", names[home[i]], true, now, retired], CancellationToken.None);
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
