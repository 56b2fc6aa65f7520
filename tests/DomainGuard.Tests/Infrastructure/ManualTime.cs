namespace DomainGuard.Tests.Infrastructure;

/// <summary>Time that passes only when a test says so: delays, time-outs and stamps follow it.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private long _stamp;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _stamp;
        }
    }

    /// <summary>Sets the clock on the wall without letting time pass: back, or ahead.</summary>
    public void Set(DateTimeOffset now)
    {
        lock (_lock)
        {
            _now = now;
        }
    }

    /// <summary>Lets time pass; timers go off at their moment.</summary>
    public void Advance(TimeSpan by)
    {
        var end = GetTimestamp() + by.Ticks;
        while (true)
        {
            Timer? due;
            lock (_lock)
            {
                due = _timers.Where(t => t.Due <= end).MinBy(t => t.Due);
                var to = due is null ? end : Math.Max(due.Due, _stamp);
                _now += TimeSpan.FromTicks(to - _stamp);
                _stamp = to;
                if (due is not null)
                {
                    _timers.Remove(due);
                }
            }

            if (due is null)
            {
                return;
            }

            due.Fire();
        }
    }

    /// <summary>Lets time pass in steps until the work is done, giving other threads room between them.</summary>
    public async Task RunAsync(Task work, TimeSpan step)
    {
        for (var i = 0; !work.IsCompleted; i++)
        {
            Assert.True(i < 20_000, "the work never ends");
            for (var spin = 0; spin < 4 && !work.IsCompleted; spin++)
            {
                await Task.Delay(1);
            }

            if (!work.IsCompleted)
            {
                Advance(step);
            }
        }

        await work;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(ManualTime time, Action fire) : ITimer
    {
        public long Due { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._stamp + dueTime.Ticks;
                    time._timers.Add(this);
                }
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
