namespace DomainGuard.Core.Events;

/// <summary>What becomes of a delivery after a try.</summary>
public enum DeliveryOutcome
{
    /// <summary>The receiver has it.</summary>
    Delivered,

    /// <summary>It is tried again.</summary>
    Again,

    /// <summary>It is tried again, and the receiver as a whole is left alone for a while: it is down, or has too much.</summary>
    AgainAndRest,

    /// <summary>It was the last try: kept as a dead letter.</summary>
    Dead,

    /// <summary>The receiver wants no more at all: it is switched off.</summary>
    Gone,
}

/// <summary>The rules of delivering, after Standard Webhooks: ten tries over three days, 2xx alone is success, 410 ends it, <c>Retry-After</c> is obeyed.</summary>
public static class DeliveryRules
{
    /// <summary>How long a receiver may take to answer.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>The longest rest that a receiver may ask for.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromHours(24);

    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>Tries in all.</summary>
    public static int Tries => Waits.Length + 1;

    /// <summary>What a try led to.</summary>
    /// <param name="status">HTTP status; null when there was no answer (time-out, no connection, not allowed).</param>
    /// <param name="tries">Tries so far, this one included.</param>
    public static DeliveryOutcome Of(int? status, int tries) => status switch
    {
        >= 200 and < 300 => DeliveryOutcome.Delivered,
        410 => DeliveryOutcome.Gone,
        _ when tries >= Tries => DeliveryOutcome.Dead,
        null or 429 or 502 or 503 or 504 => DeliveryOutcome.AgainAndRest,
        _ => DeliveryOutcome.Again,
    };

    /// <summary>How long a receiver is left alone: as long as it asked for, else a second that doubles with each failure up to five minutes, so that one that is down spends no tries of all that waits for it.</summary>
    /// <param name="failures">Failed tries in a row, from 1.</param>
    /// <param name="retryAfter">What it asked for; null when nothing.</param>
    public static TimeSpan Rest(int failures, TimeSpan? retryAfter) =>
        retryAfter is { } asked && asked > TimeSpan.Zero ? (asked > LongestRest ? LongestRest : asked) : TimeSpan.FromSeconds(Math.Min(300, Math.Pow(2, Math.Clamp(failures - 1, 0, 20))));

    /// <summary>How long after a failed try the next one comes: the schedule, spread by a tenth, and never sooner than the receiver asked.</summary>
    /// <param name="tries">Tries so far, from 1.</param>
    /// <param name="spread">Anything from 0 to 1.</param>
    /// <param name="retryAfter">What the receiver asked for; null when nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no further try.</exception>
    public static TimeSpan Wait(int tries, double spread, TimeSpan? retryAfter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tries, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tries, Waits.Length);
        var wait = Waits[tries - 1] * (1 + (spread / 10));
        var asked = retryAfter is not { } r || r < TimeSpan.Zero ? TimeSpan.Zero : r > LongestRest ? LongestRest : r;
        return asked > wait ? asked : wait;
    }
}
