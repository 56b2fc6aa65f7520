namespace DomainGuard.Core.Domains;

/// <summary>Why a verdict is as it is, in short main clauses (design, "Words on the screen"). Each names the observation it rests on.</summary>
internal static class JudgeReasons
{
    /// <summary>Longest text of a reason: with source and time it stays within 200 characters.</summary>
    private const int MaxLength = 160;

    public static IReadOnlyList<Reason> For(
        Phase phase, Confidence confidence, DomainFlags flags, in Evidence evidence, RegistrationSigns signs, TldRule rule, bool migrated, JudgeInput input)
    {
        var reasons = new List<Reason>(4);
        AddRegistry(reasons, phase, evidence, signs, rule, input.Now);
        AddResearch(reasons, phase, evidence);
        AddZone(reasons, phase, flags, evidence);
        if (confidence == Confidence.Conflicting)
        {
            reasons.Add(new("The sources contradict each other: a person decides."));
        }

        AddRegistrationNotes(reasons, flags, evidence, migrated);
        AddUnanswered(reasons, evidence.LatestRdap, evidence.Rdap, rule);
        AddUnanswered(reasons, evidence.LatestFastly, evidence.Research, rule);
        AddUnanswered(reasons, evidence.LatestDomainr, evidence.Research, rule);
        AddUnanswered(reasons, evidence.LatestDns, evidence.Dns, rule);
        if (reasons.Count == 0)
        {
            reasons.Add(new("Not looked up yet"));
        }

        return reasons.ToArray();
    }

    private static void AddRegistry(
        List<Reason> reasons, Phase phase, in Evidence evidence, RegistrationSigns signs, TldRule rule, DateTimeOffset now)
    {
        if (evidence.Rdap is not { } rdap)
        {
            return;
        }

        var facts = evidence.Registration;
        var text = rdap.Outcome switch
        {
            Outcome.Reserved => "The registry keeps this name back: nobody can register it, so this is not a released name",
            Outcome.NotFound when phase == Phase.Unknown => "No registration, but the name is reserved: nobody can register it",
            Outcome.NotFound => "No registration at the registry: anyone can register it",
            _ when phase == Phase.Released => "The last answer of the registry still showed a registration",
            _ => Registered(phase, facts!, signs, rule, now),
        };
        reasons.Add(new(text, SourceKind.Rdap, rdap.AskedAt));
        if (Corroboration.PassedSince(phase, evidence, now))
        {
            reasons.Add(new("The registry was not asked since then; it may have been renewed", SourceKind.Rdap, rdap.AskedAt));
        }
    }

    private static string Registered(Phase phase, RdapFacts facts, RegistrationSigns signs, TldRule rule, DateTimeOffset now) => phase switch
    {
        Phase.PendingRestore => "Deleted, and a restore is filed: its old holder is taking it back",
        Phase.Redemption when (signs & RegistrationSigns.Redemption) != 0 => "In redemption: only its old holder can restore it; no mail arrives meanwhile",
        Phase.Redemption when rule.RecoverableUntilDay is { } day && facts.ExpiresAt is { } end =>
            $"\"pending delete\" here is recoverable: its holder can take it back until {end.PlusDays(day).Day()}",
        Phase.Redemption when rule.ExpiryIsRelease && facts.ExpiresAt is { } end =>
            $"In quarantine: \"pending delete\" here means that its holder can take it back until {end.Day()}",
        Phase.Redemption => "In quarantine: \"pending delete\" at this registry means that its holder can still take it back",
        Phase.PendingDelete when (signs & RegistrationSigns.PendingDelete) != 0 && rule.RedemptionDays is null =>
            "Pending delete: about to be freed; whether its holder can still take it back is not known for this registry",
        Phase.PendingDelete when (signs & RegistrationSigns.PendingDelete) != 0 => "Pending delete, its last days: nobody can renew it any more",
        Phase.PendingDelete when (signs & RegistrationSigns.LastDay) != 0 => "Deletion announced and no other status: the last day of its redemption",
        Phase.PendingDelete when (signs & RegistrationSigns.PurgeList) != 0 => "On the purge list of the registry: it is freed within a day",
        Phase.PendingDelete => "The registry gives a record without dates and name servers, as for names that wait for its release process",
        Phase.Unknown => "The registry gives a record without dates and name servers, from which nothing follows",
        Phase.OnHold when (signs & RegistrationSigns.HeldAfterExpiry) != 0 => "On server hold: out of the zone, as this registry does after expiry; its holder can renew for 30 days",
        Phase.OnHold => (signs & RegistrationSigns.ServerHold) != 0
            ? "On server hold: mail cannot arrive; dispute, abuse or an unpaid bill"
            : "On client hold: mail cannot arrive; unpaid, unconfirmed contact or dispute",
        Phase.AutoRenewGrace when DropEstimate.TermEnd(phase, facts.ExpiresAt, now) is { } end =>
            $"Its term ended on {end.Day()}; the registry renewed it by itself, which proves no payment",
        Phase.AutoRenewGrace => "The registry renewed it by itself, which proves no payment",
        Phase.Expired => $"Past its term since {facts.ExpiresAt!.Value.Day()}, and no status says more",
        Phase.ExpiringSoon => $"Its term ends on {facts.ExpiresAt!.Value.Day()}",
        _ when facts.ExpiresAt is { } end && !rule.ExpiryIsRelease && !end.IsNever() => $"Registered until {end.Day()}",
        _ => "Registered",
    };

    private static void AddResearch(List<Reason> reasons, Phase phase, in Evidence evidence)
    {
        if (evidence.Research is not { } research)
        {
            return;
        }

        var words = evidence.ResearchSigns;
        var text = words switch
        {
            _ when words.Has(ResearchSigns.Deleting) => "Says deleting: about to be freed",
            _ when words.Has(ResearchSigns.Expiring) => "Says expiring: its holder is losing it",
            _ when words.IsGone() => phase == Phase.Unknown
                ? "Says inactive: can be registered anew; one source alone does not release a name"
                : "Says inactive: can be registered anew",
            _ when words.Has(ResearchSigns.Reserved) && !words.Has(ResearchSigns.Active) => "Says reserved: nobody can register it",
            _ when words.Has(ResearchSigns.Market) => "Says offered for sale",
            _ when words.Has(ResearchSigns.Parked) => "Says registered and parked",
            _ when words.Has(ResearchSigns.Active) => "Says active: registered",
            _ => "Says undelegated: not in DNS, which is not unregistered",
        };
        reasons.Add(new(text, research.Source, research.AskedAt));
        if (research.Research!.Offers > 0 && !words.Has(ResearchSigns.Market) && !words.IsGone())
        {
            reasons.Add(new("Lists offers of sale", research.Source, research.AskedAt));
        }
    }

    private static void AddZone(List<Reason> reasons, Phase phase, DomainFlags flags, in Evidence evidence)
    {
        if (evidence.Dns is not { Dns: { } zone } dns)
        {
            return;
        }

        var text = zone.Delegation switch
        {
            Delegation.Delegated => "Delegated in the zone of its parent",
            Delegation.NxDomain when phase == Phase.Released => "Not in the zone of its parent (NXDOMAIN)",
            Delegation.NxDomain => "Not in the zone of its parent (NXDOMAIN): no mail arrives; not delegated is not unregistered",
            Delegation.NoZone => "No zone of its own below its parent",
            _ => null,
        };
        Add(reasons, text, dns);
        Add(reasons, zone.ParkedBy is { } parked ? Clip($"Served by a parking operator: {parked}") : null, dns);
        Add(reasons, zone.SinkholedBy is { } sink ? Clip($"Served by a sinkhole, so probably seized: {sink}") : null, dns);
        Add(reasons, (flags & DomainFlags.NullMx) != 0 ? "Accepts no mail: its only MX is \".\"" : null, dns);
        Add(reasons, (flags & DomainFlags.NoMail) != 0 ? "Neither MX nor address records: mail cannot arrive" : null, dns);
    }

    private static void AddRegistrationNotes(List<Reason> reasons, DomainFlags flags, in Evidence evidence, bool migrated)
    {
        if (evidence.Registration is not { } facts)
        {
            return;
        }

        var rdap = evidence.Rdap!;
        if (migrated)
        {
            reasons.Add(new(
                $"Registration date {facts.RegisteredAt!.Value.Day()} looks like a registry migration, not like a new registration",
                SourceKind.Rdap,
                rdap.AskedAt));
        }

        if ((flags & DomainFlags.NewlyRegistered) != 0)
        {
            reasons.Add(new(
                facts.RegisteredAt is { } registered ? $"Registered only on {registered.Day()}" : "Registered within the last days",
                SourceKind.Rdap,
                rdap.AskedAt));
        }

        if ((flags & DomainFlags.DatesHidden) != 0)
        {
            reasons.Add(new("The registry hides dates of this name by policy", SourceKind.Rdap, rdap.AskedAt));
        }
    }

    private static void AddUnanswered(List<Reason> reasons, Observation? latest, Observation? kept, TldRule rule)
    {
        if (latest is null)
        {
            return;
        }

        if (latest.Outcome == Outcome.NotServed)
        {
            // Only RDAP serves by TLD; that the others were not asked says nothing to the reader.
            if (latest.Source == SourceKind.Rdap)
            {
                reasons.Add(new("No RDAP server is known for this TLD; DNS and Fastly or Domainr are the sources", latest.Source, latest.AskedAt));
            }

            return;
        }

        if (latest.Outcome == Outcome.Failure)
        {
            reasons.Add(new(
                kept is null || kept.Source != latest.Source
                    ? FailureTexts.NotEvidence(latest.Failure)
                    : $"{FailureTexts.NotEvidence(latest.Failure)}; the answer of {kept.AskedAt.Day()} stays",
                latest.Source,
                latest.AskedAt));
        }
        else if (latest is { Outcome: Outcome.Answered, Research: not null } && !ReferenceEquals(latest, kept) && ResearchWords.Read(latest.Research) is null)
        {
            reasons.Add(new("Could not find out, which is not evidence", latest.Source, latest.AskedAt));
        }
    }

    private static void Add(List<Reason> reasons, string? text, Observation source)
    {
        if (text is not null)
        {
            reasons.Add(new(text, source.Source, source.AskedAt));
        }
    }

    private static string Clip(string text) => text.Length <= MaxLength ? text : text[..MaxLength];
}
