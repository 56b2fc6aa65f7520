using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Policy;

/// <summary>What the policy looks at: the verdict on a domain as it bears on one address.</summary>
public sealed record FindingFacts
{
    /// <summary>Phase of the domain.</summary>
    public required Phase Phase { get; init; }

    /// <summary>Flags of the domain.</summary>
    public DomainFlags Flags { get; init; }

    /// <summary>Confidence of the phase.</summary>
    public Confidence Confidence { get; init; }

    /// <summary>Change of hands for the address.</summary>
    public HandChange HandChange { get; init; }

    /// <summary>Its confidence.</summary>
    public Confidence HandConfidence { get; init; }

    /// <summary>Name servers or MX moved since the end of the term.</summary>
    public bool HasMoved { get; init; }

    /// <summary>Addresses in the domain that are not retired.</summary>
    public int AddressCount { get; init; }

    /// <summary>A person overrode it, and the facts are no worse since.</summary>
    public bool IsOverridden { get; init; }

    /// <summary>The canary of the lane that said so failed.</summary>
    public bool CanaryFailed { get; init; }
}

/// <summary>The policy's conclusion for one address.</summary>
/// <param name="Situation">The situation that decided it.</param>
/// <param name="Wanted">What the policy wants.</param>
/// <param name="Action">What is done, after the guards.</param>
/// <param name="Guard">The guard that made the difference.</param>
/// <param name="IsDomainWide">A person gets one case for the whole domain instead of one per address: it is notable or large.</param>
public sealed record Finding(Situation Situation, PolicyAction Wanted, PolicyAction Action, Guard Guard, bool IsDomainWide = false);

/// <summary>Applies the policy and its guards (product section 6). The brake comes later: it looks at many findings at once.</summary>
public static class PolicyEvaluator
{
    /// <summary>Every situation that holds, in the order of the enumeration.</summary>
    public static IReadOnlyList<Situation> Situations(FindingFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var held = new List<Situation>(3)
        {
            facts.Phase switch
            {
                Phase.Active => Situation.Active,
                Phase.ExpiringSoon => Situation.ExpiringSoon,
                Phase.Expired => facts.HasMoved ? Situation.ExpiredAndMoved : Situation.Expired,
                Phase.AutoRenewGrace => facts.HasMoved ? Situation.AutoRenewGraceAndMoved : Situation.AutoRenewGrace,
                Phase.OnHold => Situation.OnHold,
                Phase.PendingRestore => Situation.PendingRestore,
                Phase.Redemption => Situation.Redemption,
                Phase.PendingDelete => Situation.PendingDelete,
                Phase.Released => Situation.Released,
                Phase.NotApplicable => Situation.NotApplicable,
                _ => Situation.Unknown,
            },
        };
        if (facts.Phase == Phase.NotApplicable)
        {
            return held;
        }

        // Not in the zone says something only of a domain that is registered (product section 6).
        var isRegistered = facts.Phase is Phase.Active or Phase.ExpiringSoon or Phase.Expired or Phase.AutoRenewGrace or Phase.OnHold;
        Add(held, isRegistered && facts.Flags.HasFlag(DomainFlags.Undelegated), Situation.Undelegated);
        Add(held, facts.HandChange == HandChange.Reregistered, Situation.Reregistered);
        Add(held, facts.HandChange == HandChange.Suspected, Situation.Suspected);
        Add(held, facts.Flags.HasFlag(DomainFlags.Parked), Situation.Parked);
        Add(held, facts.Flags.HasFlag(DomainFlags.ForSale), Situation.ForSale);
        Add(held, facts.Flags.HasFlag(DomainFlags.Sinkholed), Situation.Sinkholed);
        Add(held, facts.Flags.HasFlag(DomainFlags.DanglingMx), Situation.DanglingMx);
        Add(held, facts.Confidence == Confidence.Conflicting || facts.HandConfidence == Confidence.Conflicting, Situation.Conflicting);
        Add(held, facts.Flags.HasFlag(DomainFlags.PlatformTenant), Situation.PlatformTenant);
        return held;
    }

    /// <summary>The strongest row wins; of rows equally strong the corroborated one, then the one about a change of hands, then the later phase.</summary>
    public static Finding Evaluate(GuardPolicy policy, FindingFacts facts)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var situation = Situations(facts).MaxBy(s => (policy[s].Action, IsCorroborated(s, facts), s == Situation.Reregistered, Weight(s)));
        var wanted = policy[situation].Action;
        if (wanted < PolicyAction.Review)
        {
            return new Finding(situation, wanted, wanted, Guard.None);
        }

        // An override stills the case too, not only the un-verification: an honoured one is listed, nothing more.
        if (facts.IsOverridden)
        {
            return new Finding(situation, wanted, PolicyAction.Watch, Guard.Override);
        }

        var isNotable = policy.Guards.Notable && facts.Flags.HasFlag(DomainFlags.Notable);
        var isLarge = policy.Guards.LargeFrom is { } large && facts.AddressCount >= large;
        if (wanted == PolicyAction.Review)
        {
            return new Finding(situation, wanted, wanted, Guard.None, isNotable || isLarge);
        }

        if (isNotable || isLarge)
        {
            return new Finding(situation, wanted, PolicyAction.Review, isNotable ? Guard.Notable : Guard.Large, IsDomainWide: true);
        }

        if (policy.Guards.Confidence && !IsCorroborated(situation, facts))
        {
            return new Finding(situation, wanted, PolicyAction.Review, Guard.Confidence);
        }

        return facts.CanaryFailed
            ? new Finding(situation, wanted, PolicyAction.Nothing, Guard.Canary)
            : new Finding(situation, wanted, wanted, Guard.None);
    }

    /// <summary>A change of hands rests on its own confidence, all else on that of the phase.</summary>
    private static bool IsCorroborated(Situation situation, FindingFacts facts) =>
        (situation is Situation.Reregistered or Situation.Suspected ? facts.HandConfidence : facts.Confidence) == Confidence.Corroborated;

    // Among rows that want the same: what leads to the loss of the account first.
    private static int Weight(Situation situation) => situation switch
    {
        Situation.Suspected => 20,
        Situation.DanglingMx => 19,
        Situation.Sinkholed => 18,
        Situation.Released => 12,
        Situation.PendingDelete => 11,
        Situation.Redemption => 10,
        Situation.PendingRestore => 9,
        Situation.OnHold => 8,
        Situation.Undelegated => 7,
        Situation.ForSale => 6,
        Situation.Parked => 5,
        Situation.Conflicting => 4,
        Situation.AutoRenewGraceAndMoved or Situation.ExpiredAndMoved => 3,
        Situation.AutoRenewGrace or Situation.Expired => 2,
        _ => 0,
    };

    private static void Add(List<Situation> held, bool holds, Situation situation)
    {
        if (holds)
        {
            held.Add(situation);
        }
    }
}
