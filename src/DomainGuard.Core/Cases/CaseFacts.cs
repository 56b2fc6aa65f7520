using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Cases;

/// <summary>The facts that a case or a decision rests on, to be compared with those of today.</summary>
/// <param name="Phase">Phase.</param>
/// <param name="HandChange">Change of hands.</param>
/// <param name="Wanted">What the policy wanted.</param>
public readonly record struct CaseFacts(Phase Phase, HandChange HandChange, PolicyAction Wanted)
{
    /// <summary>
    /// True when <paramref name="now"/> is worse (product section 7): a later phase or a worse change of hands. <see cref="Phase.Unknown"/> is neither. Facts that
    /// were in order (nothing at Review or above) are worse as soon as anything is: flags have no order, but a domain that is parked again is not in order.
    /// </summary>
    public bool IsWorse(CaseFacts now) =>
        now.HandChange > HandChange
        || now.Phase.IsWorseThan(Phase)
        || (Wanted < PolicyAction.Review && now.Wanted >= PolicyAction.Review);

    /// <summary>
    /// "In order" (product section 7): <see cref="Phase.Active"/> or <see cref="Phase.ExpiringSoon"/>, same holder, nothing at Review or above. Nothing that is
    /// unknown is in order.
    /// </summary>
    public bool IsInOrder => Phase is Phase.Active or Phase.ExpiringSoon && HandChange == HandChange.None && Wanted < PolicyAction.Review;
}

/// <summary>What makes a case urgent.</summary>
public sealed record SeverityInput
{
    /// <summary>The situation that decided.</summary>
    public required Situation Situation { get; init; }

    /// <summary>Change of hands.</summary>
    public HandChange HandChange { get; init; }

    /// <summary><see cref="Scheduling.Impact"/> of the account, 0 to 1,000; the highest for a case of a whole domain.</summary>
    public int Impact { get; init; }

    /// <summary>The account has no other verified address.</summary>
    public bool IsOnlyVerified { get; init; }

    /// <summary>The account is known to have no second factor.</summary>
    public bool LacksSecondFactor { get; init; }

    /// <summary>Days until the earliest estimated drop; null when none is known.</summary>
    public double? DaysToDrop { get; init; }

    /// <summary>Somebody asked for a reset and was denied: somebody is knocking.</summary>
    public bool IsKnocking { get; init; }

    /// <summary>The owner, or whoever reads his mail, verified anew after a change of hands.</summary>
    public bool IsContested { get; init; }
}

/// <summary>Urgency of a case, from what threatens and what is at stake.</summary>
public static class SeverityScale
{
    /// <summary>How long a refused recovery mail raises a case.</summary>
    public static readonly TimeSpan KnockLasts = TimeSpan.FromDays(30);

    /// <summary>What it raises it by, in points.</summary>
    public const int Knock = 25;

    private const int CriticalFrom = 80;
    private const int HighFrom = 58;
    private const int MediumFrom = 36;

    /// <summary>Points, 0 or more; the order of the queue within one severity.</summary>
    public static int Points(SeverityInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var points = input.Situation switch
        {
            Situation.Reregistered => 100,
            Situation.Released => 70,
            Situation.PendingDelete => 66,
            Situation.Redemption => 54,
            Situation.Suspected => 48,
            Situation.DanglingMx => 42,
            Situation.Sinkholed => 40,
            Situation.PendingRestore => 32,
            Situation.OnHold or Situation.Undelegated => 32,
            Situation.AutoRenewGraceAndMoved or Situation.ExpiredAndMoved => 30,
            Situation.Parked or Situation.ForSale => 22,
            Situation.Conflicting => 18,
            _ => 10,
        };
        points += Math.Clamp(input.Impact, 0, Scheduling.Impact.Highest) / 50;
        points += input.IsOnlyVerified ? 6 : 0;
        points += input.LacksSecondFactor ? 6 : 0;
        points += input.IsContested ? 20 : 0;
        points += input.IsKnocking ? Knock : 0;
        points += input.DaysToDrop switch
        {
            null => 0,
            <= 3 => 14,
            <= 14 => 8,
            _ => 0,
        };
        return input.HandChange == HandChange.Reregistered ? Math.Max(points, 100) : points;
    }

    /// <summary>The step that points fall into. A change of hands that is certain is critical whatever else.</summary>
    public static Severity Of(int points) => points switch
    {
        >= CriticalFrom => Severity.Critical,
        >= HighFrom => Severity.High,
        >= MediumFrom => Severity.Medium,
        _ => Severity.Low,
    };
}
