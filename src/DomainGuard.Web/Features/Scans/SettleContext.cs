using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using Microsoft.EntityFrameworkCore;
using Kept = DomainGuard.Data.Domains.Baseline;

namespace DomainGuard.Web.Features.Scans;

/// <summary>A domain behind a mail exchanger.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Phase">Its phase.</param>
/// <param name="WatchedFor">Why it is watched.</param>
/// <param name="IsNew">Not in the database yet.</param>
internal sealed record MxDomain(long Id, Phase Phase, WatchedFor WatchedFor, bool IsNew);

/// <summary>What a chunk of domains is judged against: read in a handful of statements, whatever its size.</summary>
internal sealed class SettleContext
{
    private SettleContext()
    {
    }

    /// <summary>Per domain the latest answer of each source and, where that is a failure, the latest evidence; without raw answers.</summary>
    public required ILookup<long, StoredObservation> Observations { get; init; }

    /// <summary>Facts of the holders, oldest first.</summary>
    public required ILookup<long, Kept> Baselines { get; init; }

    /// <summary>Domains with a mail host under a PRIVATE suffix.</summary>
    public required HashSet<long> Tenants { get; init; }

    /// <summary>Ids of the domains behind the mail exchangers as last seen.</summary>
    public required ILookup<long, (long MxDomainId, Phase Phase)> Links { get; init; }

    /// <summary>Domains behind the mail exchangers in the answers of this chunk, by name.</summary>
    public required Dictionary<string, MxDomain> MxDomains { get; init; }

    /// <summary>Reads it.</summary>
    public static async Task<SettleContext> ReadAsync(GuardDb db, IReadOnlyList<long> ids, IReadOnlyCollection<string> mxDomains, CancellationToken cancel) => new()
    {
        Observations = (await ObservationsAsync(db, ids, cancel)).ToLookup(o => o.DomainId),
        Baselines = (await db.Baselines.AsNoTracking().Where(b => ids.Contains(b.DomainId)).OrderBy(b => b.FirstSeenAt).ThenBy(b => b.Id).ToListAsync(cancel)).ToLookup(b => b.DomainId),
        Tenants = [.. await db.MailHosts.AsNoTracking().Where(h => ids.Contains(h.DomainId) && h.IsTenant).Select(h => h.DomainId).ToListAsync(cancel)],
        Links = (await db.MxLinks.AsNoTracking()
            .Where(l => ids.Contains(l.DomainId))
            .Join(db.Domains, l => l.MxDomainId, d => d.Id, (l, d) => new { l.DomainId, l.MxDomainId, d.Phase })
            .ToListAsync(cancel)).ToLookup(l => l.DomainId, l => (l.MxDomainId, l.Phase)),
        MxDomains = mxDomains.Count == 0
            ? []
            : (await db.Domains.AsNoTracking().Where(d => mxDomains.Contains(d.Name)).Select(d => new { d.Id, d.Name, d.Phase, d.WatchedFor }).ToListAsync(cancel))
                .ToDictionary(d => d.Name, d => new MxDomain(d.Id, d.Phase, d.WatchedFor, false), StringComparer.Ordinal),
    };

    /// <summary>The registrable domains behind the mail exchangers that a DNS answer names, but the domain itself.</summary>
    public static IEnumerable<string> MxDomainsOf(string domain, DnsFacts? dns) => dns is null
        ? []
        : dns.MailHosts.SelectMany(h => h.MxHosts)
            .Select(mx => DomainName.TryNormalise(mx, out var host, out _) ? PublicSuffixList.Shipped.Match(host).Registrable : null)
            .OfType<string>()
            .Where(r => r != domain)
            .Distinct(StringComparer.Ordinal);

    // Of each source: no later row at all, or (for evidence) no later evidence.
    private static async Task<List<StoredObservation>> ObservationsAsync(GuardDb db, IReadOnlyList<long> ids, CancellationToken cancel)
    {
        var rows = db.Observations.AsNoTracking().Where(o => ids.Contains(o.DomainId));
        return await rows
            .Where(o => !db.Observations.Any(p =>
                p.DomainId == o.DomainId && p.Source == o.Source
                && (p.LastAt > o.LastAt || (p.LastAt == o.LastAt && p.Id > o.Id))
                && (p.Outcome == Outcome.Answered || p.Outcome == Outcome.NotFound || p.Outcome == Outcome.Reserved
                    || (o.Outcome != Outcome.Answered && o.Outcome != Outcome.NotFound && o.Outcome != Outcome.Reserved))))
            .Select(ObservationCodec.WithoutRaw)
            .ToListAsync(cancel);
    }
}
