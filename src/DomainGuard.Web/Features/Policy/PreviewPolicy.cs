using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>One group of a preview.</summary>
/// <param name="Addresses">Addresses in it.</param>
/// <param name="Domains">Domains that they lie in.</param>
/// <param name="PyPi">How many of them PyPI's rule would un-verify.</param>
/// <param name="RubyGems">How many of them RubyGems' rule would block, were the run small enough.</param>
public sealed record PreviewCount(long Addresses, long Domains, long PyPi, long RubyGems);

/// <summary>What a change of the policy would mean.</summary>
public sealed record PreviewResult
{
    /// <summary>Names policy, draft and day.</summary>
    public required string Digest { get; init; }

    /// <summary>The day of the evidence; null for now.</summary>
    public required DateOnly? Day { get; init; }

    /// <summary>When it was made (UTC, guard clock).</summary>
    public required DateTimeOffset MadeAt { get; init; }

    /// <summary>Domains judged.</summary>
    public required long Domains { get; init; }

    /// <summary>Addresses in them.</summary>
    public required long Addresses { get; init; }

    /// <summary>The groups; <see cref="PreviewGroup.Same"/> too.</summary>
    public required IReadOnlyDictionary<PreviewGroup, PreviewCount> Groups { get; init; }

    /// <summary>Addresses whose un-verification each guard would stop under the draft.</summary>
    public required IReadOnlyDictionary<Guard, long> Guards { get; init; }

    /// <summary>Addresses that the next portion would un-verify under the draft, those that are due already included.</summary>
    public required long Portion { get; init; }

    /// <summary>Addresses besides whose un-verification waits in a batch, or was refused there.</summary>
    public required long Waiting { get; init; }

    /// <summary>Automatic un-verifications of the last 24 hours.</summary>
    public required int Last24Hours { get; init; }

    /// <summary>How many the brake of the draft allows in 24 hours.</summary>
    public required int BrakeLimit { get; init; }

    /// <summary>The brake of the draft would hold that portion.</summary>
    public required bool BrakeHolds { get; init; }

    /// <summary>Addresses of all domains that PyPI's rule would un-verify.</summary>
    public required long PyPi { get; init; }

    /// <summary>Accounts that RubyGems' rule would block in one run; above 20 it blocks nobody.</summary>
    public required long RubyGems { get; init; }

    /// <summary>Addresses of domains without an answer of Domain Research: what the two would do is not known.</summary>
    public required long NotKnown { get; init; }

    /// <summary>Share of false positives among the decisions of people in 90 days; null with fewer than 20.</summary>
    public required double? FalsePositives { get; init; }

    /// <summary>A group's count.</summary>
    public PreviewCount this[PreviewGroup group] => Groups.GetValueOrDefault(group) ?? new PreviewCount(0, 0, 0, 0);

    /// <summary>The first domains of each group, so that its list need not look at all of them.</summary>
    public required IReadOnlyDictionary<PreviewGroup, PreviewIds> Ids { get; init; }

    /// <summary>What was compared.</summary>
    public required PreviewSpec Spec { get; init; }

    /// <summary>When it was made, by the clock that its time is counted by.</summary>
    public required long Stamp { get; init; }
}

/// <summary>The first domains of a group.</summary>
/// <param name="First">Their ids, ascending.</param>
/// <param name="IsAll">There are no more.</param>
public sealed record PreviewIds(IReadOnlyList<long> First, bool IsAll);

/// <summary>How far a preview is.</summary>
/// <param name="Done">Domains judged.</param>
/// <param name="Total">Of so many.</param>
internal readonly record struct PreviewProgress(long Done, long Total);

/// <summary>A line in the list of a group: an address, or a whole domain.</summary>
/// <param name="DomainId">Key together with <paramref name="AddressId"/>.</param>
/// <param name="AddressId">The address; 0 for a whole domain.</param>
/// <param name="AccountId">The platform's id of its account.</param>
/// <param name="Name">User name of the account; null for a whole domain.</param>
/// <param name="Domain">Name of the domain.</param>
/// <param name="Phase">Its phase.</param>
/// <param name="HandChange">Change of hands.</param>
/// <param name="Count">Addresses.</param>
/// <param name="Before">Finding under the policy in force; null where nobody acts.</param>
/// <param name="After">Finding under the draft.</param>
/// <param name="PyPi">What PyPI's rule would do.</param>
/// <param name="RubyGems">What RubyGems' rule would do, run taken into account.</param>
public sealed record PreviewRow(
    long DomainId, long AddressId, string? AccountId, string? Name, string Domain, Phase Phase, HandChange HandChange, int Count, Finding? Before, Finding After, ComparisonResult PyPi, ComparisonResult RubyGems);

/// <summary>A page of such a list.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Next">Cursor for the page after; null on the last.</param>
public sealed record PreviewPage(IReadOnlyList<PreviewRow> Rows, string? Next);

/// <summary>
/// Says whom a change of the policy would touch before it is saved (product section 6). Reads all domains once, in chunks, and keeps counts and the first domains of each
/// group: memory is flat. A result is kept for ten minutes by what it was made of, so that everybody who opens the same address sees it at once.
/// </summary>
internal sealed class PreviewPolicy(IDbContextFactory<GuardDb> dbs, PreviewReader reader, GuardClock clock, TimeProvider time)
{
    /// <summary>An older one is made again before anything is saved.</summary>
    internal static readonly TimeSpan HoldsFor = TimeSpan.FromMinutes(10);

    /// <summary>Domains of a group that are remembered; beyond them its list is found by judging again from there.</summary>
    internal const int MostIds = 10_000;

    private const int MostKept = 20;
    private const int FewestDecisions = 20;
    private const int DomainsAtOnce = 50;

    private readonly ConcurrentDictionary<string, PreviewResult> _kept = new(StringComparer.Ordinal);

    /// <summary>A result that is still good; null when there is none.</summary>
    public PreviewResult? Kept(GuardPolicy? before, GuardPolicy after, DateOnly? day) =>
        _kept.TryGetValue(Digest(before, after, DayOf(day)), out var result) && IsFresh(result) ? result : null;

    /// <summary>Not older than ten minutes.</summary>
    public bool IsFresh(PreviewResult result) => time.GetElapsedTime(result.Stamp) < HoldsFor;

    /// <summary>Makes one, or gives back the kept one.</summary>
    /// <param name="before">The policy in force; null where nobody acts at all.</param>
    /// <param name="after">The draft.</param>
    /// <param name="day">The day whose evidence counts, as it stood at its end; null or today for the verdicts of now.</param>
    /// <param name="by">Who asks: any role may read it.</param>
    /// <param name="progress">Told after each chunk.</param>
    /// <param name="cancel">Ends it after the chunk at hand.</param>
    public async Task<PreviewResult?> ExecuteAsync(GuardPolicy? before, GuardPolicy after, DateOnly? day, StaffMember by, IProgress<PreviewProgress>? progress, CancellationToken cancel)
    {
        if (!by.May(Policies.Read))
        {
            return null;
        }

        day = DayOf(day);
        if (Kept(before, after, day) is { } kept)
        {
            return kept;
        }

        var spec = new PreviewSpec(before, after, day?.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var sum = new Sum();
        var total = await db.Domains.CountAsync(d => d.AddressCount > 0, cancel);
        progress?.Report(new PreviewProgress(0, total));
        long done = 0;
        for (long? last = 0; last is { } from;)
        {
            (var domains, last) = await PreviewReader.ChunkAsync(db, spec, from, cancel);
            foreach (var unit in (await reader.EvaluateAsync(db, spec, domains, cancel)).OrderBy(u => u.Domain.Id))
            {
                sum.Add(unit);
            }

            done += last is null ? 0 : PreviewReader.ChunkSize;
            progress?.Report(new PreviewProgress(Math.Min(done, total), total));
        }

        var result = await ResultAsync(db, spec, day, sum, Digest(before, after, day), cancel);
        Keep(result);
        return result;
    }

    /// <summary>A page of the list of a group, by domain and address.</summary>
    /// <param name="result">The preview.</param>
    /// <param name="group">The group.</param>
    /// <param name="after">Cursor; null for the first page. One that cannot be read gives the first page.</param>
    /// <param name="size">Rows.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<PreviewPage> PageAsync(PreviewResult result, PreviewGroup group, string? after, int size, CancellationToken cancel)
    {
        var (domain, address) = Parse(after);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var rows = new List<PreviewRow>(size + 1);
        var ids = result.Ids.GetValueOrDefault(group) ?? new PreviewIds([], true);
        foreach (var some in ids.First.Where(id => id >= domain).Chunk(DomainsAtOnce))
        {
            await AddRowsAsync(db, result, group, await PreviewReader.DomainsAsync(db, result.Spec, some, cancel), domain, address, rows, size + 1, cancel);
            if (rows.Count > size)
            {
                break;
            }
        }

        if (rows.Count <= size && !ids.IsAll)
        {
            var beyond = Math.Max(domain - 1, ids.First[^1]);
            for (long? last = beyond; rows.Count <= size && last is { } from;)
            {
                (var domains, last) = await PreviewReader.ChunkAsync(db, result.Spec, from, cancel);
                foreach (var some in domains.Chunk(DomainsAtOnce).TakeWhile(_ => rows.Count <= size))
                {
                    await AddRowsAsync(db, result, group, some, domain, address, rows, size + 1, cancel);
                }
            }
        }

        return rows.Count <= size ? new PreviewPage(rows, null) : new PreviewPage(rows[..size], $"{rows[size - 1].DomainId}.{rows[size - 1].AddressId}");
    }

    private async Task AddRowsAsync(
        GuardDb db, PreviewResult result, PreviewGroup group, IReadOnlyList<PreviewDomain> domains, long domain, long address, List<PreviewRow> rows, int most, CancellationToken cancel)
    {
        var units = (await reader.EvaluateAsync(db, result.Spec, domains, cancel)).Where(u => u.Group == group).OrderBy(u => u.Domain.Id).ThenBy(u => u.AddressId ?? 0).ToList();
        foreach (var unit in units)
        {
            if (rows.Count >= most)
            {
                break;
            }

            // All addresses of a small domain are shown one by one, like those that were judged one by one.
            if (unit.AddressId is null && !unit.After.IsDomainWide && unit.Before is not { IsDomainWide: true })
            {
                var from = unit.Domain.Id == domain ? address : 0;
                var names = await NamesAsync(db, db.Addresses.Where(a => a.DomainId == unit.Domain.Id && a.RetiredAt == null && a.Id > from).OrderBy(a => a.Id).Take(most - rows.Count), cancel);
                rows.AddRange(names.Select(n => Row(result, unit, n, 1)));
            }
            else if (unit.Domain.Id > domain || (unit.AddressId ?? 0) > address)
            {
                rows.Add(Row(result, unit, null, unit.Count));
            }
        }

        var missing = rows.Where(r => r.AddressId > 0 && r.Name is null).Select(r => r.AddressId).ToArray();
        if (missing.Length > 0)
        {
            var names = (await NamesAsync(db, db.Addresses.Where(a => EF.Parameter(missing).Contains(a.Id)), cancel)).ToDictionary(n => n.Id);
            for (var i = 0; i < rows.Count; i++)
            {
                if (rows[i] is { Name: null } row && names.TryGetValue(row.AddressId, out var name))
                {
                    rows[i] = row with { AccountId = name.ExternalId, Name = name.Name };
                }
            }
        }
    }

    private static async Task<List<AddressName>> NamesAsync(GuardDb db, IQueryable<Data.Accounts.Address> addresses, CancellationToken cancel) =>
        await addresses.AsNoTracking().OrderBy(a => a.Id).Select(a => new AddressName(a.Id, a.Account!.ExternalId, a.Account.UserName ?? a.Account.ExternalId)).ToListAsync(cancel);

    private static PreviewRow Row(PreviewResult result, PreviewUnit unit, AddressName? name, int count) => new(
        unit.Domain.Id, name?.Id ?? unit.AddressId ?? 0, name?.ExternalId, name?.Name, unit.Domain.Name, unit.Domain.Phase, unit.HandChange, count, unit.Before, unit.After, unit.PyPi,
        ComparisonRules.InRun(unit.RubyGems, result.RubyGems));

    private DateOnly? DayOf(DateOnly? day) => day is { } past && past < DateOnly.FromDateTime(clock.Now.UtcDateTime) ? past : null;

    private static string Digest(GuardPolicy? before, GuardPolicy after, DateOnly? day) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{before?.ToJson()}\n{after.ToJson()}\n{day:O}")));

    private static (long Domain, long Address) Parse(string? cursor)
    {
        var dot = cursor?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        return dot > 0
            && long.TryParse(cursor.AsSpan(0, dot), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var domain)
            && long.TryParse(cursor.AsSpan(dot + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var address)
            ? (domain, address)
            : (0, 0);
    }

    private async Task<PreviewResult> ResultAsync(GuardDb db, PreviewSpec spec, DateOnly? day, Sum sum, string digest, CancellationToken cancel)
    {
        var now = spec.At ?? clock.Now;
        var automatic = db.Decisions.AsNoTracking().Where(d => d.ActorKind == AuditActorKind.Policy && d.To == CaseState.Unverified && d.From != CaseState.Unverified);
        var (dayAgo, monthAgo, quarterAgo) = (now.AddDays(-1), now.AddDays(-31), now.AddDays(-90));
        var last24 = await automatic.CountAsync(d => d.At > dayAgo && d.At <= now, cancel);
        var last30 = await automatic.CountAsync(d => d.At > monthAgo && d.At <= dayAgo, cancel);
        var decisions = db.Decisions.AsNoTracking().Where(d => d.ActorKind == AuditActorKind.Staff && d.Reason != null && d.At > quarterAgo && d.At <= now);
        var decided = await decisions.CountAsync(cancel);
        var wrong = decided < FewestDecisions ? 0 : await decisions.CountAsync(d => d.Reason == ReasonCode.FalsePositive, cancel);
        return new PreviewResult
        {
            Digest = digest,
            Day = day,
            MadeAt = clock.Now,
            Domains = sum.Domains,
            Addresses = sum.Addresses,
            Groups = sum.Groups,
            Guards = sum.Guards,
            Portion = sum.Portion,
            Waiting = sum.Waiting,
            Last24Hours = last24,
            BrakeLimit = Brake.Limit(spec.After.Brake, last30),
            BrakeHolds = Brake.Holds(spec.After.Brake, last24, last30, (int)Math.Min(sum.Portion, int.MaxValue)),
            PyPi = sum.PyPi,
            RubyGems = sum.RubyGems,
            NotKnown = sum.NotKnown,
            FalsePositives = decided < FewestDecisions ? null : (double)wrong / decided,
            Ids = sum.Ids,
            Spec = spec,
            Stamp = time.GetTimestamp(),
        };
    }

    private void Keep(PreviewResult result)
    {
        foreach (var (digest, _) in _kept.Where(k => !IsFresh(k.Value)))
        {
            _kept.TryRemove(digest, out _);
        }

        while (_kept.Count >= MostKept && _kept.MinBy(k => k.Value.Stamp) is { Key: { } oldest })
        {
            _kept.TryRemove(oldest, out _);
        }

        _kept[result.Digest] = result;
    }

    private sealed record AddressName(long Id, string ExternalId, string Name);

    private sealed class Sum
    {
        private readonly Dictionary<PreviewGroup, List<long>> _ids = [];
        private readonly Dictionary<PreviewGroup, long> _lastDomain = [];
        private readonly HashSet<PreviewGroup> _cut = [];
        private long _last;

        public long Domains { get; private set; }

        public long Addresses { get; private set; }

        public long Portion { get; private set; }

        public long Waiting { get; private set; }

        public long PyPi { get; private set; }

        public long RubyGems { get; private set; }

        public long NotKnown { get; private set; }

        public Dictionary<PreviewGroup, PreviewCount> Groups { get; } = [];

        public Dictionary<Guard, long> Guards { get; } = [];

        public Dictionary<PreviewGroup, PreviewIds> Ids => _ids.ToDictionary(i => i.Key, i => new PreviewIds(i.Value, !_cut.Contains(i.Key)));

        public void Add(PreviewUnit unit)
        {
            if (unit.Domain.Id != _last)
            {
                Domains++;
                _last = unit.Domain.Id;
            }

            Addresses += unit.Count;
            var (pyPi, rubyGems) = (unit.PyPi == ComparisonResult.Act ? unit.Count : 0, unit.RubyGems == ComparisonResult.Act ? unit.Count : 0);
            PyPi += pyPi;
            RubyGems += rubyGems;
            NotKnown += unit.PyPi == ComparisonResult.NotKnown ? unit.Count : 0;
            if (unit is { After.Action: PolicyAction.Unverify, IsUnverified: false })
            {
                Portion += unit.IsWithAdministrator ? 0 : unit.Count;
                Waiting += unit.IsWithAdministrator ? unit.Count : 0;
            }

            if (unit.After is { Wanted: PolicyAction.Unverify, Guard: not Guard.None } && !unit.IsUnverified)
            {
                Guards[unit.After.Guard] = Guards.GetValueOrDefault(unit.After.Guard) + unit.Count;
            }

            var isNew = _lastDomain.GetValueOrDefault(unit.Group) != unit.Domain.Id;
            _lastDomain[unit.Group] = unit.Domain.Id;
            var count = Groups.GetValueOrDefault(unit.Group) ?? new PreviewCount(0, 0, 0, 0);
            Groups[unit.Group] = new PreviewCount(count.Addresses + unit.Count, count.Domains + (isNew ? 1 : 0), count.PyPi + pyPi, count.RubyGems + rubyGems);
            if (unit.Group != PreviewGroup.Same && isNew)
            {
                Remember(unit.Group, unit.Domain.Id);
            }
        }

        private void Remember(PreviewGroup group, long domain)
        {
            if (!_ids.TryGetValue(group, out var ids))
            {
                _ids[group] = ids = [];
            }

            if (ids.Count < MostIds)
            {
                ids.Add(domain);
            }
            else
            {
                _cut.Add(group);
            }
        }
    }
}
