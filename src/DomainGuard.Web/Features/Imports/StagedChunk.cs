using DomainGuard.Data;
using DomainGuard.Data.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>One account of the file with all its rows, wherever they stood.</summary>
internal sealed record StagedAccount(string ExternalId, ImportRow Facts, IReadOnlyList<ImportRow> Addresses);

/// <summary>
/// A page of staged accounts in the order of their ids. What rows say of each other is decided here, the same way each time: a row that repeats an address, or says something
/// else of its account than an earlier row, is rejected.
/// </summary>
internal sealed record StagedChunk(IReadOnlyList<StagedAccount> Accounts, IReadOnlyList<ImportBad> Rejected, string? LastId)
{
    internal const int Rows = 5_000;

    /// <summary>The next page after an account; empty at the end.</summary>
    public static async Task<StagedChunk> ReadAsync(GuardDb db, long importId, string? after, CancellationToken cancel)
    {
        // An account has at most 1,000 addresses in NDJSON; in CSV there is no bound, so a page that holds one account only grows until it ends.
        for (var size = Rows; ; size *= 2)
        {
            var staged = db.ImportRows.AsNoTracking().Where(r => r.ImportId == importId);
            if (after is not null)
            {
#pragma warning disable CA1309 // Becomes a comparison in SQL, under the column's binary collation.
                staged = staged.Where(r => string.Compare(r.ExternalId, after) > 0);
#pragma warning restore CA1309
            }

            var rows = await staged.OrderBy(r => r.ExternalId).ThenBy(r => r.Sequence).Take(size).ToListAsync(cancel);
            var isLast = rows.Count < size;
            if (!isLast)
            {
                // The last account may go on in the next page.
                var last = rows[^1].ExternalId;
                rows.RemoveAll(r => r.ExternalId == last);
            }

            if (isLast || rows.Count > 0)
            {
                return Group(rows);
            }
        }
    }

    private static StagedChunk Group(List<ImportRow> rows)
    {
        List<StagedAccount> accounts = [];
        List<ImportBad> rejected = [];
        for (var start = 0; start < rows.Count;)
        {
            var end = start + 1;
            while (end < rows.Count && rows[end].ExternalId == rows[start].ExternalId)
            {
                end++;
            }

            accounts.Add(Check(rows, start, end, rejected));
            start = end;
        }

        return new StagedChunk(accounts, rejected, rows.Count == 0 ? null : rows[^1].ExternalId);
    }

    private static StagedAccount Check(List<ImportRow> rows, int start, int end, List<ImportBad> rejected)
    {
        var first = rows[start];
        if (end == start + 1)
        {
            return new StagedAccount(first.ExternalId, first, first.Email is null ? [] : [first]);
        }

        List<ImportRow> addresses = [];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        ImportRow? primary = null;
        for (var i = start; i < end; i++)
        {
            var row = rows[i];
            if (Conflict(first, row) is { } field)
            {
                rejected.Add(new ImportBad(row.Line, field, $"says something else than line {first.Line} does of the same account"));
            }
            else if (row.Email is null || !seen.TryAdd(row.Email, row.Line))
            {
                rejected.Add(new ImportBad(row.Line, "email", $"repeats line {(row.Email is null ? first.Line : seen[row.Email])} for the same account"));
            }
            else if (row.IsPrimary && primary is not null)
            {
                rejected.Add(new ImportBad(row.Line, "primary", $"is a second primary address; the first is in line {primary.Line}"));
            }
            else
            {
                primary = row.IsPrimary ? row : primary;
                addresses.Add(row);
            }
        }

        return new StagedAccount(first.ExternalId, first, addresses);
    }

    private static string? Conflict(ImportRow a, ImportRow b) =>
        a.UserName != b.UserName ? "user_name"
        : a.DisplayName != b.DisplayName ? "display_name"
        : a.CreatedAt != b.CreatedAt ? "created_at"
        : a.LastSeenAt != b.LastSeenAt ? "last_seen_at"
        : a.TwoFactor != b.TwoFactor ? "two_factor"
        : a.Privileged != b.Privileged ? "privileged"
        : a.Projects != b.Projects ? "projects"
        : a.MonthlyDownloads != b.MonthlyDownloads ? "monthly_downloads"
        : null;
}
