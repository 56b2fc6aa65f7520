using DomainGuard.Core.Domains;
using DomainGuard.Core.Events;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Scheduling;

/// <summary>What the next check of a domain depends on.</summary>
public sealed record ScheduleInput
{
    /// <summary>Registrable domain, A-label, lower case: its hash spreads the checks.</summary>
    public required string Domain { get; init; }

    /// <summary>Latest phase.</summary>
    public required Phase Phase { get; init; }

    /// <summary>Latest flags.</summary>
    public DomainFlags Flags { get; init; }

    /// <summary>Latest confidence of the phase.</summary>
    public Confidence Confidence { get; init; }

    /// <summary>Worst change of hands among its addresses.</summary>
    public HandChange HandChange { get; init; }

    /// <summary>Since when (UTC); null reads as now.</summary>
    public DateTimeOffset? HandChangeSince { get; init; }

    /// <summary>End of the term (UTC); null when not known.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The moment of the look-up (UTC).</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Look-ups without an answer since the last one that had it, this one included.</summary>
    public int FailuresInRow { get; init; }

    /// <summary>The look-up was answered (product section 6).</summary>
    public required bool IsAnswered { get; init; }

    /// <summary>Name servers or MX moved since the end of the term.</summary>
    public bool HasMoved { get; init; }

    /// <summary>Says how soon each situation is looked at again; the defaults where a caller names none.</summary>
    public GuardPolicy Policy { get; init; } = GuardPolicy.Default;
}

/// <summary>When a domain is looked up next: cadence by situation (product section 6), spread by a hash of the name, backed off after failures.</summary>
public static class CheckSchedule
{
    private const double Jitter = 0.1;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    /// <summary>
    /// The next check (UTC), always after now and never later than the cadence; null where there is nothing to look up. The day after the
    /// end of the term, and the days on which an early warning is due, are not slept through.
    /// </summary>
    public static DateTimeOffset? Next(ScheduleInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Phase == Phase.NotApplicable)
        {
            return null;
        }

        var cadence = Cadence(input);
        var spread = 1 - (Jitter * StableHash.Fraction(input.Domain));
        if (!input.IsAnswered)
        {
            return input.Now.Plus(BackOff(input, cadence) * spread);
        }

        var next = input.Now.Plus(cadence * spread);
        if (input.ExpiresAt is { } end)
        {
            foreach (var days in ExpiryWarning.Days)
            {
                next = NotLaterThan(next, end.Plus(-TimeSpan.FromDays(days) + (Hour * (24 * (1 - spread)))), input.Now);
            }

            next = NotLaterThan(next, end.Plus(Day * spread), input.Now);
        }

        return next;
    }

    /// <summary>How long after an answered look-up the next is wanted at the latest: the shortest of all situations that hold.</summary>
    public static TimeSpan Cadence(ScheduleInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var shortest = TimeSpan.MaxValue;
        foreach (var situation in PolicyEvaluator.Situations(new FindingFacts
        {
            Phase = input.Phase,
            Flags = input.Flags,
            Confidence = input.Confidence,
            HandChange = input.HandChange,
            HasMoved = input.HasMoved,
        }))
        {
            var again = input.Policy[situation].LookAgain ?? Day;
            if (situation == Situation.Reregistered && input.HandChangeSince is { } since && input.Now - since > input.Policy.ReregisteredWatch && again < Day)
            {
                again = Day;
            }

            shortest = again < shortest ? again : shortest;
        }

        return shortest;
    }

    /// <summary>When the daily DNS sweep looks at a domain next (UTC): at the same time of each day, spread over the day by the name.</summary>
    public static DateTimeOffset NextSweep(string domain, DateTimeOffset now)
    {
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var today = midnight.Plus(Day * StableHash.Fraction(domain));
        return today > now ? today : today.Plus(Day);
    }

    /// <summary>
    /// Doubles with each failure. A domain in danger is tried again at least once a day, any other once a week: a name that never answers costs one
    /// question a week and holds nobody up.
    /// </summary>
    private static TimeSpan BackOff(ScheduleInput input, TimeSpan cadence)
    {
        var isUnknown = input.Phase == Phase.Unknown;
        var first = isUnknown ? input.Policy[Situation.Unknown].LookAgain ?? Day : cadence / 4 < Hour ? cadence / 4 : Hour;
        var longest = isUnknown || cadence > Day ? Week : Day;
        var doublings = Math.Clamp(input.FailuresInRow - 1, 0, 16);
        var wait = first * (1 << doublings);
        return wait < longest ? wait : longest;
    }

    private static DateTimeOffset NotLaterThan(DateTimeOffset next, DateTimeOffset limit, DateTimeOffset now) =>
        limit > now && limit < next ? limit : next;
}
