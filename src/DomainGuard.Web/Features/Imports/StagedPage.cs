using System.Runtime.CompilerServices;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>One account of the file with all its good rows, wherever they stood.</summary>
/// <param name="IsWhole">None of its rows was rejected: what it does not name is gone.</param>
internal sealed record StagedAccount(string ExternalId, ImportRow Facts, IReadOnlyList<ImportRow> Addresses, bool IsWhole);

/// <summary>A row that another row of the same account speaks against.</summary>
internal sealed record StagedConflict(ImportRow Row, string Field, string Reason);

/// <summary>
/// A page of staged accounts in the order of their ids: all after one and up to another, so that an account is never cut in two. What rows say of each other is decided here:
/// a row that repeats an address, or says something else of its account than an earlier row, is rejected.
/// </summary>
internal sealed record StagedPage(long ImportId, string After, string Last)
{
    /// <summary>More addresses of one account are not taken: one account must not fill a transaction.</summary>
    internal const int MaxAddresses = 1_000;

    private const int PageRows = 10_000;
    private const int StretchRows = 50_000;

    /// <summary>All pages of an import, one after the other.</summary>
    public static async IAsyncEnumerable<StagedPage> AllAsync(GuardDb db, long importId, [EnumeratorCancellation] CancellationToken cancel)
    {
        var after = "";
        while (await NextAsync(Rows(db, importId, after), importId, after, PageRows, cancel) is { } page)
        {
            yield return page;
            after = page.Last;
        }
    }

    /// <summary>Several pages in one: what lies ahead of the next of them. Null at the end.</summary>
    public static Task<StagedPage?> StretchAsync(GuardDb db, long importId, string after, CancellationToken cancel) =>
        NextAsync(Rows(db, importId, after), importId, after, StretchRows, cancel);

    /// <summary>The next page of this stretch after an account; null at its end.</summary>
    public Task<StagedPage?> NextAsync(GuardDb db, string after, CancellationToken cancel) => NextAsync((this with { After = after }).In(db), ImportId, after, PageRows, cancel);

    /// <summary>Some row of the file was rejected whose account nobody knows: then no account and no address can be called gone.</summary>
    public static Task<bool> HasNamelessAsync(GuardDb db, long importId, CancellationToken cancel) => db.ImportRows.AnyAsync(r => r.ImportId == importId && r.ExternalId == "", cancel);

    /// <summary>Its rows, rejected ones too.</summary>
    public IQueryable<ImportRow> In(GuardDb db)
    {
        var last = Last;
#pragma warning disable CA1309
        return Rows(db, ImportId, After).Where(r => string.Compare(r.ExternalId, last) <= 0);
#pragma warning restore CA1309
    }

    /// <summary>Its good rows whose account we do not hold.</summary>
    public IQueryable<ImportRow> NewIn(GuardDb db) => In(db).Where(r => !r.IsRejected && !db.Accounts.Any(a => a.ExternalId == r.ExternalId));

    /// <summary>Ids of its accounts that we do not hold, in the order of their names, in portions of one page.</summary>
    public async Task<IReadOnlyList<string[]>> NewByNameAsync(GuardDb db, CancellationToken cancel)
    {
        var rows = await NewIn(db).OrderBy(r => r.ExternalId).ThenBy(r => r.Sequence).Select(r => new { r.ExternalId, Name = r.SortName ?? r.UserName ?? r.ExternalId }).ToListAsync(cancel);
        List<string[]> portions = [];
        List<string> portion = [];
        var count = 0;
        foreach (var account in rows.GroupBy(r => r.ExternalId, StringComparer.Ordinal).OrderBy(g => g.First().Name, StringComparer.Ordinal))
        {
            portion.Add(account.Key);
            count += account.Count();
            if (count >= PageRows)
            {
                portions.Add([.. portion]);
                portion.Clear();
                count = 0;
            }
        }

        return portion.Count > 0 ? [.. portions, [.. portion]] : portions;
    }

    /// <summary>Its rows of accounts that we hold.</summary>
    public IQueryable<ImportRow> HeldIn(GuardDb db) => In(db).Where(r => db.Accounts.Any(a => a.ExternalId == r.ExternalId));

    /// <summary>Its rows of accounts that must be looked at one by one: those that we hold, and those with several rows.</summary>
    public IQueryable<ImportRow> HeldOrSeveralIn(GuardDb db) => In(db).Where(r =>
        db.Accounts.Any(a => a.ExternalId == r.ExternalId) || db.ImportRows.Any(o => o.ImportId == r.ImportId && o.ExternalId == r.ExternalId && o.Sequence != r.Sequence));

    /// <summary>Puts rows together to accounts. Of each account at most <see cref="MaxAddresses"/> are kept in memory.</summary>
    public static async IAsyncEnumerable<StagedAccount> AccountsAsync(IQueryable<ImportRow> rows, Func<StagedConflict, Task>? conflict, [EnumeratorCancellation] CancellationToken cancel)
    {
        Gathering? account = null;
        await foreach (var row in rows.OrderBy(r => r.ExternalId).ThenBy(r => r.Sequence).AsAsyncEnumerable().WithCancellation(cancel))
        {
            if (account is not null && account.ExternalId != row.ExternalId)
            {
                if (account.End() is { } whole)
                {
                    yield return whole;
                }

                account = null;
            }

            account ??= new Gathering(row.ExternalId);
            if (account.Add(row) is { } problem && conflict is not null)
            {
                await conflict(problem);
            }
        }

        if (account?.End() is { } last)
        {
            yield return last;
        }
    }

    private static async Task<StagedPage?> NextAsync(IQueryable<ImportRow> rows, long importId, string after, int count, CancellationToken cancel)
    {
        var ids = rows.Select(r => r.ExternalId);
        var last = await ids.OrderBy(id => id).Skip(count - 1).FirstOrDefaultAsync(cancel) ?? await ids.OrderByDescending(id => id).FirstOrDefaultAsync(cancel);
        return last is null ? null : new StagedPage(importId, after, last);
    }

    private static IQueryable<ImportRow> Rows(GuardDb db, long importId, string after)
    {
#pragma warning disable CA1309 // Becomes a comparison in SQL, under the column's binary collation.
        return db.ImportRows.AsNoTracking().Where(r => r.ImportId == importId && string.Compare(r.ExternalId, after) > 0);
#pragma warning restore CA1309
    }

    /// <summary>The rows of one account as they come.</summary>
    private sealed class Gathering(string externalId)
    {
        private readonly List<ImportRow> _addresses = [];
        private readonly Dictionary<string, int> _seen = new(StringComparer.Ordinal);
        private ImportRow? _first;
        private ImportRow? _primary;
        private bool _isWhole = true;

        public string ExternalId => externalId;

        public StagedConflict? Add(ImportRow row)
        {
            var problem = row.IsRejected ? null : Check(row);
            _isWhole &= !row.IsRejected && problem is null;
            if (row.IsRejected || problem is not null)
            {
                return problem;
            }

            _first ??= row;
            _primary = row.IsPrimary ? row : _primary;
            if (row.Email is not null)
            {
                _seen.Add(row.Email, row.Line);
                _addresses.Add(row);
            }

            return null;
        }

        public StagedAccount? End() => _first is null ? null : new StagedAccount(externalId, _first, _addresses, _isWhole);

        private StagedConflict? Check(ImportRow row)
        {
            if (_first is null)
            {
                return null;
            }

            if (Difference(_first, row) is { } field)
            {
                return new StagedConflict(row, field, $"says something else than line {_first.Line} does of the same account");
            }

            if (row.Email is null || _first.Email is null)
            {
                return new StagedConflict(row, "", $"names the account of line {_first.Line} a second time");
            }

            if (_seen.TryGetValue(row.Email, out var line))
            {
                return new StagedConflict(row, "email", $"repeats line {line} for the same account");
            }

            return row.IsPrimary && _primary is not null ? new StagedConflict(row, "primary", $"is a second primary address; the first is in line {_primary.Line}")
                : _addresses.Count == MaxAddresses ? new StagedConflict(row, "email", $"is one more than the {MaxAddresses} addresses that an account may have")
                : null;
        }

        private static string? Difference(ImportRow a, ImportRow b) =>
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
}

/// <summary>What one transaction takes of a page.</summary>
internal sealed record PagePart(StagedPage Page)
{
    /// <summary>Takes its accounts that we hold.</summary>
    public bool TakesHeld { get; init; } = true;

    /// <summary>Ids of accounts that we do not hold, which it takes; null: all of the page.</summary>
    public IReadOnlyList<string>? New { get; init; }

    /// <summary>With it everything up to this account is done; null where something of its page comes later.</summary>
    public string? UpTo { get; init; }
}
