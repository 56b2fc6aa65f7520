using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Scheduling;

/// <summary>Questions a day per source, and who goes first when they do not suffice (product section 4.4).</summary>
public static class LookupBudget
{
    private const int PerRisk = 100_000_000;
    private const int PerImpact = 90_000;
    private const int OnlyAddress = 50_000;
    private const int NoSecondFactor = 25_000;
    private const int MostStaleHours = 24_000;

    /// <summary>Questions a day that a source may be asked unless configured otherwise. Domainr costs as Fastly does.</summary>
    public static int DefaultPerDay(SourceKind source) => source switch
    {
        SourceKind.Rdap => 60_000,
        SourceKind.Dns => 500_000,
        _ => 10_000,
    };

    /// <summary>
    /// Rank of due work, 0 or more; higher goes first. Phase and change of hands decide, then impact, then an account whose only address lies here,
    /// then a missing second factor, then how long the check is overdue.
    /// </summary>
    /// <param name="phase">Latest phase.</param>
    /// <param name="handChange">Worst change of hands among its addresses.</param>
    /// <param name="maxImpact">Highest <see cref="Impact"/> among its accounts, 0 to 1000.</param>
    /// <param name="hasSingleAddressAccount">An account has its only address here.</param>
    /// <param name="lacksSecondFactor">An account here has no second factor.</param>
    /// <param name="overdue">Since when the check is due; zero or less reads as just due.</param>
    public static int Priority(
        Phase phase, HandChange handChange, int maxImpact, bool hasSingleAddressAccount, bool lacksSecondFactor, TimeSpan overdue)
    {
        if (phase == Phase.NotApplicable)
        {
            return 0;
        }

        var stale = (int)Math.Clamp(overdue.TotalHours, 0, MostStaleHours);
        return (Risk(phase, handChange) * PerRisk)
            + (Math.Clamp(maxImpact, 0, Impact.Highest) * PerImpact)
            + (hasSingleAddressAccount ? OnlyAddress : 0)
            + (lacksSecondFactor ? NoSecondFactor : 0)
            + stale;
    }

    /// <summary>0 to 14. A domain that was never judged goes before one that is known to be in order.</summary>
    private static int Risk(Phase phase, HandChange handChange)
    {
        var byPhase = phase switch
        {
            Phase.Active => 1,
            Phase.ExpiringSoon => 2,
            Phase.Unknown => 3,
            Phase.Expired => 4,
            Phase.OnHold => 5,
            Phase.AutoRenewGrace => 6,
            Phase.PendingRestore => 8,
            Phase.Released => 9,
            Phase.Redemption => 10,
            Phase.PendingDelete => 12,
            _ => 0,
        };
        return handChange switch
        {
            HandChange.Reregistered => Math.Max(byPhase, 11),
            HandChange.Suspected => Math.Max(byPhase, 7),
            _ => byPhase,
        };
    }
}
