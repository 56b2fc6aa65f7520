namespace DomainGuard.Core.Domains;

/// <summary>
/// Says where a domain stands, from what its sources said. Pure: no clock, no I/O, never throws for what a source sent.
/// <para>Order of judgement (facts sections 1, 2, 6 and 7). A failure is never evidence and never moves the phase.</para>
/// <list type="table">
/// <listheader><term>evidence</term><description>phase</description></listheader>
/// <item><term>none</term><description>Unknown</description></item>
/// <item><term>RDAP: the registry keeps the name back (404 "reserved"), or 404 and Fastly or Domainr say reserved</term><description>Unknown, although DNS says NXDOMAIN too</description></item>
/// <item><term>RDAP 404 of the TLD's own server</term><description>Released</description></item>
/// <item><term>RDAP record</term><description>the first row of the internal table: pending restore, redemption period, pending delete (by its TLD),
/// last day and purge list of its TLD, hold, auto renew period, past its term, term ends soon, else Active</description></item>
/// <item><term>RDAP record more than 24 hours older than both DNS NXDOMAIN and "inactive"</term><description>Released</description></item>
/// <item><term>no RDAP: "deleting"</term><description>PendingDelete, or Redemption where its TLD lets the holder take it back</description></item>
/// <item><term>no RDAP: "expiring"</term><description>Redemption</description></item>
/// <item><term>no RDAP: DNS NXDOMAIN and "inactive", at most 24 hours apart</term><description>Released</description></item>
/// <item><term>no RDAP: delegated, or a word that only a registered name has</term><description>Active</description></item>
/// <item><term>no RDAP: anything else, NXDOMAIN alone or "inactive" alone included</term><description>Unknown: not delegated is not unregistered</description></item>
/// </list>
/// </summary>
public static class DomainJudge
{
    private static readonly TimeSpan NewFor = TimeSpan.FromDays(30);

    /// <summary>The verdict at one moment.</summary>
    /// <param name="input">Observations and what is known beside them.</param>
    public static Verdict Judge(JudgeInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var evidence = Evidence.Of(input.Observations);
        var rule = TldRules.ForDomain(input.Domain);
        var facts = evidence.Registration;
        var signs = facts is null
            ? RegistrationSigns.None
            : JudgementTable.Read(facts, rule, evidence.Zone, evidence.Rdap!.AskedAt, input.Now, input.ExpiringSoonWithin);
        var phase = PhaseOf(evidence, signs, rule);
        var confidence = Corroboration.Of(phase, evidence, signs, input.Now);
        var migrated = facts is not null && LooksMigrated(facts, rule, input.SharesRegistrationDate);
        var flags = Flags(phase, evidence, signs, rule, migrated, input.Now) | input.KnownFlags;
        return new Verdict
        {
            Phase = phase,
            Flags = flags,
            Confidence = confidence,
            Reasons = JudgeReasons.For(phase, confidence, flags, evidence, signs, rule, migrated, input),
            RegisteredAt = facts?.RegisteredAt,
            ExpiresAt = facts?.ExpiresAt,
            LastTransferAt = facts?.LastTransferAt,
            RegistrarName = facts?.RegistrarName,
            RegistrarIanaId = facts?.RegistrarIanaId,
            Handle = facts?.Handle,
            LooksMigrated = migrated,
            NameServers = NameServers(evidence),
            MxHosts = evidence.Zone is { } zone ? MxHosts(zone) : [],
            EstimatedDrop = phase >= Phase.Expired ? Drop(phase, evidence, rule, input) : null,
            IsAnswered = evidence.IsAnswered,
        };
    }

    /// <summary>All MX hosts of all mail hosts, sorted, each once.</summary>
    internal static IReadOnlyList<string> MxHosts(DnsFacts zone, string? mailHost = null)
    {
        IReadOnlyList<string>? first = null;
        SortedSet<string>? merged = null;
        for (var i = 0; i < zone.MailHosts.Count; i++)
        {
            var host = zone.MailHosts[i];
            if (host.MxHosts.Count == 0 || (mailHost is not null && host.Host != mailHost))
            {
                continue;
            }

            if (first is null)
            {
                first = host.MxHosts;
                continue;
            }

            merged ??= new SortedSet<string>(first, StringComparer.Ordinal);
            merged.UnionWith(host.MxHosts);
        }

        return merged is null ? first ?? [] : [.. merged];
    }

    private static Phase PhaseOf(in Evidence evidence, RegistrationSigns signs, TldRule rule)
    {
        if (evidence.Rdap is not { } rdap)
        {
            return WithoutRdap(evidence, rule);
        }

        return rdap.Outcome switch
        {
            Outcome.Reserved => Phase.Unknown,
            Outcome.NotFound => IsReserved(evidence.ResearchSigns) ? Phase.Unknown : Phase.Released,
            _ => GoneSince(evidence, rdap.AskedAt) ? Phase.Released : JudgementTable.PhaseOf(signs),
        };
    }

    private static Phase WithoutRdap(in Evidence evidence, TldRule rule)
    {
        var words = evidence.ResearchSigns;
        if (words.Has(ResearchSigns.Deleting))
        {
            return rule.PendingDeleteIsRecoverable ? Phase.Redemption : Phase.PendingDelete;
        }

        if (words.Has(ResearchSigns.Expiring))
        {
            return Phase.Redemption;
        }

        if (TwoSayGone(evidence))
        {
            return Phase.Released;
        }

        return evidence.IsInZone || words.Has(ResearchSigns.Active) || (words.Has(ResearchSigns.Market) && !words.Has(ResearchSigns.Inactive | ResearchSigns.Reserved))
            ? Phase.Active
            : Phase.Unknown;
    }

    private static bool IsReserved(ResearchSigns signs) => signs.Has(ResearchSigns.Reserved) && !signs.Has(ResearchSigns.Active);

    private static bool TwoSayGone(in Evidence evidence) =>
        evidence.IsNotInZone && evidence.ResearchSigns.IsGone() && Instants.AreTogether(evidence.Dns!.AskedAt, evidence.Research!.AskedAt);

    // The registry outranks the others, but not with an answer that is older than both by more than a day.
    private static bool GoneSince(in Evidence evidence, DateTimeOffset askedAt) =>
        TwoSayGone(evidence)
        && Instants.Earlier(evidence.Dns!.AskedAt, evidence.Research!.AskedAt) - askedAt > Instants.Together;

    private static bool LooksMigrated(RdapFacts facts, TldRule rule, bool sharesDate) =>
        facts.RegisteredAt is { } registered
        && (sharesDate || IsMigrationActor(facts.RegistrationActor)
            || (rule.MigratedOn is { } day && DateOnly.FromDateTime(registered.UtcDateTime) == day));

    private static bool IsMigrationActor(string? actor) =>
        actor is not null
        && (actor.Contains("escrow", StringComparison.OrdinalIgnoreCase)
            || actor.Contains("migrat", StringComparison.OrdinalIgnoreCase)
            || actor.Contains("import", StringComparison.OrdinalIgnoreCase));

    private static DomainFlags Flags(
        Phase phase, in Evidence evidence, RegistrationSigns signs, TldRule rule, bool migrated, DateTimeOffset now)
    {
        var flags = DomainFlags.None;
        var zone = evidence.Zone;
        var words = evidence.ResearchSigns;
        if (phase != Phase.Released && IsUndelegated(evidence, signs, words))
        {
            flags |= DomainFlags.Undelegated;
        }

        if (zone?.ParkedBy is not null || words.Has(ResearchSigns.Parked))
        {
            flags |= DomainFlags.Parked;
        }

        if (words.Has(ResearchSigns.Market) || (evidence.Research is { Research.Offers: > 0 } && !words.IsGone()))
        {
            flags |= DomainFlags.ForSale;
        }

        if (zone is not null)
        {
            flags |= MailFlags(zone);
            if (zone.SinkholedBy is not null)
            {
                flags |= DomainFlags.Sinkholed;
            }
        }

        if (evidence.Registration is not { } facts)
        {
            return flags;
        }

        if (facts.RegistrationHidden || facts.ExpiryHidden || (rule.HidesRegistration && facts.RegisteredAt is null)
            || (rule.HidesExpiry && (facts.ExpiresAt is null || rule.ExpiryIsRelease)))
        {
            flags |= DomainFlags.DatesHidden;
        }

        if ((signs & RegistrationSigns.AddPeriod) != 0
            || (!migrated && facts.RegisteredAt is { } registered && now >= registered && now - registered <= NewFor))
        {
            flags |= DomainFlags.NewlyRegistered;
        }

        return flags;
    }

    // DNS knows best; without it the registry's "inactive" or the word "undelegated" stands.
    private static bool IsUndelegated(in Evidence evidence, RegistrationSigns signs, ResearchSigns words) => evidence.Zone?.Delegation switch
    {
        Delegation.NxDomain => true,
        Delegation.Delegated or Delegation.NoZone => false,
        _ => (signs & RegistrationSigns.NoNameServers) != 0 || words.Has(ResearchSigns.Undelegated),
    };

    private static DomainFlags MailFlags(DnsFacts zone)
    {
        var flags = DomainFlags.None;
        for (var i = 0; i < zone.MailHosts.Count; i++)
        {
            switch (zone.MailHosts[i].Route)
            {
                case MailRoute.Mx or MailRoute.ImplicitMx: return DomainFlags.None;
                case MailRoute.NullMx: flags |= DomainFlags.NullMx; break;
                case MailRoute.None: flags |= DomainFlags.NoMail; break;
                default: break;
            }
        }

        return flags;
    }

    private static IReadOnlyList<string> NameServers(in Evidence evidence) =>
        evidence.Zone is { Delegation: not Delegation.Unknown } zone ? zone.NameServers : evidence.Registration?.NameServers ?? [];

    private static DropInterval? Drop(Phase phase, in Evidence evidence, TldRule rule, JudgeInput input)
    {
        var since = phase == input.KnownPhase && input.KnownPhaseSince is { } known ? known
            : evidence.Rdap?.AskedAt ?? evidence.Research?.AskedAt ?? evidence.Dns?.AskedAt;
        return DropEstimate.For(phase, LifecycleDates.Of(evidence.Registration), since, rule, input.Now);
    }
}
