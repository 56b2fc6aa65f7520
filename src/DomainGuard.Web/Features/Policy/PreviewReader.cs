using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Lookups;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;
using Kept = DomainGuard.Data.Domains.Baseline;

namespace DomainGuard.Web.Features.Policy;

/// <summary>What is compared, on which evidence.</summary>
/// <param name="Before">The policy in force; null where nobody acts at all (observe-only).</param>
/// <param name="After">The policy that it is compared with.</param>
/// <param name="At">The moment of the evidence (UTC); null for the verdicts of now.</param>
public sealed record PreviewSpec(GuardPolicy? Before, GuardPolicy After, DateTimeOffset? At);

/// <summary>A domain with its verdict at the moment of the evidence.</summary>
internal sealed record PreviewDomain(
    long Id, string Name, Phase Phase, DomainFlags Flags, Confidence Confidence, HandChange HandChange, int AddressCount, bool HasCase, DateTimeOffset? RegisteredAt, DateTimeOffset? ExpiresAt);

/// <summary>Addresses of one domain that are alike in everything that decides; or one of them.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="AddressId">The address; null for all addresses of the domain.</param>
/// <param name="Count">How many.</param>
/// <param name="HandChange">Change of hands.</param>
/// <param name="IsUnverified">Un-verified at the moment of the evidence.</param>
/// <param name="Before">Finding under the policy in force; null where nobody acts.</param>
/// <param name="After">Finding under the other.</param>
/// <param name="Group">What the change means.</param>
/// <param name="PyPi">What PyPI's rule would do.</param>
/// <param name="RubyGems">What RubyGems' rule would do to one account.</param>
/// <param name="IsWithAdministrator">Its un-verification waits in a batch, or was refused there: no portion takes it up by itself.</param>
internal sealed record PreviewUnit(
    PreviewDomain Domain, long? AddressId, int Count, HandChange HandChange, bool IsUnverified, Finding? Before, Finding After, PreviewGroup Group, ComparisonResult PyPi, ComparisonResult RubyGems,
    bool IsWithAdministrator);

/// <summary>
/// Judges domains under two policies on the evidence of one moment, chunk by chunk, so that memory does not grow with their number. Addresses are read only where they can
/// differ from one another: a sign of a change of hands, a case, the end of the term.
/// </summary>
internal sealed class PreviewReader(DomainLookup lookup, GuardClock clock)
{
    /// <summary>Domains per chunk.</summary>
    internal const int ChunkSize = 2_000;

    private const int ApartAtOnce = 200;

    private static readonly CaseState[] DecidedByPerson = [CaseState.Snoozed, CaseState.Overridden, CaseState.Dismissed, CaseState.Recovered, CaseState.Restored];

    /// <summary>Domains with addresses after an id, with their verdict at the moment; those that were not judged then are left out. Also the last id read; null at the end.</summary>
    public static async Task<(IReadOnlyList<PreviewDomain> Domains, long? Last)> ChunkAsync(GuardDb db, PreviewSpec spec, long after, CancellationToken cancel)
    {
        var rows = await Narrow(db.Domains.AsNoTracking().Where(d => d.Id > after && d.AddressCount > 0).OrderBy(d => d.Id).Take(ChunkSize)).ToListAsync(cancel);
        return rows.Count == 0 ? (rows, null) : (await AtAsync(db, spec, rows, cancel), rows[^1].Id);
    }

    /// <summary>Certain domains, with their verdict at the moment.</summary>
    public static async Task<IReadOnlyList<PreviewDomain>> DomainsAsync(GuardDb db, PreviewSpec spec, long[] ids, CancellationToken cancel) =>
        await AtAsync(db, spec, await Narrow(db.Domains.AsNoTracking().Where(d => EF.Parameter(ids).Contains(d.Id)).OrderBy(d => d.Id)).ToListAsync(cancel), cancel);

    /// <summary>Judges domains under both policies.</summary>
    public async Task<List<PreviewUnit>> EvaluateAsync(GuardDb db, PreviewSpec spec, IReadOnlyList<PreviewDomain> domains, CancellationToken cancel)
    {
        var units = new List<PreviewUnit>(domains.Count);
        if (domains.Count == 0)
        {
            return units;
        }

        var research = await ResearchAsync(db, spec, domains[0].Id, domains[^1].Id, cancel);
        var lying = spec.At is null ? (await db.Lanes.AsNoTracking().Where(l => l.CanaryFailed).Select(l => l.Host).ToListAsync(cancel)).ToHashSet(StringComparer.Ordinal) : [];
        var apart = new List<PreviewDomain>();
        foreach (var domain in domains)
        {
            if (MayDiffer(domain) || ComparisonRules.RubyGemsAsksForMail(research.GetValueOrDefault(domain.Id)))
            {
                apart.Add(domain);
                continue;
            }

            units.Add(Unit(spec, domain, null, Facts(domain, lying), null, false, research.GetValueOrDefault(domain.Id), MailRoute.Unknown));
        }

        foreach (var some in apart.Chunk(ApartAtOnce))
        {
            await EvaluateApartAsync(db, spec, some, research, lying, units, cancel);
        }

        return units;
    }

    private static IQueryable<PreviewDomain> Narrow(IQueryable<Domain> domains) =>
        domains.Select(d => new PreviewDomain(d.Id, d.Name, d.Phase, d.Flags, d.Confidence, d.HandChange, d.AddressCount, d.HasCase, d.RegisteredAt, d.ExpiresAt));

    private static async Task<IReadOnlyList<PreviewDomain>> AtAsync(GuardDb db, PreviewSpec spec, List<PreviewDomain> rows, CancellationToken cancel)
    {
        if (spec.At is not { } at || rows.Count == 0)
        {
            return rows;
        }

        var (from, to) = (rows[0].Id, rows[^1].Id);
        var spans = await db.PhaseSpans.AsNoTracking()
            .Where(s => s.DomainId >= from && s.DomainId <= to && s.From <= at && (s.To == null || s.To > at))
            .Select(s => new { s.DomainId, s.Phase, s.Flags, s.Confidence })
            .ToListAsync(cancel);
        var then = spans.ToLookup(s => s.DomainId);
        return [.. rows.Where(r => then.Contains(r.Id)).Select(r => then[r.Id].Last() is var s ? r with { Phase = s.Phase, Flags = s.Flags, Confidence = s.Confidence } : r)];
    }

    private static bool MayDiffer(PreviewDomain domain) => domain.HasCase || domain.HandChange != HandChange.None || domain.Phase is Phase.Expired or Phase.AutoRenewGrace;

    private FindingFacts Facts(PreviewDomain domain, HashSet<string> lying) => new()
    {
        Phase = domain.Phase,
        Flags = domain.Flags,
        Confidence = domain.Confidence,
        AddressCount = domain.AddressCount,
        CanaryFailed = lying.Count > 0 && lying.Contains(lookup.PrimaryHostFor(domain.Name)),
    };

    private async Task EvaluateApartAsync(
        GuardDb db, PreviewSpec spec, PreviewDomain[] domains, Dictionary<long, ResearchFacts> research, HashSet<string> lying, List<PreviewUnit> units, CancellationToken cancel)
    {
        var context = await PreviewContext.ReadAsync(db, domains, [.. domains.Where(d => ComparisonRules.RubyGemsAsksForMail(research.GetValueOrDefault(d.Id))).Select(d => d.Id)], spec.At, clock.Now, cancel);
        var each = new List<long>();
        foreach (var domain in domains)
        {
            if (!IsWide(spec.After, domain) || (spec.Before is { } before && !IsWide(before, domain)))
            {
                each.Add(domain.Id);
                continue;
            }

            // One case for the whole domain, whatever the number of addresses.
            var step = context.WholeOf(domain.Id);
            var facts = Facts(domain, lying) with { HandChange = context.HandsOf(domain), HandConfidence = Confidence.Corroborated, HasMoved = context.HasMoved(domain, null, null) };
            units.Add(Unit(spec, domain, null, facts, step, step?.IsUnverified ?? false, research.GetValueOrDefault(domain.Id), context.RouteOf(domain.Id, domain.Name)));
        }

        if (each.Count == 0)
        {
            return;
        }

        var ids = each.ToArray();
        var byId = domains.ToDictionary(d => d.Id);
        var addresses = db.Addresses.AsNoTracking().Where(a => EF.Parameter(ids).Contains(a.DomainId));
        addresses = spec.At is { } at ? addresses.Where(a => a.AddedAt <= at && (a.RetiredAt == null || a.RetiredAt > at)) : addresses.Where(a => a.RetiredAt == null);
        await foreach (var a in addresses
            .OrderBy(a => a.DomainId).ThenBy(a => a.Id)
            .Select(a => new { a.Id, a.DomainId, a.HandChange, a.HandConfidence, a.State, a.MailHost, TrustedFrom = a.DismissedAt > a.BaselineFrom ? a.DismissedAt.Value : a.BaselineFrom })
            .AsAsyncEnumerable().WithCancellation(cancel))
        {
            var domain = byId[a.DomainId];
            var step = context.Of(a.Id) ?? context.WholeOf(domain.Id);
            var hands = spec.At is null ? a.HandChange : context.HandsThen(domain, a.HandChange, step);
            var facts = Facts(domain, lying) with { HandChange = hands, HandConfidence = hands == HandChange.None ? Confidence.None : a.HandConfidence, HasMoved = context.HasMoved(domain, a.TrustedFrom, a.MailHost) };
            var isUnverified = spec.At is null ? a.State == AddressState.Unverified : step?.IsUnverified ?? false;
            units.Add(Unit(spec, domain, a.Id, facts, step, isUnverified, research.GetValueOrDefault(domain.Id), context.RouteOf(domain.Id, a.MailHost)));
        }
    }

    private static bool IsWide(GuardPolicy policy, PreviewDomain domain) =>
        (policy.Guards.Notable && domain.Flags.HasFlag(DomainFlags.Notable)) || (policy.Guards.LargeFrom is { } from && domain.AddressCount >= from);

    private static PreviewUnit Unit(
        PreviewSpec spec, PreviewDomain domain, long? address, FindingFacts facts, CaseThen? step, bool isUnverified, ResearchFacts? research, MailRoute route)
    {
        var before = spec.Before is { } policy ? Evaluate(policy, facts, step) : null;
        var after = Evaluate(spec.After, facts, step);
        // A person has decided: only worse facts undo that, not a rule.
        var isDecided = step is { IsUnverified: false } && DecidedByPerson.Contains(step.State) && after.Action >= PolicyAction.Review && !IsWorse(step, facts, after);
        return new PreviewUnit(
            domain, address, address is null ? domain.AddressCount : 1, facts.HandChange, isUnverified, before, after,
            isDecided ? PreviewGroup.Same : PreviewGroups.Of(before?.Action, after.Action, isUnverified),
            ComparisonRules.PyPi(research), ComparisonRules.RubyGems(research, route), step is { IsWithAdministrator: true });
    }

    private static Finding Evaluate(GuardPolicy policy, FindingFacts facts, CaseThen? step)
    {
        var finding = PolicyEvaluator.Evaluate(policy, facts);
        return step is { IsOverridden: true } && !IsWorse(step, facts, finding) ? PolicyEvaluator.Evaluate(policy, facts with { IsOverridden = true }) : finding;
    }

    private static bool IsWorse(CaseThen step, FindingFacts facts, Finding finding) => step.Decided.IsWorse(new CaseFacts(facts.Phase, facts.HandChange, finding.Wanted));

    // The latest answer of Fastly or Domainr, whichever spoke later.
    private static async Task<Dictionary<long, ResearchFacts>> ResearchAsync(GuardDb db, PreviewSpec spec, long from, long to, CancellationToken cancel)
    {
        var rows = db.Observations.AsNoTracking()
            .Where(o => o.DomainId >= from && o.DomainId <= to && (o.Source == SourceKind.Fastly || o.Source == SourceKind.Domainr) && o.Facts != null);
        rows = spec.At is { } at ? rows.Where(o => o.FirstAt <= at) : rows;
        var latest = new Dictionary<long, (DateTimeOffset At, string Facts)>();
        foreach (var row in await rows.Select(o => new { o.DomainId, o.Facts, o.LastAt }).ToListAsync(cancel))
        {
            if (!latest.TryGetValue(row.DomainId, out var known) || row.LastAt >= known.At)
            {
                latest[row.DomainId] = (row.LastAt, row.Facts!);
            }
        }

        return latest.ToDictionary(l => l.Key, l => ObservationCodec.DecodeResearch(l.Value.Facts));
    }
}

/// <summary>Where a case stood at the moment of the evidence.</summary>
/// <param name="State">State.</param>
/// <param name="IsUnverified">It had un-verified its address, or the addresses of its domain.</param>
/// <param name="IsOverridden">Under an override that had not ended.</param>
/// <param name="Decided">The facts that the latest decision rested on.</param>
/// <param name="IsWithAdministrator">Its un-verification waits in a batch, or was refused there. Not known for the past.</param>
internal sealed record CaseThen(CaseState State, bool IsUnverified, bool IsOverridden, CaseFacts Decided, bool IsWithAdministrator = false);

/// <summary>What is read beside domains whose addresses may differ: cases as they stood, moved name servers, mail routes.</summary>
internal sealed class PreviewContext
{
    private readonly Dictionary<long, CaseThen> _ofAddress = [];
    private readonly Dictionary<long, CaseThen> _ofDomain = [];
    private readonly Dictionary<long, DateTimeOffset> _ends = [];
    private ILookup<long, Kept> _holders = Array.Empty<Kept>().ToLookup(k => k.DomainId);
    private Dictionary<long, DnsFacts> _dns = [];
    private DateTimeOffset? _at;

    public CaseThen? Of(long address) => _ofAddress.GetValueOrDefault(address);

    public CaseThen? WholeOf(long domain) => _ofDomain.GetValueOrDefault(domain);

    /// <summary>Change of hands of a whole domain at the moment.</summary>
    public HandChange HandsOf(PreviewDomain domain) => _at is null ? domain.HandChange : HandsThen(domain, domain.HandChange, WholeOf(domain.Id));

    /// <summary>
    /// Change of hands at a moment in the past: what the decision of that time says; without one, a registration that is certain counts from its date on, a suspicion not at all.
    /// </summary>
    public HandChange HandsThen(PreviewDomain domain, HandChange today, CaseThen? step) =>
        step?.Decided.HandChange ?? (today == HandChange.Reregistered && domain.RegisteredAt is { } registered && registered <= _at ? today : HandChange.None);

    public bool HasMoved(PreviewDomain domain, DateTimeOffset? from, string? mailHost) =>
        _ends.TryGetValue(domain.Id, out var end) && HoldersFacts.HasMovedSince([.. _holders[domain.Id]], from, mailHost, end);

    public MailRoute RouteOf(long domain, string mailHost) =>
        _dns.GetValueOrDefault(domain)?.MailHosts.FirstOrDefault(h => h.Host == mailHost)?.Route ?? MailRoute.Unknown;

    public static async Task<PreviewContext> ReadAsync(GuardDb db, IReadOnlyList<PreviewDomain> domains, long[] mail, DateTimeOffset? at, DateTimeOffset now, CancellationToken cancel)
    {
        var context = new PreviewContext { _at = at };
        await context.ReadCasesAsync(db, [.. domains.Where(d => d.HasCase).Select(d => d.Id)], now, cancel);
        await context.ReadEndsAsync(db, domains, now, cancel);
        if (mail.Length > 0)
        {
            var rows = await db.Observations.AsNoTracking()
                .Where(o => EF.Parameter(mail).Contains(o.DomainId) && o.Source == SourceKind.Dns && o.Facts != null)
                .Select(o => new { o.DomainId, o.Id, o.FirstAt, o.Facts })
                .ToListAsync(cancel);
            context._dns = rows.Where(r => at is null || r.FirstAt <= at).GroupBy(r => r.DomainId).ToDictionary(g => g.Key, g => ObservationCodec.DecodeDns(g.MaxBy(r => r.Id)!.Facts!));
        }

        return context;
    }

    private async Task ReadCasesAsync(GuardDb db, long[] domains, DateTimeOffset now, CancellationToken cancel)
    {
        if (domains.Length == 0)
        {
            return;
        }

        if (_at is not { } at)
        {
            var cases = await db.Cases.AsNoTracking()
                .Where(c => EF.Parameter(domains).Contains(c.DomainId))
                .Select(c => new { c.AddressId, c.DomainId, c.State, c.IsUnverified, c.Until, c.DecidedPhase, c.DecidedHandChange, c.DecidedWanted, c.Guard })
                .ToListAsync(cancel);
            foreach (var c in cases)
            {
                Put(c.AddressId, c.DomainId, new CaseThen(c.State, c.IsUnverified, c.State == CaseState.Overridden && c.Until > now, new CaseFacts(c.DecidedPhase, c.DecidedHandChange, c.DecidedWanted), c.Guard is Guard.Brake or Guard.ObserveOnly));
            }

            return;
        }

        var steps = await db.Cases.AsNoTracking()
            .Where(c => EF.Parameter(domains).Contains(c.DomainId) && c.OpenedAt <= at)
            .Join(db.Decisions.Where(d => d.At <= at), c => c.Id, d => d.CaseId, (c, d) => new { c.AddressId, c.DomainId, d.CaseId, d.At, d.Id, d.To, d.Until, d.Phase, d.HandChange })
            .ToListAsync(cancel);
        foreach (var history in steps.GroupBy(s => s.CaseId))
        {
            var ordered = history.OrderBy(s => s.At).ThenBy(s => s.Id).ToList();
            var last = ordered[^1];
            var isUnverified = ordered.Select(s => CaseTransitions.AddressAfter(s.To)).LastOrDefault(s => s is not null) ?? false;
            // What the policy wanted is not kept with the decision; a case stood, so at least Review.
            Put(last.AddressId, last.DomainId, new CaseThen(last.To, isUnverified, last.To == CaseState.Overridden && last.Until > at, new CaseFacts(last.Phase, last.HandChange, PolicyAction.Review)));
        }
    }

    private async Task ReadEndsAsync(GuardDb db, IReadOnlyList<PreviewDomain> domains, DateTimeOffset now, CancellationToken cancel)
    {
        var past = domains.Where(d => d.Phase is Phase.Expired or Phase.AutoRenewGrace).ToDictionary(d => d.Id);
        if (past.Count == 0)
        {
            return;
        }

        var ids = past.Keys.ToArray();
        var moment = _at ?? now;
        var spans = await db.PhaseSpans.AsNoTracking().Where(s => EF.Parameter(ids).Contains(s.DomainId) && s.From <= moment).OrderBy(s => s.From).ThenBy(s => s.Id).ToListAsync(cancel);
        foreach (var history in spans.GroupBy(s => s.DomainId))
        {
            _ends[history.Key] = JudgeHands.EndOfTerm([.. history], past[history.Key].Phase, past[history.Key].ExpiresAt, moment) ?? moment;
        }

        _holders = (await db.Baselines.AsNoTracking().Where(b => EF.Parameter(ids).Contains(b.DomainId) && b.FirstSeenAt <= moment).OrderBy(b => b.FirstSeenAt).ThenBy(b => b.Id).ToListAsync(cancel))
            .ToLookup(b => b.DomainId);
    }

    private void Put(long? address, long domain, CaseThen step)
    {
        if (address is { } id)
        {
            _ofAddress[id] = step;
        }
        else
        {
            _ofDomain[domain] = step;
        }
    }
}
