namespace DomainGuard.Tests.Infrastructure;

/// <summary>Time that passes only when a test says so: delays, time-outs and stamps follow it.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private long _stamp;
    private int _fired;
    private int _set;

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
                    _fired++;
                }
            }

            if (due is null)
            {
                return;
            }

            due.Fire();
        }
    }

    /// <summary>
    /// Lets time pass in steps until the work is done, giving other threads room between them. Whom a timer woke gets until it waits for the next one, or a tenth of a second: on a busy
    /// machine the time that a test moves must not run ahead of those who live by it.
    /// </summary>
    public async Task RunAsync(Task work, TimeSpan step)
    {
        var (fired, set) = Counts();
        for (var i = 0; !work.IsCompleted; i++)
        {
            Assert.True(i < 20_000, "the work never ends");
            var room = System.GetTimestamp();
            for (var spin = 0; !work.IsCompleted && (spin < 4 || (IsSomebodyAwake() && System.GetElapsedTime(room) < TimeSpan.FromMilliseconds(100))); spin++)
            {
                await Task.Delay(1);
            }

            (fired, set) = Counts();
            if (!work.IsCompleted)
            {
                Advance(step);
            }
        }

        await work;

        bool IsSomebodyAwake()
        {
            var (firedNow, setNow) = Counts();
            return firedNow - fired > setNow - set;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private (int Fired, int Set) Counts()
    {
        lock (_lock)
        {
            return (_fired, _set);
        }
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
                    time._set++;
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
