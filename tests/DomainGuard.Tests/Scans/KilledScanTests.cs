using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Findings;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Scans;

/// <summary>The real executable, killed without warning in the middle of a scan, against a real server on loopback that counts what it is asked.</summary>
public sealed class KilledScanTests
{
    private const int InFlight = 24;

    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    /// <summary>
    /// What holds at every kill: an answer that is committed is never asked for again, one that is not is asked for once more, and there are no more of those than look-ups may be in
    /// flight. Killed while answers are settled, nothing is asked again at all.
    /// </summary>
    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_scan_that_is_killed_again_and_again_repeats_the_lookups_in_flight_and_nothing_else(DatabaseProvider provider)
    {
        const int Count = 5_000;
        await using var world = provider == DatabaseProvider.Sqlite ? await ScanWorld.CreateAsync() : await ScanWorld.CreateOnPostgresAsync();
        await using var upstream = await CountingUpstream.StartAsync(TimeSpan.FromMilliseconds(5));
        await world.AddAsync(Enumerable.Range(0, Count).Select(i => $"d{i}.bench"));
        var kills = new Dictionary<string, int>(StringComparer.Ordinal); // how often each was lost
        foreach (var share in new[] { 0.2, 0.6 })
        {
            using var victim = Start(world, upstream);
            upstream.HoldAfter(Count - 200); // a scan that outruns the killer waits for him
            await upstream.WaitForAsync((int)(Count * share), victim);
            victim.Kill();
            await victim.WaitForExitAsync();
            upstream.LetGo();

            var committed = await StandingAsync(world, upstream);
            Assert.InRange(committed.Count, (int)(Count * share) - (InFlight * 4), Count - 100); // really in the middle
            Assert.All(committed, n => Assert.Equal(1 + kills.GetValueOrDefault(n), upstream.Names[n]));
            var lost = upstream.Names.Keys.Where(n => !committed.Contains(n) && upstream.Names[n] == 1 + kills.GetValueOrDefault(n)).ToList();
            Assert.InRange(lost.Count, 0, InFlight);
            lost.ForEach(n => kills[n] = 1 + kills.GetValueOrDefault(n));
            Assert.Equal(committed.Count + kills.Values.Sum(), upstream.Total); // whatever was asked was written, or was lost in flight
        }

        using (var victim = Start(world, upstream))
        {
            while (await SettledAsync(world) == 0)
            {
                Assert.False(victim.HasExited, "it ended before it was seen settling");
                await Task.Delay(5);
            }

            victim.Kill();
            await victim.WaitForExitAsync();
            Assert.InRange(await SettledAsync(world), 1, Count - 1);
        }

        using var heir = Start(world, upstream);
        var report = JsonDocument.Parse(await heir.StandardOutput.ReadToEndAsync()).RootElement;
        await heir.WaitForExitAsync();

        Assert.Equal(0, heir.ExitCode);
        Assert.Equal(("Complete", Count, Count), (report.GetProperty("result").GetString(), report.GetProperty("done").GetInt32(), report.GetProperty("answered").GetInt32()));
        Assert.Equal(Count, upstream.Names.Count);
        Assert.All(upstream.Names, n => Assert.Equal(1 + kills.GetValueOrDefault(n.Key), n.Value));
        await using var db = await world.OpenAsync();
        Assert.Equal(Count, await db.Domains.CountAsync(d => d.Phase == Phase.Active));
        Assert.Equal((Count, Count, Count), (await db.Observations.CountAsync(), await db.Observations.CountAsync(o => o.Times == 1), await db.PhaseSpans.CountAsync()));
    }

    // The names whose answers are committed, once what the dead process had still sent to upstream and database has arrived.
    private static async Task<HashSet<string>> StandingAsync(ScanWorld world, CountingUpstream upstream)
    {
        (int Asked, int Committed) before = (-1, -1);
        while (true)
        {
            await using var db = await world.OpenAsync();
            var names = await db.ScanItems.Where(i => i.State != ScanItemState.Waiting).Join(db.Domains, i => i.DomainId, d => d.Id, (i, d) => d.Name).ToHashSetAsync();
            if (before == (upstream.Total, names.Count))
            {
                return names;
            }

            before = (upstream.Total, names.Count);
            await Task.Delay(200);
        }
    }

    private static async Task<int> SettledAsync(ScanWorld world)
    {
        await using var db = await world.OpenAsync();
        return await db.Scans.Select(s => s.Settled).SingleAsync();
    }

    [Fact]
    public async Task The_command_line_is_one_more_node_beside_a_running_server_on_one_file()
    {
        const int Count = 1_500;
        await using var world = await ScanWorld.CreateAsync();
        await using var upstream = await CountingUpstream.StartAsync(TimeSpan.FromMilliseconds(10));
        world.Rdap.Host = name => upstream.Host;
        world.Rdap.Delay = () => Task.Delay(10);
        await world.AddAsync(Enumerable.Range(0, Count).Select(i => $"d{i}.bench"));

        using var command = Start(world, upstream, "--domain", "d7.bench");
        var id = await world.StartAsync(ScanScope.All);
        await world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);
        await command.WaitForExitAsync();

        Assert.Equal(0, command.ExitCode);
        Assert.Equal((Count, Count), ((await world.RowAsync(id)).Done, (await world.RowAsync(id)).Settled));
        Assert.InRange(upstream.Total, 1, 2); // and the lane's canary, once the server has settled one
        await using var db = await world.OpenAsync();
        Assert.Equal(2, await db.Scans.CountAsync(s => s.Status == ScanStatus.Completed));
    }

    private static Process Start(ScanWorld world, CountingUpstream upstream, params string[] scope)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] words =
        [
            typeof(RunScan).Assembly.Location, "scan", .. scope.Length == 0 ? ["--all"] : scope, "--json",
            "--DomainGuard:World=Live",
            $"--DomainGuard:DataDirectory={Path.GetTempPath()}",
            $"--DomainGuard:Database:Provider={world.Database.Provider}",
            $"--DomainGuard:Database:ConnectionString={world.Database.ConnectionString}",
            $"--DomainGuard:Lookups:AllowedPrivateHosts:0={upstream.Host}",
            $"--DomainGuard:Lookups:Rdap:BootstrapUrl=http://{upstream.Host}/dns.json",
            $"--DomainGuard:Lookups:Rdap:Overrides:bench=http://{upstream.Host}/",
            "--DomainGuard:Lookups:Dns:Enabled=false",
            "--DomainGuard:Lookups:Lanes:Default:PerSecond=100000",
            $"--DomainGuard:Lookups:Lanes:Default:InFlight={InFlight}",
        ];
        Array.ForEach(words, info.ArgumentList.Add);

        var process = Process.Start(info)!;
        process.ErrorDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        process.BeginErrorReadLine();
        return process;
    }
}

/// <summary>An RDAP server on loopback that counts.</summary>
internal sealed class CountingUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _holdAfter = int.MaxValue;
    private int _total;

    private CountingUpstream(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, int> Names { get; } = new(StringComparer.Ordinal);

    public int Total => Volatile.Read(ref _total);

    public string Host => $"127.0.0.1:{new Uri(_app.Urls.First()).Port}";

    public static async Task<CountingUpstream> StartAsync(TimeSpan delay)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var upstream = new CountingUpstream(app);
        app.MapGet("/domain/{name}", async (string name, HttpContext http) =>
        {
            var number = Interlocked.Increment(ref upstream._total);
            upstream.Names.AddOrUpdate(name, 1, (_, n) => n + 1);
            await Task.Delay(delay);
            if (number > Volatile.Read(ref upstream._holdAfter))
            {
                await upstream._letGo.Task.WaitAsync(http.RequestAborted);
            }

            http.Response.ContentType = "application/rdap+json";
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"objectClassName":"domain","ldhName":"{{name}}","handle":"H-{{name}}","status":["active"],"events":[{"eventAction":"registration","eventDate":"2012-03-04T05:06:07Z"},{"eventAction":"expiration","eventDate":"2099-03-04T05:06:07Z"}]}""")));
        });
        await app.StartAsync();
        return upstream;
    }

    /// <summary>Answers nothing more once so many have asked, until <see cref="LetGo"/>.</summary>
    public void HoldAfter(int total) => Volatile.Write(ref _holdAfter, total);

    public void LetGo()
    {
        Volatile.Write(ref _holdAfter, int.MaxValue);
        _letGo.TrySetResult();
    }

    public async Task WaitForAsync(int total, Process asker)
    {
        while (Total < total)
        {
            Assert.False(asker.HasExited, "it ended before it had asked enough");
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
