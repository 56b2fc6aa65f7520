using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Api;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Gate;
using DomainGuard.Web;
using DomainGuard.Web.Features.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Benchmarks;

/// <summary>
/// The gate over HTTP, beside an endpoint of the same host that authenticates by the same key, reads one row by its key and inserts one row by EF Core; the look-up inside a
/// check, beside the bare call to the same upstream; and a flood of checks for one domain.
/// </summary>
internal static class GateBenchmark
{
    private const int Callers = 32;
    private const double Wanted = 0.6; // of the yardstick
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Upstream = TimeSpan.FromMilliseconds(50);

    /// <summary><c>gate [ACCOUNTS]</c>: on SQLite in a temporary folder. Prints tables in Markdown.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var accounts = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;
        var folder = Path.Combine(Path.GetTempPath(), $"dg-bench-{Guid.CreateVersion7():N}");
        var asked = 0;
        var server = WebApplication.CreateSlimBuilder();
        server.Logging.ClearProviders();
        server.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        await using var upstream = server.Build();
        upstream.MapGet("/domain/{name}", async Task (string name, HttpContext http) =>
        {
            Interlocked.Increment(ref asked);
            await Task.Delay(Upstream);
            http.Response.ContentType = "application/rdap+json";
            await http.Response.Body.WriteAsync(ScanBenchmark.Answer(name));
        });
        await upstream.StartAsync();
        var rdap = upstream.Urls.First();
        await using var app = DomainGuardApp.Build(["--environment=Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(
            [
                new("DomainGuard:World", "Live"), new("DomainGuard:DataDirectory", folder), new("DomainGuard:Api:RequestsPerMinute", "10000000"), new("DomainGuard:Lookups:Rdap:Overrides:bench", rdap + "/"),
                new("DomainGuard:Lookups:AllowedPrivateHosts:0", new Uri(rdap).Authority), new("DomainGuard:Lookups:Dns:Enabled", "false"), new("DomainGuard:Lookups:Lanes:Default:PerSecond", "100000"),
                new("DomainGuard:Lookups:Lanes:Default:InFlight", "200"),
            ]);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
        });
        app.MapPost("/api/v1/yardstick/{id:long}", YardstickAsync).RequireAuthorization(ApiScope.RecoveryCheck);
        try
        {
            await DomainGuardApp.PrepareAsync(app, CancellationToken.None);
            var dbs = app.Services.GetRequiredService<IDbContextFactory<GuardDb>>();
            var secret = await FillAsync(dbs, accounts);
            await app.StartAsync();
            using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2_000 }) { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
            await FromStateAsync(client, dbs, accounts);
            await JustInTimeAsync(client, rdap, () => Interlocked.Exchange(ref asked, 0));
        }
        finally
        {
            await app.StopAsync();
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task FromStateAsync(HttpClient client, IDbContextFactory<GuardDb> dbs, int accounts)
    {
        await using var db = await dbs.CreateDbContextAsync();
        var emails = await db.Addresses.AsNoTracking().Where(a => a.Id <= accounts && a.Id % ((accounts / 20_000) + 1) == 0 && a.RetiredAt == null).Select(a => a.Email).Take(20_000).ToListAsync();
        List<Question> yardstick = [.. Enumerable.Range(0, 20_000).Select(i => new Question($"/api/v1/yardstick/{(i * 7919L % accounts) + 1}", """{"email":"somebody@example.com"}"""))];
        List<Question> gate = [.. emails.Select(e => new Question("/api/v1/recovery-checks", $$"""{"email":"{{e}}"}"""))];
        await LoadAsync(client, yardstick, 2_000);
        await LoadAsync(client, gate, 2_000);
        var (bare, ours) = (await LoadAsync(client, yardstick, 20_000), await LoadAsync(client, gate, 20_000));
        (bare, ours) = (Math.Max(bare, await LoadAsync(client, yardstick, 20_000)), Math.Max(ours, await LoadAsync(client, gate, 20_000)));
        var wanted = bare * Wanted;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{accounts:N0} accounts, SQLite; the most of two rounds of 20,000 with {Callers} callers; then asked by a process of its own at its moments: half of what is wanted ({wanted / 2:N0}/s), and half of what the gate does ({ours / 2:N0}/s)"));
        Console.WriteLine();
        Console.WriteLine("| asked | /s | of the yardstick | p50 ms at half of what is wanted | p99 ms | p50 ms at half of what it does | p99 ms |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        var gatePaced = $"{await PacedAsync(client, gate, wanted / 2)} | {await PacedAsync(client, gate, ours / 2)}";
        var yardstickPaced = $"{await PacedAsync(client, yardstick, wanted / 2)} | {await PacedAsync(client, yardstick, ours / 2)}";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| yardstick: key, one row read, one inserted | {bare:N0} | | {yardstickPaced} |"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| recovery check from state | {ours:N0} | {ours / bare:P0} | {gatePaced} |"));
        Console.WriteLine();
    }

    private static async Task JustInTimeAsync(HttpClient client, string upstream, Func<int> count)
    {
        using var bare = new HttpClient();
        List<double> calls = [], checks = [];
        for (var i = 0; i < 60; i++)
        {
            var watch = Stopwatch.StartNew();
            await bare.GetByteArrayAsync(new Uri($"{upstream}/domain/j{i}.bench"));
            calls.Add(watch.Elapsed.TotalMilliseconds);
            watch.Restart();
            using var answer = await client.PostAsync(new Uri("/api/v1/recovery-checks", UriKind.Relative), Json($$"""{"email":"a@j{{i}}.bench"}"""));
            checks.Add(watch.Elapsed.TotalMilliseconds);
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            if (!body.RootElement.GetProperty("lookedUp").GetBoolean())
            {
                throw new InvalidOperationException($"Not looked up: {body.RootElement}");
            }
        }

        Console.WriteLine("| look-up inside a check | p50 ms | p95 ms |");
        Console.WriteLine("|---|---:|---:|");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| yardstick: the bare call, an upstream that takes 50 ms | {At(calls[10..], 0.5):0.0} | {At(calls[10..], 0.95):0.0} |"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| recovery check of a stale domain | {At(checks[10..], 0.5):0.0} | {At(checks[10..], 0.95):0.0} |"));
        count();
        var flood = Stopwatch.StartNew();
        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => client.PostAsync(new Uri("/api/v1/recovery-checks", UriKind.Relative), Json("""{"email":"a@flood.bench"}"""))));
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"1,000 checks at once for one stale domain: {answers.Count(a => a.IsSuccessStatusCode):N0} answers in {flood.Elapsed.TotalMilliseconds:0} ms, {count()} look-up."));
    }

    private static async Task<double> LoadAsync(HttpClient client, List<Question> questions, int count)
    {
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (i, _) => await AskAsync(client, questions[i % questions.Count]));
        return count / watch.Elapsed.TotalSeconds;
    }

    // In a process of its own, so that callers and the server do not wait for the same threads: p50 and p99 as the table shows them.
    private static async Task<string> PacedAsync(HttpClient client, List<Question> questions, double rate)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllLinesAsync(file, questions.Select(q => $"{q.Path} {q.Body}"));
        var answer = await ImportBenchmark.SelfAsync("gate-load", client.BaseAddress!.ToString(), client.DefaultRequestHeaders.Authorization!.Parameter!, file, ((int)rate).ToString(CultureInfo.InvariantCulture));
        File.Delete(file);
        return answer;
    }

    /// <summary><c>gate-load ADDRESS KEY FILE RATE</c>: an open loop. A question comes at its moment, whether or not those before it were answered, and is timed from that moment; the first seconds, in which connections are opened and code is compiled, do not count. Prints p50 and p99 in ms.</summary>
    public static async Task<int> AskPacedAsync(string[] args)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2_000 }) { BaseAddress = new Uri(args[1]) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", args[2]);
        var questions = (await File.ReadAllLinesAsync(args[3])).Select(l => l.Split(' ', 2)).Select(l => new Question(l[0], l[1])).ToList();
        var rate = double.Parse(args[4], CultureInfo.InvariantCulture);
        var times = new ConcurrentBag<double>();
        List<Task> running = [];
        var watch = Stopwatch.StartNew();
        using var pause = new ManualResetEventSlim();
        var clock = new Thread(() =>
        {
            for (var i = 0; watch.Elapsed < Warm + TimeSpan.FromSeconds(15);)
            {
                for (; i < watch.Elapsed.TotalSeconds * rate; i++)
                {
                    var (n, due) = (i, i / rate);
                    running.Add(Task.Run(async () =>
                    {
                        await AskAsync(client, questions[n % questions.Count]);
                        if (due > Warm.TotalSeconds)
                        {
                            times.Add((watch.Elapsed.TotalSeconds - due) * 1_000);
                        }
                    }));
                }

                pause.Wait(1);
            }
        });
        clock.Start();
        clock.Join();
        await Task.WhenAll(running);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{At(times, 0.5):0.0} | {At(times, 0.99):0.0}"));
        return 0;
    }

    private static async Task AskAsync(HttpClient client, Question question)
    {
        using var answer = await client.PostAsync(new Uri(question.Path, UriKind.Relative), Json(question.Body));
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<IResult> YardstickAsync(long id, HttpContext http, IDbContextFactory<GuardDb> dbs, IdAllocator ids)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body);
        await using var db = await dbs.CreateDbContextAsync();
        var account = await db.Accounts.AsNoTracking().Where(a => a.Id == id).Select(a => new { a.ExternalId, a.Impact }).FirstAsync();
        db.RecoveryChecks.Add(new RecoveryCheck { Id = await ids.NextAsync("Yardstick", CancellationToken.None) + 1_000_000_000, At = TimeProvider.System.GetUtcNow(), AskedBy = "yardstick" });
        await db.SaveChangesAsync();
        return TypedResults.Json(account);
    }

    private static async Task<string> FillAsync(IDbContextFactory<GuardDb> dbs, int accounts)
    {
        var now = TimeProvider.System.GetUtcNow();
        await AccountsBenchmark.FillAsync(dbs, now.AddYears(-1), accounts);
        var secret = ApiSecret.Make();
        await using var db = await dbs.CreateDbContextAsync();
        // Looked up a moment ago, due in a month: only what is below ".bench" is stale.
        await db.Domains.ExecuteUpdateAsync(s => s.SetProperty(d => d.LastAnsweredAt, now).SetProperty(d => d.LastTriedAt, now).SetProperty(d => d.NextCheckAt, now.AddDays(30)).SetProperty(d => d.NextSweepAt, now.AddDays(30)));
        string[] stale = [.. Enumerable.Range(0, 60).Select(i => $"j{i}.bench"), "flood.bench"];
        for (var i = 0; i < stale.Length; i++)
        {
            var id = 10_000_000 + i;
            db.Domains.Add(new Domain { Id = id, Name = stale[i], Tld = "bench", WatchedFor = WatchedFor.Addresses, AddressCount = 1, AddedAt = now.AddDays(-9), Phase = Phase.Active, LastAnsweredAt = now.AddDays(-2), NextCheckAt = now.AddDays(30), NextSweepAt = now.AddDays(30), Version = 1 });
            db.Accounts.Add(new Account { Id = id, ExternalId = $"stale{i}", SortName = $"stale{i}", AddressCount = 1, AddedAt = now, ChangedAt = now, Version = 1 });
            db.Addresses.Add(new Address { Id = id, AccountId = id, DomainId = id, Email = "a@" + stale[i], SearchEmail = "a@" + stale[i], MailHost = stale[i], IsPrimary = true, VerifiedAt = now.AddYears(-1), BaselineFrom = now.AddYears(-1), AddedAt = now, Version = 1 });
        }

        db.ApiKeys.Add(new ApiKey { Id = Guid.CreateVersion7(), Name = "bench", Hint = ApiSecret.Hint(secret), SecretHash = ApiSecret.Hash(secret), Scopes = ApiScopes.RecoveryCheck, CreatedAt = now });
        await db.SaveChangesAsync();
        await db.Database.ExecuteSqlRawAsync("ANALYZE");
        return secret;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static double At(IEnumerable<double> times, double part)
    {
        var sorted = times.Order().ToArray();
        return sorted[(int)(part * (sorted.Length - 1))];
    }

    private sealed record Question(string Path, string Body);
}
