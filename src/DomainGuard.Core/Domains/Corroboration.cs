namespace DomainGuard.Core.Domains;

/// <summary>How well a phase is supported: the table of product section 5, and nothing else.</summary>
internal static class Corroboration
{
    /// <summary>The confidence of a phase. Answers more than 24 hours apart neither support nor contradict each other.</summary>
    /// <param name="phase">The claim.</param>
    /// <param name="evidence">What the sources say.</param>
    /// <param name="signs">What the registration shows.</param>
    /// <param name="now">The moment of judgement.</param>
    public static Confidence Of(Phase phase, in Evidence evidence, RegistrationSigns signs, DateTimeOffset now)
    {
        if (phase is Phase.Unknown or Phase.NotApplicable)
        {
            return Confidence.None;
        }

        var rdap = evidence.Rdap;
        var research = evidence.Research;
        var dns = evidence.Dns is { Dns.Delegation: not Delegation.Unknown } ? evidence.Dns : null;
        var rdapFor = rdap is not null && RdapSupports(phase, evidence, signs);
        var dnsFor = dns is not null && DnsSupports(phase, evidence);
        var researchFor = research is not null && ResearchSupports(phase, evidence.ResearchSigns);

        // The claim stands at the time of its weightiest supporter; only what was said around then can contradict it.
        var at = rdapFor ? rdap!.AskedAt : dnsFor ? dns!.AskedAt : researchFor ? research!.AskedAt : (DateTimeOffset?)null;
        if (at is not { } claimed)
        {
            return Confidence.Single;
        }

        if ((dns is not null && DnsContradicts(phase, evidence) && Instants.AreTogether(claimed, dns.AskedAt))
            || (research is not null && ResearchContradicts(phase, evidence) && Instants.AreTogether(claimed, research.AskedAt))
            || (rdap is not null && !rdapFor && RdapContradicts(phase, evidence, signs)))
        {
            return Confidence.Conflicting;
        }

        if (IsNamed(phase))
        {
            return (rdapFor && dnsFor && Instants.AreTogether(rdap!.AskedAt, dns!.AskedAt))
                || (rdapFor && researchFor && Instants.AreTogether(rdap!.AskedAt, research!.AskedAt))
                || (dnsFor && researchFor && Instants.AreTogether(dns!.AskedAt, research!.AskedAt))
                ? Confidence.Corroborated
                : Confidence.Single;
        }

        // All others: the RDAP status or date, and another source that answered and had nothing against it. Silence makes it Single,
        // and so does a date that has passed since the registry was asked: it may have been renewed.
        return rdapFor && !PassedSince(phase, evidence, now)
            && ((dns is not null && Instants.AreTogether(claimed, dns.AskedAt)) || (research is not null && Instants.AreTogether(claimed, research.AskedAt)))
            ? Confidence.Corroborated
            : Confidence.Single;
    }

    /// <summary>The term ended after the registry was asked.</summary>
    public static bool PassedSince(Phase phase, in Evidence evidence, DateTimeOffset now) =>
        phase == Phase.Expired && evidence.Registration?.ExpiresAt is { } end && end > evidence.Rdap!.AskedAt && end <= now;

    private static bool IsNamed(Phase phase) => phase is Phase.Released or Phase.Redemption or Phase.PendingDelete;

    // That a meagre record means the release process is our inference, not a status.
    private static bool RdapSupports(Phase phase, in Evidence evidence, RegistrationSigns signs) => phase == Phase.Released
        ? evidence.Rdap!.Outcome == Outcome.NotFound
        : evidence.Registration is not null && ((signs & RegistrationSigns.Meagre) == 0 || phase != Phase.PendingDelete);

    private static bool DnsSupports(Phase phase, in Evidence evidence) =>
        IsNamed(phase) ? evidence.IsNotInZone : phase == Phase.Active && evidence.IsInZone;

    private static bool ResearchSupports(Phase phase, ResearchSigns signs) => phase switch
    {
        Phase.Released => signs.IsGone(),
        Phase.Redemption or Phase.PendingDelete => signs.Has(ResearchSigns.Expiring | ResearchSigns.Deleting),
        Phase.Active => signs.Has(ResearchSigns.Active | ResearchSigns.Market),
        _ => false,
    };

    private static bool DnsContradicts(Phase phase, in Evidence evidence) =>
        evidence.IsInZone && phase is Phase.Released or Phase.Redemption or Phase.PendingDelete or Phase.OnHold;

    private static bool ResearchContradicts(Phase phase, in Evidence evidence)
    {
        var signs = evidence.ResearchSigns;
        return phase switch
        {
            Phase.Released => !signs.IsGone() && signs.Has(ResearchSigns.Active | ResearchSigns.Expiring | ResearchSigns.Deleting),
            Phase.Active => signs.IsGone() || signs.Has(ResearchSigns.Deleting | ResearchSigns.Expiring),
            Phase.ExpiringSoon or Phase.AutoRenewGrace or Phase.OnHold => signs.IsGone() || signs.Has(ResearchSigns.Deleting),
            _ => signs.IsGone(),
        };
    }

    /// <summary>The registry said "registered, in order" and was not asked since, while two other sources say that the name is gone.</summary>
    private static bool RdapContradicts(Phase phase, in Evidence evidence, RegistrationSigns signs) =>
        phase == Phase.Released && evidence.Registration is not null
        && JudgementTable.PhaseOf(signs) is not (Phase.Redemption or Phase.PendingDelete);
}
