using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Policy;

/// <summary>How often a policy wants a domain looked up.</summary>
public static class PolicyCadence
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>The situation that asks most often, and how often; null where nothing is looked up.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="phase">Phase.</param>
    /// <param name="flags">Flags.</param>
    /// <param name="confidence">Confidence of the phase.</param>
    /// <param name="handChange">Worst change of hands among the addresses.</param>
    /// <param name="handChangeIsOld">The close watch after a change of hands (<see cref="GuardPolicy.ReregisteredWatch"/>) is over: once a day from then on, unless the row says seldomer.</param>
    public static (Situation Situation, TimeSpan Every)? Of(GuardPolicy policy, Phase phase, DomainFlags flags, Confidence confidence, HandChange handChange, bool handChangeIsOld)
    {
        ArgumentNullException.ThrowIfNull(policy);
        (Situation Situation, TimeSpan Every)? often = null;
        foreach (var situation in PolicyEvaluator.Situations(new FindingFacts { Phase = phase, Flags = flags, Confidence = confidence, HandChange = handChange }))
        {
            Take(situation);
            // Whether name servers or MX moved is seen only by looking: until then the row that looks sooner holds.
            if (situation is Situation.Expired or Situation.AutoRenewGrace)
            {
                Take(situation + 1);
            }
        }

        return often;

        void Take(Situation situation)
        {
            if (policy[situation].LookAgain is not { } every)
            {
                return;
            }

            if (situation == Situation.Reregistered && handChangeIsOld && every < Day)
            {
                every = Day;
            }

            if (often is null || every < often.Value.Every)
            {
                often = (situation, every);
            }
        }
    }
}
