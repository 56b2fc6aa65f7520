namespace DomainGuard.Core.Domains;

/// <summary>A stage that is expected by the rule of the TLD when nobody acts.</summary>
/// <param name="Phase">The stage.</param>
/// <param name="From">Begins (UTC).</param>
/// <param name="To">Ends at the latest (UTC).</param>
public sealed record ForecastStage(Phase Phase, DateTimeOffset From, DateTimeOffset To);

/// <summary>The stages that lie ahead of a domain, for its timeline.</summary>
public static class LifecycleForecast
{
    /// <summary>
    /// What is left of the present stage and the stages after it, without gaps, up to the latest drop. Empty where the TLD's stages or the
    /// dates are not known: no edge is invented.
    /// </summary>
    /// <param name="phase">Where it stands.</param>
    /// <param name="dates">What the registry says.</param>
    /// <param name="phaseSince">First seen in this phase (UTC); null when not known.</param>
    /// <param name="rule">Rule of its TLD.</param>
    /// <param name="now">The moment of judgement (UTC).</param>
    public static IReadOnlyList<ForecastStage> For(
        Phase phase, LifecycleDates dates, DateTimeOffset? phaseSince, TldRule rule, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return phase switch
        {
            Phase.Active or Phase.ExpiringSoon => BeforeTheEnd(phase, dates, rule, now),
            Phase.Expired or Phase.AutoRenewGrace or Phase.OnHold or Phase.Redemption or Phase.PendingDelete
                when DropEstimate.For(phase, dates, phaseSince, rule, now) is { } drop && drop.To > now => Until(drop.To, phase, rule, now),
            _ => [],
        };
    }

    private static List<ForecastStage> BeforeTheEnd(Phase phase, LifecycleDates dates, TldRule rule, DateTimeOffset now)
    {
        if (dates.ExpiresAt is not { } end || end <= now || end.IsNever() || rule.ExpiryIsRelease)
        {
            return [];
        }

        var stages = new List<ForecastStage>();
        var soon = phase == Phase.Active ? Instants.Later(now, end.PlusDays(-30)) : now;
        Add(stages, Phase.Active, now, soon);
        Add(stages, Phase.ExpiringSoon, soon, end);
        if (rule is { GraceDaysMax: { } grace, RedemptionDays: { } redemption })
        {
            var drop = end.PlusDays(grace + redemption + rule.FinalDaysMax + 1);
            var (deleted, final) = Counted(drop, rule);
            Add(stages, GraceOf(rule), end, deleted);
            Add(stages, Phase.Redemption, deleted, final);
            Add(stages, Phase.PendingDelete, final, drop);
        }

        return stages;
    }

    private static List<ForecastStage> Until(DateTimeOffset drop, Phase phase, TldRule rule, DateTimeOffset now)
    {
        var (deleted, final) = phase switch
        {
            Phase.PendingDelete => (now, now),
            Phase.Redemption => (now, Counted(drop, rule).Final),
            _ => Counted(drop, rule),
        };
        deleted = Instants.Later(deleted, now);
        final = Instants.Later(final, deleted);
        var stages = new List<ForecastStage>();
        Add(stages, phase, now, deleted);
        Add(stages, Phase.Redemption, deleted, final);
        Add(stages, Phase.PendingDelete, final, drop);
        return stages;
    }

    /// <summary>Counts back from the latest drop, so that the last stage ends where the estimate does.</summary>
    private static (DateTimeOffset Deleted, DateTimeOffset Final) Counted(DateTimeOffset drop, TldRule rule)
    {
        var final = rule.FinalDaysMax == 0 ? drop : drop.PlusDays(-(rule.FinalDaysMax + 1));
        return (final.PlusDays(-(rule.RedemptionDays ?? 0) - (rule.FinalDaysMax == 0 ? 1 : 0)), final);
    }

    private static Phase GraceOf(TldRule rule) =>
        rule.HoldIsGrace ? Phase.OnHold : rule is { FinalDaysMin: 5, FinalDaysMax: 5, CountsFromExpiry: false } ? Phase.AutoRenewGrace : Phase.Expired;

    private static void Add(List<ForecastStage> stages, Phase phase, DateTimeOffset from, DateTimeOffset to)
    {
        if (to > from)
        {
            stages.Add(new(phase, from, to));
        }
    }
}
