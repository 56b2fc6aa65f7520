using System.Collections.Concurrent;

namespace DomainGuard.Web.Features.Api;

/// <summary>What a request finds of its share.</summary>
/// <param name="Taken">It may go on.</param>
/// <param name="Remaining">Requests that may follow at once.</param>
/// <param name="Reset">Until the whole share is there again.</param>
/// <param name="RetryAfter">Until the next request may come, when this one may not.</param>
internal readonly record struct RateShare(bool Taken, int Remaining, TimeSpan Reset, TimeSpan RetryAfter);

/// <summary>
/// So many requests a minute for each name, in this process: the share comes back evenly, a <see cref="Quota"/>-th at a time (generic cell rate algorithm). A name costs one number; one
/// whose share is whole again is forgotten.
/// </summary>
internal sealed class RequestRate(int quota, TimeProvider time)
{
    /// <summary>What the quota is counted in.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private const int SweepEvery = 4_096;
    private readonly ConcurrentDictionary<string, long> _full = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();
    private int _asked;

    /// <summary>Requests a minute.</summary>
    public int Quota => quota;

    private long Step => Math.Max(1, Window.Ticks / quota);

    /// <summary>Takes one from the share of a name.</summary>
    public RateShare Take(string name)
    {
        var now = time.GetElapsedTime(_start).Ticks;
        if (Interlocked.Increment(ref _asked) % SweepEvery == 0)
        {
            Sweep(now);
        }

        while (true)
        {
            var isKnown = _full.TryGetValue(name, out var full);
            var next = Math.Max(full, now) + Step;
            if (next - now > Step * quota)
            {
                return new RateShare(false, 0, new TimeSpan(full - now), new TimeSpan(next - now - (Step * quota)));
            }

            if (isKnown ? _full.TryUpdate(name, next, full) : _full.TryAdd(name, next))
            {
                return Share(true, next - now);
            }
        }
    }

    /// <summary>Looks at the share of a name without taking from it.</summary>
    public RateShare Look(string name)
    {
        var now = time.GetElapsedTime(_start).Ticks;
        var used = Math.Max(0, _full.GetValueOrDefault(name) - now);
        return used + Step > Step * quota ? new RateShare(false, 0, new TimeSpan(used), new TimeSpan(used + Step - (Step * quota))) : Share(true, used);
    }

    private RateShare Share(bool taken, long used) => new(taken, (int)(((Step * quota) - used) / Step), new TimeSpan(used), TimeSpan.Zero);

    private void Sweep(long now)
    {
        foreach (var (name, full) in _full)
        {
            if (full <= now)
            {
                _full.TryRemove(KeyValuePair.Create(name, full));
            }
        }
    }
}
