using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups;

/// <summary>What is asked about one domain.</summary>
/// <param name="Domain">Registrable domain, A-label, lower case, no trailing dot.</param>
/// <param name="MailHosts">Mail hosts below it whose MX is wanted (A-labels); empty asks the domain itself.</param>
/// <param name="Now">Guard time (UTC): becomes <see cref="Observation.AskedAt"/>.</param>
public sealed record LookupQuestion(string Domain, IReadOnlyList<string> MailHosts, DateTimeOffset Now);

/// <summary>Something that is asked about domains. Never throws for what the other side does: a failure is an observation.</summary>
public interface IDomainSource
{
    /// <summary>Which source this is.</summary>
    SourceKind Kind { get; }

    /// <summary>Switched on, and its key is there where it needs one.</summary>
    bool IsEnabled { get; }

    /// <summary>The host whose lane the question goes through (with ":port" when not the default one); null when this source does not serve the name.</summary>
    string? HostFor(string domain);

    /// <summary>Asks once. The caller has reserved the lane. Cancelled only by <paramref name="cancel"/>; its own time-outs are failures.</summary>
    Task<Observation> AskAsync(LookupQuestion question, CancellationToken cancel);
}

/// <summary>Who wants a slot of a lane.</summary>
public enum LaneUse
{
    /// <summary>A scan: slots come in blocks of up to one second.</summary>
    Scan,

    /// <summary>Somebody waits for the answer (gate, one rescan, <c>check</c>): slots come singly and first; a quarter of the rate is kept for it.</summary>
    Interactive,
}

/// <summary>What lanes remember beyond this process. In memory for <c>check</c>; the database's lane rows elsewhere.</summary>
public interface ILaneStore
{
    /// <summary>
    /// Reserves between 1 and <paramref name="wanted"/> consecutive slots of a host by <see cref="LanePointers.Reserve"/>. Slots in the past are lost, never saved up.
    /// </summary>
    /// <param name="host">The lane.</param>
    /// <param name="source">Its source.</param>
    /// <param name="use">Scan or interactive.</param>
    /// <param name="wanted">How many slots; interactive use gets one.</param>
    /// <param name="spacing">One divided by the rate of the lane.</param>
    /// <param name="cancel">Cancels.</param>
    Task<LaneSlots> ReserveAsync(string host, SourceKind source, LaneUse use, int wanted, TimeSpan spacing, CancellationToken cancel);

    /// <summary>Until when (real time, UTC) the host rests; null when it does not.</summary>
    Task<LaneRest?> RestOfAsync(string host, CancellationToken cancel);

    /// <summary>Puts a host to rest, for every process.</summary>
    Task RestAsync(string host, SourceKind source, LaneRest rest, CancellationToken cancel);

    /// <summary>Takes <paramref name="count"/> questions from the source's budget of the guard day; false when it is spent.</summary>
    Task<bool> SpendAsync(SourceKind source, DateOnly day, int count, CancellationToken cancel);
}

/// <summary>Slots that were granted.</summary>
/// <param name="First">Real time (UTC) of the first.</param>
/// <param name="Count">How many.</param>
/// <param name="Spacing">From one to the next.</param>
public readonly record struct LaneSlots(DateTimeOffset First, int Count, TimeSpan Spacing);

/// <summary>
/// The state of a lane's rate: the next free slot, and the next slot of the quarter that is kept for those who wait. Pure arithmetic that every store shares, in
/// ticks of real time (UTC).
/// </summary>
/// <param name="Next">Next free slot.</param>
/// <param name="NextKept">Next kept slot.</param>
public readonly record struct LanePointers(long Next, long NextKept)
{
    /// <summary>No queue of slots is longer (beside twenty times the spacing, for very slow lanes).</summary>
    private static readonly TimeSpan LongestQueue = TimeSpan.FromMinutes(2);

    /// <summary>A slot so far ahead was given by a clock that has been set back since. It does not count, else the lane would stand still until then.</summary>
    public static bool IsBeyondQueue(long slot, DateTimeOffset now, TimeSpan spacing) => slot > (now + LongestQueue + (spacing * 20)).UtcTicks;

    /// <summary>
    /// Takes slots. Scans go at three quarters of the rate, in blocks. An interactive question takes the next free slot, or a kept one where that comes earlier; taking a
    /// free one moves the kept pointer too, so that both together never exceed the rate.
    /// </summary>
    public (LaneSlots Slots, LanePointers After) Reserve(LaneUse use, DateTimeOffset now, int wanted, TimeSpan spacing)
    {
        var step = Math.Max(1, spacing.Ticks);
        var next = IsBeyondQueue(Next, now, spacing) ? 0 : Next;
        var nextKept = IsBeyondQueue(NextKept, now, spacing) ? 0 : NextKept;
        var free = Math.Max(now.UtcTicks, next);
        if (use == LaneUse.Scan)
        {
            var slow = Math.Max(1, step * 4 / 3);
            return (Slots(free, wanted, slow), new LanePointers(free + (wanted * slow), nextKept));
        }

        var kept = Math.Max(now.UtcTicks, nextKept);
        return kept < free
            ? (Slots(kept, 1, step), new LanePointers(next, kept + (4 * step)))
            : (Slots(free, 1, step), new LanePointers(free + step, Math.Max(nextKept, free + step)));
    }

    private static LaneSlots Slots(long first, int count, long step) => new(new DateTimeOffset(first, TimeSpan.Zero), count, TimeSpan.FromTicks(step));
}

/// <summary>A rest of a lane.</summary>
/// <param name="Until">Real time (UTC).</param>
/// <param name="Reason">In words, at most 300 characters.</param>
public sealed record LaneRest(DateTimeOffset Until, string Reason);
