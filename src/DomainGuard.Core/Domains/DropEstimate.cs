namespace DomainGuard.Core.Domains;

/// <summary>The dates of a registration that say something of its end.</summary>
/// <param name="ExpiresAt">End of the term by the registry.</param>
/// <param name="LastChangedAt">Last change of the record: a deletion is one.</param>
/// <param name="DeletedAt">Event "deletion" (RFC 9083 4.5), past or announced.</param>
/// <param name="IsServerHeld">"server hold" with "server update prohibited": where a TLD so marks the grace after expiry, the hold leads to a drop.</param>
public readonly record struct LifecycleDates(
    DateTimeOffset? ExpiresAt, DateTimeOffset? LastChangedAt = null, DateTimeOffset? DeletedAt = null, bool IsServerHeld = false)
{
    /// <summary>Those of an RDAP answer; none when there is no answer.</summary>
    public static LifecycleDates Of(RdapFacts? facts) =>
        facts is null ? default : new(
            facts.ExpiresAt,
            facts.LastChangedAt,
            facts.DeletedAt,
            facts.Statuses.Contains(RdapStatuses.ServerHold) && facts.Statuses.Contains(RdapStatuses.ServerUpdateProhibited));
}

/// <summary>When a domain becomes free for anyone, as an interval whose width is the uncertainty.</summary>
public static class DropEstimate
{
    private static readonly TimeSpan ReleaseHour = TimeSpan.FromHours(1);

    /// <summary>
    /// The interval in which the domain drops unless somebody acts; null when nothing points to a drop or the TLD's stages are not known.
    /// It begins before <paramref name="now"/> only when the drop is overdue: then it ends before <paramref name="now"/> too.
    /// </summary>
    /// <param name="phase">Where it stands.</param>
    /// <param name="dates">What the registry says.</param>
    /// <param name="phaseSince">First seen in this phase (UTC); the phase began then or before. Null when not known.</param>
    /// <param name="rule">Rule of its TLD.</param>
    /// <param name="now">The moment of judgement (UTC).</param>
    public static DropInterval? For(Phase phase, LifecycleDates dates, DateTimeOffset? phaseSince, TldRule rule, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return phase switch
        {
            Phase.Expired or Phase.AutoRenewGrace => AfterTerm(phase, dates, rule, now),
            Phase.OnHold when rule.HoldIsGrace && dates.IsServerHeld => FromStage(rule.GraceDaysMin!.Value, rule, dates, phaseSince, now),
            Phase.Redemption => Announced(dates, now) ?? FromRegistryDates(dates, rule, now)
                ?? (rule.RedemptionDays is { } days ? FromStage(days, rule, dates, phaseSince, now) : null),
            Phase.PendingDelete => Announced(dates, now) ?? FromRegistryDates(dates, rule, now) ?? LastDays(rule, dates, phaseSince, now),
            _ => null,
        };
    }

    /// <summary>The end of the term that ran out: the registry's own renewal, taken back when the registrar deletes, is not counted (facts 1.3).</summary>
    internal static DateTimeOffset? TermEnd(Phase phase, DateTimeOffset? expiresAt, DateTimeOffset now)
    {
        if (expiresAt is not { } end || end <= now)
        {
            return expiresAt;
        }

        return phase == Phase.AutoRenewGrace && end.Year > 1 && end.AddYears(-1) is var before && before <= now ? before : null;
    }

    private static DropInterval? AfterTerm(Phase phase, LifecycleDates dates, TldRule rule, DateTimeOffset now)
    {
        if (TermEnd(phase, dates.ExpiresAt, now) is not { } end
            || rule is not { GraceDaysMin: { } graceMin, GraceDaysMax: { } graceMax, RedemptionDays: { } redemption })
        {
            return null;
        }

        // It is not deleted yet, so the earliest deletion is now.
        var from = Instants.Later(now, end.PlusDays(graceMin)).PlusDays(redemption + rule.FinalDaysMin);
        var to = end.PlusDays(graceMax + redemption + rule.FinalDaysMax + 1);
        return to < from ? null : new(from, to);
    }

    private static DropInterval? Announced(LifecycleDates dates, DateTimeOffset now) =>
        dates.DeletedAt is { } at && at > now ? new(at, at.PlusDays(1)) : null;

    private static DropInterval? FromRegistryDates(LifecycleDates dates, TldRule rule, DateTimeOffset now)
    {
        if (dates.ExpiresAt is not { } end)
        {
            return null;
        }

        if (rule.ExpiryIsRelease)
        {
            return Bounded(end, end.Plus(ReleaseHour), now);
        }

        if (rule is not { CountsFromExpiry: true, GraceDaysMax: { } grace, RedemptionDays: { } redemption })
        {
            return null;
        }

        return Bounded(end.PlusDays(grace + redemption + rule.FinalDaysMin), end.PlusDays(grace + redemption + rule.FinalDaysMax + 1), now);
    }

    private static DropInterval FromStage(int days, TldRule rule, LifecycleDates dates, DateTimeOffset? since, DateTimeOffset now)
    {
        var (earliest, latest) = Beginning(days, dates, since, now);
        return Bounded(earliest.PlusDays(days + rule.FinalDaysMin), latest.PlusDays(days + rule.FinalDaysMax + 1), now);
    }

    private static DropInterval LastDays(TldRule rule, LifecycleDates dates, DateTimeOffset? since, DateTimeOffset now)
    {
        var (earliest, latest) = Beginning(rule.FinalDaysMax, dates, since, now);
        return Bounded(earliest.PlusDays(rule.FinalDaysMin), latest.PlusDays(rule.FinalDaysMax + 1), now);
    }

    /// <summary>A stage of so many days that is still on: it began at the last change at the earliest, and when we first saw it at the latest.</summary>
    private static (DateTimeOffset Earliest, DateTimeOffset Latest) Beginning(
        int days, LifecycleDates dates, DateTimeOffset? since, DateTimeOffset now)
    {
        var latest = since is { } seen ? Instants.Earlier(seen, now) : now;
        var longAgo = latest.PlusDays(-days);
        return dates.LastChangedAt is { } changed && changed <= latest ? (Instants.Later(changed, longAgo), latest) : (longAgo, latest);
    }

    private static DropInterval Bounded(DateTimeOffset from, DateTimeOffset to, DateTimeOffset now) =>
        to < now ? new(from, to) : new(Instants.Later(from, now), to);
}
