namespace DomainGuard.Core.Policy;

/// <summary>The brake (product section 6): a portion that would un-verify unusually many waits for an administrator, whole.</summary>
public static class Brake
{
    /// <summary>How many automatic un-verifications may happen in 24 hours.</summary>
    /// <param name="rules">The policy's brake.</param>
    /// <param name="last30Days">Automatic un-verifications of the 30 days before the last 24 hours; also while there are fewer days of history, which only makes the mean smaller.</param>
    public static int Limit(BrakeRules rules, int last30Days)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return Math.Max(rules.PerDay, (int)Math.Floor(rules.TimesMean * Math.Max(0, last30Days) / 30.0));
    }

    /// <summary>True when the portion has to wait.</summary>
    /// <param name="rules">The policy's brake.</param>
    /// <param name="last24Hours">Automatic un-verifications of the last 24 hours: scans, gate and sync together.</param>
    /// <param name="last30Days">Those of the 30 days before.</param>
    /// <param name="portion">Those that would be added.</param>
    public static bool Holds(BrakeRules rules, int last24Hours, int last30Days, int portion) =>
        portion > 0 && (long)Math.Max(0, last24Hours) + portion > Limit(rules, last30Days);
}
