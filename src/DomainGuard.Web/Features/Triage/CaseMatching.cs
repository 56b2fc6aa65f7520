using System.Globalization;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>
/// A filter of the queue as a query: the list, its counts and a frozen list all mean the same cases. It is written to be asked of one case after the other while the queue is walked: no column
/// but those of the order may tempt a planner to begin elsewhere. Where a part of the filter is met by few, <see cref="AmongAsync"/> finds these first. See docs/decisions/0008.
/// </summary>
internal static class CaseMatching
{
    /// <summary>Up to this many cases are found and sorted; above, the queue is walked.</summary>
    internal const int Few = 5_000;

    /// <summary>The cases that match: what the page shows, and what a decision "on all that match" freezes.</summary>
    /// <param name="db">Context of the query.</param>
    /// <param name="filter">What it is narrowed to.</param>
    /// <param name="me">Who asks.</param>
    /// <param name="now">Now (UTC).</param>
    /// <param name="among">The few that can match (<see cref="AmongAsync"/>); null walks the queue.</param>
    internal static IQueryable<Case> Matching(GuardDb db, CaseFilter filter, Guid me, DateTimeOffset now, long[]? among = null)
    {
        var cases = Among(db.Cases.AsNoTracking(), OpenOf(filter), among);
        if (filter.Batch is { } batch)
        {
            cases = cases.Where(c => db.BatchItems.Any(i => i.BatchId == batch && i.CaseId == c.Id));
        }
        else
        {
            cases = InView(cases, filter, now);
        }

        if (StatesOf(filter) is { Count: > 0 } states)
        {
            var numbers = states.Select(s => (long)s).ToArray();
            cases = cases.Where(c => numbers.Contains((long)c.State));
        }

        if (filter.Severities is { Count: > 0 } severities)
        {
            cases = cases.Where(c => severities.Contains(c.Severity));
        }

        if (filter.DropDays is { } days)
        {
            var until = now.AddDays(days);
            cases = cases.Where(c => c.DropFrom <= until);
        }

        if (filter.Phase is { } phase)
        {
            cases = cases.Where(c => c.Phase == phase);
        }

        if (filter.Hands is { } hands)
        {
            cases = cases.Where(c => c.HandChange == hands);
        }

        if (filter.Confidence is { } confidence)
        {
            cases = cases.Where(c => c.Confidence == confidence);
        }

        foreach (var id in AssigneesOf(filter, me).Select(a => a ?? Guid.Empty))
        {
            cases = cases.Where(c => (c.AssigneeId ?? Guid.Empty) == id);
        }

        if (filter.Source is { } source)
        {
            cases = cases.Where(c => db.Observations.Any(o => o.DomainId == c.DomainId && o.Source == source && o.Outcome != Outcome.Failure && o.Outcome != Outcome.NotServed));
        }

        if (filter.Tld is { } tld)
        {
            cases = cases.Where(c => db.Domains.Any(d => d.Id == c.DomainId && d.Tld == tld));
        }

        if (filter.Flag is { } flag)
        {
            cases = cases.Where(c => db.Domains.Any(d => d.Id == c.DomainId && (d.Flags & flag) != 0));
        }

        if (filter.Domain is { } domain)
        {
            cases = cases.Where(c => db.Domains.Any(d => d.Id == c.DomainId && d.Name == domain));
        }

        return filter.Search is { } search ? Named(db, cases, search) : cases;
    }

    /// <summary>Of each domain the case that no other is worse than.</summary>
    internal static IQueryable<Case> Heads(IQueryable<Case> matching) =>
        matching.Where(c => !matching.Any(o => o.DomainId == c.DomainId && (o.Points > c.Points || (o.Points == c.Points && o.Id > c.Id))));

    /// <summary>
    /// The few cases among which all that match are: each part of a filter that an index knows is asked for itself, and no further than one row more than <see cref="Few"/>. Null where every
    /// part is met by more, or there is none.
    /// </summary>
    internal static async Task<long[]?> AmongAsync(GuardDb db, CaseFilter filter, Guid me, CancellationToken cancel)
    {
        var cases = db.Cases.AsNoTracking();
        if (filter.Batch is { } batch && await UpToFewAsync(db.BatchItems.Where(i => i.BatchId == batch).Select(i => i.CaseId), cancel) is { } held)
        {
            return held;
        }

        if (filter.Search is { } search && await NamedAsync(db, search, cancel) is { } named)
        {
            return named;
        }

        if (filter.Domain is { } domain && await OnAsync(db.Domains.Where(d => d.Name == domain)) is { } its)
        {
            return its;
        }

        foreach (var assignee in AssigneesOf(filter, me))
        {
            if (await UpToFewAsync(Among(cases, OpenOf(filter), null).Where(c => c.AssigneeId == assignee).Select(c => c.Id), cancel) is { } assigned)
            {
                return assigned;
            }
        }

        if (filter.Tld is { } tld && await OnAsync(db.Domains.Where(d => d.Tld == tld)) is { } below)
        {
            return below;
        }

        if (filter.Flag is { } flag && await OnAsync(db.Domains.Where(d => (d.Flags & flag) != 0)) is { } flagged)
        {
            return flagged;
        }

        return StatesOf(filter) is { Count: > 0 } states ? await UpToFewAsync(cases.Where(c => states.Contains(c.State)).Select(c => c.Id), cancel) : null;

        async Task<long[]?> OnAsync(IQueryable<Domain> domains) =>
            await UpToFewAsync(domains.Select(d => d.Id), cancel) is { } ids ? await UpToFewAsync(Among(cases, OpenOf(filter), null).Where(c => EF.Parameter(ids).Contains(c.DomainId)).Select(c => c.Id), cancel) : null;
    }

    /// <summary>Open or closed ones, or some of both. A bare column of truth leads no planner of SQLite to its index, a comparison does: the one among few, the other to walk.</summary>
    private static IQueryable<Case> Among(IQueryable<Case> cases, bool? open, long[]? among)
    {
        if (among is null)
        {
            return open is { } walked ? cases.Where(c => c.IsOpen == walked) : cases;
        }

        cases = cases.Where(c => EF.Parameter(among).Contains(c.Id));
        return open switch { true => cases.Where(c => c.IsOpen), false => cases.Where(c => !c.IsOpen), _ => cases };
    }

    /// <summary>Whether all that match are open, or closed; null where it does not follow from the filter.</summary>
    private static bool? OpenOf(CaseFilter filter)
    {
        if (filter.Batch is not null)
        {
            return null;
        }

        if (filter.States is not { Count: > 0 } states)
        {
            return filter.View != TriageView.Closed;
        }

        var open = states.Select(s => CaseTransitions.IsOpen(s, false)).Concat(states.Select(s => CaseTransitions.IsOpen(s, true))).Distinct().ToList();
        return open.Count == 1 ? open[0] : null;
    }

    /// <summary>The states that are asked for, by the filter or else by its view; empty where others are only left out.</summary>
    private static IReadOnlyList<CaseState> StatesOf(CaseFilter filter) => filter switch
    {
        { Batch: not null } => [],
        { States.Count: > 0 } => filter.States,
        { View: TriageView.Review } => [CaseState.NeedsReview],
        { View: TriageView.Unconfirmed } => [CaseState.Unverified],
        { View: TriageView.Snoozed } => [CaseState.Snoozed],
        { View: TriageView.Overridden } => [CaseState.Overridden],
        { View: TriageView.Recovered } => [CaseState.Recovered],
        _ => [],
    };

    /// <summary>Whose the cases must be, null for nobody's: of the view and of the filter.</summary>
    private static IEnumerable<Guid?> AssigneesOf(CaseFilter filter, Guid me)
    {
        if (filter is { Batch: null, View: TriageView.Mine or TriageView.Unassigned })
        {
            yield return filter.View == TriageView.Mine ? me : null;
        }

        if (filter.Assignee is { } assignee)
        {
            yield return assignee.Id;
        }
    }

    /// <summary>What a view says beside states and assignee. A state that is asked for replaces what it says of states; the rest stays.</summary>
    private static IQueryable<Case> InView(IQueryable<Case> cases, CaseFilter filter, DateTimeOffset now)
    {
        if (filter.States is not { Count: > 0 } && filter.View is not (TriageView.Snoozed or TriageView.Overridden or TriageView.Open or TriageView.Closed))
        {
            cases = cases.Where(c => c.State != CaseState.Snoozed && c.State != CaseState.Overridden);
        }

        var week = now.AddDays(7);
        return filter.View switch
        {
            TriageView.Drop7 => cases.Where(c => c.DropFrom <= week),
            TriageView.Critical => cases.Where(c => c.Severity == Severity.Critical),
            TriageView.Contested => cases.Where(c => c.IsContested),
            TriageView.Braked => cases.Where(c => (c.BatchId ?? 0) != 0),
            TriageView.OneSource => cases.Where(c => c.Confidence == Confidence.Single),
            _ => cases,
        };
    }

    private static long? NumberIn(string search) =>
        long.TryParse(search.StartsWith('#') ? search[1..] : search, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A name of a domain as it is stored, as far as the text is one; else the text in lower case, as accounts are sorted.</summary>
    private static (string From, string To) NamesIn(string search) => TextRange.OfPrefix(DomainName.TryNormalise(search, out var ascii, out _) ? ascii : search.ToLowerInvariant());

#pragma warning disable CA1309 // These become comparisons in SQL; a range keeps the index, which LIKE would not.
    private static IQueryable<Case> Named(GuardDb db, IQueryable<Case> cases, string search)
    {
        if (NumberIn(search) is { } number)
        {
            return cases.Where(c => c.Id == number);
        }

        if (search.Contains('@', StringComparison.Ordinal))
        {
            var (from, to) = TextRange.OfPrefix(search.ToLowerInvariant());
            return cases.Where(c => db.Addresses.Any(a => a.Id == c.AddressId && string.Compare(a.SearchEmail, from) >= 0 && string.Compare(a.SearchEmail, to) < 0));
        }

        // Names by number instead of EXISTS: of that PostgreSQL would first read all names that match, however many.
        var (first, last) = NamesIn(search);
        return cases.Where(c =>
            (string.Compare(db.Domains.Where(d => d.Id == c.DomainId).Select(d => d.Name).First(), first) >= 0 && string.Compare(db.Domains.Where(d => d.Id == c.DomainId).Select(d => d.Name).First(), last) < 0)
            || (string.Compare(db.Accounts.Where(a => a.Id == c.AccountId).Select(a => a.SortName).First(), first) >= 0 && string.Compare(db.Accounts.Where(a => a.Id == c.AccountId).Select(a => a.SortName).First(), last) < 0));
    }

    private static async Task<long[]?> NamedAsync(GuardDb db, string search, CancellationToken cancel)
    {
        if (NumberIn(search) is { } number)
        {
            return [number];
        }

        var cases = db.Cases.AsNoTracking();
        if (search.Contains('@', StringComparison.Ordinal))
        {
            var (from, to) = TextRange.OfPrefix(search.ToLowerInvariant());
            var addresses = await UpToFewAsync(db.Addresses.Where(a => string.Compare(a.SearchEmail, from) >= 0 && string.Compare(a.SearchEmail, to) < 0).Select(a => a.Id), cancel);
            return addresses is null ? null : await UpToFewAsync(cases.Where(c => EF.Parameter(addresses).Contains(c.AddressId!.Value)).Select(c => c.Id), cancel);
        }

        var (first, last) = NamesIn(search);
        return await UpToFewAsync(db.Domains.Where(d => string.Compare(d.Name, first) >= 0 && string.Compare(d.Name, last) < 0).Select(d => d.Id), cancel) is { } domains
            && await UpToFewAsync(db.Accounts.Where(a => string.Compare(a.SortName, first) >= 0 && string.Compare(a.SortName, last) < 0).Select(a => a.Id), cancel) is { } accounts
            && await UpToFewAsync(cases.Where(c => EF.Parameter(domains).Contains(c.DomainId)).Select(c => c.Id), cancel) is { } onDomains
            && await UpToFewAsync(cases.Where(c => EF.Parameter(accounts).Contains(c.AccountId!.Value)).Select(c => c.Id), cancel) is { } ofAccounts
            && onDomains.Union(ofAccounts).ToArray() is { Length: <= Few } both
            ? both
            : null;
    }
#pragma warning restore CA1309

    private static async Task<long[]?> UpToFewAsync(IQueryable<long> ids, CancellationToken cancel)
    {
        var found = await ids.Take(Few + 1).ToArrayAsync(cancel);
        return found.Length > Few ? null : found;
    }
}
