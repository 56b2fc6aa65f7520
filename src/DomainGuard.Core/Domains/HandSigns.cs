namespace DomainGuard.Core.Domains;

/// <summary>The single facts on which a change of hands is judged, for one address.</summary>
internal readonly struct HandSigns
{
    /// <summary>Registration date; null where hidden or not answered.</summary>
    public DateTimeOffset? Registered { get; private init; }

    /// <summary>The registry answered with a record.</summary>
    public bool HasRegistration { get; private init; }

    public DateTimeOffset RdapAt { get; private init; }

    public DateTimeOffset DnsAt { get; private init; }

    /// <summary>Registered after the moment for which the address vouches.</summary>
    public bool HasLaterDate { get; private init; }

    /// <summary>Handle known then and now, and another.</summary>
    public bool HasOtherHandle { get; private init; }

    /// <summary>Handle known before the present registration date and the same: ROIDs are unique per object life (RFC 5730 2.8).</summary>
    public bool HasSameHandle { get; private init; }

    public bool IsMigrated { get; private init; }

    public bool HasMovedNameServers { get; private init; }

    /// <summary>Name servers or MX of a baseline from before that date are gone.</summary>
    public bool HasMoved { get; private init; }

    public bool HasAllNameServersMoved { get; private init; }

    /// <summary>None of the name servers and none of the MX of the baseline is left.</summary>
    public bool HasAllMoved { get; private init; }

    /// <summary>Name servers and MX are known from before that date, and the same.</summary>
    public bool HasSameZone { get; private init; }

    public bool HasOtherRegistrar { get; private init; }

    public bool HasTransfer { get; private init; }

    public DateTimeOffset? Transferred { get; private init; }

    public bool HasLapse { get; private init; }

    public DateTimeOffset? LapsedAt { get; private init; }

    private DateTimeOffset? VerifiedAt { get; init; }

    public static HandSigns Of(HandInput input, in Evidence evidence)
    {
        var facts = evidence.Registration;
        var baseline = input.Baseline;
        var registered = facts?.RegisteredAt;
        var seenAt = baseline?.RegistrationSeenAt;
        var vouchedAt = input.VerifiedAt > input.DismissedAt ? input.VerifiedAt : input.DismissedAt ?? input.VerifiedAt;
        var later = IsLater(registered, vouchedAt, baseline);

        // A baseline tells the holders apart only if it was taken before the date that is in question.
        var registrationFromBefore = seenAt is { } seen && (registered is not { } date || !later || seen < date);
        var zoneFromBefore = baseline?.DnsSeenAt is { } dnsSeen && (registered is not { } since || !later || dnsSeen < since);
        var handlesKnown = registrationFromBefore && !string.IsNullOrEmpty(baseline!.Handle) && !string.IsNullOrEmpty(facts?.Handle);
        var sameHandle = handlesKnown && string.Equals(baseline!.Handle, facts!.Handle, StringComparison.OrdinalIgnoreCase);

        var zone = evidence.Zone;
        var nameServers = zoneFromBefore && zone is { Delegation: Delegation.Delegated } ? Compare(baseline!.NameServers, zone.NameServers) : Change.Unknown;
        var mx = zoneFromBefore && zone is not null && RouteIsKnown(zone, input.MailHost)
            ? Compare(baseline!.MxHosts, DomainJudge.MxHosts(zone, input.MailHost)) : Change.Unknown;
        var trust = vouchedAt ?? seenAt ?? baseline?.DnsSeenAt;
        var lapsed = LapseInBetween(input, trust, registered, later);
        return new HandSigns
        {
            Registered = registered,
            HasRegistration = facts is not null,
            RdapAt = evidence.Rdap?.AskedAt ?? input.Now,
            DnsAt = evidence.Dns?.AskedAt ?? input.Now,
            HasLaterDate = later,
            HasOtherHandle = handlesKnown && !sameHandle,
            HasSameHandle = sameHandle,
            IsMigrated = input.Verdict.LooksMigrated,
            HasMovedNameServers = nameServers is Change.Some or Change.All,
            HasMoved = nameServers is Change.Some or Change.All || mx is Change.Some or Change.All,
            HasAllNameServersMoved = nameServers == Change.All,
            HasAllMoved = nameServers == Change.All && mx is Change.All or Change.Gone,
            HasSameZone = nameServers == Change.None && mx == Change.None,
            HasOtherRegistrar = !string.IsNullOrEmpty(baseline?.RegistrarIanaId) && !string.IsNullOrEmpty(facts?.RegistrarIanaId)
                && baseline.RegistrarIanaId != facts.RegistrarIanaId,
            HasTransfer = facts?.LastTransferAt is { } transfer && (seenAt is not { } before || transfer - before > -HandChangeJudge.Tolerance),
            Transferred = facts?.LastTransferAt,
            HasLapse = lapsed is not null,
            LapsedAt = lapsed,
            VerifiedAt = input.VerifiedAt,
        };
    }

    public void AddDate(List<Reason> reasons)
    {
        var registered = Registered!.Value;
        var text = VerifiedAt is { } verified
            ? $"Registered again on {registered.Day()}, {Days(registered - verified)} after this address was verified"
            : $"Registered again on {registered.Day()}, after its baseline was taken";
        reasons.Add(new(HasOtherHandle ? text + "; registry handle changed" : text, SourceKind.Rdap, RdapAt));
    }

    private static string Days(TimeSpan span) => (int)span.TotalDays is var days && days == 1 ? "1 day" : $"{days} days";

    /// <summary>
    /// "Verified at", or a suspicion that was dismissed since, decides where it is known; else the baseline, which vouches from when it was seen: a date before that was rewritten, because the
    /// registration stood there already.
    /// </summary>
    private static bool IsLater(DateTimeOffset? registered, DateTimeOffset? vouchedAt, Baseline? baseline)
    {
        if (registered is not { } date)
        {
            return false;
        }

        if (vouchedAt is { } vouched)
        {
            return date - vouched > HandChangeJudge.Tolerance;
        }

        return baseline?.RegistrationSeenAt is { } seen && date > seen
            && (baseline.RegisteredAt is not { } before || date - before > HandChangeJudge.Tolerance);
    }

    /// <summary>Lapsed after the address was vouched for, and before the present registration; null when not.</summary>
    private static DateTimeOffset? LapseInBetween(HandInput input, DateTimeOffset? trust, DateTimeOffset? registered, bool later)
    {
        if (input.LapseSeenFrom is not { } from || trust is not { } since || (input.LapseSeenTo ?? from) <= since)
        {
            return null;
        }

        // A lapse that goes on is the present holder's own, unless the registration is younger than its beginning.
        return registered is { } date ? later && from <= date ? from : null
            : input.LapseSeenTo is { } to && to <= input.Now && input.Verdict.Phase < Phase.PendingRestore ? from
            : null;
    }

    private static bool RouteIsKnown(DnsFacts zone, string? mailHost)
    {
        var known = false;
        for (var i = 0; i < zone.MailHosts.Count; i++)
        {
            var host = zone.MailHosts[i];
            if (mailHost is null || host.Host == mailHost)
            {
                if (host.Route == MailRoute.Unknown)
                {
                    return false;
                }

                known = true;
            }
        }

        return known;
    }

    /// <summary>How much of the baseline is gone. Hosts that were merely added are no change of holder.</summary>
    private static Change Compare(IReadOnlyList<string>? before, IReadOnlyList<string> now)
    {
        if (before is null)
        {
            return Change.Unknown;
        }

        if (now.Count == 0)
        {
            return before.Count == 0 ? Change.None : Change.Gone;
        }

        var left = 0;
        for (var i = 0; i < before.Count; i++)
        {
            for (var j = 0; j < now.Count; j++)
            {
                if (before[i] == now[j])
                {
                    left++;
                    break;
                }
            }
        }

        return left == before.Count && before.Count > 0 ? Change.None : left == 0 ? Change.All : Change.Some;
    }

    private enum Change
    {
        /// <summary>One of the two is not known.</summary>
        Unknown,

        /// <summary>All of the baseline is still there.</summary>
        None,

        /// <summary>Nothing is there any more, and nothing else either: nobody else's.</summary>
        Gone,

        /// <summary>Part of the baseline is gone.</summary>
        Some,

        /// <summary>Others stand there, and nothing of the baseline.</summary>
        All,
    }
}
