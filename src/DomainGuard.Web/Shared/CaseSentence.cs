using System.Globalization;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;

namespace DomainGuard.Web.Shared;

/// <summary>What the sentence about a case is made from.</summary>
public sealed record CaseLook
{
    public required CaseState State { get; init; }

    public required Situation Situation { get; init; }

    public Guard Guard { get; init; }

    public PolicyAction Wanted { get; init; }

    public Phase Phase { get; init; }

    public Confidence Confidence { get; init; }

    public bool IsUnverified { get; init; }

    public bool IsContested { get; init; }

    /// <summary>In its state since (UTC).</summary>
    public DateTimeOffset StateSince { get; init; }

    /// <summary>End of its snooze or override (UTC).</summary>
    public DateTimeOffset? Until { get; init; }

    public int PolicyVersion { get; init; }

    /// <summary>The batch that it waits in.</summary>
    public long? BatchId { get; init; }

    /// <summary>Name of the domain.</summary>
    public required string Domain { get; init; }

    public DateTimeOffset? PhaseSince { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? DropFrom { get; init; }

    public DateTimeOffset? DropTo { get; init; }

    /// <summary>Addresses of the domain that are not retired.</summary>
    public int AddressCount { get; init; }
}

/// <summary>Why a case is there, in one sentence for its row (at most 72 characters) and in a longer form for its panel. Pure; the words are those of the UI contract, section 8.</summary>
internal static class CaseSentence
{
    internal const int LongestRow = 72;

    /// <summary>The sentence of the row: what happened, then what stopped the policy where there is room for it.</summary>
    public static string Row(CaseLook look, DateTimeOffset now)
    {
        var what = Cut(What(look, now));
        // What does not fit stands as a tag beside the name, and in the panel.
        return Also(look) is { } also && what.Length + also.Length + 2 <= LongestRow ? $"{what}. {also}" : what;
    }

    /// <summary>The long form: what it means for the holder. Null where the reasons beside it say all.</summary>
    public static string? Meaning(CaseLook look, DateTimeOffset now)
    {
        if (look.State == CaseState.Recovered)
        {
            return look.IsUnverified ? "Same holder, in order. The address stays un-verified until a person restores it or its owner verifies it anew." : null;
        }

        var drop = look is { DropFrom: { } from, DropTo: { } to } && to > now ? Range(from, to, now) : null;
        var free = drop is null ? "" : $" It becomes free {drop} unless restored.";
        return look.Situation switch
        {
            Situation.Reregistered => "Another registration than the one at verification: whoever holds it now receives its mail.",
            Situation.Suspected => "The registration date did not move. An expired name can be sold without being deleted.",
            Situation.Released => "From now on anyone can register it and receive its mail.",
            Situation.PendingDelete when IsRecoverable(look) => "\"pending delete\" at this registry means quarantine." + free,
            Situation.PendingDelete => "From the drop on anyone can register it within seconds." + (drop is null ? "" : $" Estimated drop: {drop}."),
            Situation.Redemption => "No mail arrives meanwhile." + free,
            Situation.PendingRestore => "Its holder, through the registrar, has asked for it back. The registry has seven days for the report.",
            Situation.OnHold => "Unpaid, unconfirmed contact or dispute; the registry does not say which.",
            Situation.Undelegated => "It is registered, but its parent does not name its servers.",
            Situation.AutoRenewGraceAndMoved or Situation.ExpiredAndMoved => "Registrars move a name to their own servers when it is not renewed.",
            Situation.Parked or Situation.ForSale => "Its holder may be giving it up; the registration is unchanged.",
            Situation.Sinkholed => "Law enforcement or a security firm answers for it.",
            Situation.DanglingMx => "Whoever registers that domain receives this mail, without touching this one.",
            Situation.Conflicting => "One source says the opposite of another. Nothing is done without a person.",
            _ => null,
        };
    }

    /// <summary>What a guard stopped, in the words of the panel; null where none did.</summary>
    public static string? GuardText(CaseLook look) => look.Guard switch
    {
        Guard.None => null,
        Guard.Override => "An override is honoured: the facts are no worse than when it was set.",
        Guard.Notable => $"Policy v{N(look.PolicyVersion)} wants Unverify. A person decides for all its addresses, because the domain is notable.",
        Guard.Large => $"Policy v{N(look.PolicyVersion)} wants Unverify. A person decides for all its addresses, because it has {Words.Count(look.AddressCount)} of them.",
        Guard.Confidence when look.Confidence == Confidence.Conflicting => $"Policy v{N(look.PolicyVersion)} wants Unverify. A person decides, because sources say opposite things.",
        Guard.Confidence => $"Policy v{N(look.PolicyVersion)} wants Unverify. A person decides, because only one source says so.",
        Guard.Canary => $"Policy v{N(look.PolicyVersion)} wants Unverify. Nothing was done: the server also denied a domain that is known to be in order.",
        Guard.Brake => $"Policy v{N(look.PolicyVersion)} wants Unverify. Nothing was done: too many at once. An administrator decides on the whole batch.",
        _ => $"Policy v{N(look.PolicyVersion)} wants Unverify. Nothing was done: the installation only observed then.",
    };

    private static string What(CaseLook look, DateTimeOffset now)
    {
        if (look.State == CaseState.Recovered)
        {
            return $"In order again since {Day(look.StateSince, now)}" + (look.IsUnverified ? "; the address is still un-verified" : "");
        }

        var since = look.PhaseSince is { } at ? $" since {Day(at, now)}" : "";
        var until = look.DropFrom is { } from && from > now ? $" until {Day(from, now)}" : "";
        var quarantine = TldRules.ForDomain(look.Domain);
        return look.Situation switch
        {
            Situation.Reregistered => look.RegisteredAt is { } again ? $"Registered again on {Day(again, now)}, after it was verified" : "Another registration than the one at verification",
            Situation.Suspected => "Signs of another holder, but the registration date did not move",
            Situation.Released => look.PhaseSince is { } free ? $"Free since {Day(free, now)}: anyone can register it" : "Free: anyone can register it",
            Situation.PendingDelete when IsRecoverable(look) => $"In quarantine{Days(quarantine.RedemptionDays)}; its holder can take it back{until}",
            Situation.PendingDelete => $"In its last {(quarantine.FinalDaysMax > 1 ? N(quarantine.FinalDaysMax) + " " : "")}days: nobody can renew it any more",
            Situation.Redemption when quarantine.PendingDeleteIsRecoverable => $"In quarantine{Days(quarantine.RedemptionDays)}; its holder can take it back{until}",
            Situation.Redemption => $"In redemption{since}; only its old holder can restore it",
            Situation.PendingRestore => $"A restore was filed{since}; the registry has not finished it",
            Situation.OnHold => $"On hold{since}: mail cannot arrive",
            Situation.Undelegated => $"Registered, but not in the .{Tld(look.Domain)} zone: mail cannot arrive",
            Situation.AutoRenewGraceAndMoved => "In auto-renew grace; name servers or MX moved since it expired",
            Situation.ExpiredAndMoved => $"Expired{On(look.ExpiresAt, now)}; name servers or MX moved since",
            Situation.AutoRenewGrace => $"In auto-renew grace{since}; the registrar may still delete it",
            Situation.Expired => $"Expired{On(look.ExpiresAt, now)}, not renewed so far",
            Situation.ExpiringSoon => look.ExpiresAt is { } end ? $"Its term ends on {Day(end, now)}" : "Its term ends soon",
            Situation.Parked => $"Served by a parking operator{Ends(look, now)}",
            Situation.ForSale => $"For sale at a marketplace{Ends(look, now)}",
            Situation.Sinkholed => "Served by a sinkhole: its mail goes to strangers",
            Situation.DanglingMx => "The domain of one of its MX hosts has lapsed",
            Situation.Conflicting => "Sources say opposite things; nothing was changed",
            Situation.Unknown => "No usable answer: not evidence against the holder",
            Situation.PlatformTenant => "A name below a platform's suffix can pass to another tenant",
            Situation.NotApplicable => "It cannot be registered",
            _ => "Registered, same holder",
        };
    }

    private static string? Also(CaseLook look) => look switch
    {
        { IsContested: true } => "Contested",
        { BatchId: { } batch } => look.Guard == Guard.ObserveOnly ? $"Observed only: batch #{N(batch)}" : $"Braked: batch #{N(batch)}",
        { Guard: Guard.Notable } => "Guard: notable domain",
        { Guard: Guard.Large } => $"Guard: {Words.Count(look.AddressCount)} addresses",
        { Guard: Guard.Confidence, Confidence: Confidence.Conflicting } => "Guard: sources disagree",
        { Guard: Guard.Confidence } => "Guard: only one source says so",
        { Guard: Guard.Canary } => "Guard: the server is not to be trusted now",
        _ => null,
    };

    private static bool IsRecoverable(CaseLook look) => TldRules.ForDomain(look.Domain).PendingDeleteIsRecoverable;

    private static string Ends(CaseLook look, DateTimeOffset now) => look.ExpiresAt is { } at && at.Year < 3000 ? $"; {(at < now ? "expired" : "expires")} on {Day(at, now)}" : "";

    private static string On(DateTimeOffset? at, DateTimeOffset now) => at is { } day ? $" on {Day(day, now)}" : "";

    private static string Days(int? days) => days is { } n ? $" ({N(n)} days)" : "";

    private static string Range(DateTimeOffset from, DateTimeOffset to, DateTimeOffset now) => Day(from, now) == Day(to, now) ? $"on {Day(from, now)}" : $"{Day(from, now)} to {Day(to, now)}";

    // The year only where it is not the present one or the one beside it within half a year.
    internal static string Day(DateTimeOffset at, DateTimeOffset now) =>
        at.UtcDateTime.ToString((at - now).Duration() < TimeSpan.FromDays(183) ? "d MMM" : "d MMM yyyy", CultureInfo.InvariantCulture);

    private static string Tld(string domain)
    {
        var tld = domain[(domain.LastIndexOf('.') + 1)..];
        return tld.Length > 12 ? DomainName.ToUnicode(tld) : tld;
    }

    private static string Cut(string text) => text.Length <= LongestRow ? text : text[..(LongestRow - 1)].TrimEnd() + "…";

    private static string N(long n) => n.ToString(CultureInfo.InvariantCulture);
}
