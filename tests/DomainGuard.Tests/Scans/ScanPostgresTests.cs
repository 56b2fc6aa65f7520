using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Scans;

/// <summary>One long life on a real PostgreSQL: every statement of the engine, by two nodes.</summary>
public sealed class ScanPostgresTests
{
    [Fact]
    public async Task Two_nodes_scan_sweep_void_and_judge_on_PostgreSQL()
    {
        var dns = new ScriptedSource(SourceKind.Dns);
        await using var world = await ScanWorld.CreateOnPostgresAsync(new ScriptedSource(), dns);
        await using var other = world.Join();
        var server = "ns1.host.net";
        dns.Answer = (q, host) => new Observation(SourceKind.Dns, host, Outcome.Answered, q.Now, TimeSpan.FromMilliseconds(1))
        {
            Dns = new DnsFacts { Delegation = Delegation.Delegated, NameServers = [server], MailHosts = [new MailHostFacts(q.Domain, MailRoute.Mx, ["mx1.mailer.net"])] },
        };
        world.Rdap.Delay = () => Task.Delay(2);
        await world.AddAsync(Enumerable.Range(0, 900).Select(i => $"d{i}.t{i % 9}"));

        var scan = await RunAsync(world, other, ScanScope.All);
        Assert.Equal((ScanResult.Complete, 900, 900, 900), (scan.Result, scan.Done, scan.Settled, scan.Changed));
        Assert.All(world.Rdap.Asked.Values, n => Assert.Equal(1, n));
        Assert.Equal(1, (await RunAsync(world, other, ScanScope.Due)).Done); // the mail exchanger's domain
        await using var db = await world.OpenAsync();
        Assert.Equal((900, 901, 901 * 2), (await db.MxLinks.CountAsync(), await db.PhaseSpans.CountAsync(), await db.Observations.CountAsync()));

        world.Clock.Time += TimeSpan.FromDays(2);
        server = "ns9.other.net";
        Assert.Equal((901, 901), ((scan = await RunAsync(world, other, ScanScope.DnsSweep)).Done, scan.Changed));
        var anew = world.Clock.Now.AddDays(-1);
        world.Rdap.Answer = (q, host) => q.Domain == "d3.t3"
            ? ScriptedSource.Registered(q, host) with { Rdap = new RdapFacts { Handle = "N", RegisteredAt = anew, ExpiresAt = anew.AddYears(1), Statuses = ["active"] } }
            : ScriptedSource.Registered(q, host);
        Assert.Equal(901, (await RunAsync(world, other, ScanScope.Due)).Done);
        Assert.Equal(HandChange.Reregistered, (await world.DomainAsync("d3.t3")).HandChange);

        world.Clock.Time += TimeSpan.FromDays(2);
        world.Rdap.Answer = (q, host) => q.Domain.EndsWith('5') ? ScriptedSource.Fails(q, host) : host == "rdap.t4" ? ScriptedSource.IsDown(q, host) : ScriptedSource.NotFound(q, host);
        scan = await RunAsync(world, other, ScanScope.All);
        Assert.Equal((ScanResult.Void, 0), (scan.Result, scan.Changed));
        Assert.Equal(0, await db.Domains.CountAsync(d => d.Phase == Phase.Released));
        await world.Get<KeepRetention>().ExecuteAsync(CancellationToken.None);
        world.Clock.Time += TimeSpan.FromDays(500);
        await world.Get<KeepRetention>().ExecuteAsync(CancellationToken.None);
        Assert.Equal((0, 0), (await db.Observations.CountAsync(o => o.Raw != null), await db.ScanItems.CountAsync()));
    }

    private static async Task<ScanRow> RunAsync(ScanWorld world, ScanWorld other, ScanScope scope)
    {
        var id = await world.StartAsync(scope);
        await Task.WhenAll(world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None), other.Get<RunScan>().ExecuteAsync(id, CancellationToken.None));
        var scan = await world.RowAsync(id);
        Assert.Equal(ScanStatus.Completed, scan.Status);
        return scan;
    }
}
