using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Overview;

/// <summary>What waits for people.</summary>
/// <param name="BySeverity">Open cases by severity.</param>
/// <param name="Open">Open cases.</param>
/// <param name="Unassigned">Of these, nobody's.</param>
/// <param name="NearestDrop">Earliest estimated drop among them (UTC).</param>
/// <param name="OldestAt">When the oldest was opened (UTC).</param>
internal sealed record QueueSum(IReadOnlyDictionary<Severity, int> BySeverity, int Open, int Unassigned, DateTimeOffset? NearestDrop, DateTimeOffset? OldestAt);

/// <summary>What became of addresses on one day (UTC).</summary>
/// <param name="Day">Midnight.</param>
/// <param name="ByPolicy">Un-verified by the policy.</param>
/// <param name="ByPerson">Un-verified by a person.</param>
/// <param name="Restored">Given back, by people and by owners.</param>
/// <param name="Overridden">Overridden.</param>
internal sealed record ProtectionDay(DateTimeOffset Day, int ByPolicy, int ByPerson, int Restored, int Overridden)
{
    /// <summary>Un-verified in all.</summary>
    public int Unverified => ByPolicy + ByPerson;
}

/// <summary>A domain that was released or passed to another holder while one of its addresses still counted as verified.</summary>
/// <param name="Domain">Its name.</param>
/// <param name="Situation">Which of the two.</param>
/// <param name="FoundAt">When we saw it (UTC).</param>
/// <param name="ActedAt">When its last address was un-verified (UTC); null while one is still verified.</param>
/// <param name="Because">What delayed us, in words.</param>
internal sealed record Exposed(string Domain, Situation Situation, DateTimeOffset FoundAt, DateTimeOffset? ActedAt, string Because);

/// <summary>How long holders were exposed in the window.</summary>
/// <param name="Domains">Domains that were released or changed hands before we acted: the number that must be zero.</param>
/// <param name="Latest">The latest of them.</param>
/// <param name="ToDetection">From lapse to detection, where the registry says when it lapsed: median and the 95th of 100.</param>
/// <param name="ToEnforcement">From detection to un-verification: median and the 95th of 100.</param>
internal sealed record ExposureSum(int Domains, Exposed? Latest, (TimeSpan Median, TimeSpan P95)? ToDetection, (TimeSpan Median, TimeSpan P95)? ToEnforcement);

/// <summary>Reads queue, protection and exposure for the first screen. Each is counted once in five seconds for all circuits; exposure once a minute.</summary>
internal sealed class ProtectionQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    /// <summary>The window of protection and exposure.</summary>
    public const int WindowDays = 90;

    // At a million users about five addresses a day are un-verified: this is a thousand times that of the window.
    private const int MostDecisions = 20_000;
    private const int Chunk = 500;

    private static readonly Phase[] Lapsed = [Phase.Redemption, Phase.PendingDelete, Phase.Released];
    private readonly Kept<QueueSum> _queue = new(TimeSpan.FromSeconds(5));
    private readonly Kept<IReadOnlyList<ProtectionDay>> _days = new(TimeSpan.FromSeconds(5));
    private readonly Kept<ExposureSum> _exposure = new(TimeSpan.FromMinutes(1));

    /// <summary>What waits.</summary>
    public Task<QueueSum> QueueAsync(CancellationToken cancel) => _queue.GetAsync(time, clock.Now, CountQueueAsync, cancel);

    /// <summary>One row per day of the window, oldest first, days without anything too.</summary>
    public Task<IReadOnlyList<ProtectionDay>> DaysAsync(CancellationToken cancel) => _days.GetAsync(time, clock.Now, CountDaysAsync, cancel);

    /// <summary>Exposure.</summary>
    public Task<ExposureSum> ExposureAsync(CancellationToken cancel) => _exposure.GetAsync(time, clock.Now, CountExposureAsync, cancel);

    /// <summary>How long the latest scan of all domains took that ended complete; null when there was none.</summary>
    public async Task<TimeSpan?> FullPassAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var scan = await db.Scans.AsNoTracking().Where(s => s.Scope == ScanScope.All && s.Status == ScanStatus.Completed && s.StartedAt != null && s.Total > 0)
            .OrderByDescending(s => s.Id).Select(s => new { s.StartedAt, s.EndedAt }).FirstOrDefaultAsync(cancel);
        return scan?.EndedAt - scan?.StartedAt;
    }

    private async Task<QueueSum> CountQueueAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        // Compared, not bare: SQLite then reads by the index, and not all that was ever closed.
        var isOpen = true;
        var open = db.Cases.AsNoTracking().Where(c => c.IsOpen == isOpen);
        var groups = await open.GroupBy(c => c.Severity)
            .Select(g => new { Severity = g.Key, Count = g.Count(), Unassigned = g.Sum(c => c.AssigneeId == null ? 1 : 0), Drop = g.Min(c => c.DropFrom), Oldest = g.Min(c => c.OpenedAt) })
            .ToListAsync(cancel);
        return new QueueSum(
            groups.ToDictionary(g => g.Severity, g => g.Count), groups.Sum(g => g.Count), groups.Sum(g => g.Unassigned), groups.Min(g => g.Drop), groups.Count == 0 ? null : groups.Min(g => g.Oldest));
    }

    private async Task<IReadOnlyList<ProtectionDay>> CountDaysAsync(CancellationToken cancel)
    {
        var today = new DateTimeOffset(clock.Now.UtcDateTime.Date, TimeSpan.Zero);
        var first = today.AddDays(1 - WindowDays);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var days = new Dictionary<DateTimeOffset, (int Policy, int Person, int Restored, int Overridden)>();
        await foreach (var d in db.Decisions.AsNoTracking().Where(d => d.At >= first).Where(Counts).Select(d => new { d.At, d.ActorKind, d.From, d.To }).AsAsyncEnumerable().WithCancellation(cancel))
        {
            var day = new DateTimeOffset(d.At.UtcDateTime.Date, TimeSpan.Zero);
            var sum = days.GetValueOrDefault(day);
            days[day] = d.To switch
            {
                CaseState.Unverified when d.ActorKind is AuditActorKind.Staff or AuditActorKind.Key => sum with { Person = sum.Person + 1 },
                CaseState.Unverified => sum with { Policy = sum.Policy + 1 },
                CaseState.Overridden => sum with { Overridden = sum.Overridden + 1 },
                _ => sum with { Restored = sum.Restored + 1 },
            };
        }

        return [.. Enumerable.Range(0, WindowDays).Select(i => first.AddDays(i)).Select(day => days.GetValueOrDefault(day) is var s ? new ProtectionDay(day, s.Policy, s.Person, s.Restored, s.Overridden) : null!)];
    }

    // A step into un-verified from a state in which the address was verified, an override, a restoration. An undo is none of them.
    private static System.Linq.Expressions.Expression<Func<Data.Cases.Decision, bool>> Counts => d => d.Undoes == null
        && ((d.To == CaseState.Unverified && d.From != CaseState.Unverified && d.From != CaseState.Confirmed)
            || (d.To == CaseState.Overridden && d.From != CaseState.Overridden)
            || (d.To == CaseState.Restored && d.From != CaseState.Restored));

    private async Task<ExposureSum> CountExposureAsync(CancellationToken cancel)
    {
        var from = clock.Now.AddDays(-WindowDays);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var acts = await db.Decisions.AsNoTracking()
            .Where(d => d.At >= from && d.Undoes == null && d.To == CaseState.Unverified && d.From != CaseState.Unverified && d.From != CaseState.Confirmed && d.From != CaseState.Recovered)
            .OrderByDescending(d => d.At).Take(MostDecisions)
            .Join(db.Cases, d => d.CaseId, c => c.Id, (d, c) => new { d.At, d.From, d.Situation, d.ActorKind, c.DomainId })
            .ToListAsync(cancel);
        var still = await StillVerifiedAsync(db, cancel);
        var lives = await LivesAsync(db, [.. acts.Select(a => a.DomainId).Concat(still).Distinct()], cancel);

        var exposed = new Dictionary<long, Exposed>();
        var enforcement = new List<TimeSpan>();
        foreach (var act in acts)
        {
            if (!lives.TryGetValue(act.DomainId, out var life) || life.FoundAt(act.Situation, act.At) is not { } found)
            {
                continue;
            }

            enforcement.Add(act.At - found);
            if (act.Situation is Situation.Released or Situation.Reregistered && life.WasWatchedBefore(act.Situation))
            {
                exposed.TryAdd(act.DomainId, new Exposed(life.Name, act.Situation, found, act.At, Because(act.From, act.ActorKind)));
            }
        }

        foreach (var id in still)
        {
            if (lives.TryGetValue(id, out var life) && life.IsExposed is { } situation && life.WasWatchedBefore(situation) && life.FoundAt(situation, clock.Now) is { } found && found >= from)
            {
                exposed[id] = new Exposed(life.Name, situation, found, null, "one of its addresses is still verified");
            }
        }

        return new ExposureSum(
            exposed.Count, exposed.Values.MaxBy(e => e.FoundAt), Spread([.. lives.Values.SelectMany(l => l.ToDetection(from))]), Spread(enforcement));
    }

    // Domains that are free, or another's, and still hold an address that counts as verified although no person said so.
    private static async Task<List<long>> StillVerifiedAsync(GuardDb db, CancellationToken cancel)
    {
        var gone = await db.Domains.AsNoTracking().Where(d => d.Phase == Phase.Released && d.AddressCount > 0).Select(d => d.Id).Take(MostDecisions).ToListAsync(cancel);
        var changed = await db.Domains.AsNoTracking().Where(d => d.HandChange == HandChange.Reregistered && d.AddressCount > 0).Select(d => d.Id).Take(MostDecisions).ToListAsync(cancel);
        var still = new List<long>();
        foreach (var chunk in gone.Union(changed).Chunk(Chunk))
        {
            still.AddRange(await db.Addresses.AsNoTracking()
                .Where(a => chunk.Contains(a.DomainId) && a.State == AddressState.Verified && a.RetiredAt == null && (a.HandChange == HandChange.Reregistered || a.Domain!.Phase == Phase.Released)
                    && !db.Cases.Any(c => c.AddressId == a.Id && (c.State == CaseState.Overridden || c.State == CaseState.Dismissed)))
                .Select(a => a.DomainId).Distinct().ToListAsync(cancel));
        }

        return still;
    }

    private static string Because(CaseState? from, AuditActorKind actor) => from switch
    {
        CaseState.Snoozed => "its case was snoozed",
        CaseState.NeedsReview => "its case waited for review",
        CaseState.Overridden => "its case was overridden",
        CaseState.Dismissed => "its case had been dismissed",
        _ when actor is AuditActorKind.Staff or AuditActorKind.Key => "a person acted",
        _ => "it was seen by the scan that acted, not before",
    };

    private static (TimeSpan, TimeSpan)? Spread(List<TimeSpan> spans)
    {
        if (spans.Count == 0)
        {
            return null;
        }

        spans.Sort();
        return (spans[spans.Count / 2], spans[Math.Min(spans.Count - 1, (int)Math.Ceiling(spans.Count * 0.95) - 1)]);
    }

    private static async Task<Dictionary<long, Life>> LivesAsync(GuardDb db, IReadOnlyList<long> ids, CancellationToken cancel)
    {
        var lives = new Dictionary<long, Life>();
        foreach (var chunk in ids.Chunk(Chunk))
        {
            var spans = (await db.PhaseSpans.AsNoTracking().Where(s => chunk.Contains(s.DomainId)).OrderBy(s => s.From).ThenBy(s => s.Id).Select(s => new { s.DomainId, s.Phase, s.From }).ToListAsync(cancel))
                .ToLookup(s => s.DomainId, s => (s.Phase, s.From));
            var changed = (await db.Observations.AsNoTracking()
                    .Where(o => chunk.Contains(o.DomainId) && o.Source == SourceKind.Rdap && o.Outcome == Outcome.Answered)
                    .OrderBy(o => o.FirstAt).Select(o => new { o.DomainId, o.FirstAt, o.Facts }).ToListAsync(cancel))
                .ToLookup(o => o.DomainId, o => (o.FirstAt, o.Facts));
            foreach (var d in await db.Domains.AsNoTracking().Where(d => chunk.Contains(d.Id)).Select(d => new { d.Id, d.Name, d.AddedAt, d.Phase, d.HandChange, d.RegisteredAt }).ToListAsync(cancel))
            {
                lives.Add(d.Id, new Life(d.Name, d.AddedAt, d.Phase, d.HandChange, d.RegisteredAt, [.. spans[d.Id]], [.. changed[d.Id]]));
            }
        }

        return lives;
    }

    /// <summary>What is kept of a domain's life.</summary>
    private sealed record Life(
        string Name, DateTimeOffset AddedAt, Phase Phase, HandChange HandChange, DateTimeOffset? RegisteredAt, IReadOnlyList<(Phase Phase, DateTimeOffset From)> Spans, IReadOnlyList<(DateTimeOffset At, string? Facts)> Answers)
    {
        public Situation? IsExposed => HandChange == HandChange.Reregistered ? Situation.Reregistered : Phase == Phase.Released ? Situation.Released : null;

        /// <summary>It happened while we watched: what was so already when the domain was taken in is no delay of ours.</summary>
        public bool WasWatchedBefore(Situation situation) => situation == Situation.Reregistered
            ? RegisteredAt > AddedAt
            : Spans.Count > 0 && Spans[0].Phase != Phase.Released;

        /// <summary>When we first saw what an act rests on: the beginning of the stretch of lapsed verdicts before it, or the first answer with the new registration.</summary>
        public DateTimeOffset? FoundAt(Situation situation, DateTimeOffset acted)
        {
            if (situation == Situation.Reregistered)
            {
                var first = Answers.FirstOrDefault(a => RegisteredAt is { } registered && a.At >= registered);
                return first.At != default && first.At <= acted ? first.At : null;
            }

            DateTimeOffset? found = null;
            foreach (var (phase, from) in Spans.Where(s => s.From <= acted))
            {
                var counts = situation == Situation.Released ? phase == Phase.Released : Lapsed.Contains(phase);
                found = counts ? found ?? from : null;
            }

            return found;
        }

        /// <summary>For each lapse in the window whose moment the registry names ("last changed"): how long until we saw it.</summary>
        public IEnumerable<TimeSpan> ToDetection(DateTimeOffset from)
        {
            for (var i = 1; i < Spans.Count; i++)
            {
                var (phase, at) = Spans[i];
                if (at < from || !Lapsed.Contains(phase) || Lapsed.Contains(Spans[i - 1].Phase))
                {
                    continue;
                }

                var facts = Answers.LastOrDefault(a => a.At <= at).Facts;
                if (facts is not null && ChangedAt(facts) is { } changed && changed <= at && changed >= Spans[i - 1].From)
                {
                    yield return at - changed;
                }
            }
        }

        private static DateTimeOffset? ChangedAt(string facts) => Data.Domains.ObservationCodec.Decode(new Data.Domains.StoredObservation
        {
            Host = "",
            FactsHash = [],
            Source = SourceKind.Rdap,
            Outcome = Outcome.Answered,
            Facts = facts,
        }).Rdap?.LastChangedAt;
    }

    /// <summary>A value that all circuits share for a while. Dropped when the guard clock was moved by more than it may be old.</summary>
    private sealed class Kept<T>(TimeSpan keep)
        where T : class
    {
        private readonly SemaphoreSlim _one = new(1, 1);
        private (long At, DateTimeOffset Now, T Value)? _kept;

        public async Task<T> GetAsync(TimeProvider time, DateTimeOffset now, Func<CancellationToken, Task<T>> count, CancellationToken cancel)
        {
            await _one.WaitAsync(cancel);
            try
            {
                if (_kept is { } kept && time.GetElapsedTime(kept.At) < keep && (now - kept.Now).Duration() < keep + keep)
                {
                    return kept.Value;
                }

                var value = await count(cancel);
                _kept = (time.GetTimestamp(), now, value);
                return value;
            }
            finally
            {
                _one.Release();
            }
        }
    }
}
