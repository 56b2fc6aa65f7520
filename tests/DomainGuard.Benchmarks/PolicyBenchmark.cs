using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Lookups;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Benchmarks;

/// <summary>The preview of a policy change over 250,000 domains, beside a bare read of the same rows in the same run.</summary>
internal static class PolicyBenchmark
{
    private const int AddressesPerDomain = 4;
    private const string Answer = """{"words":["active"]}""";

    /// <summary>Fills a database, runs, and prints a table in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var domains = args.Skip(1).Select(a => int.TryParse(a, CultureInfo.InvariantCulture, out var n) ? n : 0).FirstOrDefault(n => n > 0, 250_000);
        var file = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}.db");
        var database = args.Contains("postgres")
            ? new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = $"{Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES")};Database=dg_bench_{Guid.CreateVersion7():N}" }
            : new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=" + file };
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3);
        services.AddGuardData(database, Path.GetTempPath());
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<GuardClock, RealClock>();
        services.AddScanEngine();
        services.AddFindings();
        services.AddSingleton<Lanes>();
        services.AddSingleton<DomainLookup>();
        services.AddPolicy();
        await using var provider = services.BuildServiceProvider();
        var dbs = provider.GetRequiredService<IDbContextFactory<GuardDb>>();
        try
        {
            await provider.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
            var watch = Stopwatch.StartNew();
            var now = provider.GetRequiredService<GuardClock>().Now;
            await FillAsync(dbs, now, domains);
            await using (var db = await dbs.CreateDbContextAsync())
            {
                await db.Database.ExecuteSqlRawAsync("ANALYZE");
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{database.Provider}, {domains:N0} domains, {(long)domains * AddressesPerDomain:N0} addresses, an answer of Domain Research for each, filled in {watch.Elapsed.TotalSeconds:0} s"));
            Console.WriteLine();
            Console.WriteLine("| what | s | of the bare read | heap held after, MiB |");
            Console.WriteLine("|---|---|---|---|");
            await BareAsync(dbs);
            var bare = await BareAsync(dbs);
            Print("bare read of the same rows", bare, bare);
            var previews = provider.GetRequiredService<PreviewPolicy>();
            var onHold = Changed("OnHold.action", "Unverify");
            Print("preview, On hold to Unverify", await PreviewAsync(previews, onHold, null), bare);
            Print("preview, Active to Review (touches nearly all)", await PreviewAsync(previews, Changed("Active.action", "Review"), null), bare);
            Print("preview against a day three weeks ago", await PreviewAsync(previews, onHold, DateOnly.FromDateTime(now.AddDays(-21).UtcDateTime)), bare);
            var result = previews.Kept(GuardPolicy.Default, onHold, null)!;
            watch.Restart();
            await previews.PageAsync(result, PreviewGroup.Unverified, null, 50, CancellationToken.None);
            Print("first page of its list", watch.Elapsed, bare);
        }
        finally
        {
            await using var db = await dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }

        return 0;
    }

    private static GuardPolicy Changed(string field, string text) => PolicyFields.With(GuardPolicy.Default, field, text)!;

    private static async Task<TimeSpan> PreviewAsync(PreviewPolicy previews, GuardPolicy draft, DateOnly? day)
    {
        var by = new StaffMember(Guid.CreateVersion7(), "", new HashSet<string> { Roles.Administrator }, null);
        var watch = Stopwatch.StartNew();
        await previews.ExecuteAsync(GuardPolicy.Default, draft, day, by, null, CancellationToken.None);
        return watch.Elapsed;
    }

    private static async Task<TimeSpan> BareAsync(IDbContextFactory<GuardDb> dbs)
    {
        var watch = Stopwatch.StartNew();
        await using var db = await dbs.CreateDbContextAsync();
        await foreach (var _ in db.Domains.AsNoTracking().OrderBy(d => d.Id)
            .Select(d => new { d.Id, d.Name, d.Phase, d.Flags, d.Confidence, d.HandChange, d.AddressCount, d.HasCase, d.RegisteredAt, d.ExpiresAt }).AsAsyncEnumerable())
        {
        }

        await foreach (var _ in db.Observations.AsNoTracking().Where(o => o.Source == SourceKind.Fastly).Select(o => new { o.DomainId, o.Facts, o.LastAt }).AsAsyncEnumerable())
        {
        }

        return watch.Elapsed;
    }

    private static void Print(string what, TimeSpan took, TimeSpan bare) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"| {what} | {took.TotalSeconds:0.00} | {took / bare:0.0} | {GC.GetTotalMemory(forceFullCollection: true) / 1048576.0:0} |"));

    private static async Task FillAsync(IDbContextFactory<GuardDb> dbs, DateTimeOffset now, int domains)
    {
        var random = new Random(20261125);
        var domain = new SqlStatement(
            """
            INSERT INTO "Domain" ("Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "AddedAt", "Phase", "Flags", "Confidence", "HandChange", "FailuresInRow", "NextCheckAt", "Reasons",
            "Version") VALUES (@p0, @p1, 'com', 1, @p2, 0, 0, @p3, @p4, @p5, @p6, @p7, 0, @p3, @p8, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Number, SqlKind.Instant, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Number, SqlKind.Text);
        var account = new SqlStatement(
            """
            INSERT INTO "Account" ("Id", "ExternalId", "SortName", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version")
            VALUES (@p0, @p1, @p1, @p2, 3, 1000, 0, 1, @p3, @p3, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Bool, SqlKind.Instant);
        var address = new SqlStatement(
            """
            INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "BaselineFrom", "State", "HandChange", "HandConfidence", "AddedAt", "Version")
            VALUES (@p0, @p0, @p1, @p2, @p2, @p3, @p4, @p5, 0, @p6, 2, @p5, 1)
            """,
            SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Instant, SqlKind.Number);
        var span = new SqlStatement(
            """INSERT INTO "PhaseSpan" ("Id", "DomainId", "Phase", "Flags", "Confidence", "From", "To", "Reasons") VALUES (@p0, @p1, @p2, 0, 2, @p3, @p4, @p5)""",
            SqlKind.Key, SqlKind.Key, SqlKind.Number, SqlKind.Instant, SqlKind.Instant, SqlKind.Text);
        var observation = new SqlStatement(
            """
            INSERT INTO "Observation" ("Id", "DomainId", "Source", "Host", "Outcome", "Failure", "FirstAt", "LastAt", "Times", "DurationMs", "Facts", "FactsHash")
            VALUES (@p0, @p1, 1, 'api.fastly.com', 0, 0, @p2, @p2, 1, 5, @p3, @p4)
            """,
            SqlKind.Key, SqlKind.Key, SqlKind.Instant, SqlKind.Text, SqlKind.Bytes);
        var hash = SHA256.HashData("facts"u8);
        var reasons = new string('r', 300);
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        await session.BeginAsync(CancellationToken.None);
        for (var i = 1; i <= domains; i++)
        {
            var phase = random.Next(1_000) switch { < 2 => Phase.Released, < 5 => Phase.Redemption, < 10 => Phase.OnHold, < 20 => Phase.Expired, < 40 => Phase.ExpiringSoon, < 60 => Phase.Unknown, _ => Phase.Active };
            var hands = random.Next(1_000) switch { 0 => HandChange.Reregistered, < 4 => HandChange.Suspected, _ => HandChange.None };
            var name = $"d{i}.com";
            var confidence = random.Next(10) == 0 ? Confidence.Single : Confidence.Corroborated;
            await session.ExecuteAsync(domain, [(long)i, name, AddressesPerDomain, now.AddDays(-100), phase, random.Next(100) == 0 ? DomainFlags.Parked : 0, confidence, hands, reasons], CancellationToken.None);
            await session.ExecuteAsync(span, [(2L * i) - 1, (long)i, Phase.Active, now.AddDays(-100), now.AddDays(-i % 40), reasons], CancellationToken.None);
            await session.ExecuteAsync(span, [2L * i, (long)i, phase, now.AddDays(-i % 40), null, reasons], CancellationToken.None);
            await session.ExecuteAsync(observation, [(long)i, (long)i, now.AddDays(-50), Answer, hash], CancellationToken.None);
            for (var a = 0; a < AddressesPerDomain; a++)
            {
                var id = ((i - 1L) * AddressesPerDomain) + a + 1;
                await session.ExecuteAsync(account, [id, $"u{id}", false, now], CancellationToken.None);
                await session.ExecuteAsync(address, [id, (long)i, $"u{id}@{name}", name, true, now.AddDays(-100), hands], CancellationToken.None);
            }

            if (i % 20_000 == 0)
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
