using System.Data.Common;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Carries a compared import out: page after page of accounts, each in one short transaction together with how far it came, then retires who is gone, then counts addresses per
/// domain. Killed at any moment it goes on where it was, by whoever takes the lease; doing a page again changes nothing.
/// </summary>
internal sealed class MergeImport(IDbContextFactory<GuardDb> dbs, IdAllocator ids, TallyDomains tally, ImportTurn turn, GuardClock clock, TimeProvider time)
{
    private const int MostAttempts = 5;
    private const int RetirePage = 20_000;

    /// <summary>Merges; false when another run holds the import, or it is not to be merged (then its problem says why). Waits for other imports.</summary>
    /// <exception cref="ImportLeaseLostException">This process was held up, and another took the import over.</exception>
    public async Task<bool> ExecuteAsync(long importId, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        await using var lease = await turn.ClaimMergeAsync(importId, cancel);
        if (lease is null)
        {
            return false;
        }

        try
        {
            // What a dead process left is ended first: its file is older than ours.
            var isLatest = await turn.TakeAsync(
                importId,
                other => other.Status == ImportStatus.Merging ? ExecuteAsync(other.Id, progress, cancel) : ResumeImports.GiveUpDeadAsync(dbs, other, clock.Now, cancel),
                number => progress?.Invoke(new ImportProgress($"Waiting for import {number}", 0, null)),
                cancel);
            return await MergeAsync(lease, isLatest, progress, cancel);
        }
        catch (Exception e) when (e is not ImportLeaseLostException)
        {
            await ReleaseAsync(lease);
            throw;
        }
    }

    private async Task<bool> MergeAsync(ImportLease lease, bool isLatest, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var import = await session.Db.Imports.AsNoTracking().SingleAsync(i => i.Id == lease.ImportId, cancel);
        var hasNameless = await StagedPage.HasNamelessAsync(session.Db, import.Id, cancel);
        if (import.MergedUpTo is null && await RefuseAsync(session.Db, lease, import, isLatest, hasNameless, cancel))
        {
            return false;
        }

        var total = import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts;
        for (var page = await StagedPage.NextAsync(session.Db, import.Id, import.MergedUpTo ?? "", cancel); page is not null; page = await StagedPage.NextAsync(session.Db, import.Id, page.Last, cancel))
        {
            import.MergedAccounts += await MergeAsync(session, lease, import, page, hasNameless, cancel);
            progress?.Invoke(new ImportProgress("Writing", import.MergedAccounts, total));
        }

        if (import.GoneAccounts > 0)
        {
            await RetireAsync(session, lease, progress, cancel);
        }

        await tally.ExecuteAsync(session, lease, progress, cancel);

        // Ended before it is cleared: without its rows every account would look gone.
        var now = clock.Now;
        await session.BeginAsync(cancel);
        var ended = await session.Db.Imports.Where(i => i.Id == import.Id && i.LeaseOwner == lease.Owner).ExecuteUpdateAsync(
            s => s.SetProperty(i => i.Status, ImportStatus.Completed).SetProperty(i => i.Problem, (string?)null).SetProperty(i => i.EndedAt, now)
                .SetProperty(i => i.LeaseOwner, (string?)null).SetProperty(i => i.LeaseUntil, (DateTimeOffset?)null),
            cancel);
        if (ended != 1)
        {
            throw new ImportLeaseLostException();
        }

        AuditTrail.Add(session.Db, ImportFacts.Merged(import, now));
        await session.Db.SaveChangesAsync(cancel);
        await session.CommitAsync(cancel);
        await StagingRows.ClearAsync(dbs, import.Id, cancel);
        return true;
    }

    /// <summary>The rules hold at the moment of merging: between comparison and confirmation another import may have come.</summary>
    private async Task<bool> RefuseAsync(GuardDb db, ImportLease lease, Import import, bool isLatest, bool hasNameless, CancellationToken cancel)
    {
        if (!isLatest && !import.IsPartial && !hasNameless)
        {
            import.GoneAccounts = await RemovalRule.GoneAsync(db, import.Id, cancel);
            await db.Imports.Where(i => i.Id == import.Id && i.LeaseOwner == lease.Owner).ExecuteUpdateAsync(s => s.SetProperty(i => i.GoneAccounts, import.GoneAccounts), cancel);
        }

        if (await RemovalRule.ProblemAsync(db, import, cancel) is not { } problem)
        {
            return false;
        }

        await ResumeImports.RefuseAsync(dbs, import.Id, lease.Owner, problem, clock.Now, cancel);
        return true;
    }

    private async Task<int> MergeAsync(StatementSession session, ImportLease lease, Import import, StagedPage page, bool hasNameless, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteAsync(session, lease, import, page, hasNameless, clock.Now, cancel);
            }
            catch (Exception e) when (e is DbException or PageOvertakenException && attempt < MostAttempts)
            {
                // A scan may have added the same domain meanwhile, or judged an address; a lock may have run out. The page is planned anew.
                await session.RollbackAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), time, cancel);
            }
        }
    }

    private async Task<int> WriteAsync(StatementSession session, ImportLease lease, Import import, StagedPage page, bool hasNameless, DateTimeOffset now, CancellationToken cancel)
    {
        var db = session.Db;
        List<StagedAccount> held = [];
        await foreach (var account in StagedPage.AccountsAsync(page.HeldIn(db), conflict: null, cancel))
        {
            held.Add(account);
        }

        var plans = await PlanChunk.MakeAsync(db, held, import.IsPartial, hasNameless, now, cancel);
        var added = page.NewIn(db);
        var newAccounts = await added.Select(r => r.ExternalId).Distinct().CountAsync(cancel);
        var newAddresses = plans.Sum(p => p.NewAddresses) + (newAccounts == 0 ? 0 : await added.CountAsync(r => r.Email != null, cancel));
        var (domains, hosts) = newAddresses == 0 ? ([], []) : await NewDomainsAsync(db, page, now, cancel);
        var firstAccount = newAccounts == 0 ? 0 : await ids.ReserveAsync(IdAllocator.Account, newAccounts, cancel);
        var firstAddress = newAddresses == 0 ? 0 : await ids.ReserveAsync(IdAllocator.Address, newAddresses, cancel);
        List<object?[]> accounts = [.. plans.Where(p => p.IsChanged).Select(p => UpdateRow(p, now))];
        List<object?[]> addresses =
            [.. plans.SelectMany(p => p.ChangedAddresses).Select(c => new object?[] { c.Held.Id, c.IsPrimary, c.VerifiedAt, c.BaselineFrom, c.RetiredAt, c.Held.Version, c.ClaimedAt, c.ClaimState })];

        await session.BeginAsync(cancel);
        await lease.CheckAsync(session, cancel);
        await session.InsertAsync(ImportSql.Domains, domains, cancel);
        await session.InsertAsync(ImportSql.MailHosts, hosts, cancel);
        if (await session.ExecuteManyAsync(ImportSql.UpdateAccount, accounts, cancel) != accounts.Count || await session.ExecuteManyAsync(ImportSql.UpdateAddress, addresses, cancel) != addresses.Count)
        {
            throw new PageOvertakenException();
        }

        if (newAccounts > 0)
        {
            await session.ExecuteAsync(ImportSql.InsertAccounts, [page.ImportId, page.After, page.Last, firstAccount - 1, now, false], cancel);
        }

        if (newAddresses > 0)
        {
            await session.ExecuteAsync(ImportSql.InsertAddresses, [page.ImportId, page.After, page.Last, firstAddress - 1, now, false], cancel);
        }

        await session.ExecuteManyAsync(ImportSql.BringForward, [.. plans.SelectMany(p => p.LookUpFirst).Distinct().Select(id => new object?[] { id, now, true })], cancel);
        await session.ExecuteAsync(ImportSql.Advance, [import.Id, page.Last, newAccounts + plans.Count], cancel);
        await session.CommitAsync(cancel);
        return newAccounts + plans.Count;
    }

    private async Task<(List<object?[]> Domains, List<object?[]> Hosts)> NewDomainsAsync(GuardDb db, StagedPage page, DateTimeOffset now, CancellationToken cancel)
    {
        var missing = await page.In(db)
            .Where(r => !r.IsRejected && r.Email != null && (r.IsRegistrable ? !db.MailHosts.Any(h => h.Name == r.MailHost) : !db.Domains.Any(d => d.Name == r.DomainName)))
            .Select(r => new { r.DomainName, r.MailHost, r.IsRegistrable, r.IsTenant }).Distinct().ToListAsync(cancel);
        if (missing.Count == 0)
        {
            return ([], []);
        }

        var names = missing.Select(m => m.DomainName!).Distinct().ToArray();
        var known = await db.Domains.AsNoTracking().Where(d => EF.Parameter(names).Contains(d.Name)).ToDictionaryAsync(d => d.Name, d => d.Id, StringComparer.Ordinal, cancel);
        var added = missing.Where(m => !known.ContainsKey(m.DomainName!)).DistinctBy(m => m.DomainName).ToList();
        var nextDomain = added.Count == 0 ? 0 : await ids.ReserveAsync(IdAllocator.Domain, added.Count, cancel);
        var domains = added.ConvertAll(m =>
        {
            known.Add(m.DomainName!, nextDomain);
            return DomainRow(nextDomain++, m.DomainName!, m.IsRegistrable, now);
        });
        var hosts = missing.Where(m => m.IsRegistrable).DistinctBy(m => m.MailHost).ToList();
        var nextHost = hosts.Count == 0 ? 0 : await ids.ReserveAsync(IdAllocator.MailHost, hosts.Count, cancel);
        return (domains, hosts.ConvertAll(m => new object?[] { nextHost++, known[m.DomainName!], m.MailHost, m.IsTenant }));
    }

    /// <summary>A new domain is due at once; what its addresses say is counted at the end.</summary>
    private static object?[] DomainRow(long id, string name, bool isRegistrable, DateTimeOffset now) =>
    [
        id, name, name.StartsWith('[') ? "" : DomainName.Tld(name) is { Length: <= 63 } tld ? tld : "", WatchedFor.Addresses, 0, 0, 0, now, isRegistrable ? Phase.Unknown : Phase.NotApplicable,
        DomainFlags.None, Confidence.None, HandChange.None, isRegistrable ? now : null, isRegistrable ? CheckSchedule.NextSweep(name, now) : null, 0, 0,
    ];

    private static object?[] UpdateRow(AccountPlan plan, DateTimeOffset now)
    {
        var a = plan.After;
        return
        [
            a.Id, a.UserName, a.SortName, a.DisplayName, a.CreatedAt, a.LastSeenAt, a.TwoFactor, a.Privileged, a.Projects, a.MonthlyDownloads, a.Impact, a.AddressCount, now, a.Version,
        ];
    }

    /// <summary>Accounts that the full list does not name are retired with their addresses, never deleted; some thousands at a time.</summary>
    private async Task RetireAsync(StatementSession session, ImportLease lease, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        long after = 0;
        while (await LastOfPageAsync(session.Db.Accounts.Where(a => a.Id > after).Select(a => a.Id), RetirePage, cancel) is { } last)
        {
            await session.BeginAsync(cancel);
            await lease.CheckAsync(session, cancel);
            object?[] values = [lease.ImportId, after, last, clock.Now];
            await session.ExecuteAsync(ImportSql.RetireAddresses, values, cancel);
            await session.ExecuteAsync(ImportSql.RetireAccounts, values, cancel);
            await session.CommitAsync(cancel);
            progress?.Invoke(new ImportProgress("Retiring", (int)Math.Min(last, int.MaxValue), null));
            after = last;
        }
    }

    /// <summary>The last key of the next page; null when there is none.</summary>
    internal static async Task<long?> LastOfPageAsync(IQueryable<long> keys, int page, CancellationToken cancel) =>
        await keys.OrderBy(id => id).Skip(page - 1).Select(id => (long?)id).FirstOrDefaultAsync(cancel) ?? await keys.OrderByDescending(id => id).Select(id => (long?)id).FirstOrDefaultAsync(cancel);

    /// <summary>Broken off: whoever comes next need not wait for the lease to run out.</summary>
    private async Task ReleaseAsync(ImportLease lease)
    {
        try
        {
            await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
            await db.Imports.Where(i => i.Id == lease.ImportId && i.LeaseOwner == lease.Owner)
                .ExecuteUpdateAsync(s => s.SetProperty(i => i.LeaseOwner, (string?)null).SetProperty(i => i.LeaseUntil, (DateTimeOffset?)null), CancellationToken.None);
        }
        catch (DbException)
        {
            // The lease runs out by itself.
        }
    }

    /// <summary>Something that the page was planned on has changed.</summary>
    private sealed class PageOvertakenException() : Exception("The page was overtaken by a scan or another writer.");
}
