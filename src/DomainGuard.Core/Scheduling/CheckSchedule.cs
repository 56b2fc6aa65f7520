using DomainGuard.Core.Domains;

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
}

/// <summary>When a domain is looked up next: cadence by situation (product section 6), spread by a hash of the name, backed off after failures.</summary>
public static class CheckSchedule
{
    private const double Jitter = 0.1;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly TimeSpan ExpiringSoon = TimeSpan.FromDays(30);
    private static readonly TimeSpan FreshlyReregistered = TimeSpan.FromDays(14);

    /// <summary>
    /// The next check (UTC), always after now and never later than the cadence; null where there is nothing to look up. The day after the
    /// end of the term, and the day it comes within 30 days, are not slept through.
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
            next = NotLaterThan(next, end.Plus(-ExpiringSoon + (Hour * (24 * (1 - spread)))), input.Now);
            next = NotLaterThan(next, end.Plus(Day * spread), input.Now);
        }

        return next;
    }

    /// <summary>How long after an answered look-up the next is wanted at the latest: the shortest of all situations that hold.</summary>
    public static TimeSpan Cadence(ScheduleInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var cadence = OfPhase(input.Phase);
        const DomainFlags Reviewed =
            DomainFlags.Undelegated | DomainFlags.Parked | DomainFlags.ForSale | DomainFlags.Sinkholed | DomainFlags.DanglingMx;
        if (((input.Flags & Reviewed) != 0 || input.Confidence == Confidence.Conflicting) && cadence > Day)
        {
            cadence = Day;
        }

        var hands = input.HandChange switch
        {
            HandChange.Suspected => TimeSpan.FromHours(6),
            HandChange.Reregistered => input.HandChangeSince is { } since && input.Now - since > FreshlyReregistered ? Day : Hour,
            _ => TimeSpan.MaxValue,
        };
        return hands < cadence ? hands : cadence;
    }

    /// <summary>When the daily DNS sweep looks at a domain next (UTC): at the same time of each day, spread over the day by the name.</summary>
    public static DateTimeOffset NextSweep(string domain, DateTimeOffset now)
    {
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var today = midnight.Plus(Day * StableHash.Fraction(domain));
        return today > now ? today : today.Plus(Day);
    }

    private static TimeSpan OfPhase(Phase phase) => phase switch
    {
        Phase.Active => TimeSpan.FromDays(30),
        Phase.ExpiringSoon => TimeSpan.FromDays(3),
        Phase.AutoRenewGrace => TimeSpan.FromHours(12),
        Phase.Redemption or Phase.PendingRestore or Phase.Released => TimeSpan.FromHours(6),
        Phase.PendingDelete => TimeSpan.FromHours(2),
        _ => Day,
    };

    /// <summary>
    /// Doubles with each failure. A domain in danger is tried again at least once a day, any other once a week: a name that never answers costs one
    /// question a week and holds nobody up.
    /// </summary>
    private static TimeSpan BackOff(ScheduleInput input, TimeSpan cadence)
    {
        var first = input.Phase == Phase.Unknown ? Day : cadence / 4 < Hour ? cadence / 4 : Hour;
        var longest = input.Phase == Phase.Unknown || cadence > Day ? Week : Day;
        var doublings = Math.Clamp(input.FailuresInRow - 1, 0, 16);
        var wait = first * (1 << doublings);
        return wait < longest ? wait : longest;
    }

    private static DateTimeOffset NotLaterThan(DateTimeOffset next, DateTimeOffset limit, DateTimeOffset now) =>
        limit > now && limit < next ? limit : next;
}
