using System.Text.Json;
using DomainGuard.Data.Providers;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Accounts and addresses of a page that we do not hold. A server moves them from table to table by one statement each, and nothing of them passes through this process. SQLite is in
/// this process: there they are read ahead on the connection that reads, beside the writing of the page before, and inserted row by row. One statement over many rows would first copy
/// every page of the file that it touches, so that it could be taken back alone.
/// </summary>
/// <param name="Accounts">Accounts that we do not hold.</param>
/// <param name="Addresses">Addresses that we do not hold, of new and of known accounts.</param>
internal sealed record PageAdditions(int Accounts, int Addresses)
{
    // What ImportSql.NewRows gives: first of the account, then of the address.
    private const int OfAccount = 11;
    private const int Id = 0;
    private const int Name = 2;
    private const int Email = OfAccount + 1;

    // Rows of new accounts, account by account in the order of their names, those of one in the order of the file; null where the database moves them itself.
    private IReadOnlyList<object?[][]>? New { get; init; }

    // New addresses of accounts that we hold.
    private IReadOnlyList<(long AccountId, object?[] Address)> OfHeld { get; init; } = [];

    /// <summary>What a part of a page adds.</summary>
    /// <param name="session">The connection that reads.</param>
    /// <param name="part">The part.</param>
    /// <param name="held">Plans of its accounts that we hold.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<PageAdditions> OfAsync(StatementSession session, PagePart part, IReadOnlyList<AccountPlan> held, CancellationToken cancel)
    {
        var ofHeld = held.Sum(p => p.NewAddresses.Count);
        if (part.New is { } ids)
        {
            var rows = ids.Count == 0 ? [] : await session.QueryAsync(ImportSql.NewRows, [part.Page.ImportId, JsonSerializer.Serialize(ids), false], cancel);
            object?[][][] accounts = [.. rows.GroupBy(r => (string)r[Id]!, StringComparer.Ordinal).Select(g => g.ToArray()).OrderBy(g => (string)g[0][Name]!, StringComparer.Ordinal)];
            if (accounts.Length != ids.Count)
            {
                throw new InvalidOperationException($"Of {ids.Count} new accounts the staged rows of {accounts.Length} were found.");
            }

            return new PageAdditions(accounts.Length, rows.Count(r => r[Email] is not null) + ofHeld)
            {
                New = accounts,
                OfHeld =
                [
                    .. held.SelectMany(
                        p => p.NewAddresses,
                        (p, row) => (p.Held.Id, new object?[] { row.DomainName, row.Email, row.SearchEmail ?? row.Email, row.MailHost, row.IsPrimary, row.VerifiedAt })),
                ],
            };
        }

        var added = await part.Page.NewIn(session.Db).GroupBy(r => r.ImportId).Select(g => new { Accounts = g.Select(r => r.ExternalId).Distinct().Count(), Addresses = g.Count(r => r.Email != null) })
            .FirstOrDefaultAsync(cancel);
        return new PageAdditions(added?.Accounts ?? 0, (added?.Addresses ?? 0) + ofHeld);
    }

    /// <summary>Inserts them, in the transaction that was begun; false when another writer came in between and it must be taken back.</summary>
    /// <param name="session">Where.</param>
    /// <param name="page">The page.</param>
    /// <param name="firstAccount">The first of as many ids as there are <see cref="Accounts"/>.</param>
    /// <param name="firstAddress">The first of as many ids as there are <see cref="Addresses"/>.</param>
    /// <param name="now">Guard time (UTC).</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="System.Data.Common.DbException">Also when another writer came in between.</exception>
    public async Task<bool> InsertAsync(StatementSession session, StagedPage page, long firstAccount, long firstAddress, DateTimeOffset now, CancellationToken cancel)
    {
        if (New is null)
        {
            return (Accounts == 0 || await session.ExecuteAsync(ImportSql.InsertAccounts, [page.ImportId, page.After, page.Last, firstAccount - 1, now, false], cancel) == Accounts)
                && (Addresses == 0 || await session.ExecuteAsync(ImportSql.InsertAddresses, [page.ImportId, page.After, page.Last, firstAddress - 1, now, false], cancel) == Addresses);
        }

        // Table by table: each has its own pages of the file.
        foreach (var (i, rows) in New.Index())
        {
            await session.ExecuteAsync(ImportSql.InsertAccount, [firstAccount + i, .. rows[0].AsSpan(0, OfAccount), rows.Count(r => r[Email] is not null), now], cancel);
        }

        var address = firstAddress;
        foreach (var (i, rows) in New.Index())
        {
            foreach (var row in rows)
            {
                if (row[Email] is not null)
                {
                    await session.ExecuteAsync(ImportSql.InsertAddress, [address++, firstAccount + i, .. row.AsSpan(OfAccount), now], cancel);
                }
            }
        }

        foreach (var (account, row) in OfHeld)
        {
            await session.ExecuteAsync(ImportSql.InsertAddress, [address++, account, .. row, now], cancel);
        }

        return true;
    }
}
