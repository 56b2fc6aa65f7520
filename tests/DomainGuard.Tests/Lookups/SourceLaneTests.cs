using System.Collections.Concurrent;
using System.Diagnostics;
using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups;
using DomainGuard.Tests.Infrastructure;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Lookups;

/// <summary>Rate, places in flight, rests and budget of one upstream host, in time that the test moves.</summary>
public sealed class SourceLaneTests
{
    private const string Host = "rdap.example";
    private static readonly LookupQuestion Question = new("sample.zz", [], LookupRig.Now);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly ManualTime _time = new();

    private SourceLane Lane(double perSecond = 1_000_000, int inFlight = 2, ILaneStore? store = null, SourceKind source = SourceKind.Rdap, TimeProvider? time = null)
    {
        var options = new LookupOptions();
        (options.Lanes.Default.PerSecond, options.Lanes.Default.InFlight) = (perSecond, inFlight);
        return new Lanes(Options.Create(options), store ?? new MemoryLaneStore(time ?? _time), time ?? _time).Of(Host, source);
    }

    private static Observation Good(LookupQuestion q) => new(SourceKind.Rdap, Host, Outcome.NotFound, q.Now, TimeSpan.Zero);

    private static Observation Bad(LookupQuestion q, FailureKind kind, double? retryAfter = null, SourceKind source = SourceKind.Rdap) =>
        new(source, Host, Outcome.Failure, q.Now, TimeSpan.Zero) { Failure = kind, Error = "it failed", RetryAfter = retryAfter is { } s ? TimeSpan.FromSeconds(s) : null };

    private static Task<Observation> AskAsync(SourceLane lane, Func<Observation> answer, LaneUse use = LaneUse.Scan) =>
        lane.AskAsync(Question, use, (_, _) => Task.FromResult(answer()), TestContext.Current.CancellationToken);

    private async Task<Observation> AskAsync(SourceLane lane, FailureKind kind, double? retryAfter = null, SourceKind source = SourceKind.Rdap)
    {
        var asking = AskAsync(lane, () => kind == FailureKind.None ? Good(Question) : Bad(Question, kind, retryAfter, source));
        await _time.RunAsync(asking, TimeSpan.FromMilliseconds(10));
        return await asking;
    }

    private async Task<TimeSpan> RestLengthAsync(SourceLane lane, int failures)
    {
        for (var i = 0; i < failures; i++)
        {
            Assert.Equal(FailureKind.ServerError, (await AskAsync(lane, FailureKind.ServerError)).Failure);
        }

        var rested = await AskAsync(lane, FailureKind.None);
        Assert.Equal(FailureKind.LaneRested, rested.Failure);
        return rested.RetryAfter!.Value;
    }

    [Fact]
    public async Task Scan_and_waiting_people_together_keep_within_the_rate()
    {
        var lane = Lane(perSecond: 4, inFlight: 50);
        var asked = new ConcurrentBag<DateTimeOffset>();
        var all = Enumerable.Range(0, 80).Select(i => AskAsync(
            lane,
            () =>
            {
                asked.Add(_time.GetUtcNow());
                return Good(Question);
            },
            i % 4 == 0 ? LaneUse.Interactive : LaneUse.Scan));
        await _time.RunAsync(Task.WhenAll(all.ToArray()), Step);
        var times = asked.Order().ToList();
        Assert.Equal(80, times.Count);
        foreach (var from in times)
        {
            // Two that the step of the clock shifts, and one at either end.
            Assert.True(times.Count(t => t >= from && t < from + TimeSpan.FromSeconds(5)) <= (5 * 4) + 3);
        }
    }

    [Fact]
    public void Slots_never_exceed_the_rate_whoever_asks_and_when() =>
        Gen.Select(Gen.Bool, Gen.Int[1, 8], Gen.Int[0, 3_000]).Array[1, 120].Sample(steps =>
        {
            var spacing = TimeSpan.FromMilliseconds(250);
            var now = LookupRig.Now;
            var pointers = new LanePointers();
            List<DateTimeOffset> slots = [];
            foreach (var (interactive, wanted, passed) in steps)
            {
                now += TimeSpan.FromMilliseconds(passed);
                (var granted, pointers) = pointers.Reserve(interactive ? LaneUse.Interactive : LaneUse.Scan, now, wanted, spacing);
                Assert.True(granted.First >= now && granted.Count >= 1);
                slots.AddRange(Enumerable.Range(0, granted.Count).Select(i => granted.First + (granted.Spacing * i)));
            }

            slots.Sort();
            return slots.TrueForAll(from => slots.Count(s => s >= from && s < from + TimeSpan.FromSeconds(10)) <= 40 + 2);
        });

    [Fact]
    public async Task Somebody_who_waits_goes_before_a_long_scan()
    {
        var lane = Lane(perSecond: 1, inFlight: 2);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var scan = Enumerable.Range(0, 60).Select(_ => lane.AskAsync(Question, LaneUse.Scan, (q, _) => Task.FromResult(Good(q)), stop.Token)).ToArray();
        await _time.RunAsync(scan[0], Step);
        var began = _time.GetTimestamp();
        await _time.RunAsync(AskAsync(lane, () => Good(Question), LaneUse.Interactive), Step);
        Assert.True(_time.GetElapsedTime(began) < TimeSpan.FromSeconds(1.5), $"waited {_time.GetElapsedTime(began)}");
        Assert.True(scan.Count(s => !s.IsCompleted) > 50);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(scan));
    }

    [Fact]
    public async Task Place_that_comes_free_goes_to_somebody_who_waits_and_not_to_a_cancelled_one()
    {
        var gate = new InFlightGate(1);
        await gate.EnterAsync(LaneUse.Scan, default);
        var scan = gate.EnterAsync(LaneUse.Scan, default);
        using var cancel = new CancellationTokenSource();
        var gone = gate.EnterAsync(LaneUse.Interactive, cancel.Token);
        var waiting = gate.EnterAsync(LaneUse.Interactive, default);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        gate.Leave();
        await waiting;
        Assert.False(scan.IsCompleted);
        gate.Leave();
        await scan;
        gate.Leave();
        Assert.True(gate.EnterAsync(LaneUse.Scan, default).IsCompletedSuccessfully);
        Assert.False(gate.EnterAsync(LaneUse.Scan, default).IsCompleted);
    }

    [Fact]
    public async Task No_more_than_the_allowed_number_is_ever_in_flight()
    {
        var lane = Lane(inFlight: 3, time: TimeProvider.System);
        var (now, most) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => lane.AskAsync(
            Question,
            i % 5 == 0 ? LaneUse.Interactive : LaneUse.Scan,
            async (q, stop) =>
            {
                var here = Interlocked.Increment(ref now);
                InterlockedMax(ref most, here);
                await Task.Delay(2, stop);
                Interlocked.Decrement(ref now);
                return Good(q);
            },
            TestContext.Current.CancellationToken)));
        Assert.Equal(3, most);

        static void InterlockedMax(ref int target, int value)
        {
            for (var seen = target; value > seen && Interlocked.CompareExchange(ref target, value, seen) is var found && found != seen; seen = found)
            {
            }
        }
    }

    [Fact]
    public async Task Lifted_limits_are_no_brake()
    {
        var lane = Lane(inFlight: 200, time: TimeProvider.System);
        // The best of several batches: what else runs on the machine slows some of them, a brake all of them.
        var best = TimeSpan.MaxValue;
        for (var batch = 0; batch < 20; batch++)
        {
            var watch = Stopwatch.StartNew();
            var left = 2_000;
            await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await AskAsync(lane, () => Good(Question));
                }
            })));
            best = watch.Elapsed < best ? watch.Elapsed : best;
        }

        Assert.True(best < TimeSpan.FromSeconds(0.2), $"2,000 questions took {best} at best");
    }

    [Theory]
    [InlineData(FailureKind.RateLimited, 7.0, 7)]
    [InlineData(FailureKind.RateLimited, 0.0, 60)]
    [InlineData(FailureKind.RateLimited, null, 60)]
    [InlineData(FailureKind.ServerError, 20.0, 20)]
    public async Task Host_that_asks_for_patience_gets_it_at_once(FailureKind kind, double? retryAfter, int seconds)
    {
        var lane = Lane();
        Assert.Equal(kind, (await AskAsync(lane, kind, retryAfter)).Failure);
        var rested = await AskAsync(lane, FailureKind.None);
        Assert.Equal(FailureKind.LaneRested, rested.Failure);
        Assert.Contains("rests until", rested.Error, StringComparison.Ordinal);
        Assert.InRange(rested.RetryAfter!.Value, TimeSpan.FromSeconds(seconds - 0.5), TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromSeconds(seconds + 0.1));
        Assert.Equal(Outcome.NotFound, (await AskAsync(lane, FailureKind.None)).Outcome);
    }

    [Fact]
    public async Task Host_that_keeps_failing_rests_ever_longer_up_to_a_quarter_of_an_hour_until_it_answers()
    {
        var lane = Lane();
        for (var i = 0; i < 4; i++)
        {
            await AskAsync(lane, FailureKind.Network);
        }

        await AskAsync(lane, FailureKind.None);
        var rest = await RestLengthAsync(lane, SourceLane.FailuresToRest);
        Assert.InRange(rest, TimeSpan.FromSeconds(26), TimeSpan.FromSeconds(30));
        foreach (var seconds in new[] { 60, 120, 240, 480, 900, 900 })
        {
            _time.Advance(rest + TimeSpan.FromSeconds(0.1));
            rest = await RestLengthAsync(lane, failures: 1);
            Assert.InRange(rest, TimeSpan.FromSeconds((seconds * 0.9) - 1), TimeSpan.FromSeconds(seconds));
        }

        _time.Advance(rest + TimeSpan.FromSeconds(0.1));
        Assert.Equal(Outcome.NotFound, (await AskAsync(lane, FailureKind.None)).Outcome);
        Assert.InRange(await RestLengthAsync(lane, SourceLane.FailuresToRest), TimeSpan.FromSeconds(26), TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_rest_one_question_tries_and_the_others_wait_for_it(bool isBack)
    {
        var lane = Lane(inFlight: 10);
        _time.Advance(await RestLengthAsync(lane, SourceLane.FailuresToRest) + TimeSpan.FromSeconds(1));
        var asked = 0;
        var trial = new TaskCompletionSource();
        var all = Enumerable.Range(0, 10).Select(_ => lane.AskAsync(
            Question,
            LaneUse.Scan,
            async (q, _) =>
            {
                Interlocked.Increment(ref asked);
                await trial.Task;
                return isBack ? Good(q) : Bad(q, FailureKind.Timeout);
            },
            TestContext.Current.CancellationToken)).ToArray();
        for (var i = 0; i < 20 || Volatile.Read(ref asked) == 0; i++)
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(1, asked);
        trial.SetResult();
        await _time.RunAsync(Task.WhenAll(all), TimeSpan.FromMilliseconds(1));
        var observations = await Task.WhenAll(all);
        Assert.Equal(isBack ? 10 : 1, asked);
        Assert.Equal(isBack ? 10 : 0, observations.Count(o => o.Outcome == Outcome.NotFound));
        Assert.Equal(isBack ? 0 : 9, observations.Count(o => o.Failure == FailureKind.LaneRested));
    }

    [Theory]
    [InlineData(FailureKind.WrongName, SourceKind.Rdap)]
    [InlineData(FailureKind.TooLarge, SourceKind.Rdap)]
    [InlineData(FailureKind.Refused, SourceKind.Rdap)]
    [InlineData(FailureKind.ServerError, SourceKind.Dns)]
    public async Task What_came_of_one_name_never_rests_its_host(FailureKind kind, SourceKind source)
    {
        var lane = Lane(source: source);
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(kind, (await AskAsync(lane, kind, source: source)).Failure);
        }
    }

    [Fact]
    public async Task Resolver_that_is_dead_rests_after_a_longer_run_of_silence()
    {
        var lane = Lane(source: SourceKind.Dns);
        for (var i = 0; i < SourceLane.SilencesToRest; i++)
        {
            Assert.Equal(FailureKind.Timeout, (await AskAsync(lane, FailureKind.Timeout, source: SourceKind.Dns)).Failure);
        }

        Assert.Equal(FailureKind.LaneRested, (await AskAsync(lane, FailureKind.Timeout, source: SourceKind.Dns)).Failure);
    }

    [Fact]
    public async Task Rest_that_another_process_learned_is_kept_here_too()
    {
        var store = new MemoryLaneStore(_time);
        var (here, there) = (Lane(store: store), Lane(store: store));
        Assert.Equal(Outcome.NotFound, (await AskAsync(here, FailureKind.None)).Outcome);
        await AskAsync(there, FailureKind.RateLimited, 30);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal(FailureKind.LaneRested, (await AskAsync(here, FailureKind.None)).Failure);
    }

    [Fact]
    public async Task Clock_set_back_neither_stops_a_lane_nor_prolongs_a_rest()
    {
        var lane = Lane(perSecond: 2);
        await AskAsync(lane, FailureKind.None);
        await AskAsync(lane, FailureKind.RateLimited, 30);
        _time.Set(_time.GetUtcNow().AddDays(-2));
        _time.Advance(TimeSpan.FromSeconds(1.1));
        foreach (var use in new[] { LaneUse.Scan, LaneUse.Interactive })
        {
            var began = _time.GetTimestamp();
            var asking = AskAsync(lane, () => Good(Question), use);
            await _time.RunAsync(asking, Step);
            Assert.Equal(Outcome.NotFound, (await asking).Outcome);
            Assert.True(_time.GetElapsedTime(began) < TimeSpan.FromSeconds(3));
        }
    }

    [Fact]
    public async Task Spent_budget_is_a_failure_and_nobody_is_asked()
    {
        var store = new PurseStore(_time, budget: 120);
        var lane = Lane(store: store);
        for (var i = 0; i < 120; i++)
        {
            Assert.Equal(Outcome.NotFound, (await AskAsync(lane, FailureKind.None)).Outcome);
        }

        Assert.Equal(FailureKind.BudgetSpent, (await AskAsync(lane, FailureKind.None)).Failure);
        Assert.True(store.Calls < 30, $"the store was asked {store.Calls} times");
    }

    private sealed class PurseStore(TimeProvider time, int budget) : ILaneStore
    {
        private readonly MemoryLaneStore _lanes = new(time);
        private int _left = budget;

        public int Calls { get; private set; }

        public Task<LaneSlots> ReserveAsync(string host, SourceKind source, LaneUse use, int wanted, TimeSpan spacing, CancellationToken cancel) =>
            _lanes.ReserveAsync(host, source, use, wanted, spacing, cancel);

        public Task<LaneRest?> RestOfAsync(string host, CancellationToken cancel) => _lanes.RestOfAsync(host, cancel);

        public Task RestAsync(string host, SourceKind source, LaneRest rest, CancellationToken cancel) => _lanes.RestAsync(host, source, rest, cancel);

        public Task<bool> SpendAsync(SourceKind source, DateOnly day, int count, CancellationToken cancel)
        {
            Calls++;
            if (_left < count)
            {
                return Task.FromResult(false);
            }

            _left -= count;
            return Task.FromResult(true);
        }
    }
}
