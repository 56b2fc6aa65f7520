using DomainGuard.Core.Domains;
using DomainGuard.Data.Domains;
using Kept = DomainGuard.Data.Domains.Baseline;

namespace DomainGuard.Web.Features.Scans;

/// <summary>The series of facts about a domain's holder (product section 4.9): what a new answer adds to it, and where an address points into it.</summary>
internal static class HoldersFacts
{
    /// <summary>The row that an RDAP answer would write, without key; null when it says nothing of a holder.</summary>
    public static Kept? OfRegistration(long domainId, Observation o) =>
        o.Rdap is { } r && (r.RegisteredAt ?? (object?)r.Handle ?? r.RegistrarIanaId) is not null
            ? new Kept
            {
                DomainId = domainId,
                Kind = BaselineKind.Registration,
                FirstSeenAt = o.AskedAt,
                LastSeenAt = o.AskedAt,
                RegisteredAt = r.RegisteredAt,
                Handle = Cut(r.Handle, 200),
                RegistrarIanaId = Cut(r.RegistrarIanaId, 20),
            }
            : null;

    /// <summary>The row that a DNS answer would write, without key; null when the domain is not delegated.</summary>
    public static Kept? OfDns(long domainId, Observation o) =>
        o.Dns is { Delegation: Delegation.Delegated } dns
            ? new Kept
            {
                DomainId = domainId,
                Kind = BaselineKind.Dns,
                FirstSeenAt = o.AskedAt,
                LastSeenAt = o.AskedAt,
                NameServers = dns.NameServers.Count == 0 ? null : Join(dns.NameServers, ' ', 2_000),
                MailExchanges = Routes(dns) is { Length: > 0 } routes ? routes : null,
            }
            : null;

    /// <summary>The same facts. Instants compare as the database keeps them.</summary>
    public static bool Equal(Kept a, Kept b) =>
        Micro(a.RegisteredAt) == Micro(b.RegisteredAt) && a.Handle == b.Handle && a.RegistrarIanaId == b.RegistrarIanaId
        && a.NameServers == b.NameServers && a.MailExchanges == b.MailExchanges;

    /// <summary>What was known of the holder for an address: per kind the first row that was still seen when the address was added or verified.</summary>
    /// <param name="rows">All rows of the domain, oldest first.</param>
    /// <param name="from">The address's <see cref="Data.Accounts.Address.TrustedFrom"/>.</param>
    /// <param name="mailHost">The address's mail host.</param>
    public static (Core.Domains.Baseline? Baseline, DateTimeOffset? MovedAt, long Registration, long Dns) For(IReadOnlyList<Kept> rows, DateTimeOffset from, string mailHost)
    {
        var registration = First(rows, BaselineKind.Registration, from);
        var dns = First(rows, BaselineKind.Dns, from);
        if (registration is null && dns is null)
        {
            return (null, null, 0, 0);
        }

        var moved = dns is null ? null : rows.FirstOrDefault(r => r.Kind == BaselineKind.Dns && r.FirstSeenAt > dns.FirstSeenAt);
        var baseline = new Core.Domains.Baseline
        {
            RegisteredAt = registration?.RegisteredAt,
            Handle = registration?.Handle,
            RegistrarIanaId = registration?.RegistrarIanaId,
            RegistrationSeenAt = Later(registration?.FirstSeenAt, from),
            NameServers = dns?.NameServers?.Split(' '),
            MxHosts = MxOf(dns?.MailExchanges, mailHost),
            DnsSeenAt = Later(dns?.FirstSeenAt, from),
        };
        return (baseline, moved?.FirstSeenAt, registration?.Id ?? 0, dns?.Id ?? 0);
    }

    /// <summary>
    /// Whether name servers or MX moved since the end of the term: what DNS says now began after it, and differs from what was there when the address was verified (or, for a
    /// whole domain, when the term ended). Moved and moved back is not moved.
    /// </summary>
    /// <param name="rows">All rows of the domain, oldest first.</param>
    /// <param name="from">The address's <see cref="Data.Accounts.Address.TrustedFrom"/>; for a whole domain when a suspicion about it was dismissed, null when none was.</param>
    /// <param name="mailHost">The address's mail host: only its MX are compared. Null compares all.</param>
    /// <param name="end">End of the term (UTC).</param>
    public static bool HasMovedSince(IReadOnlyList<Kept> rows, DateTimeOffset? from, string? mailHost, DateTimeOffset end)
    {
        var now = rows.LastOrDefault(r => r.Kind == BaselineKind.Dns);
        var before = from is { } trusted ? First(rows, BaselineKind.Dns, trusted) : rows.LastOrDefault(r => r.Kind == BaselineKind.Dns && r.FirstSeenAt < end);
        if (now is null || before is null || now.Id == before.Id || now.FirstSeenAt < end)
        {
            return false;
        }

        if (now.NameServers is not null && before.NameServers is not null && now.NameServers != before.NameServers)
        {
            return true;
        }

        return mailHost is null
            ? now.MailExchanges is not null && before.MailExchanges is not null && now.MailExchanges != before.MailExchanges
            : MxOf(now.MailExchanges, mailHost) is { } mx && MxOf(before.MailExchanges, mailHost) is { } then && !mx.SequenceEqual(then, StringComparer.Ordinal);
    }

    /// <summary>Delegation and mail routing in one comparable line, for the sweep.</summary>
    public static string Fingerprint(DnsFacts dns) =>
        Cut($"{dns.Delegation} {string.Join(',', dns.NameServers)} | {Routes(dns).Replace('\n', ';')}", 4_000)!;

    private static string Routes(DnsFacts dns) =>
        Join(dns.MailHosts.Where(h => h.Route != MailRoute.Unknown).Select(h => $"{h.Host} {(h.Route == MailRoute.Mx ? string.Join(' ', h.MxHosts) : $"({h.Route})")}"), '\n', 4_000);

    private static string[]? MxOf(string? exchanges, string mailHost)
    {
        var line = exchanges?.Split('\n').FirstOrDefault(l => l.StartsWith(mailHost + " ", StringComparison.Ordinal));
        return line?[(mailHost.Length + 1)..] switch
        {
            null => null,
            ['(', ..] => [],
            { } hosts => hosts.Split(' '),
        };
    }

    private static Kept? First(IReadOnlyList<Kept> rows, BaselineKind kind, DateTimeOffset from) =>
        rows.FirstOrDefault(r => r.Kind == kind && r.LastSeenAt >= from);

    private static DateTimeOffset? Later(DateTimeOffset? seen, DateTimeOffset from) => seen is null ? null : seen > from ? seen : from;

    private static long? Micro(DateTimeOffset? at) => at?.UtcTicks / TimeSpan.TicksPerMicrosecond;

    // Whole entries only: half a host name would look like a move.
    private static string Join(IEnumerable<string> parts, char separator, int length)
    {
        var text = new System.Text.StringBuilder();
        foreach (var part in parts)
        {
            if (text.Length + part.Length + 1 > length)
            {
                break;
            }

            text.Append(text.Length == 0 ? "" : separator.ToString()).Append(part);
        }

        return text.ToString();
    }

    /// <summary>Cuts text to what its column holds.</summary>
    public static string? Cut(string? text, int length) => text is null || text.Length <= length ? text : text[..length];
}
