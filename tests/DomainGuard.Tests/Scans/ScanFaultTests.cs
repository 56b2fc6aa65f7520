using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Scans;

public sealed class ScanFaultTests
{
    [Fact]
    public async Task Two_nodes_share_the_lanes_of_one_file_and_nothing_is_done_twice()
    {
        await using var world = await ScanWorld.CreateAsync();
        await using var other = world.Join();
        world.Rdap.Delay = () => Task.Delay(5);
        await world.AddAsync(Enumerable.Range(0, 1_200).Select(i => $"d{i}.t{i % 12}"));
        var id = await world.StartAsync();

        var ended = await Task.WhenAll(world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None), other.Get<RunScan>().ExecuteAsync(id, CancellationToken.None));

        Assert.All(ended, status => Assert.Equal(ScanStatus.Completed, status));
        Assert.All(world.Rdap.Asked.Values, n => Assert.Equal(1, n));
        await AssertDoneOnceAsync(world, id, 1_200);
    }

    /// <summary>
    /// Nodes whose clocks differ by minutes take each other's lanes away in the middle of the work, and are stopped at random. Whatever happens, every result
    /// is counted and settled once.
    /// </summary>
    [Fact]
    public Task Lost_leases_and_stopped_nodes_never_count_or_settle_anything_twice() => Gen
        .Select(Gen.Int[0, 3], Gen.Int[2, 4], Gen.Int[0, 1_000_000])
        .SampleAsync(
            async (skewMinutes, nodes, seed) =>
            {
                var random = new Random(seed);
                await using var world = await ScanWorld.CreateAsync();
                world.Rdap.Delay = () => Task.Delay(random.Next(4));
                await world.AddAsync(Enumerable.Range(0, 240).Select(i => $"d{i}.t{i % 5}"));
                var id = await world.StartAsync();
                await Task.WhenAll(Enumerable.Range(0, nodes).Select(async n =>
                {
                    for (var life = 0; life < 3; life++)
                    {
                        await using var node = world.Join(new SkewedTime(TimeSpan.FromMinutes(skewMinutes * n)), OwnLanes);
                        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(50, 400)));
                        await node.Get<RunScan>().ExecuteAsync(id, stop.Token);
                    }
                }));
                await using var last = world.Join(new SkewedTime(TimeSpan.FromMinutes((skewMinutes * nodes) + 5)), OwnLanes);
                await last.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);

                await AssertDoneOnceAsync(world, id, 240);
            },
            iter: 4,
            threads: 1);

    [Fact]
    public async Task The_lease_of_a_dead_node_is_taken_over_and_one_from_a_clock_that_was_set_back_too()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com", "b.org");
        var id = await world.StartAsync();
        await using (var db = await world.OpenAsync())
        {
            await world.Get<PrepareScan>().ExecuteAsync(await db.Scans.SingleAsync(), CancellationToken.None);
            var now = TimeProvider.System.GetUtcNow();
            await db.ScanLanes.Where(l => l.Host == "rdap.com").ExecuteUpdateAsync(s => s.SetProperty(l => l.LeaseOwner, "dead").SetProperty(l => l.LeaseUntil, now.AddSeconds(-1)));
            await db.ScanLanes.Where(l => l.Host == "rdap.org").ExecuteUpdateAsync(s => s.SetProperty(l => l.LeaseOwner, "ahead").SetProperty(l => l.LeaseUntil, now.AddHours(9)));
        }

        await world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);

        await AssertDoneOnceAsync(world, id, 2);
    }

    [Fact]
    public async Task A_locked_database_is_waited_for()
    {
        await using var world = await ScanWorld.CreateAsync();
        world.Rdap.Delay = () => Task.Delay(2);
        await world.AddAsync(Enumerable.Range(0, 600).Select(i => $"d{i}.com"));
        var id = await world.StartAsync();
        var run = world.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);
        while ((await world.RowAsync(id)).Done == 0)
        {
            await Task.Delay(10);
        }

        await using (var other = new Microsoft.Data.Sqlite.SqliteConnection("Data Source=" + world.File))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            await command.ExecuteNonQueryAsync();
            await Task.Delay(2_000);
            command.CommandText = "ROLLBACK";
            await command.ExecuteNonQueryAsync();
        }

        Assert.Equal(ScanStatus.Completed, await run);
        await AssertDoneOnceAsync(world, id, 600);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_bends_no_history_and_stops_nothing()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("a.com", "b.com");
        await world.ScanAsync();
        var first = world.Clock.Now;

        world.Clock.Time -= TimeSpan.FromDays(10);
        world.Rdap.Answer = (q, host) => ScriptedSource.Record(q, host, q.Now.AddYears(-3), q.Now.AddDays(-2), q.Domain == "a.com" ? "auto renew period" : "active");
        Assert.Equal(2, (await world.ScanAsync()).Changed);

        Assert.Equal(Phase.AutoRenewGrace, (await world.DomainAsync("a.com")).Phase);
        await using var db = await world.OpenAsync();
        Assert.All(await db.PhaseSpans.ToListAsync(), s => Assert.True(s.To is null || s.To >= s.From));
        world.Clock.Time = first.AddDays(1);
        Assert.Equal(ScanResult.Complete, (await world.ScanAsync()).Result);
    }

    [Fact]
    public async Task A_decision_once_written_is_kept_when_the_settling_node_dies_half_way()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync(Enumerable.Range(0, 400).Select(i => $"d{i}.com"));
        world.Rdap.Answer = (q, host) => int.Parse(q.Domain[1..^4], System.Globalization.CultureInfo.InvariantCulture) < 80 ? ScriptedSource.Fails(q, host) : ScriptedSource.Registered(q, host);
        var id = await world.StartAsync();
        using var stop = new CancellationTokenSource();
        var run = world.Get<RunScan>().ExecuteAsync(id, stop.Token);
        while ((await world.RowAsync(id)).Settled == 0 && !run.IsCompleted)
        {
            await Task.Delay(1);
        }

        await stop.CancelAsync();
        await run;
        await using var heir = world.Join();
        await heir.Get<RunScan>().ExecuteAsync(id, CancellationToken.None);

        var scan = await world.RowAsync(id);
        Assert.Equal((ScanResult.Void, 400, 0), (scan.Result, scan.Settled, scan.Changed)); // 320 of 400, and the last 256 alone would have counted
        await using var db = await world.OpenAsync();
        Assert.Equal(0, await db.Observations.CountAsync());
    }

    [Fact]
    public async Task What_rests_on_ten_times_the_accounts_is_judged_in_pages_and_only_where_there_is_a_sign()
    {
        await using var world = await ScanWorld.CreateAsync();
        await world.AddAsync("big.com", "small.com");
        await using (var db = await world.OpenAsync())
        {
            var now = world.Clock.Now;
            for (var i = 10L; i < 2_600; i++)
            {
                db.Add(new Data.Accounts.Account { Id = i, ExternalId = "x" + i, SortName = "x" + i, AddedAt = now, ChangedAt = now, CreatedAt = now.AddYears(-2) });
                db.Add(new Data.Accounts.Address
                {
                    Id = i,
                    AccountId = i,
                    DomainId = 1,
                    Email = $"a{i}@big.com",
                    SearchEmail = $"a{i}@big.com",
                    MailHost = "big.com",
                    BaselineFrom = now,
                    AddedAt = now,
                    VerifiedAt = i % 2 == 0 ? now.AddYears(-1) : now.AddDays(89),
                });
            }

            await db.SaveChangesAsync();
        }

        await world.ScanAsync();
        world.Clock.Time += TimeSpan.FromDays(90);
        var anew = world.Clock.Now.AddDays(-10);
        world.Rdap.Answer = (q, host) => q.Domain == "big.com"
            ? ScriptedSource.Registered(q, host) with { Rdap = new RdapFacts { Handle = "N", RegisteredAt = anew, ExpiresAt = anew.AddYears(1), Statuses = ["active"] } }
            : ScriptedSource.Registered(q, host);
        await world.ScanAsync();

        await using var after = await world.OpenAsync();
        var hands = await after.Addresses.Where(a => a.DomainId == 1).GroupBy(a => a.HandChange).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count);
        Assert.Equal(1 + (2_590 / 2), hands[HandChange.Reregistered]); // those verified before; the others trusted the new holder from the start
        Assert.Equal(2_590 / 2, hands.GetValueOrDefault(HandChange.None));
    }

    // The rates of clocks that differ by minutes are another matter.
    private static void OwnLanes(IServiceCollection services) => services.AddSingleton<ILaneStore, MemoryLaneStore>();

    private static async Task AssertDoneOnceAsync(ScanWorld world, long id, int count)
    {
        var scan = await world.RowAsync(id);
        Assert.Equal(
            (ScanStatus.Completed, ScanResult.Complete, count, count, count, count, count),
            (scan.Status, scan.Result, scan.Total, scan.Done, scan.Answered, scan.Settled, scan.Changed));
        await using var db = await world.OpenAsync();
        Assert.Equal(count, await db.Observations.CountAsync(o => o.Times == 1));
        Assert.Equal(count, await db.Observations.CountAsync());
        Assert.Equal(count, await db.PhaseSpans.CountAsync());
        Assert.Equal(count, await db.Domains.CountAsync(d => d.Phase == Phase.Active));
        Assert.Equal((0, 0), (await db.ScanItems.CountAsync(i => i.State == ScanItemState.Waiting || i.Staged != null), await db.ScanLanes.CountAsync(l => l.Done != l.Total)));
    }

    private sealed class SkewedTime(TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + skew;
    }
}
