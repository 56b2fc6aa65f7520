namespace DomainGuard.Core.Events;

/// <summary>The early warnings before a domain's term ends (product section 6): at 30, 14 and 3 days.</summary>
public static class ExpiryWarning
{
    /// <summary>Days before the end at which a warning is due, soonest last.</summary>
    public static IReadOnlyList<int> Days { get; } = [30, 14, 3];

    /// <summary>
    /// The warning that an answer makes due: the smallest threshold that is reached now and was not when the domain was last answered with the same end of term. Null when none is,
    /// also after the end: then the phase says more. A function of two answers that follow each other, so that each warning is given once for each term.
    /// </summary>
    /// <param name="before">End of the term as the last answer had it (UTC); null when it named none or there was none.</param>
    /// <param name="answeredAt">When that was (UTC).</param>
    /// <param name="expiresAt">End of the term now (UTC).</param>
    /// <param name="now">Moment of this answer (UTC).</param>
    public static int? Due(DateTimeOffset? before, DateTimeOffset? answeredAt, DateTimeOffset? expiresAt, DateTimeOffset now)
    {
        if (expiresAt is not { } end || end <= now || Reached(end, now) is not { } reached)
        {
            return null;
        }

        return before == end && answeredAt is { } last && Reached(end, last) <= reached ? null : reached;
    }

    private static int? Reached(DateTimeOffset end, DateTimeOffset at) => Days.Where(d => end - at <= TimeSpan.FromDays(d)).Select(d => (int?)d).LastOrDefault();
}
