using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Exports;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Exports;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace DomainGuard.Benchmarks;

/// <summary>
/// The audit trail. <em>Writers</em>: eight at once on PostgreSQL, each transaction changes a case and adds a decision; the yardstick is the same without the entry. <em>Bulk</em>: 10,000
/// entries committed at once, until they are sealed. <em>Verify</em> and <em>export</em> on SQLite; the yardstick of the export is <c>sqlite3 -csv</c> writing the same columns.
/// </summary>
internal static class AuditBenchmark
{
    private const int Writers = 8;
    private const int Bulk = 10_000;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary><c>audit [ENTRIES] [CONNECTION]</c>: PostgreSQL where the connection string of a scratch database is given, which is emptied.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var entries = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;
        if (args.Length > 2)
        {
            await WritersAsync(args[2]);
        }

        var folder = Directory.CreateTempSubdirectory("dg-bench-audit-");
        try
        {
            await FileAsync(folder.FullName, entries);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            folder.Delete(recursive: true);
        }

        return 0;
    }

    private static async Task WritersAsync(string connection)
    {
        await using var services = Services(DatabaseProvider.PostgreSql, connection, Path.GetTempPath());
        var dbs = services.GetRequiredService<IDbContextFactory<GuardDb>>();
        await using (var db = await dbs.CreateDbContextAsync())
        {
            await db.Database.EnsureDeletedAsync();
        }

        await services.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
        await SeedAsync(dbs);
        await RunWritersAsync(dbs, 200, withEntry: true); // warm
        await SealAllAsync(services);

        List<double> bare = [], audited = [];
        TimeSpan lag = default;
        for (var round = 0; round < 3; round++)
        {
            bare.Add(await RunWritersAsync(dbs, 500, withEntry: false));
            using var stop = new CancellationTokenSource();
            var sealer = SealerAsync(services, stop.Token);
            audited.Add(await RunWritersAsync(dbs, 500, withEntry: true));
            var watch = Stopwatch.StartNew();
            while (await UnsealedAsync(dbs))
            {
                await Task.Delay(10);
            }

            lag = watch.Elapsed > lag ? watch.Elapsed : lag;
            await stop.CancelAsync();
            await sealer;
        }

        bare.Sort();
        audited.Sort();
        Console.WriteLine($"writers, PostgreSQL: without entry {bare[1]:N0}/s, with entry and sealer {audited[1]:N0}/s: {audited[1] / bare[1]:P0}; longest until the last was sealed {lag.TotalMilliseconds:N0} ms");

        await BulkAsync(dbs, Bulk, 0);
        var seal = Stopwatch.StartNew();
        await SealAllAsync(services);
        Console.WriteLine($"bulk, PostgreSQL: {Bulk:N0} entries sealed in {seal.Elapsed.TotalSeconds:N2} s");
        var report = (await services.GetRequiredService<VerifyChain>().ExecuteAsync(Requester.CommandLine, [], null, CancellationToken.None))!;
        Console.WriteLine($"verify, PostgreSQL: {report.Entries / report.Took.TotalSeconds:N0} entries/s, {(report.Fault is null ? "whole" : report.Fault.Words)}");
        await using var last = await dbs.CreateDbContextAsync();
        await last.Database.EnsureDeletedAsync();
    }

    private static async Task<double> RunWritersAsync(IDbContextFactory<GuardDb> dbs, int each, bool withEntry)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(1, Writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                await using var db = await dbs.CreateDbContextAsync();
                var now = Start.AddSeconds(i);
                var number = w;
                var changed = await db.Cases.SingleAsync(c => c.Id == number);
                changed.StateSince = now;
                changed.Version++;
                db.Decisions.Add(new Decision
                {
                    Id = Guid.CreateVersion7(), CaseId = w, At = now, ActorKind = AuditActorKind.Staff, ActorId = Person, Event = CaseEvent.Confirm, To = CaseState.Confirmed, Reason = ReasonCode.DomainLapsed,
                    Comment = "seen at the registry, nobody answered our mails", PolicyVersion = 8,
                });
                if (withEntry)
                {
                    AuditTrail.Add(db, Fact(i, w));
                }

                await db.SaveChangesAsync();
            }
        })));
        return Writers * each / watch.Elapsed.TotalSeconds;
    }

    private static async Task FileAsync(string folder, int count)
    {
        var file = Path.Combine(folder, "audit.db");
        await using var services = Services(DatabaseProvider.Sqlite, "Data Source=" + file, folder);
        await services.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
        var dbs = services.GetRequiredService<IDbContextFactory<GuardDb>>();
        var watch = Stopwatch.StartNew();
        for (var from = 0; from < count; from += Bulk)
        {
            await BulkAsync(dbs, Math.Min(Bulk, count - from), from);
        }

        var written = watch.Elapsed;
        watch.Restart();
        await SealAllAsync(services);
        Console.WriteLine($"SQLite: {count:N0} entries written in {written.TotalSeconds:N1} s, sealed in {watch.Elapsed.TotalSeconds:N1} s ({count / watch.Elapsed.TotalSeconds:N0}/s)");

        var report = (await services.GetRequiredService<VerifyChain>().ExecuteAsync(Requester.CommandLine, [], null, CancellationToken.None))!;
        Console.WriteLine($"verify, SQLite: {report.Entries / report.Took.TotalSeconds:N0} entries/s, {(report.Fault is null ? "whole" : report.Fault.Words)}");

        var yardstick = await Sqlite3Async(file, Path.Combine(folder, "yardstick.csv"));
        Console.WriteLine(yardstick is null ? "sqlite3 is not installed: no yardstick" : $"sqlite3 -csv: {count / yardstick.Value.TotalSeconds:N0} entries/s");
        foreach (var format in new[] { ExportFormat.Csv, ExportFormat.JsonLines })
        {
            GC.Collect();
            var path = Path.Combine(folder, format + ".zip");
            var peak = 0L;
            watch.Restart();
            var order = new ExportOrder(ExportKind.Audit, format, new AuditFilter(), AuditActor.CommandLine);
            var result = await services.GetRequiredService<WriteExport>().ExecuteAsync(
                order,
                path,
                _ =>
                {
                    peak = Math.Max(peak, GC.GetTotalMemory(false));
                    return Task.CompletedTask;
                },
                CancellationToken.None);
            var rate = result.Rows / watch.Elapsed.TotalSeconds;
            Console.WriteLine(
                $"export {format}: {rate:N0} entries/s, {(yardstick is null ? "" : $"{rate / (count / yardstick.Value.TotalSeconds):P0} of sqlite3 -csv, ")}"
                + $"{result.Manifest.Data.Bytes / 1048576.0:N0} MiB in {result.Size / 1048576.0:N0} MiB of zip, managed memory at most {peak / 1048576:N0} MiB");
            if (format == ExportFormat.JsonLines)
            {
                var offline = await VerifyFile.ExecuteAsync(path, [], [], CancellationToken.None);
                Console.WriteLine($"verify, offline from the zip: {offline.Entries / offline.Took.TotalSeconds:N0} entries/s, {(offline.Fault is null ? "whole" : offline.Fault.Words)}");
            }
        }
    }

    private static async Task<TimeSpan?> Sqlite3Async(string file, string output)
    {
        const string Columns = """
            "Sequence","Id","At","ActorKind","ActorId","ActorFrom","Action","AccountId","AddressId","DomainName","CaseId","ScanId","PolicyVersion","Subject","BatchId","Reason","Comment",lower(hex("CommentHash")),"Before","After",lower(hex("ContentHash")),lower(hex("Hash"))
            """;
        var info = new ProcessStartInfo("sqlite3", ["-csv", "-header", file, $".output {output}", $"SELECT {Columns} FROM \"AuditEntry\" WHERE \"Sequence\" IS NOT NULL ORDER BY \"Sequence\";"]);
        var watch = Stopwatch.StartNew();
        try
        {
            using var process = Process.Start(info)!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? watch.Elapsed : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static async Task BulkAsync(IDbContextFactory<GuardDb> dbs, int count, int from)
    {
        await using var session = await StatementSession.OpenAsync(dbs, CancellationToken.None);
        await session.BeginAsync(CancellationToken.None);
        await session.InsertAsync(AuditSql.Entries, [.. Enumerable.Range(from, count).Select(i => AuditSql.Row(AuditTrail.Entry(Fact(i, (i % 50_000) + 1))))], CancellationToken.None);
        await session.CommitAsync(CancellationToken.None);
    }

    private static AuditFact Fact(int i, long number) => new(AuditAction.CaseConfirmed, AuditActor.Staff(Guid.Parse(Person), "198.51.100.24"), Start.AddMilliseconds(i * 20L))
    {
        AccountId = number, AddressId = number, DomainName = $"d{i % 25_000}.example", CaseId = number, ScanId = 412, PolicyVersion = 8, Reason = "DomainLapsed",
        Comment = i % 4 == 0 ? "seen at the registry, nobody answered our mails" : null, Changes = [("state", "Unverified", "Confirmed"), ("assignee", null, Person), ("version", i % 9, (i % 9) + 1)],
    };

    private const string Person = "01990000-0000-7000-8000-000000000002";

    private static async Task SealerAsync(ServiceProvider services, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await services.GetRequiredService<SealEntries>().ExecuteAsync(CancellationToken.None);
            await Task.Delay(250, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task SealAllAsync(ServiceProvider services)
    {
        while (await services.GetRequiredService<SealEntries>().ExecuteAsync(CancellationToken.None) > 0)
        {
            // Until none is left.
        }
    }

    private static async Task<bool> UnsealedAsync(IDbContextFactory<GuardDb> dbs)
    {
        await using var db = await dbs.CreateDbContextAsync();
        return await db.AuditEntries.AnyAsync(e => e.Sequence == null);
    }

    private static async Task SeedAsync(IDbContextFactory<GuardDb> dbs)
    {
        await using var db = await dbs.CreateDbContextAsync();
        db.Add(new Domain { Id = 1, Name = "d1.example", Tld = "example", WatchedFor = WatchedFor.Addresses, AddedAt = Start, Version = 1 });
        for (var w = 1; w <= Writers; w++)
        {
            db.Add(new Account { Id = w, ExternalId = $"u{w}", SortName = $"u{w}", AddedAt = Start, ChangedAt = Start, Version = 1 });
            db.Add(new Address { Id = w, AccountId = w, DomainId = 1, Email = $"u{w}@d1.example", SearchEmail = $"u{w}@d1.example", MailHost = "d1.example", BaselineFrom = Start, AddedAt = Start, Version = 1 });
            db.Add(new Case { Id = w, AddressId = w, AccountId = w, DomainId = 1, State = CaseState.Unverified, OpenedAt = Start, StateSince = Start, PolicyVersion = 8, Version = 1 });
        }

        await db.SaveChangesAsync();
    }

    private static ServiceProvider Services(DatabaseProvider provider, string connection, string folder)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3);
        services.Configure<DomainGuardOptions>(o => (o.World, o.DataDirectory) = (WorldKind.Live, folder));
        services.AddGuardData(new DatabaseOptions { Provider = provider, ConnectionString = connection }, folder);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<GuardClock, SystemGuardClock>();
        services.AddSingleton<ScanNode>();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton<IHostEnvironment>(new Somewhere());
        services.AddAudit().AddExports();
        return services.BuildServiceProvider();
    }

    private sealed class Somewhere : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = Environments.Production;

        public string ApplicationName { get; set; } = "benchmark";

        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
