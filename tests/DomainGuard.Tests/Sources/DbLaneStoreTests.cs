using DomainGuard.Core.Domains;
using DomainGuard.Lookups;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Scans;

namespace DomainGuard.Tests.Sources;

public sealed class DbLaneStoreTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Processes_share_one_rate_and_no_slot_is_given_twice()
    {
        await using var world = await ScanWorld.CreateAsync();
        await using var other = world.Join();
        var stores = new[] { world.Get<ILaneStore>(), other.Get<ILaneStore>() };

        var granted = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            Task.Run(() => stores[i % 2].ReserveAsync("h", SourceKind.Rdap, LaneUse.Scan, 3, TimeSpan.FromMilliseconds(30), CancellationToken.None))));

        var slots = granted.SelectMany(g => Enumerable.Range(0, g.Count).Select(i => g.First + (g.Spacing * i))).Order().ToList();
        Assert.Equal(120, slots.Count);
        Assert.All(slots.Zip(slots.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMilliseconds(39)));
    }

    [Fact]
    public async Task A_rest_holds_for_every_process_and_ends()
    {
        var time = new ManualTime();
        await using var world = await ScanWorld.CreateAsync();
        await using var one = world.Join(time);
        await using var other = world.Join(time);

        await one.Get<ILaneStore>().RestAsync("h", SourceKind.Rdap, new LaneRest(time.GetUtcNow() + TimeSpan.FromMinutes(3), new string('x', 900)), CancellationToken.None);

        Assert.Equal(300, (await other.Get<ILaneStore>().RestOfAsync("h", CancellationToken.None))!.Reason.Length);
        time.Advance(TimeSpan.FromMinutes(3.1));
        Assert.Null(await other.Get<ILaneStore>().RestOfAsync("h", CancellationToken.None));
    }

    [Fact]
    public async Task What_a_clock_wrote_that_was_set_back_since_does_not_hold()
    {
        await using var world = await ScanWorld.CreateAsync();
        await using var ahead = world.Join(new Ahead());
        var store = ahead.Get<ILaneStore>();
        await store.ReserveAsync("h", SourceKind.Rdap, LaneUse.Scan, 5, Second, CancellationToken.None);
        await store.RestAsync("h", SourceKind.Rdap, new LaneRest(TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(9), "ahead"), CancellationToken.None);

        var slots = await world.Get<ILaneStore>().ReserveAsync("h", SourceKind.Rdap, LaneUse.Scan, 1, Second, CancellationToken.None);

        Assert.True(slots.First < TimeProvider.System.GetUtcNow() + Second);
        Assert.Null(await world.Get<ILaneStore>().RestOfAsync("h", CancellationToken.None));
    }

    [Fact]
    public async Task A_budget_is_never_overdrawn_and_begins_anew_each_day()
    {
        await using var world = await ScanWorld.CreateAsync();
        await using var other = world.Join();
        await world.ChangePolicyAsync(("budgets.domainResearch", "100"));
        var day = new DateOnly(2026, 3, 1);

        var spent = await Task.WhenAll(Enumerable.Range(0, 60).Select(i =>
            Task.Run(() => (i % 2 == 0 ? world : other).Get<ILaneStore>().SpendAsync(SourceKind.Fastly, day, 3, CancellationToken.None))));

        Assert.Equal(33, spent.Count(s => s));
        Assert.True(await world.Get<ILaneStore>().SpendAsync(SourceKind.Fastly, day, 1, CancellationToken.None));
        Assert.False(await world.Get<ILaneStore>().SpendAsync(SourceKind.Fastly, day, 1, CancellationToken.None));
        Assert.True(await world.Get<ILaneStore>().SpendAsync(SourceKind.Fastly, day.AddDays(1), 3, CancellationToken.None));
        Assert.True(await world.Get<ILaneStore>().SpendAsync(SourceKind.Rdap, day, 3, CancellationToken.None));
    }

    private sealed class Ahead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromHours(9);
    }
}
