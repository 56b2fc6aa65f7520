using System.Globalization;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A filter of the queue as a query: the list, its counts and a frozen list all mean the same cases.</summary>
internal static class CaseMatching
{
    /// <summary>The cases that match: what the page shows, and what a decision "on all that match" freezes.</summary>
    internal static IQueryable<Case> Matching(GuardDb db, CaseFilter filter, Guid me, DateTimeOffset now)
    {
        var cases = filter.Batch is { } batch
            ? db.Cases.AsNoTracking().Where(c => db.BatchItems.Any(i => i.BatchId == batch && i.CaseId == c.Id))
            : InView(db.Cases.AsNoTracking(), filter, me, now);
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

        if (filter.Assignee is { } assignee)
        {
            var id = assignee.Id;
            cases = cases.Where(c => c.AssigneeId == id);
        }

        if (filter.Source is { } source)
        {
            cases = cases.Where(c => db.Observations.Any(o => o.DomainId == c.DomainId && o.Source == source && o.Outcome != Outcome.Failure && o.Outcome != Outcome.NotServed));
        }

        if (filter.Tld is { } tld)
        {
            cases = cases.Where(c => c.Domain!.Tld == tld);
        }

        if (filter.Flag is { } flag)
        {
            cases = cases.Where(c => (c.Domain!.Flags & flag) != 0);
        }

        if (filter.Domain is { } domain)
        {
            cases = cases.Where(c => db.Domains.Any(d => d.Name == domain && d.Id == c.DomainId));
        }

        return filter.Search is { } search ? Named(db, cases, search) : cases;
    }

    private static IQueryable<Case> InView(IQueryable<Case> cases, CaseFilter filter, Guid me, DateTimeOffset now)
    {
        if (filter.States is { Count: > 0 } states)
        {
            // Named where it follows from the states: then the index of the order is walked.
            var open = states.Select(s => CaseTransitions.IsOpen(s, false)).Concat(states.Select(s => CaseTransitions.IsOpen(s, true))).Distinct().ToList();
            cases = open.Count == 1 ? open[0] ? cases.Where(c => c.IsOpen) : cases.Where(c => !c.IsOpen) : cases;
            cases = cases.Where(c => states.Contains(c.State));
            // A state that is asked for replaces what the view says of states; whose they are stays.
            return filter.View switch
            {
                TriageView.Mine => cases.Where(c => c.AssigneeId == me),
                TriageView.Unassigned => cases.Where(c => c.AssigneeId == null),
                TriageView.Drop7 => cases.Where(c => c.DropFrom <= now.AddDays(7)),
                TriageView.Critical => cases.Where(c => c.Severity == Severity.Critical),
                TriageView.Contested => cases.Where(c => c.IsContested),
                TriageView.Braked => cases.Where(c => c.BatchId != null),
                TriageView.OneSource => cases.Where(c => c.Confidence == Confidence.Single),
                _ => cases,
            };
        }

        var week = now.AddDays(7);
        var waiting = cases.Where(c => c.IsOpen && c.State != CaseState.Snoozed && c.State != CaseState.Overridden);
        return filter.View switch
        {
            TriageView.Mine => waiting.Where(c => c.AssigneeId == me),
            TriageView.Unassigned => waiting.Where(c => c.AssigneeId == null),
            TriageView.Drop7 => waiting.Where(c => c.DropFrom <= week),
            TriageView.Review => cases.Where(c => c.IsOpen && c.State == CaseState.NeedsReview),
            TriageView.Critical => waiting.Where(c => c.Severity == Severity.Critical),
            TriageView.Unconfirmed => cases.Where(c => c.IsOpen && c.State == CaseState.Unverified),
            TriageView.Contested => waiting.Where(c => c.IsContested),
            TriageView.Braked => waiting.Where(c => c.BatchId != null),
            TriageView.OneSource => waiting.Where(c => c.Confidence == Confidence.Single),
            TriageView.Snoozed => cases.Where(c => c.IsOpen && c.State == CaseState.Snoozed),
            TriageView.Overridden => cases.Where(c => c.IsOpen && c.State == CaseState.Overridden),
            TriageView.Recovered => cases.Where(c => c.IsOpen && c.State == CaseState.Recovered),
            TriageView.Open => cases.Where(c => c.IsOpen),
            TriageView.Closed => cases.Where(c => !c.IsOpen),
            _ => waiting,
        };
    }

    private static IQueryable<Case> Named(GuardDb db, IQueryable<Case> cases, string search)
    {
        if (long.TryParse(search.StartsWith('#') ? search[1..] : search, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return cases.Where(c => c.Id == number);
        }

        var lower = search.ToLowerInvariant();
        if (search.Contains('@', StringComparison.Ordinal))
        {
            var (from, to) = TextRange.OfPrefix(lower);
#pragma warning disable CA1309 // Becomes a comparison in SQL; a range keeps the index, which LIKE would not.
            var addresses = db.Addresses.Where(a => string.Compare(a.SearchEmail, from) >= 0 && string.Compare(a.SearchEmail, to) < 0).Select(a => a.Id);
#pragma warning restore CA1309
            return cases.Where(c => addresses.Contains(c.AddressId!.Value));
        }

        var (first, last) = TextRange.OfPrefix(DomainName.TryNormalise(search, out var ascii, out _) ? ascii : lower);
#pragma warning disable CA1309 // As above.
        var domains = db.Domains.Where(d => string.Compare(d.Name, first) >= 0 && string.Compare(d.Name, last) < 0).Select(d => d.Id);
        var accounts = db.Accounts.Where(a => string.Compare(a.SortName, first) >= 0 && string.Compare(a.SortName, last) < 0).Select(a => a.Id);
#pragma warning restore CA1309
        return cases.Where(c => domains.Contains(c.DomainId) || accounts.Contains(c.AccountId!.Value));
    }
}
