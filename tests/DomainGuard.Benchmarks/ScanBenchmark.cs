using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Benchmarks;

/// <summary>
/// A scan of 20,000 distinct domains against an RDAP server on loopback (a process of its own, 2 KB answers), beside a bare <see cref="HttpClient"/> loop of the
/// same concurrency in the same run. The scan lists, looks up, judges and writes to a SQLite file; the loop only asks and parses.
/// </summary>
internal static class ScanBenchmark
{
    private const int Domains = 20_000;
    private const int InFlight = 200;

    /// <summary>Runs all and prints a table in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var domains = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Domains;
        Console.WriteLine("| upstream | accounts | bare loop /s | scan /s | of the loop | CPU us per domain |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var delay in new[] { 50, 0 })
        {
            using var stub = await Stub.StartAsync(delay);
            await LoopAsync(stub.Port, Math.Min(domains, 4_000)); // warms both processes
            await ScanAsync(stub.Port, Math.Min(domains, 2_000), 1);
            var loop = await LoopAsync(stub.Port, domains);
            var (rate, cpu) = await ScanAsync(stub.Port, domains, 1);
            Print(delay, domains, loop, rate, cpu);
            if (delay == 0)
            {
                (rate, cpu) = await ScanAsync(stub.Port, domains, 10);
                Print(delay, domains * 10, loop, rate, cpu);
            }
        }

        return 0;
    }

    /// <summary>Serves the upstream until it is killed.</summary>
    public static async Task<int> ServeAsync(string[] args)
    {
        var delay = int.Parse(args[1], CultureInfo.InvariantCulture);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        app.MapGet("/domain/{name}", async (string name, HttpContext http) =>
        {
            if (delay > 0)
            {
                await Task.Delay(delay);
            }

            var body = Answer(name);
            http.Response.ContentType = "application/rdap+json";
            http.Response.ContentLength = body.Length;
            await http.Response.Body.WriteAsync(body);
        });
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Urls.First()).Port);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    private static void Print(int delay, int accounts, double loop, double rate, double cpu) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"| {delay} ms | {accounts:N0} | {loop:N0} | {rate:N0} | {rate / loop:P0} | {cpu:N0} |"));

    private static async Task<double> LoopAsync(int port, int count)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = InFlight });
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = InFlight }, async (i, cancel) =>
        {
            var body = await client.GetByteArrayAsync(new Uri($"http://127.0.0.1:{port}/domain/d{i}.bench"), cancel);
            using var document = JsonDocument.Parse(body);
            _ = document.RootElement.GetProperty("ldhName").GetString();
        });
        return count / watch.Elapsed.TotalSeconds;
    }

    private static async Task<(double Rate, double Cpu)> ScanAsync(int port, int domains, int accountsPerDomain)
    {
        var file = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}.db");
        await using var services = Services(file, port);
        await services.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
        await using (var db = await services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync())
        {
            db.Settings.Add(new Data.Settings.Setting { Name = "observe-only", Value = "false" });
            await db.SaveChangesAsync();
        }

        await FillAsync(services, domains, accountsPerDomain);
        GC.Collect();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var started = (StartOutcome.Started)await services.GetRequiredService<StartScan>().ExecuteAsync(ScanScope.All, null, Requester.CommandLine, CancellationToken.None);
        await services.GetRequiredService<RunScan>().ExecuteAsync(started.ScanId, CancellationToken.None);
        watch.Stop();
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        var scan = await services.GetRequiredService<ScanQueries>().GetAsync(started.ScanId, CancellationToken.None);
        if (scan is not { Result: ScanResult.Complete } || scan.Answered != domains || scan.Changed != domains)
        {
            throw new InvalidOperationException($"The scan was not complete: {scan}");
        }

        await services.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        File.Delete(file);
        File.Delete(file + "-wal");
        File.Delete(file + "-shm");
        return (domains / watch.Elapsed.TotalSeconds, cpu.TotalMicroseconds / domains);
    }

    private static ServiceProvider Services(string file, int port)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["DomainGuard:Lookups:AllowedPrivateHosts:0"] = $"127.0.0.1:{port}",
            ["DomainGuard:Lookups:Rdap:Overrides:bench"] = $"http://127.0.0.1:{port}/",
            ["DomainGuard:Lookups:Dns:Enabled"] = "false",
            ["DomainGuard:Lookups:Lanes:Default:PerSecond"] = "1000000",
            ["DomainGuard:Lookups:Lanes:Default:InFlight"] = InFlight.ToString(CultureInfo.InvariantCulture),
        }).Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3);
        services.AddGuardData(new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=" + file }, Path.GetDirectoryName(file)!);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<GuardClock, RealClock>();
        services.AddScanEngine();
        services.AddFindings();
        services.AddDomainLookups(configuration);
        return services.BuildServiceProvider();
    }

    private static async Task FillAsync(IServiceProvider services, int domains, int accountsPerDomain)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var session = await StatementSession.OpenAsync(services.GetRequiredService<IDbContextFactory<GuardDb>>(), CancellationToken.None);
        var domain = new SqlStatement(
            """
            INSERT INTO "Domain" ("Id", "Name", "Tld", "WatchedFor", "AddressCount", "MaxImpact", "Priority", "AddedAt", "Phase", "Flags", "Confidence", "HandChange", "FailuresInRow",
            "NextCheckAt", "EarliestTrustAt", "Version") VALUES (@p0, @p1, 'bench', 1, @p2, 0, 0, @p3, 0, 0, 0, 0, 0, @p3, @p3, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Number, SqlKind.Instant);
        var account = new SqlStatement(
            """
            INSERT INTO "Account" ("Id", "ExternalId", "SortName", "Privileged", "Projects", "MonthlyDownloads", "Impact", "AddressCount", "AddedAt", "ChangedAt", "Version")
            VALUES (@p0, @p1, @p1, @p2, 0, 0, 0, 1, @p3, @p3, 1)
            """,
            SqlKind.Key, SqlKind.Text, SqlKind.Bool, SqlKind.Instant);
        var address = new SqlStatement(
            """
            INSERT INTO "Address" ("Id", "AccountId", "DomainId", "Email", "SearchEmail", "MailHost", "IsPrimary", "VerifiedAt", "BaselineFrom", "State", "HandChange", "HandConfidence",
            "AddedAt", "Version") VALUES (@p0, @p0, @p1, @p2, @p2, @p3, @p4, @p5, @p5, 0, 0, 0, @p5, 1)
            """,
            SqlKind.Key, SqlKind.Key, SqlKind.Text, SqlKind.Text, SqlKind.Bool, SqlKind.Instant);
        await session.BeginAsync(CancellationToken.None);
        for (long i = 0, id = 1; i < domains; i++)
        {
            await session.ExecuteAsync(domain, [i + 1, $"d{i}.bench", accountsPerDomain, now], CancellationToken.None);
            for (var a = 0; a < accountsPerDomain; a++, id++)
            {
                await session.ExecuteAsync(account, [id, $"u{id}", false, now], CancellationToken.None);
                await session.ExecuteAsync(address, [id, i + 1, $"a{a}@d{i}.bench", $"d{i}.bench", true, now], CancellationToken.None);
            }
        }

        await session.CommitAsync(CancellationToken.None);
    }

    // About 2 KB, shaped as a thick registry's answer.
    internal static byte[] Answer(string name) => Encoding.UTF8.GetBytes(Template.Replace("NAME", name, StringComparison.Ordinal));

    private static readonly string Template = JsonSerializer.Serialize(new
    {
        objectClassName = "domain",
        handle = "D-NAME-BENCH",
        ldhName = "NAME",
        status = new[] { "client transfer prohibited", "client update prohibited" },
        events = new[]
        {
            new { eventAction = "registration", eventDate = "2012-03-04T05:06:07Z" },
            new { eventAction = "expiration", eventDate = "2031-03-04T05:06:07Z" },
            new { eventAction = "last changed", eventDate = "2025-02-01T11:12:13Z" },
            new { eventAction = "last update of RDAP database", eventDate = "2026-01-01T00:00:00Z" },
        },
        nameservers = Enumerable.Range(1, 4).Select(i => new { objectClassName = "nameserver", ldhName = $"ns{i}.hosting-company.example" }),
        entities = new object[]
        {
            new
            {
                objectClassName = "entity", handle = "292", roles = new[] { "registrar" },
                publicIds = new[] { new { type = "IANA Registrar ID", identifier = "292" } },
                vcardArray = new object[] { "vcard", new object[] { new object[] { "version", new { }, "text", "4.0" }, new object[] { "fn", new { }, "text", "A Registrar With A Long Name, Inc." } } },
                entities = new[] { new { objectClassName = "entity", roles = new[] { "abuse" }, remarks = new[] { new { title = "Abuse contact", description = new[] { "Write to abuse at the registrar's own domain." } } } } },
            },
        },
        secureDNS = new { delegationSigned = false },
        links = new[] { new { value = "https://rdap.example/domain/NAME", rel = "self", href = "https://rdap.example/domain/NAME", type = "application/rdap+json" } },
        notices = Enumerable.Range(0, 3).Select(i => new { title = "Terms of Use", description = new[] { "Service subject to terms of use. Access to this information is provided to assist persons in determining the contents of a registration record." } }),
        rdapConformance = new[] { "rdap_level_0", "icann_rdap_technical_implementation_guide_1", "icann_rdap_response_profile_1" },
    });

    private sealed class RealClock(TimeProvider time) : GuardClock
    {
        public override DateTimeOffset Now => time.GetUtcNow();
    }

    private sealed class Stub : IDisposable
    {
        private readonly Process _process;

        private Stub(Process process, int port) => (_process, Port) = (process, port);

        public int Port { get; }

        public static async Task<Stub> StartAsync(int delay)
        {
            var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Self(), "scan-upstream", delay.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
            return new Stub(process, int.Parse((await process.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture));
        }

        public void Dispose()
        {
            _process.Kill();
            _process.Dispose();
        }

        // Started by "dotnet X.dll" or by its own executable.
        private static string[] Self() =>
            Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ScanBenchmark).Assembly.Location] : [];
    }
}
