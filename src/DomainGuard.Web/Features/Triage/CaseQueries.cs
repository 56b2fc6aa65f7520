using System.Linq.Expressions;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Shared;
using DomainGuard.Web.Shared.Lifecycle;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A case as the queue shows it: the first of its group, or one of the addresses below it.</summary>
public sealed record CaseRow(
    long Id, int Version, long? AddressId, long DomainId, CaseState State, bool IsOpen, bool IsUnverified, Situation Situation, PolicyAction Wanted, Guard Guard, Phase Phase, HandChange HandChange, Confidence Confidence,
    Severity Severity, int Points, DateTimeOffset OpenedAt, DateTimeOffset StateSince, DateTimeOffset? Until, Guid? AssigneeId, bool IsContested, DateTimeOffset? KnockedAt, long? BatchId, int PolicyVersion,
    string? Email, string? ExternalId, string? UserName, bool? TwoFactor, long Projects, long MonthlyDownloads, DateTimeOffset? LastSeenAt, int OtherVerified)
{
    public CaseRef Ref => new(Id, Version);

    /// <summary>It is a case of the whole domain.</summary>
    public bool IsDomainWide => AddressId is null;
}

/// <summary>A domain in the queue, by its worst case.</summary>
/// <param name="Head">The worst of its cases that match.</param>
/// <param name="Domain">The domain; only what a row shows of it is filled.</param>
/// <param name="Count">Cases of the domain that match.</param>
/// <param name="Accounts">Accounts that they concern.</param>
/// <param name="Downloads">Monthly downloads of these.</param>
/// <param name="OpenedAt">Oldest of them (UTC).</param>
public sealed record CaseGroup(CaseRow Head, Domain Domain, int Count, int Accounts, long Downloads, DateTimeOffset OpenedAt)
{
    /// <summary>Its phases as they were seen in the window of the row, oldest first.</summary>
    public IReadOnlyList<LifeStretch> Seen { get; init; } = [];

    /// <summary>The facts of its cases are the same: one decision can go to all of them.</summary>
    public bool IsAlike { get; init; } = true;

    /// <summary>What its sentence is made from.</summary>
    public CaseLook Look => CaseQueries.LookOf(Head, Domain);
}

/// <summary>How many cases each view holds, and how many domains they lie on.</summary>
/// <param name="Counts">Open cases per view; <see cref="TriageView.Mine"/> and <see cref="TriageView.Closed"/> are not counted.</param>
/// <param name="Total">All that are open.</param>
internal sealed record ViewCounts(IReadOnlyDictionary<TriageView, int> Counts, int Total);

/// <summary>What a frozen or selected set of cases allows: their states.</summary>
/// <param name="Count">Cases.</param>
/// <param name="States">Every pair of state and un-verified among them.</param>
internal sealed record CaseSet(int Count, IReadOnlyList<(CaseState State, bool IsUnverified)> States);

/// <summary>
/// Reads the queue. A page of groups is found by walking the index of the order (open, points, id) and keeping a case when its domain has no worse one that matches: a domain stands once in the
/// list, at the place of its worst case, and the page costs what it shows and not what waits. Where a part of the filter is met by few cases, these are found first and only they are sorted.
/// </summary>
internal sealed class CaseQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    internal const int MostCounted = 10_000;

    /// <summary>Cases of one domain that are shown and decided together; above, the list is frozen in the database.</summary>
    internal const int MostInGroup = 200;

    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(5);

    private static readonly Expression<Func<Case, CaseRow>> Row = c => new CaseRow(
        c.Id, c.Version, c.AddressId, c.DomainId, c.State, c.IsOpen, c.IsUnverified, c.Situation, c.Wanted, c.Guard, c.Phase, c.HandChange, c.Confidence,
        c.Severity, c.Points, c.OpenedAt, c.StateSince, c.Until, c.AssigneeId, c.IsContested, c.KnockedAt, c.BatchId, c.PolicyVersion,
        c.Address!.Email, c.Account!.ExternalId, c.Account.UserName, c.Account.TwoFactor, (long?)c.Account.Projects ?? 0, (long?)c.Account.MonthlyDownloads ?? 0, c.Account.LastSeenAt, 0);

    private readonly SemaphoreSlim _one = new(1, 1);
    private (long At, ViewCounts Value)? _counts;

    /// <summary>What the sentence of a case is made from.</summary>
    public static CaseLook LookOf(CaseRow row, Domain domain) => new()
    {
        State = row.State,
        Situation = row.Situation,
        Guard = row.Guard,
        Wanted = row.Wanted,
        Phase = row.Phase,
        Confidence = row.Confidence,
        IsUnverified = row.IsUnverified,
        IsContested = row.IsContested,
        StateSince = row.StateSince,
        Until = row.Until,
        PolicyVersion = row.PolicyVersion,
        BatchId = row.BatchId,
        Domain = domain.Name,
        PhaseSince = domain.PhaseSince,
        RegisteredAt = domain.RegisteredAt,
        ExpiresAt = domain.ExpiresAt,
        DropFrom = domain.DropFrom,
        DropTo = domain.DropTo,
        AddressCount = domain.AddressCount,
    };

    /// <summary>A page of the queue, grouped by domain or case by case.</summary>
    public async Task<KeysetPage<CaseGroup>> ListAsync(CaseFilter filter, Guid me, bool grouped, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await ListAsync(db, filter, me, grouped, position, size, await CaseMatching.AmongAsync(db, filter, me, cancel), cancel);
    }

    /// <summary>The same, in the shape that is asked for: sorted among the few that can match, or walked.</summary>
    internal async Task<KeysetPage<CaseGroup>> ListAsync(GuardDb db, CaseFilter filter, Guid me, bool grouped, ListPosition position, int size, long[]? among, CancellationToken cancel)
    {
        var matching = CaseMatching.Matching(db, filter, me, clock.Now, among);
        var few = among is null ? null : await FoundAsync(matching, cancel);
        var heads = few is not null ? Of(db, grouped ? Heads(few) : few)
            : grouped ? CaseMatching.Heads(matching)
            : matching;
        var page = await Keyset.PageAsync(heads, c => c.Points, c => c.Id, true, position, size, Row, r => (r.Points, r.Id), cancel);
        var domainIds = page.Items.Select(r => r.DomainId).Distinct().ToArray();
        var domains = await DomainsAsync(db, domainIds, cancel);
        var seen = await SeenAsync(db, domainIds, clock.Now, cancel);
        var shown = few is not null ? Of(db, few.Where(f => domainIds.Contains(f.DomainId))) : matching.Where(c => EF.Parameter(domainIds).Contains(c.DomainId));
        var sums = grouped
            ? await shown.GroupBy(c => c.DomainId)
                .Select(g => new
                {
                    Id = g.Key,
                    Count = g.Count(),
                    Wide = g.Count(c => c.AddressId == null),
                    Downloads = g.Sum(c => (long?)c.Account!.MonthlyDownloads ?? 0),
                    OpenedAt = g.Min(c => c.OpenedAt),
                    Unverified = g.Count(c => c.IsUnverified),
                    IsAlike = g.Min(c => c.State) == g.Max(c => c.State) && g.Min(c => c.Situation) == g.Max(c => c.Situation) && g.Min(c => c.HandChange) == g.Max(c => c.HandChange),
                }).ToDictionaryAsync(g => g.Id, cancel)
            : null;
        return new KeysetPage<CaseGroup>(
            [.. page.Items.Select(head =>
            {
                var domain = domains[head.DomainId];
                // Decided since the page was read: its head is what is known of it.
                return (sums?.GetValueOrDefault(head.DomainId) is not { } sum
                    ? new CaseGroup(head, domain, 1, head.IsDomainWide ? domain.AddressCount : 1, head.MonthlyDownloads, head.OpenedAt)
                    : new CaseGroup(head, domain, sum.Count, sum.Wide > 0 ? domain.AddressCount : sum.Count, sum.Downloads, sum.OpenedAt)
                    {
                        IsAlike = sum.IsAlike && (sum.Unverified == 0 || sum.Unverified == sum.Count),
                    })
                    with { Seen = [.. seen[head.DomainId]] };
            })],
            page.Previous,
            page.Next);
    }

    /// <summary>A page of cases, one by one and worst first, with their domains and nothing else that only the queue shows.</summary>
    public async Task<KeysetPage<CaseGroup>> PageAsync(CaseFilter filter, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var among = await CaseMatching.AmongAsync(db, filter, Guid.Empty, cancel);
        var page = await Keyset.PageAsync(CaseMatching.Matching(db, filter, Guid.Empty, clock.Now, among), c => c.Points, c => c.Id, true, position, size, Row, r => (r.Points, r.Id), cancel);
        var domains = await DomainsAsync(db, [.. page.Items.Select(r => r.DomainId).Distinct()], cancel);
        return new KeysetPage<CaseGroup>(
            [.. page.Items.Select(r => new CaseGroup(r, domains[r.DomainId], 1, r.IsDomainWide ? domains[r.DomainId].AddressCount : 1, r.MonthlyDownloads, r.OpenedAt))], page.Previous, page.Next);
    }

    /// <summary>The cases of one domain that match, worst first, at most <see cref="MostInGroup"/>.</summary>
    public async Task<IReadOnlyList<CaseRow>> OfDomainAsync(CaseFilter filter, Guid me, long domainId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var rows = await CaseMatching.Matching(db, filter, me, clock.Now).Where(c => c.DomainId == domainId).OrderByDescending(c => c.Points).ThenByDescending(c => c.Id).Take(MostInGroup).Select(Row).ToListAsync(cancel);
        return await WithOthersAsync(db, rows, cancel);
    }

    /// <summary>One case with its domain, whatever its state; null when there is none.</summary>
    public async Task<CaseGroup?> FindAsync(long id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var row = await db.Cases.AsNoTracking().Where(c => c.Id == id).Select(Row).FirstOrDefaultAsync(cancel);
        if (row is null)
        {
            return null;
        }

        var domain = (await DomainsAsync(db, [row.DomainId], cancel))[row.DomainId];
        return new CaseGroup((await WithOthersAsync(db, [row], cancel))[0], domain, 1, row.IsDomainWide ? domain.AddressCount : 1, row.MonthlyDownloads, row.OpenedAt);
    }

    /// <summary>The latest decisions about a domain and its addresses, newest first, and how many of its cases are open.</summary>
    public async Task<(IReadOnlyList<DecisionLine> Lines, int Open)> DecisionsOfAsync(long domainId, DateTimeOffset now, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var staff = await ActorsAsync(cancel);
        var decisions = await db.Decisions.AsNoTracking().Where(d => db.Cases.Any(c => c.DomainId == domainId && c.Id == d.CaseId)).OrderByDescending(d => d.At).ThenByDescending(d => d.Id).Take(25).ToListAsync(cancel);
        return (
            decisions.ConvertAll(d => new DecisionLine(
                d.CaseId, d.To, new ActivityLine(d.At, d.ActorKind, CaseDetails.Who(d.ActorKind, d.ActorId, staff), CaseDetails.Text(d, now), d.Comment, d.Reason))),
            await db.Cases.CountAsync(c => c.DomainId == domainId && c.IsOpen, cancel));
    }

    /// <summary>Cases as they are now: after a decision, a colleague's or one's own.</summary>
    public async Task<IReadOnlyList<CaseRow>> RowsAsync(IReadOnlyCollection<long> ids, CancellationToken cancel)
    {
        var wanted = ids.Take(MostCounted).ToArray();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await WithOthersAsync(db, await db.Cases.AsNoTracking().Where(c => EF.Parameter(wanted).Contains(c.Id)).Select(Row).ToListAsync(cancel), cancel);
    }

    /// <summary>How many cases and domains match.</summary>
    public async Task<(int Cases, int Domains)> CountAsync(CaseFilter filter, Guid me, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var matching = CaseMatching.Matching(db, filter, me, clock.Now, await CaseMatching.AmongAsync(db, filter, me, cancel));
        var sum = await matching.GroupBy(c => c.DomainId).Select(g => g.Count()).GroupBy(_ => 1).Select(g => new { Cases = g.Sum(), Domains = g.Count() }).SingleOrDefaultAsync(cancel);
        return sum is null ? (0, 0) : (sum.Cases, sum.Domains);
    }

    /// <summary>What the cases that match allow.</summary>
    public async Task<CaseSet> SetAsync(CaseFilter filter, Guid me, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var matching = CaseMatching.Matching(db, filter, me, clock.Now, await CaseMatching.AmongAsync(db, filter, me, cancel));
        var states = await matching.GroupBy(c => new { c.State, c.IsUnverified }).Select(g => new { g.Key.State, g.Key.IsUnverified, Count = g.Count() }).ToListAsync(cancel);
        return new CaseSet(states.Sum(s => s.Count), [.. states.Select(s => (s.State, s.IsUnverified))]);
    }

    /// <summary>The few among which all that match are, for <see cref="CaseMatching.Matching"/>; null where these are many.</summary>
    public async Task<long[]?> AmongAsync(CaseFilter filter, Guid me, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await CaseMatching.AmongAsync(db, filter, me, cancel);
    }

    /// <summary>Counts of the views. Shared by all circuits for five seconds.</summary>
    public async Task<ViewCounts> CountsAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (_counts is { } kept && time.GetElapsedTime(kept.At) < Keep)
            {
                return kept.Value;
            }

            var value = await CountViewsAsync(cancel);
            _counts = (time.GetTimestamp(), value);
            return value;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Forgets the counts: something was decided here.</summary>
    public void Forget() => _counts = null;

    /// <summary>How many of the queue are mine.</summary>
    public async Task<int> MineAsync(Guid me, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var mine = new CaseFilter { View = TriageView.Mine };
        return await CaseMatching.Matching(db, mine, me, clock.Now, await CaseMatching.AmongAsync(db, mine, me, cancel)).CountAsync(cancel);
    }

    /// <summary>The views that a member of staff kept for himself, by name.</summary>
    public async Task<IReadOnlyList<OwnView>> OwnViewsAsync(Guid me, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var views = await db.SavedViews.AsNoTracking().Where(v => v.UserId == me).OrderBy(v => v.NameKey).Select(v => new { v.Id, v.Name, v.Query }).ToListAsync(cancel);
        return views.ConvertAll(v => OwnView.Read(v.Id, v.Name, v.Query));
    }

    /// <summary>Display names of all staff by id: few, and few change.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> StaffAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Users.AsNoTracking().OrderBy(u => u.DisplayName).ThenBy(u => u.Id).Select(u => new { u.Id, u.DisplayName }).ToDictionaryAsync(u => u.Id, u => u.DisplayName, cancel);
    }

    /// <summary>Names of all who decide: staff, and keys of the API; few of either.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> ActorsAsync(CancellationToken cancel)
    {
        var names = new Dictionary<Guid, string>(await StaffAsync(cancel));
        await using var db = await dbs.CreateDbContextAsync(cancel);
        foreach (var key in await db.ApiKeys.AsNoTracking().Select(k => new { k.Id, k.Name }).ToListAsync(cancel))
        {
            names[key.Id] = key.Name;
        }

        return names;
    }

    /// <summary>Those who may work on a case.</summary>
    public async Task<IReadOnlyList<(Guid Id, string Name)>> AnalystsAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var analysts = await db.UserRoles.AsNoTracking().Join(db.Roles.Where(r => r.Name == Roles.Analyst), u => u.RoleId, r => r.Id, (u, _) => u.UserId)
            .Join(db.Users, id => id, u => u.Id, (_, u) => new { u.Id, u.DisplayName }).OrderBy(u => u.DisplayName).ThenBy(u => u.Id).ToListAsync(cancel);
        return analysts.ConvertAll(a => (a.Id, a.DisplayName));
    }

    /// <summary>All of a few: their numbers, domains and points.</summary>
    private static async Task<List<Listed>> FoundAsync(IQueryable<Case> matching, CancellationToken cancel) => await matching.Select(c => new Listed(c.Id, c.DomainId, c.Points)).ToListAsync(cancel);

    /// <summary>Of each domain the one that no other is worse than.</summary>
    private static IEnumerable<Listed> Heads(IEnumerable<Listed> few) => few.GroupBy(f => f.DomainId).Select(g => g.MaxBy(f => (f.Points, f.Id))!);

    private static IQueryable<Case> Of(GuardDb db, IEnumerable<Listed> few)
    {
        var ids = few.Select(f => f.Id).ToArray();
        return db.Cases.AsNoTracking().Where(c => EF.Parameter(ids).Contains(c.Id));
    }

    private static Task<Dictionary<long, Domain>> DomainsAsync(GuardDb db, long[] ids, CancellationToken cancel) =>
        db.Domains.AsNoTracking().Where(d => EF.Parameter(ids).Contains(d.Id)).Select(d => new Domain
        {
            Id = d.Id,
            Name = d.Name,
            Tld = d.Tld,
            Phase = d.Phase,
            PhaseSince = d.PhaseSince,
            Flags = d.Flags,
            Confidence = d.Confidence,
            HandChange = d.HandChange,
            AddressCount = d.AddressCount,
            MaxImpact = d.MaxImpact,
            RegisteredAt = d.RegisteredAt,
            ExpiresAt = d.ExpiresAt,
            DropFrom = d.DropFrom,
            DropTo = d.DropTo,
        }).ToDictionaryAsync(d => d.Id, cancel);

    private static async Task<ILookup<long, LifeStretch>> SeenAsync(GuardDb db, long[] ids, DateTimeOffset now, CancellationToken cancel)
    {
        var from = now.AddDays(-60);
        var spans = await db.PhaseSpans.AsNoTracking().Where(s => EF.Parameter(ids).Contains(s.DomainId) && (s.To == null || s.To > from) && s.Phase != Phase.NotApplicable)
            .Select(s => new { s.DomainId, s.Phase, s.From, s.To }).ToListAsync(cancel);
        return spans.OrderBy(s => s.From).ToLookup(s => s.DomainId, s => new LifeStretch(s.Phase, s.From, s.To ?? now, false));
    }

    // Other addresses of the account that a recovery mail could still go to.
    private static async Task<List<CaseRow>> WithOthersAsync(GuardDb db, List<CaseRow> rows, CancellationToken cancel)
    {
        var addresses = rows.Where(r => r.AddressId is not null).Select(r => r.AddressId!.Value).ToArray();
        if (addresses.Length == 0)
        {
            return rows;
        }

        var others = await db.Addresses.AsNoTracking().Where(a => EF.Parameter(addresses).Contains(a.Id))
            .Select(a => new { a.Id, Others = db.Addresses.Count(o => o.AccountId == a.AccountId && o.Id != a.Id && o.RetiredAt == null && o.State == AddressState.Verified && o.VerifiedAt != null) })
            .ToDictionaryAsync(a => a.Id, a => a.Others, cancel);
        return rows.ConvertAll(r => r.AddressId is { } id ? r with { OtherVerified = others.GetValueOrDefault(id) } : r);
    }

    private async Task<ViewCounts> CountViewsAsync(CancellationToken cancel)
    {
        var week = clock.Now.AddDays(7);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        // Compared, not bare: SQLite then reads by the index, and not all that was ever closed.
        var open = true;
        var n = await db.Cases.AsNoTracking().Where(c => c.IsOpen == open).GroupBy(_ => 1).Select(g => new
        {
            Total = g.Count(),
            Queue = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden),
            Unassigned = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden && c.AssigneeId == null),
            Drop7 = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden && c.DropFrom <= week),
            Review = g.Count(c => c.State == CaseState.NeedsReview),
            Critical = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden && c.Severity == Severity.Critical),
            Unconfirmed = g.Count(c => c.State == CaseState.Unverified),
            Contested = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden && c.IsContested),
            Braked = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden && c.BatchId != null),
            OneSource = g.Count(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden && c.Confidence == Confidence.Single),
            Snoozed = g.Count(c => c.State == CaseState.Snoozed),
            Overridden = g.Count(c => c.State == CaseState.Overridden),
            Recovered = g.Count(c => c.State == CaseState.Recovered),
        }).FirstOrDefaultAsync(cancel);
        return n is null
            ? new ViewCounts(new Dictionary<TriageView, int>(), 0)
            : new ViewCounts(
                new Dictionary<TriageView, int>
                {
                    [TriageView.Queue] = n.Queue,
                    [TriageView.Unassigned] = n.Unassigned,
                    [TriageView.Drop7] = n.Drop7,
                    [TriageView.Review] = n.Review,
                    [TriageView.Critical] = n.Critical,
                    [TriageView.Unconfirmed] = n.Unconfirmed,
                    [TriageView.Contested] = n.Contested,
                    [TriageView.Braked] = n.Braked,
                    [TriageView.OneSource] = n.OneSource,
                    [TriageView.Snoozed] = n.Snoozed,
                    [TriageView.Overridden] = n.Overridden,
                    [TriageView.Recovered] = n.Recovered,
                    [TriageView.Open] = n.Total,
                },
                n.Total);
    }

    private sealed record Listed(long Id, long DomainId, int Points);
}
