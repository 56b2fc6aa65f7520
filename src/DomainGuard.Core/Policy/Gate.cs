using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Policy;

/// <summary>The answer to "may I send a recovery mail to this address, now?" (product section 8). Stored: never renumber. Ordered by strictness.</summary>
public enum GateDecision
{
    /// <summary>Send it.</summary>
    Allow = 0,

    /// <summary>Step up: let a person or a second factor decide.</summary>
    Review = 1,

    /// <summary>Do not send it.</summary>
    Deny = 2,
}

/// <summary>Why the gate answers so. Stored: never renumber. In the API in snake case.</summary>
public enum GateReason
{
    /// <summary>Nothing speaks against it.</summary>
    InOrder = 0,

    /// <summary>The address is not in the database.</summary>
    NotMonitored = 1,

    /// <summary>Its host cannot be registered by anybody: a literal, a special name.</summary>
    NotApplicable = 2,

    /// <summary>DomainGuard, or a person, un-verified it.</summary>
    AddressUnverified = 3,

    /// <summary>A person overrode the finding, and the facts are no worse since.</summary>
    Overridden = 4,

    /// <summary>A person dismissed the finding, and the facts are no worse since.</summary>
    Dismissed = 5,

    /// <summary>The finding concerns a notable domain: the evidence is likelier wrong than that the name is gone.</summary>
    NotableDomain = 6,

    /// <summary>The finding concerns a domain with many addresses: a person decides on all of them.</summary>
    LargeDomain = 7,

    /// <summary>The policy wants to un-verify; the evidence is not corroborated.</summary>
    Confidence = 8,

    /// <summary>The policy wants to un-verify; the server that said so lies about its canary.</summary>
    CanaryFailed = 9,

    /// <summary>The policy wants to un-verify; the brake holds, or the address waits in a batch.</summary>
    Braked = 10,

    /// <summary>The policy wants to un-verify, and that could not be carried out in time.</summary>
    DecisionPending = 11,

    /// <summary>The domain may have changed hands.</summary>
    ChangeOfHandsSuspected = 12,

    /// <summary>A case waits for a person.</summary>
    CaseNeedsReview = 13,

    /// <summary>A case sleeps until a date.</summary>
    CaseSnoozed = 14,

    /// <summary>The finding is gone, and nobody restored the address yet.</summary>
    CaseRecovered = 15,

    /// <summary>The address was verified anew after its domain changed hands, with too little proof.</summary>
    Contested = 16,

    /// <summary>The last answer about the domain is too old to count, and no newer one came in time.</summary>
    NoRecentEvidence = 17,

    /// <summary>The installation only observes: what would be refused is to be looked at.</summary>
    ObserveOnly = 18,
}

/// <summary>Where a case stands, as the gate looks at it.</summary>
/// <param name="State">Its state.</param>
/// <param name="IsWorse">The facts of now are worse than those that its latest decision rests on.</param>
/// <param name="IsContested">The address was verified anew with too little proof.</param>
/// <param name="Waits">Its address waits in a batch.</param>
public readonly record struct GateCase(CaseState State, bool IsWorse, bool IsContested, bool Waits);

/// <summary>What the gate looks at. Everything else about an address does not matter to it.</summary>
public sealed record GateFacts
{
    /// <summary>The address is in the database, and its account was not removed.</summary>
    public required bool IsMonitored { get; init; }

    /// <summary>Phase of the domain.</summary>
    public Phase Phase { get; init; }

    /// <summary>The address is un-verified.</summary>
    public bool IsUnverified { get; init; }

    /// <summary>The case of the address.</summary>
    public GateCase? Own { get; init; }

    /// <summary>The case of its domain as a whole.</summary>
    public GateCase? Whole { get; init; }

    /// <summary>What the policy makes of the freshest verdict.</summary>
    public Finding? Finding { get; init; }

    /// <summary>The domain is on the list of notable ones, and the policy guards those.</summary>
    public bool IsNotable { get; init; }

    /// <summary>Change of hands for the address.</summary>
    public HandChange HandChange { get; init; }

    /// <summary>How old the evidence is; null when the domain was never answered.</summary>
    public TimeSpan? EvidenceAge { get; init; }

    /// <summary>The evidence is as young as the policy asks for.</summary>
    public bool IsFresh { get; init; }
}

/// <summary>An answer.</summary>
/// <param name="Decision">What to do.</param>
/// <param name="Reason">Why.</param>
/// <param name="Alarm">Allowed against the policy's wish: staff are told.</param>
public readonly record struct GateAnswer(GateDecision Decision, GateReason Reason, bool Alarm = false);

/// <summary>
/// The table of product section 8, row by row; the first that matches wins. Two things it leaves open: where address and domain both have a case, the address's own comes first for
/// what a person decided, and either is enough to hold the answer up; and a notable domain is allowed for milder findings as it is for the strongest.
/// </summary>
public static class Gate
{
    /// <summary>How old evidence may be before the domain is looked up again.</summary>
    public static TimeSpan MaxAge(GateRules rules, Phase phase)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return phase == Phase.Active ? rules.MaxAge : rules.MaxAgeInDoubt;
    }

    /// <summary>Answers.</summary>
    public static GateAnswer Answer(GateRules rules, GateFacts facts)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(facts);
        if (!facts.IsMonitored)
        {
            return new(rules.AllowNotMonitored ? GateDecision.Allow : GateDecision.Review, GateReason.NotMonitored);
        }

        if (facts.Phase == Phase.NotApplicable)
        {
            return new(rules.AllowNotApplicable ? GateDecision.Allow : GateDecision.Review, GateReason.NotApplicable);
        }

        return facts.IsUnverified ? new(GateDecision.Deny, GateReason.AddressUnverified)
            : Decided(facts.Own ?? facts.Whole)
            ?? Wanted(facts)
            ?? Held(facts)
            ?? (!facts.IsFresh && !(facts.EvidenceAge <= rules.ReviewAfter)
                ? new(GateDecision.Review, GateReason.NoRecentEvidence)
                : new GateAnswer(GateDecision.Allow, GateReason.InOrder));
    }

    /// <summary>The answer of an installation that only observes: never harder than a step up.</summary>
    public static GateAnswer Observing(GateAnswer wouldAnswer) =>
        wouldAnswer.Decision == GateDecision.Deny ? new(GateDecision.Review, GateReason.ObserveOnly, wouldAnswer.Alarm) : wouldAnswer;

    // A person has decided on these facts.
    private static GateAnswer? Decided(GateCase? @case) => @case switch
    {
        { State: CaseState.Overridden, IsWorse: false } => new(GateDecision.Allow, GateReason.Overridden),
        { State: CaseState.Dismissed, IsWorse: false } => new(GateDecision.Allow, GateReason.Dismissed),
        _ => null,
    };

    // The policy wants to un-verify and something holds it back; or the domain is notable, whatever is wanted.
    private static GateAnswer? Wanted(GateFacts facts)
    {
        if (facts.Finding is not { Wanted: >= PolicyAction.Review } finding)
        {
            return null;
        }

        if (finding.Wanted == PolicyAction.Unverify)
        {
            return finding.Guard switch
            {
                Guard.Notable => new(GateDecision.Allow, GateReason.NotableDomain, Alarm: true),
                Guard.Large => new(GateDecision.Allow, GateReason.LargeDomain, Alarm: true),
                _ when facts.Own is { Waits: true } => new(GateDecision.Review, GateReason.Braked),
                Guard.Confidence => new(GateDecision.Review, GateReason.Confidence),
                Guard.Canary => new(GateDecision.Review, GateReason.CanaryFailed),
                Guard.Brake or Guard.ObserveOnly => new(GateDecision.Review, GateReason.Braked),
                // An override that the facts outgrew: a person looks at it first.
                _ => Open(facts.Own) ?? new(GateDecision.Review, GateReason.DecisionPending),
            };
        }

        return facts.IsNotable ? new(GateDecision.Allow, GateReason.NotableDomain, Alarm: true) : null;
    }

    // Somebody has to look at it first.
    private static GateAnswer? Held(GateFacts facts)
    {
        if (facts.Own is { Waits: true })
        {
            return new(GateDecision.Review, GateReason.Braked);
        }

        if (facts.Own is { IsContested: true, State: not (CaseState.Restored or CaseState.Dismissed or CaseState.Overridden) })
        {
            return new(GateDecision.Review, GateReason.Contested);
        }

        return facts.HandChange == HandChange.Suspected ? new(GateDecision.Review, GateReason.ChangeOfHandsSuspected) : Open(facts.Own) ?? Open(facts.Whole);
    }

    private static GateAnswer? Open(GateCase? @case) => @case?.State switch
    {
        CaseState.NeedsReview => new(GateDecision.Review, GateReason.CaseNeedsReview),
        CaseState.Snoozed => new(GateDecision.Review, GateReason.CaseSnoozed),
        CaseState.Recovered => new(GateDecision.Review, GateReason.CaseRecovered),
        _ => null,
    };
}
