using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Exports;
using DomainGuard.Web.Features.Audit;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Exports;

/// <summary>A page of rows, formatted by whoever takes it.</summary>
/// <param name="Count">Rows.</param>
/// <param name="Write">Writes them.</param>
internal readonly record struct ExportPage(int Count, Action<RowWriter> Write);

/// <summary>What can be exported besides the audit trail: columns, and pages of rows in the order of their keys. Names are those of the screens' code words; ids are ours unless they say otherwise.</summary>
internal static class ExportTables
{
    private const int Page = 2_000;

    public static IReadOnlyList<string> Cases { get; } =
    [
        "case", "state", "open", "unverified", "domain", "account", "address", "situation", "wanted", "guard", "phase", "hand_change", "confidence", "severity", "points", "drop_from", "opened_at",
        "state_since", "until", "assignee", "contested", "reopen_reason", "batch", "policy_version", "scan",
    ];

    public static IReadOnlyList<string> Decisions { get; } =
    [
        "decision", "case", "at", "actor_kind", "actor", "event", "from", "to", "reason", "comment", "until", "situation", "phase", "hand_change", "confidence", "policy_version", "scan", "bulk", "undoes",
    ];

    public static IReadOnlyList<string> Addresses { get; } =
    [
        "address", "account", "user_name", "display_name", "email", "domain", "primary", "verified_at", "state", "hand_change", "hand_confidence", "phase", "added_at", "retired_at",
    ];

    public static IReadOnlyList<string> Audit { get; } =
    [
        "sequence", "id", "at", "actor_kind", "actor", "from", "action", "account", "address", "domain", "case", "scan", "policy_version", "subject", "batch", "reason", "comment", "comment_hash", "before",
        "after", "content_hash", "previous", "hash",
    ];

    public static IReadOnlyList<string> ColumnsOf(ExportKind kind) => kind switch
    {
        ExportKind.Cases => Cases,
        ExportKind.Decisions => Decisions,
        ExportKind.Addresses => Addresses,
        _ => Audit,
    };

    /// <summary>How many rows there will be.</summary>
    public static Task<long> CountAsync(GuardDb db, ExportKind kind, AuditFilter filter, CancellationToken cancel) => kind switch
    {
        ExportKind.Cases => CasesOf(db, filter).LongCountAsync(cancel),
        ExportKind.Decisions => DecisionsOf(db, filter).LongCountAsync(cancel),
        _ => AddressesOf(db, filter).LongCountAsync(cancel),
    };

    /// <summary>The pages.</summary>
    public static IAsyncEnumerable<ExportPage> PagesAsync(GuardDb db, ExportKind kind, AuditFilter filter, CancellationToken cancel) => kind switch
    {
        ExportKind.Cases => CasePagesAsync(db, filter, cancel),
        ExportKind.Decisions => DecisionPagesAsync(db, filter, cancel),
        _ => AddressPagesAsync(db, filter, cancel),
    };

    /// <summary>An entry as a row of <see cref="Audit"/>.</summary>
    public static void Write(RowWriter row, AuditEntry e, byte[] previous)
    {
        row.Begin();
        row.Number(e.Sequence);
        row.Key(e.Id);
        row.Instant(e.At);
        row.Word<AuditActorKind>(e.ActorKind);
        row.Text(e.ActorId);
        row.Text(e.ActorFrom);
        row.Word<AuditAction>(e.Action);
        row.Number(e.AccountId);
        row.Number(e.AddressId);
        row.Text(e.DomainName);
        row.Number(e.CaseId);
        row.Number(e.ScanId);
        row.Number(e.PolicyVersion);
        row.Text(e.Subject);
        row.Key(e.BatchId);
        row.Text(e.Reason);
        row.Text(e.Comment);
        row.Hex(e.CommentHash);
        row.Text(e.Before);
        row.Text(e.After);
        row.Hex(e.ContentHash);
        row.Hex(previous);
        row.Hex(e.Hash);
        row.End();
    }

    private static IQueryable<Data.Cases.Case> CasesOf(GuardDb db, AuditFilter filter) => db.Cases.AsNoTracking()
        .Where(c => (filter.From == null || c.OpenedAt >= filter.From) && (filter.To == null || c.OpenedAt < filter.To) && (filter.Domain == null || c.Domain!.Name == filter.Domain));

    private static IQueryable<Data.Cases.Decision> DecisionsOf(GuardDb db, AuditFilter filter) => db.Decisions.AsNoTracking()
        .Where(d => (filter.From == null || d.At >= filter.From) && (filter.To == null || d.At < filter.To)
            && (filter.Domain == null || db.Cases.Any(c => c.Id == d.CaseId && c.Domain!.Name == filter.Domain)));

    private static IQueryable<Data.Accounts.Address> AddressesOf(GuardDb db, AuditFilter filter) => db.Addresses.AsNoTracking()
        .Where(a => (filter.From == null || a.AddedAt >= filter.From) && (filter.To == null || a.AddedAt < filter.To) && (filter.Domain == null || a.Domain!.Name == filter.Domain));

    private static async IAsyncEnumerable<ExportPage> CasePagesAsync(GuardDb db, AuditFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (long after = 0; ;)
        {
            var from = after;
            var page = await CasesOf(db, filter).Where(c => c.Id > from).OrderBy(c => c.Id).Take(Page).Select(c => new { Case = c, Domain = c.Domain!.Name, Account = c.Account!.ExternalId }).ToListAsync(cancel);
            if (page.Count == 0)
            {
                yield break;
            }

            after = page[^1].Case.Id;
            yield return new ExportPage(page.Count, row =>
            {
                foreach (var (c, domain, account) in page.Select(p => (p.Case, p.Domain, p.Account)))
                {
                    row.Begin();
                    row.Number(c.Id);
                    row.Text(c.State.ToString());
                    row.Flag(c.IsOpen);
                    row.Flag(c.IsUnverified);
                    row.Text(domain);
                    row.Text(account);
                    row.Number(c.AddressId);
                    row.Text(c.Situation.ToString());
                    row.Text(c.Wanted.ToString());
                    row.Text(c.Guard.ToString());
                    row.Text(c.Phase.ToString());
                    row.Text(c.HandChange.ToString());
                    row.Text(c.Confidence.ToString());
                    row.Text(c.Severity.ToString());
                    row.Number(c.Points);
                    row.Instant(c.DropFrom);
                    row.Instant(c.OpenedAt);
                    row.Instant(c.StateSince);
                    row.Instant(c.Until);
                    row.Key(c.AssigneeId);
                    row.Flag(c.IsContested);
                    row.Text(c.ReopenReason);
                    row.Number(c.BatchId);
                    row.Number(c.PolicyVersion);
                    row.Number(c.ScanId);
                    row.End();
                }
            });
        }
    }

    // By cases, so that the decisions of each stand together in the order of time.
    private static async IAsyncEnumerable<ExportPage> DecisionPagesAsync(GuardDb db, AuditFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var last = await db.Decisions.MaxAsync(d => (long?)d.CaseId, cancel) ?? 0;
        for (long after = 0; after < last; after += Page)
        {
            var (from, to) = (after, after + Page);
            var page = await DecisionsOf(db, filter).Where(d => d.CaseId > from && d.CaseId <= to).OrderBy(d => d.CaseId).ThenBy(d => d.At).ThenBy(d => d.Id).ToListAsync(cancel);
            if (page.Count == 0)
            {
                continue;
            }

            yield return new ExportPage(page.Count, row =>
            {
                foreach (var d in page)
                {
                    row.Begin();
                    row.Key(d.Id);
                    row.Number(d.CaseId);
                    row.Instant(d.At);
                    row.Text(d.ActorKind.ToString());
                    row.Text(d.ActorId);
                    row.Text(d.Event.ToString());
                    row.Text(d.From?.ToString());
                    row.Text(d.To.ToString());
                    row.Text(d.Reason?.ToString());
                    row.Text(d.Comment);
                    row.Instant(d.Until);
                    row.Text(d.Situation.ToString());
                    row.Text(d.Phase.ToString());
                    row.Text(d.HandChange.ToString());
                    row.Text(d.Confidence.ToString());
                    row.Number(d.PolicyVersion);
                    row.Number(d.ScanId);
                    row.Key(d.BulkId);
                    row.Key(d.Undoes);
                    row.End();
                }
            });
        }
    }

    private static async IAsyncEnumerable<ExportPage> AddressPagesAsync(GuardDb db, AuditFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (long after = 0; ;)
        {
            var from = after;
            var page = await AddressesOf(db, filter).Where(a => a.Id > from).OrderBy(a => a.Id).Take(Page)
                .Select(a => new
                {
                    a.Id,
                    a.Account!.ExternalId,
                    a.Account.UserName,
                    a.Account.DisplayName,
                    a.Email,
                    Domain = a.Domain!.Name,
                    a.IsPrimary,
                    a.VerifiedAt,
                    a.State,
                    a.HandChange,
                    a.HandConfidence,
                    a.Domain.Phase,
                    a.AddedAt,
                    a.RetiredAt,
                })
                .ToListAsync(cancel);
            if (page.Count == 0)
            {
                yield break;
            }

            after = page[^1].Id;
            yield return new ExportPage(page.Count, row =>
            {
                foreach (var a in page)
                {
                    row.Begin();
                    row.Number(a.Id);
                    row.Text(a.ExternalId);
                    row.Text(a.UserName);
                    row.Text(a.DisplayName);
                    row.Text(a.Email);
                    row.Text(a.Domain);
                    row.Flag(a.IsPrimary);
                    row.Instant(a.VerifiedAt);
                    row.Text(a.State.ToString());
                    row.Text(a.HandChange.ToString());
                    row.Text(a.HandConfidence.ToString());
                    row.Text(a.Phase.ToString());
                    row.Instant(a.AddedAt);
                    row.Instant(a.RetiredAt);
                    row.End();
                }
            });
        }
    }
}
