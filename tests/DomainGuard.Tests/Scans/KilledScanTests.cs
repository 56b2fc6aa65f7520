using System.Diagnostics;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Tests.Findings;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

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

    private static Process Start(ScanWorld world, CountingUpstream upstream, params string[] scope) => Executable.Start(
        world.Database,
        [
            "scan", .. scope.Length == 0 ? ["--all"] : scope, "--json",
            $"--DomainGuard:Lookups:AllowedPrivateHosts:0={upstream.Host}",
            $"--DomainGuard:Lookups:Rdap:BootstrapUrl=http://{upstream.Host}/dns.json",
            $"--DomainGuard:Lookups:Rdap:Overrides:bench=http://{upstream.Host}/",
            "--DomainGuard:Lookups:Dns:Enabled=false",
            "--DomainGuard:Lookups:Lanes:Default:PerSecond=100000",
            $"--DomainGuard:Lookups:Lanes:Default:InFlight={InFlight}",
        ]);
}
