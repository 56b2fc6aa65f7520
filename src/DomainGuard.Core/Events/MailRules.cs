namespace DomainGuard.Core.Events;

/// <summary>When staff are mailed, and how long a mail is tried. Instants are those of the machine's clock, UTC.</summary>
public static class MailRules
{
    /// <summary>News of so long make one mail: with what sealing, looking and sending take, it is there within a minute.</summary>
    public static readonly TimeSpan Gathered = TimeSpan.FromSeconds(40);

    /// <summary>At most one mail of news per person in this time; what comes meanwhile joins the next.</summary>
    public static readonly TimeSpan Between = TimeSpan.FromMinutes(10);

    /// <summary>How long a mail is tried.</summary>
    public static readonly TimeSpan Tried = TimeSpan.FromHours(24);

    private static readonly TimeSpan DigestAt = TimeSpan.FromHours(8);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(2);

    /// <summary>When news are mailed to who wants them at once.</summary>
    /// <param name="first">The oldest that he was not told.</param>
    /// <param name="last">His latest mail; null when there was none.</param>
    public static DateTimeOffset AtOnce(DateTimeOffset first, DateTimeOffset? last)
    {
        var (gathered, rested) = (first + Gathered, last + Between);
        return rested > gathered ? rested.Value : gathered;
    }

    /// <summary>The latest 08:00: what came before it belongs to that day's digest.</summary>
    public static DateTimeOffset Digest(DateTimeOffset now)
    {
        var today = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) + DigestAt;
        return today <= now ? today : today.AddDays(-1);
    }

    /// <summary>How long to wait after a failed try: a minute, twice as long each time, two hours at most. Null when a day is over before the next one.</summary>
    /// <param name="tries">Tries so far, from 1.</param>
    /// <param name="age">How old the mail is.</param>
    public static TimeSpan? Wait(int tries, TimeSpan age)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tries, 1);
        var wait = tries > 7 ? LongestWait : TimeSpan.FromMinutes(1 << (tries - 1)) is var w && w < LongestWait ? w : LongestWait;
        return age + wait > Tried ? null : wait;
    }
}
