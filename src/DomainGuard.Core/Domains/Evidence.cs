namespace DomainGuard.Core.Domains;

/// <summary>The observations of one domain, sorted out: the latest evidence of each source, and whether the latest questions were answered.</summary>
internal readonly struct Evidence
{
    private Evidence(Latest rdap, Latest fastly, Latest domainr, Latest dns)
    {
        Rdap = rdap.Evidence;
        Dns = dns.Evidence;

        // Fastly and Domainr are one source (product section 5): the later usable answer speaks for both.
        Research = fastly.Evidence is null ? domainr.Evidence
            : domainr.Evidence is null || domainr.Evidence.AskedAt <= fastly.Evidence.AskedAt ? fastly.Evidence
            : domainr.Evidence;
        ResearchSigns = Research is null ? ResearchSigns.None : ResearchWords.Read(Research.Research!).GetValueOrDefault();
        LatestRdap = rdap.Any;
        LatestFastly = fastly.Any;
        LatestDomainr = domainr.Any;
        LatestDns = dns.Any;
    }

    /// <summary>RDAP that answered, found nothing, or said "reserved".</summary>
    public Observation? Rdap { get; }

    /// <summary>Fastly or Domainr with words that say something.</summary>
    public Observation? Research { get; }

    /// <summary>DNS that answered.</summary>
    public Observation? Dns { get; }

    public ResearchSigns ResearchSigns { get; }

    public Observation? LatestRdap { get; }

    public Observation? LatestFastly { get; }

    public Observation? LatestDomainr { get; }

    public Observation? LatestDns { get; }

    public RdapFacts? Registration => Rdap is { Outcome: Outcome.Answered } ? Rdap.Rdap : null;

    public DnsFacts? Zone => Dns?.Dns;

    public bool IsInZone => Zone is { Delegation: Delegation.Delegated };

    public bool IsNotInZone => Zone is { Delegation: Delegation.NxDomain };

    /// <summary>At least one registration source that serves the name answered its latest question, or DNS did where none serves it (product section 6).</summary>
    public bool IsAnswered
    {
        get
        {
            if (Answers(LatestRdap) || Answers(LatestFastly) || Answers(LatestDomainr))
            {
                return true;
            }

            var served = Serves(LatestRdap) || Serves(LatestFastly) || Serves(LatestDomainr);
            return !served && LatestDns is { } dns && IsUsable(dns) && dns.Dns!.Delegation != Delegation.Unknown;
        }
    }

    /// <summary>Sorts the observations out, in any order.</summary>
    public static Evidence Of(IReadOnlyList<Observation> observations)
    {
        Latest rdap = default, fastly = default, domainr = default, dns = default;
        for (var i = 0; i < observations.Count; i++)
        {
            var observation = observations[i];
            switch (observation.Source)
            {
                case SourceKind.Rdap: rdap.Take(observation); break;
                case SourceKind.Fastly: fastly.Take(observation); break;
                case SourceKind.Domainr: domainr.Take(observation); break;
                case SourceKind.Dns: dns.Take(observation); break;
                default: break;
            }
        }

        return new Evidence(rdap, fastly, domainr, dns);
    }

    private static bool Serves(Observation? latest) => latest is not null && latest.Outcome != Outcome.NotServed;

    private static bool Answers(Observation? latest) => latest is not null && IsUsable(latest);

    private static bool IsUsable(Observation o) => o.Source switch
    {
        SourceKind.Rdap => o.Outcome is Outcome.NotFound or Outcome.Reserved || (o.Outcome == Outcome.Answered && o.Rdap is not null),
        SourceKind.Fastly or SourceKind.Domainr => o is { Outcome: Outcome.Answered, Research: not null } && ResearchWords.Read(o.Research) is not null,
        _ => o is { Outcome: Outcome.Answered, Dns: not null },
    };

    private struct Latest
    {
        public Observation? Any;
        public Observation? Evidence;

        public void Take(Observation observation)
        {
            var usable = IsUsable(observation);
            if (IsLater(observation, Any) || (usable && Any is not null && observation.AskedAt == Any.AskedAt && !IsUsable(Any)))
            {
                Any = observation;
            }

            if (usable && IsLater(observation, Evidence))
            {
                Evidence = observation;
            }
        }

        // Two answers of one source at the same moment: any fixed choice does, as long as it does not depend on their order.
        private static bool IsLater(Observation a, Observation? b) =>
            b is null || a.AskedAt > b.AskedAt
            || (a.AskedAt == b.AskedAt && (a.Outcome, b.Outcome) is var (x, y) && (x < y || (x == y && string.CompareOrdinal(a.Host, b.Host) < 0)));
    }
}
