namespace DomainGuard.Core.Domains;

/// <summary>
/// Says whether a domain passed to another holder since one address was verified (facts sections 1.4, 1.5 and 4; product sections 4.9 and 5).
/// Pure; never throws for what a source sent.
/// <para>
/// A person who dismisses a suspicion vouches for the address from then on, as a verification does.
/// </para>
/// <para>
/// Three facts count. <b>Date</b>: registration more than 48 hours after "verified at" (or, without it, after the baseline was seen), or another handle than the
/// baseline where the registry gives no date. <b>Moved</b>: name servers or MX of the baseline are gone, by DNS. <b>Lapse</b>: we ourselves saw the domain in
/// Redemption, PendingDelete or Released in between.
/// </para>
/// <list type="table">
/// <listheader><term>evidence</term><description>conclusion</description></listheader>
/// <item><term>nobody holds it now, or no evidence</term><description>None</description></item>
/// <item><term>Date</term><description>Reregistered; Corroborated with Moved or Lapse; Conflicting when name servers and MX are those from before that date</description></item>
/// <item><term>Date, but migration signs (actor, shared date, unchanged handle)</term><description>None; Suspected with Moved or Lapse</description></item>
/// <item><term>date hidden, Lapse up to PendingDelete or Released</term><description>Reregistered; Suspected when nothing moved; None when the handle is the same</description></item>
/// <item><term>date hidden, Lapse no worse than Redemption, and Moved</term><description>Suspected: the holder may have restored it</description></item>
/// <item><term>no "verified at", registered after the account was created</term><description>Suspected</description></item>
/// <item><term>all name servers and MX moved after the end of its term</term><description>Suspected: an expired name can be sold without being deleted</description></item>
/// <item><term>another registrar without a transfer, and all name servers moved</term><description>Suspected</description></item>
/// <item><term>another handle, but a registration date from before, and Moved</term><description>Suspected, Conflicting</description></item>
/// <item><term>a transfer; another registrar, handle or name servers alone</term><description>None</description></item>
/// </list>
/// </summary>
public static class HandChangeJudge
{
    /// <summary>Clocks and registries differ; a registration that close to the verification is the verified holder's own.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromHours(48);

    /// <summary>How long after its end a term still explains a move of name servers: auto-renew grace (facts section 2).</summary>
    private static readonly TimeSpan AuctionWindow = TimeSpan.FromDays(45);

    /// <summary>The conclusion for one address at one moment.</summary>
    /// <param name="input">Verdict, observations, and what is known of the address.</param>
    public static HandVerdict Judge(HandInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var verdict = input.Verdict;
        if (verdict.Phase is Phase.Unknown or Phase.NotApplicable or Phase.Released)
        {
            return HandVerdict.None;
        }

        var evidence = Evidence.Of(input.Observations);
        var signs = HandSigns.Of(input, evidence);
        var reasons = new List<Reason>(3);
        return signs.HasLaterDate ? ByDate(signs, reasons)
            : signs.Registered is null && signs.HasOtherHandle ? ByHandle(signs, reasons)
            : signs.Registered is null && signs.HasLapse ? ByLapse(signs, input, reasons)
            : ByLesserSigns(signs, input, verdict, reasons);
    }

    private static HandVerdict ByDate(in HandSigns signs, List<Reason> reasons)
    {
        signs.AddDate(reasons);
        if (signs.IsMigrated || signs.HasSameHandle)
        {
            reasons.Add(signs.IsMigrated
                ? new("Looks like a registry migration, so it is not taken as a change of hands", SourceKind.Rdap, signs.RdapAt)
                : new("The registry handle is the one from before that date, so it is the same registration", SourceKind.Rdap, signs.RdapAt));
            if (!signs.HasMoved && !signs.HasLapse)
            {
                return new(HandChange.None, Confidence.None, reasons.ToArray());
            }

            AddSupport(signs, reasons);
            return new(HandChange.Suspected, signs.HasSameHandle ? Confidence.Conflicting : Confidence.Single, reasons.ToArray());
        }

        return Reregistered(signs, reasons);
    }

    private static HandVerdict ByHandle(in HandSigns signs, List<Reason> reasons)
    {
        reasons.Add(new("Registry handle differs from the one kept in the baseline", SourceKind.Rdap, signs.RdapAt));
        return Reregistered(signs, reasons);
    }

    private static HandVerdict Reregistered(in HandSigns signs, List<Reason> reasons)
    {
        AddSupport(signs, reasons);
        if (signs.HasLapse || (signs.HasMoved && Instants.AreTogether(signs.RdapAt, signs.DnsAt)))
        {
            return new(HandChange.Reregistered, Confidence.Corroborated, reasons.ToArray());
        }

        if (signs.HasSameZone && Instants.AreTogether(signs.RdapAt, signs.DnsAt))
        {
            reasons.Add(new("Name servers and MX are those from before that date", SourceKind.Dns, signs.DnsAt));
            return new(HandChange.Reregistered, Confidence.Conflicting, reasons.ToArray());
        }

        return new(HandChange.Reregistered, Confidence.Single, reasons.ToArray());
    }

    /// <summary>The registry hides the date, or there is no registry answer: what we saw ourselves decides.</summary>
    private static HandVerdict ByLapse(in HandSigns signs, HandInput input, List<Reason> reasons)
    {
        AddSupport(signs, reasons);
        if (signs.HasSameHandle)
        {
            reasons.Add(new("Registry handle as in the baseline: restored by its holder", SourceKind.Rdap, signs.RdapAt));
            return new(HandChange.None, Confidence.None, reasons.ToArray());
        }

        if (input.LapsePhase is not (Phase.PendingDelete or Phase.Released))
        {
            reasons.Add(new("Its holder could restore it then, and the registry gives no date that tells"));
            return signs.HasMoved
                ? new(HandChange.Suspected, Confidence.Single, reasons.ToArray())
                : new(HandChange.None, Confidence.None, reasons.ToArray());
        }

        if (signs.HasMoved)
        {
            return new(HandChange.Reregistered, Confidence.Corroborated, reasons.ToArray());
        }

        if (signs.HasSameZone)
        {
            reasons.Add(new("Name servers and MX are as in the baseline", SourceKind.Dns, signs.DnsAt));
            return new(HandChange.Suspected, Confidence.Conflicting, reasons.ToArray());
        }

        return new(HandChange.Reregistered, Confidence.Single, reasons.ToArray());
    }

    private static HandVerdict ByLesserSigns(in HandSigns signs, HandInput input, Verdict verdict, List<Reason> reasons)
    {
        if (input is { VerifiedAt: null, DismissedAt: null } && input.AccountCreatedAt is { } created && signs.Registered is { } registered
            && registered - created > Tolerance && !signs.IsMigrated)
        {
            reasons.Add(new(
                $"Registered on {registered.Day()}, after the account was created on {created.Day()}; when it was verified is not known",
                SourceKind.Rdap,
                signs.RdapAt));
            AddSupport(signs, reasons);
            return new(HandChange.Suspected, Confidence.Single, reasons.ToArray());
        }

        if (signs.HasAllMoved && MovedAfterTerm(signs, input, verdict))
        {
            reasons.Add(new("All name servers and MX moved after the end of its term", SourceKind.Dns, signs.DnsAt));
            reasons.Add(new("The registration date did not move: an expired name can be sold without being deleted"));
            return new(
                HandChange.Suspected,
                signs.HasRegistration && Instants.AreTogether(signs.RdapAt, signs.DnsAt) ? Confidence.Corroborated : Confidence.Single,
                reasons.ToArray());
        }

        if (signs.HasOtherHandle)
        {
            reasons.Add(new("Registry handle differs from the baseline, but the registration is from before", SourceKind.Rdap, signs.RdapAt));
            if (signs.HasMoved && !signs.IsMigrated)
            {
                AddSupport(signs, reasons);
                return new(HandChange.Suspected, Confidence.Conflicting, reasons.ToArray());
            }
        }

        if (signs.HasOtherRegistrar)
        {
            reasons.Add(new(
                signs.HasTransfer
                    ? $"Moved to another registrar on {signs.Transferred!.Value.Day()}; the registration is the same"
                    : "Another registrar than in the baseline, and no transfer is shown",
                SourceKind.Rdap,
                signs.RdapAt));
            if (!signs.HasTransfer && signs.HasAllNameServersMoved)
            {
                reasons.Add(new("All name servers differ from the baseline", SourceKind.Dns, signs.DnsAt));
                return new(HandChange.Suspected, Confidence.Single, reasons.ToArray());
            }
        }

        return reasons.Count == 0 ? HandVerdict.None : new(HandChange.None, Confidence.None, reasons.ToArray());
    }

    /// <summary>Registrars auction expired names during the auto-renew grace (facts 1.4): only a move from then on is a sign.</summary>
    private static bool MovedAfterTerm(in HandSigns signs, HandInput input, Verdict verdict)
    {
        var moved = input.MovedAt ?? signs.DnsAt;
        if (verdict.Phase is Phase.Expired or Phase.AutoRenewGrace)
        {
            return DropEstimate.TermEnd(verdict.Phase, verdict.ExpiresAt, input.Now) is not { } end || moved >= end;
        }

        return input.PastTermFrom is { } from && moved >= from
            && (input.PastTermTo is not { } to || moved <= to || moved - from <= AuctionWindow);
    }

    private static void AddSupport(in HandSigns signs, List<Reason> reasons)
    {
        if (signs.HasMoved)
        {
            reasons.Add(new(
                signs.HasMovedNameServers ? "Name servers differ from the baseline" : "MX differ from the baseline", SourceKind.Dns, signs.DnsAt));
        }

        if (signs.HasLapse)
        {
            reasons.Add(new($"We ourselves saw it lapsed on {signs.LapsedAt!.Value.Day()}", null, signs.LapsedAt));
        }
    }
}
