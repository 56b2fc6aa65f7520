using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Lookups;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;
using Kept = DomainGuard.Data.Domains.Baseline;

namespace DomainGuard.Web.Features.Findings;

/// <summary>
/// Reads settled verdicts and says what a policy makes of them, address by address. A domain that is notable or large is found as a whole, and so is one whose case as a
/// whole is open, un-verified or dismissed with facts no worse: a domain that shrinks does not get a second case beside it. Addresses that had a case of their own before
/// their domain grew keep it: it follows their own findings, with the guard.
/// </summary>
internal sealed class ReadFindings(DomainLookup lookup, GuardClock clock)
{
    private const int MostDomains = 64;
    private const int MostAddresses = 500;

    /// <summary>A domain with more addresses is read in parts, by itself.</summary>
    private const int Many = 200;

    /// <summary>The next part of a portion; null at its end. Rows are tracked when the context tracks.</summary>
    /// <param name="db">The context.</param>
    /// <param name="scanId">The portion: <see cref="Domain.FindingsScanId"/> of its domains.</param>
    /// <param name="after">Where the part before ended.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<FindingSlice?> NextAsync(GuardDb db, long? scanId, FindingCursor after, PolicyInForce policy, CancellationToken cancel)
    {
        var inParts = after.Address > 0;
        var marked = await Marked(db, scanId)
            .Where(d => inParts ? d.Id >= after.Domain : d.Id > after.Domain)
            .OrderBy(d => d.Id)
            .Take(MostDomains)
            .ToListAsync(cancel);
        if (marked.Count == 0)
        {
            return null;
        }

        // Killed or overtaken in the middle of a domain whose mark is gone since: the next one begins at its first address.
        var from = inParts && marked[0].Id == after.Domain ? after.Address : 0;
        var domains = marked[0].AddressCount > Many || from > 0 ? [marked[0]] : Small(marked);
        var wide = await WholeAsync(db, domains, policy, cancel);
        var addresses = await AddressesAsync(db, domains, wide, from, cancel);
        if (addresses.Count == MostAddresses && domains.Count > 1)
        {
            // More of them than the domains' counts say: one domain at a time.
            domains = [domains[0]];
            wide = wide.Where(w => w.Key == domains[0].Id).ToDictionary();
            addresses = await AddressesAsync(db, domains, wide, from, cancel);
        }

        var isDone = addresses.Count < MostAddresses;
        var items = await EvaluateAsync(db, domains, from == 0 ? wide.Values : [], addresses, null, policy, scanId, cancel);
        return new FindingSlice(items, isDone ? domains : [], isDone ? new(domains[^1].Id, 0) : new(domains[^1].Id, addresses[^1].Address.Id));
    }

    /// <summary>The domains of a portion.</summary>
    public static IQueryable<Domain> Marked(GuardDb db, long? scanId) => db.Domains.Where(d => d.FindingsDueAt != null && d.FindingsScanId == scanId);

    /// <summary>
    /// What is found today for cases, by their latest verdict, whatever held it back until now: their override, their batch. Cases of retired addresses are left out: nothing more
    /// is found for them.
    /// </summary>
    public async Task<IReadOnlyList<FindingItem>> OfCasesAsync(GuardDb db, IReadOnlyList<Case> cases, PolicyInForce policy, CancellationToken cancel)
    {
        var domainIds = cases.Select(c => c.DomainId).Distinct().ToArray();
        var domains = await db.Domains.Where(d => EF.Parameter(domainIds).Contains(d.Id)).ToListAsync(cancel);
        var addressIds = cases.Select(c => c.AddressId).OfType<long>().ToArray();
        var addresses = await AtStake(db, db.Addresses.Where(a => EF.Parameter(addressIds).Contains(a.Id) && a.RetiredAt == null)).ToListAsync(cancel);
        var wide = domains.Where(d => cases.Any(c => c.AddressId is null && c.DomainId == d.Id)).Select(d => new Whole(d, cases.Single(c => c.AddressId is null && c.DomainId == d.Id)));
        return await EvaluateAsync(db, domains, [.. wide], addresses, cases, policy, null, cancel);
    }

    /// <summary>What is found today for one address, whether or not it has a case.</summary>
    public async Task<FindingItem?> OfAddressAsync(GuardDb db, long addressId, PolicyInForce policy, CancellationToken cancel)
    {
        var addresses = await AtStake(db, db.Addresses.Where(a => a.Id == addressId && a.RetiredAt == null)).ToListAsync(cancel);
        if (addresses is not [var one])
        {
            return null;
        }

        var domain = await db.Domains.SingleAsync(d => d.Id == one.Address.DomainId, cancel);
        return (await EvaluateAsync(db, [domain], [], addresses, null, policy, null, cancel))[0];
    }

    private static List<Domain> Small(List<Domain> marked)
    {
        var (domains, addresses) = (new List<Domain>(), 0);
        foreach (var domain in marked)
        {
            addresses += domain.AddressCount;
            if (domain.AddressCount > Many || addresses >= MostAddresses)
            {
                break;
            }

            domains.Add(domain);
        }

        return domains;
    }

    private static async Task<Dictionary<long, Whole>> WholeAsync(GuardDb db, List<Domain> domains, PolicyInForce policy, CancellationToken cancel)
    {
        var ids = domains.Where(d => d.HasCase).Select(d => d.Id).ToArray();
        var cases = ids.Length == 0
            ? []
            : await db.Cases.Where(c => c.AddressId == null && EF.Parameter(ids).Contains(c.DomainId)).ToDictionaryAsync(c => c.DomainId, cancel);
        var guards = policy.Policy.Guards;
        return domains
            .Select(d => (Domain: d, Case: cases.GetValueOrDefault(d.Id), IsWide: (guards.Notable && d.Flags.HasFlag(DomainFlags.Notable)) || d.AddressCount >= guards.LargeFrom))
            .Where(d => d.IsWide || Covers(d.Case, d.Domain, policy.Policy))
            .ToDictionary(d => d.Domain.Id, d => new Whole(d.Domain, d.Case));
    }

    private static bool Covers(Case? whole, Domain domain, GuardPolicy policy)
    {
        if (whole is null || whole.IsOpen || whole.IsUnverified)
        {
            return whole is not null;
        }

        var finding = PolicyEvaluator.Evaluate(policy, new FindingFacts { Phase = domain.Phase, Flags = domain.Flags, Confidence = domain.Confidence, HandChange = domain.HandChange });
        return whole.State == CaseState.Dismissed && !whole.DecidedFacts.IsWorse(new CaseFacts(domain.Phase, domain.HandChange, finding.Wanted));
    }

    private static async Task<List<AddressAtStake>> AddressesAsync(GuardDb db, List<Domain> domains, Dictionary<long, Whole> wide, long after, CancellationToken cancel)
    {
        var each = domains.Where(d => !wide.ContainsKey(d.Id)).Select(d => d.Id).ToArray();
        var own = domains.Where(d => wide.ContainsKey(d.Id) && (d.HasCase || d.HasClaim)).Select(d => d.Id).ToArray();
        if (each.Length + own.Length == 0)
        {
            return [];
        }

        var addresses = db.Addresses.Where(a => a.RetiredAt == null && a.Id > after && (EF.Parameter(each).Contains(a.DomainId)
            || (EF.Parameter(own).Contains(a.DomainId) && (a.ClaimState == ClaimState.Waiting || db.Cases.Any(c => c.AddressId == a.Id)))));
        return await AtStake(db, addresses.OrderBy(a => a.DomainId).ThenBy(a => a.Id).Take(MostAddresses)).ToListAsync(cancel);
    }

    private static IQueryable<AddressAtStake> AtStake(GuardDb db, IQueryable<Address> addresses) => addresses.Select(a => new AddressAtStake(
        a,
        a.Account!.Impact,
        a.Account.TwoFactor,
        a.Account.AddressCount > 1 && db.Addresses.Any(o => o.AccountId == a.AccountId && o.Id != a.Id && o.RetiredAt == null && o.State == AddressState.Verified)));

    private async Task<IReadOnlyList<FindingItem>> EvaluateAsync(
        GuardDb db, IReadOnlyList<Domain> domains, IReadOnlyCollection<Whole> wide, List<AddressAtStake> addresses, IReadOnlyList<Case>? known, PolicyInForce policy, long? scanId,
        CancellationToken cancel)
    {
        var cases = (known ?? await CasesAsync(db, domains, addresses, cancel)).Where(c => c.AddressId is not null).ToDictionary(c => c.AddressId!.Value);
        var context = await Context.ReadAsync(db, domains, [.. cases.Values, .. wide.Select(w => w.Case).OfType<Case>()], clock.Now, cancel);
        var items = new List<FindingItem>(wide.Count + addresses.Count);
        foreach (var (domain, whole) in wide)
        {
            var hands = domain.HandChange == HandChange.None ? Confidence.None : await HandConfidenceAsync(db, domain, cancel);
            items.Add(Evaluate(context, policy, scanId, domain, null, whole, hands, holds: known is null));
        }

        var byId = domains.ToDictionary(d => d.Id);
        items.AddRange(addresses.Select(a => Evaluate(context, policy, scanId, byId[a.Address.DomainId], a, cases.GetValueOrDefault(a.Address.Id), a.Address.HandConfidence, holds: known is null)));
        return items;
    }

    private static async Task<List<Case>> CasesAsync(GuardDb db, IReadOnlyList<Domain> domains, List<AddressAtStake> addresses, CancellationToken cancel)
    {
        var having = domains.Where(d => d.HasCase).Select(d => d.Id).ToHashSet();
        var ids = addresses.Where(a => having.Contains(a.Address.DomainId)).Select(a => a.Address.Id).ToArray();
        return ids.Length == 0 ? [] : await db.Cases.Where(c => c.AddressId != null && EF.Parameter(ids).Contains(c.AddressId.Value)).ToListAsync(cancel);
    }

    // How sure the worst of its addresses is.
    private static async Task<Confidence> HandConfidenceAsync(GuardDb db, Domain domain, CancellationToken cancel)
    {
        var all = await db.Addresses
            .Where(a => a.DomainId == domain.Id && a.RetiredAt == null && a.HandChange == domain.HandChange)
            .Select(a => a.HandConfidence)
            .Distinct()
            .ToListAsync(cancel);
        return all.Contains(Confidence.Corroborated) ? Confidence.Corroborated : all.Contains(Confidence.Conflicting) ? Confidence.Conflicting : all.FirstOrDefault();
    }

    private FindingItem Evaluate(Context context, PolicyInForce policy, long? scanId, Domain domain, AddressAtStake? stake, Case? @case, Confidence handConfidence, bool holds)
    {
        var hands = stake?.Address.HandChange ?? domain.HandChange;
        var facts = new FindingFacts
        {
            Phase = domain.Phase,
            Flags = domain.Flags,
            Confidence = domain.Confidence,
            HandChange = hands,
            HandConfidence = handConfidence,
            HasMoved = context.HasMoved(domain, stake?.Address, @case),
            AddressCount = domain.AddressCount,
            CanaryFailed = context.LyingHosts.Count > 0 && context.LyingHosts.Contains(lookup.PrimaryHostFor(domain.Name)),
        };
        var finding = PolicyEvaluator.Evaluate(policy.Policy, facts);
        var today = new CaseFacts(domain.Phase, hands, finding.Wanted);
        var isWorse = @case?.DecidedFacts.IsWorse(today) ?? false;
        if (holds && @case?.State == CaseState.Overridden && !isWorse)
        {
            finding = PolicyEvaluator.Evaluate(policy.Policy, facts with { IsOverridden = true });
        }
        else if (finding.Action == PolicyAction.Unverify && stake is null)
        {
            // A domain that had a case as a whole and shrank since: the machine never un-verifies many addresses by one step.
            finding = finding with { Action = PolicyAction.Review, Guard = Guard.Large };
        }
        else if (holds && finding.Action == PolicyAction.Unverify && @case is not null && context.Stays(@case, isWorse))
        {
            // It waits for an administrator, whatever becomes of it meanwhile; or he said no, and it stays for a person until the facts are worse.
            finding = finding with { Action = PolicyAction.Review, Guard = @case.Guard };
        }

        var days = domain.DropFrom is { } drop ? (drop - context.Now).TotalDays : (double?)null;
        var points = SeverityScale.Points(new SeverityInput
        {
            Situation = finding.Situation,
            HandChange = hands,
            Impact = stake?.Impact ?? domain.MaxImpact,
            IsOnlyVerified = stake is null ? (domain.Priority & 2) != 0 : !stake.HasOther,
            LacksSecondFactor = stake is null ? (domain.Priority & 1) != 0 : stake.TwoFactor == false,
            DaysToDrop = days,
            IsContested = @case?.IsContested ?? false,
            IsKnocking = @case?.KnockedAt > context.Now - SeverityScale.KnockLasts,
        });
        var confidence = finding.Situation is Situation.Reregistered or Situation.Suspected ? handConfidence : domain.Confidence;
        return new FindingItem
        {
            Domain = domain,
            Address = stake?.Address,
            Case = @case,
            Finding = new CaseFinding(finding, domain.Phase, hands, confidence, points, domain.DropFrom, policy.Version, scanId is > 0 ? scanId : @case?.ScanId),
            Found = FindingEvents.Kind(finding, today),
            IsWorse = isWorse,
        };
    }

    /// <summary>A domain that is found as a whole.</summary>
    private readonly record struct Whole(Domain Domain, Case? Case);

    /// <summary>What the findings of a part rest on beside the rows themselves.</summary>
    private sealed class Context
    {
        public required DateTimeOffset Now { get; init; }

        public required HashSet<string> LyingHosts { get; init; }

        private HashSet<long> OpenBatches { get; init; } = [];

        private HashSet<long> Refused { get; init; } = [];

        private ILookup<long, Kept> Holders { get; init; } = Array.Empty<Kept>().ToLookup(k => k.DomainId);

        private Dictionary<long, DateTimeOffset> Ends { get; init; } = [];

        // When a suspicion about a domain as a whole was last dismissed.
        private Dictionary<long, DateTimeOffset?> Dismissed { get; init; } = [];

        public static async Task<Context> ReadAsync(GuardDb db, IReadOnlyList<Domain> domains, IReadOnlyList<Case> cases, DateTimeOffset now, CancellationToken cancel)
        {
            var past = domains.Where(d => d.Phase is Phase.Expired or Phase.AutoRenewGrace).ToDictionary(d => d.Id);
            var pastIds = past.Keys.ToArray();
            var spans = past.Count == 0
                ? []
                : await db.PhaseSpans.AsNoTracking().Where(s => EF.Parameter(pastIds).Contains(s.DomainId)).OrderBy(s => s.From).ThenBy(s => s.Id).ToListAsync(cancel);
            var batches = cases.Select(c => c.BatchId).OfType<long>().Distinct().ToArray();
            var asked = cases.Where(c => c.Guard is Guard.Brake or Guard.ObserveOnly).Select(c => c.Id).ToArray();
            var whole = cases.Where(c => c.AddressId is null && past.ContainsKey(c.DomainId)).Select(c => c.DomainId).ToArray();
            return new Context
            {
                Now = now,
                LyingHosts = (await db.Lanes.AsNoTracking().Where(l => l.CanaryFailed).Select(l => l.Host).ToListAsync(cancel)).ToHashSet(StringComparer.Ordinal),
                OpenBatches = batches.Length == 0
                    ? []
                    : (await db.Batches.AsNoTracking().Where(b => EF.Parameter(batches).Contains(b.Id) && b.State != BatchState.Closed).Select(b => b.Id).ToListAsync(cancel)).ToHashSet(),
                Refused = asked.Length == 0
                    ? []
                    : (await db.BatchItems.AsNoTracking().Where(i => EF.Parameter(asked).Contains(i.CaseId) && i.State == BatchItemState.Refused).Select(i => i.CaseId).ToListAsync(cancel)).ToHashSet(),
                Holders = (past.Count == 0
                    ? []
                    : await db.Baselines.AsNoTracking().Where(b => EF.Parameter(pastIds).Contains(b.DomainId)).OrderBy(b => b.FirstSeenAt).ThenBy(b => b.Id).ToListAsync(cancel)).ToLookup(b => b.DomainId),
                Dismissed = whole.Length == 0
                    ? []
                    : await db.Addresses.Where(a => EF.Parameter(whole).Contains(a.DomainId) && a.DismissedAt != null).GroupBy(a => a.DomainId).Select(g => new { g.Key, At = g.Max(a => a.DismissedAt) }).ToDictionaryAsync(g => g.Key, g => g.At, cancel),
                Ends = spans.GroupBy(s => s.DomainId).ToDictionary(g => g.Key, g => JudgeHands.EndOfTerm([.. g], past[g.Key].Phase, past[g.Key].ExpiresAt, now) ?? now),
            };
        }

        public bool Stays(Case @case, bool isWorse) =>
            !@case.IsUnverified && ((@case.BatchId is { } batch && OpenBatches.Contains(batch)) || (!isWorse && Refused.Contains(@case.Id)));

        public bool HasMoved(Domain domain, Address? address, Case? @case) =>
            Ends.TryGetValue(domain.Id, out var end)
            && HoldersFacts.HasMovedSince([.. Holders[domain.Id]], address?.TrustedFrom ?? (@case is null ? null : Dismissed.GetValueOrDefault(domain.Id)), address?.MailHost, end);
    }
}
