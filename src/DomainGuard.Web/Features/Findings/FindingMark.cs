using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data.Domains;

namespace DomainGuard.Web.Features.Findings;

/// <summary>Which settled verdicts matter: the others, nearly all of a scan, cost nothing more.</summary>
internal static class FindingMark
{
    /// <summary>
    /// True when the policy may want something done about one of its addresses, or when there is a case or a verification that a verdict in order would settle. Rather once too
    /// often: what differs between addresses is judged when findings are carried out.
    /// </summary>
    public static bool Matters(GuardPolicy policy, Domain domain, Verdict verdict, HandChange hands) =>
        domain.AddressCount > 0 && (domain.HasCase || domain.HasClaim || PolicyEvaluator.Evaluate(policy, new FindingFacts
        {
            Phase = verdict.Phase,
            Flags = verdict.Flags,
            Confidence = verdict.Confidence,
            HandChange = hands,
            HandConfidence = hands == HandChange.None ? Confidence.None : Confidence.Conflicting,
            HasMoved = true,
        }).Wanted >= PolicyAction.Review);
}
