using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Domains;

/// <summary>Everything the page of one domain shows at once.</summary>
public sealed record DomainView
{
    public required Domain Domain { get; init; }

    public required IReadOnlyList<Reason> Reasons { get; init; }

    /// <summary>Why an address reads as changed hands, of the address where it is worst.</summary>
    public IReadOnlyList<Reason> HandReasons { get; init; } = [];

    /// <summary>Newest first, without raw answers.</summary>
    public required IReadOnlyList<ObservationRow> Observations { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<PhaseSpan> History { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<DomainGuard.Data.Domains.Baseline> Baselines { get; init; }

    public required IReadOnlyList<string> MailHosts { get; init; }

    /// <summary>Domains of its mail exchangers with their phases.</summary>
    public required IReadOnlyList<(string Name, Phase Phase)> MailDomains { get; init; }

    /// <summary>Earliest verified at, and of how many addresses.</summary>
    public DateTimeOffset? EarliestVerifiedAt { get; init; }

    public int VerifiedAddresses { get; init; }

    /// <summary>The latest of each source, in the order of sources.</summary>
    public IEnumerable<ObservationRow> Latest => Observations.GroupBy(o => o.Observation.Source).OrderBy(g => g.Key).Select(g => g.First());
}

/// <summary>An observation without its raw answer.</summary>
public sealed record ObservationRow(long Id, Observation Observation, DateTimeOffset FirstAt, int Times, bool HasRaw);

/// <summary>An address of the domain.</summary>
internal sealed record DomainAddressRow(
    long Id, string ExternalId, string? UserName, string Email, string MailHost, bool IsPrimary, DateTimeOffset? VerifiedAt, HandChange HandChange, bool? TwoFactor, int Impact, bool IsRetired, AddressState State,
    CaseLink? Case);

/// <summary>Reads one domain.</summary>
internal sealed class DomainDetails(IDbContextFactory<GuardDb> dbs)
{
    private const int MostObservations = 200;
    private const int MostSpans = 100;

    /// <summary>The domain; null when it is not watched. The name may be written in Unicode or as an address is.</summary>
    public async Task<DomainView?> FindAsync(string name, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var normal = DomainName.TryNormalise(name, out var ascii, out _) ? ascii : name.ToLowerInvariant();
        var domain = await db.Domains.AsNoTracking().FirstOrDefaultAsync(d => d.Name == normal, cancel);
        if (domain is null)
        {
            return null;
        }

        var id = domain.Id;
        var observations = await db.Observations.AsNoTracking().Where(o => o.DomainId == id).OrderByDescending(o => o.LastAt).ThenByDescending(o => o.Id).Take(MostObservations)
            .Select(ObservationCodec.WithoutRaw).ToListAsync(cancel);
        var spans = await db.PhaseSpans.AsNoTracking().Where(s => s.DomainId == id).OrderByDescending(s => s.From).Take(MostSpans).ToListAsync(cancel);
        spans.Reverse();
        var verified = await db.Addresses.AsNoTracking().Where(a => a.DomainId == id && a.RetiredAt == null && a.VerifiedAt != null)
            .GroupBy(a => a.DomainId).Select(g => new { First = g.Min(a => a.VerifiedAt), Count = g.Count() }).FirstOrDefaultAsync(cancel);
        return new DomainView
        {
            Domain = domain,
            Reasons = ObservationCodec.DecodeReasons(domain.Reasons),
            HandReasons = domain.HandChange == HandChange.None ? [] : ObservationCodec.DecodeReasons(await db.Addresses.AsNoTracking()
                .Where(a => a.DomainId == id && a.HandChange == domain.HandChange).OrderBy(a => a.Id).Select(a => a.HandReasons).FirstOrDefaultAsync(cancel)),
            Observations = observations.ConvertAll(o => new ObservationRow(o.Id, ObservationCodec.Decode(o), o.FirstAt, o.Times, o.RawHash is not null)),
            History = spans,
            Baselines = await db.Baselines.AsNoTracking().Where(b => b.DomainId == id).OrderBy(b => b.Kind).ThenBy(b => b.FirstSeenAt).Take(MostSpans).ToListAsync(cancel),
            MailHosts = await db.MailHosts.AsNoTracking().Where(h => h.DomainId == id).OrderBy(h => h.Name).Select(h => h.Name).Take(50).ToListAsync(cancel),
            MailDomains = (await db.MxLinks.AsNoTracking().Where(l => l.DomainId == id).Join(db.Domains, l => l.MxDomainId, d => d.Id, (_, d) => new { d.Name, d.Phase })
                .OrderBy(d => d.Name).Take(50).ToListAsync(cancel)).ConvertAll(d => (d.Name, d.Phase)),
            EarliestVerifiedAt = verified?.First,
            VerifiedAddresses = verified?.Count ?? 0,
        };
    }

    /// <summary>Its addresses, by key.</summary>
    public async Task<KeysetPage<DomainAddressRow>> AddressesAsync(long domainId, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Keyset.PageAsync(
            db.Addresses.AsNoTracking().Where(a => a.DomainId == domainId),
            a => a.Id,
            a => a.Id,
            false,
            position,
            size,
            a => new DomainAddressRow(
                a.Id, a.Account!.ExternalId, a.Account.UserName, a.Email, a.MailHost, a.IsPrimary, a.VerifiedAt, a.HandChange, a.Account.TwoFactor, a.Account.Impact, a.RetiredAt != null, a.State,
                db.Cases.Where(c => c.AddressId == a.Id).Select(c => new CaseLink(c.Id, c.State)).FirstOrDefault()),
            r => (r.Id, r.Id),
            cancel);
    }

    /// <summary>A raw answer, decompressed; null when it is not kept.</summary>
    public async Task<byte[]?> RawAsync(long observationId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var raw = await db.Observations.AsNoTracking().Where(o => o.Id == observationId).Select(o => o.Raw).FirstOrDefaultAsync(cancel);
        return raw is null ? null : ObservationCodec.Decompress(raw);
    }

}
