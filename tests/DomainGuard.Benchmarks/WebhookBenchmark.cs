using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using DomainGuard.Core.Events;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.Webhooks;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Benchmarks;

/// <summary>Delivery of webhooks to a fast receiver, with a stuck one beside it, and the same posts from a bare <see cref="HttpClient"/> loop in the same run.</summary>
internal static class WebhookBenchmark
{
    private const int SideBySide = 16;

    /// <summary><c>webhooks [EVENTS]</c>: SQLite in a temporary file, and PostgreSQL where DOMAINGUARD_TEST_POSTGRES names a server. Prints a table in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10_000;
        var server = WebApplication.CreateSlimBuilder();
        server.Logging.ClearProviders();
        server.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        await using var receivers = server.Build();
        receivers.MapPost("/fast", async (HttpContext http) =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            return TypedResults.NoContent();
        });
        receivers.MapPost("/stuck", async Task (HttpContext http) => await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing));
        await receivers.StartAsync();
        var url = receivers.Urls.First();
        Console.WriteLine($"{count:N0} events to a fast receiver, and as many to one that hangs; bare loop: {SideBySide} posts side by side, nothing signed or kept");
        Console.WriteLine();
        Console.WriteLine("| database | bare loop /s | made and put before both /s | delivered /s | of bare loop |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        var file = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}.db");
        await MeasureAsync(new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=" + file }, url, count);
        if (Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES") is { Length: > 0 } postgres)
        {
            await MeasureAsync(new DatabaseOptions { Provider = DatabaseProvider.PostgreSql, ConnectionString = $"{postgres};Database=dg_bench_{Guid.CreateVersion7():N}" }, url, count);
        }

        return 0;
    }

    private static async Task MeasureAsync(DatabaseOptions database, string url, int count)
    {
        var collection = new ServiceCollection()
            .AddLogging()
            .Configure<IdentityOptions>(o => o.Stores.SchemaVersion = IdentitySchemaVersions.Version3)
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("DomainGuard:Webhooks:AllowedPrivateHosts:0", new Uri(url).Authority)]).Build())
            .AddGuardData(database, Path.GetTempPath())
            .AddSingleton(TimeProvider.System)
            .AddSingleton<GuardClock, SystemGuardClock>()
            .AddSingleton<ScanNode>()
            .AddSingleton<IHostEnvironment>(new Microsoft.Extensions.Hosting.Internal.HostingEnvironment { EnvironmentName = "Production" })
            .AddAudit()
            .AddWebhooks();
        collection.AddDataProtection().UseEphemeralDataProtectionProvider();
        await using var services = collection.BuildServiceProvider();
        var dbs = services.GetRequiredService<IDbContextFactory<GuardDb>>();
        try
        {
            await services.GetRequiredService<GuardDatabase>().MigrateAsync(CancellationToken.None);
            var (fast, stuck) = (await AddAsync(services, url + "/fast"), await AddAsync(services, url + "/stuck"));
            await FillAsync(dbs, count);
            var watch = Stopwatch.StartNew();
            await services.GetRequiredService<FanOutEvents>().ExecuteAsync(CancellationToken.None);
            var made = count / watch.Elapsed.TotalSeconds;
            using var stop = new CancellationTokenSource();
            var send = services.GetRequiredService<SendDeliveries>();
            var hanging = send.ExecuteAsync(stuck, stop.Token);
            watch.Restart();
            var taken = await send.ExecuteAsync(fast, CancellationToken.None);
            var delivered = taken / watch.Elapsed.TotalSeconds;
            if (taken != count)
            {
                throw new InvalidOperationException($"{taken} of {count} were delivered.");
            }

            await stop.CancelAsync();
            await hanging;
            var bare = await LoopAsync(url + "/fast", count);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {database.Provider} | {bare:N0} | {made:N0} | {delivered:N0} | {delivered / bare:P0} |"));
        }
        finally
        {
            await using var db = await dbs.CreateDbContextAsync();
            await db.Database.EnsureDeletedAsync();
        }
    }

    private static async Task<Guid> AddAsync(IServiceProvider services, string url)
    {
        var secret = services.GetRequiredService<WebhookSecrets>().Protect(WebhookSecrets.New());
        var endpoint = new WebhookEndpoint { Id = Guid.CreateVersion7(), Name = url, Url = url, Types = EventTypes.Bits(EventTypes.Choosable), Secret = secret, CreatedAt = TimeProvider.System.GetUtcNow(), Version = 1 };
        await using var db = await services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        db.Add(endpoint);
        await db.SaveChangesAsync();
        return endpoint.Id;
    }

    private static async Task FillAsync(IDbContextFactory<GuardDb> dbs, int count)
    {
        await using var db = await dbs.CreateDbContextAsync();
        var at = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < count; i++)
        {
            db.Notices.Add(new Notice { Id = Guid.CreateVersion7(at), Type = EventType.AuditCheckpoint, At = at, Facts = $$"""{"sequence":{{i}},"hash":"{{new string('a', 64)}}","count":{{i}},"keyId":null,"token":"{{new string('x', 400)}}"}""" });
        }

        await db.SaveChangesAsync();
    }

    private static async Task<double> LoopAsync(string url, int count)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = SideBySide });
        var body = Encoding.UTF8.GetBytes(new string('x', 640));
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = SideBySide }, async (_, cancel) =>
        {
            using var content = new ByteArrayContent(body);
            using var answer = await client.PostAsync(new Uri(url), content, cancel);
            answer.EnsureSuccessStatusCode();
        });
        return count / watch.Elapsed.TotalSeconds;
    }
}
