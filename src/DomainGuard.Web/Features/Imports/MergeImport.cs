using System.Data.Common;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>
/// Carries a compared import out: page after page of accounts, each in one short transaction together with how far it came, then retires who is gone, then counts addresses per
/// domain. Killed at any moment it goes on where it was, by whoever takes the lease; doing a page again changes nothing.
/// </summary>
internal sealed class MergeImport(IDbContextFactory<GuardDb> dbs, IdAllocator ids, TallyDomains tally, ScanNode node, GuardClock clock, TimeProvider time)
{
    private const int MostKnownDomains = 400_000;
    private const int MostAttempts = 5;

    /// <summary>Merges; false when another process holds the import, or it is not to be merged.</summary>
    public async Task<bool> ExecuteAsync(long importId, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        if (!await ClaimAsync(importId, cancel))
        {
            return false;
        }

        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var import = await session.Db.Imports.AsNoTracking().SingleAsync(i => i.Id == importId, cancel);
        var known = new Dictionary<string, long>(StringComparer.Ordinal);
        var total = import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts;
        var after = import.MergedUpTo;
        while (true)
        {
            var chunk = await StagedChunk.ReadAsync(session.Db, importId, after, cancel);
            if (chunk.LastId is null)
            {
                break;
            }

            await MergeAsync(session, import, chunk, known, cancel);
            after = chunk.LastId;
            import.MergedAccounts += chunk.Accounts.Count;
            progress?.Invoke(new ImportProgress("Writing", import.MergedAccounts, total));
        }

        if (!import.IsPartial)
        {
            await RetireAsync(session.Db, import, cancel);
        }

        progress?.Invoke(new ImportProgress("Counting", total, total));
        await tally.ExecuteAsync(cancel);
        await StagingRows.ClearAsync(dbs, importId, cancel);
        var now = clock.Now;
        await session.Db.Imports.Where(i => i.Id == importId).ExecuteUpdateAsync(
            s => s.SetProperty(i => i.Status, ImportStatus.Completed).SetProperty(i => i.EndedAt, now).SetProperty(i => i.LeaseOwner, (string?)null).SetProperty(i => i.LeaseUntil, (DateTimeOffset?)null),
            cancel);
        return true;
    }

    private async Task<bool> ClaimAsync(long importId, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Imports
            .Where(i => i.Id == importId && (i.Status == ImportStatus.Compared || i.Status == ImportStatus.Merging) && !i.IsDryRun && (i.LeaseUntil == null || i.LeaseUntil < now || i.LeaseOwner == node.Name))
            .ExecuteUpdateAsync(
                s => s.SetProperty(i => i.Status, ImportStatus.Merging).SetProperty(i => i.LeaseOwner, node.Name).SetProperty(i => i.LeaseUntil, now + StageImport.Lease), cancel) == 1;
    }

    private async Task MergeAsync(StatementSession session, Import import, StagedChunk chunk, Dictionary<string, long> known, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var now = clock.Now;
                var plans = await PlanChunk.MakeAsync(session.Db, chunk, import.IsPartial, now, cancel);
                await LearnDomainsAsync(session.Db, plans, known, cancel);
                await WriteAsync(session, import, chunk, plans, known, now, cancel);
                return;
            }
            catch (Exception e) when (e is DbException && attempt < MostAttempts)
            {
                // A scan or another import may have added the same domain meanwhile; a lock may have run out. The page is planned anew.
                await session.RollbackAsync();
                known.Clear();
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), time, cancel);
            }
        }
    }

    private static async Task LearnDomainsAsync(GuardDb db, List<AccountPlan> plans, Dictionary<string, long> known, CancellationToken cancel)
    {
        if (known.Count > MostKnownDomains)
        {
            known.Clear();
        }

        var names = plans.SelectMany(p => p.NewAddresses).Select(r => r.DomainName!).Where(n => !known.ContainsKey(n)).Distinct().ToArray();
        if (names.Length > 0)
        {
            foreach (var domain in await db.Domains.AsNoTracking().Where(d => EF.Parameter(names).Contains(d.Name)).Select(d => new { d.Name, d.Id }).ToListAsync(cancel))
            {
                known[domain.Name] = domain.Id;
            }
        }
    }

    private async Task WriteAsync(
        StatementSession session, Import import, StagedChunk chunk, List<AccountPlan> plans, Dictionary<string, long> known, DateTimeOffset now, CancellationToken cancel)
    {
        var rows = plans.SelectMany(p => p.NewAddresses).ToList();
        var newDomains = rows.Where(r => !known.ContainsKey(r.DomainName!)).DistinctBy(r => r.DomainName).ToList();
        var domainRows = new List<object?[]>(newDomains.Count);
        var newIds = new Dictionary<string, long>(StringComparer.Ordinal);
        var firstDomain = newDomains.Count > 0 ? await ids.ReserveAsync(IdAllocator.Domain, newDomains.Count, cancel) : 0;
        foreach (var row in newDomains)
        {
            var id = firstDomain++;
            newIds[row.DomainName!] = id;
            domainRows.Add(DomainRow(id, row, now));
        }

        long IdOf(string name) => known.TryGetValue(name, out var id) ? id : newIds[name];
        var mailHosts = await NewMailHostsAsync(session.Db, rows, IdOf, cancel);
        var added = plans.Where(p => p.IsNew).ToList();
        var firstAccount = added.Count > 0 ? await ids.ReserveAsync(IdAllocator.Account, added.Count, cancel) : 0;
        added.ForEach(p => p.After.Id = firstAccount++);
        var firstAddress = rows.Count > 0 ? await ids.ReserveAsync(IdAllocator.Address, rows.Count, cancel) : 0;

        await session.BeginAsync(cancel);
        await session.ExecuteManyAsync(ImportSql.InsertDomain, domainRows, cancel);
        await session.ExecuteManyAsync(ImportSql.InsertMailHost, mailHosts, cancel);
        await session.ExecuteManyAsync(ImportSql.InsertAccount, added.ConvertAll(p => InsertRow(p, now)), cancel);
        await session.ExecuteManyAsync(ImportSql.UpdateAccount, [.. plans.Where(p => p.IsChanged).Select(p => UpdateRow(p, now))], cancel);
        await session.ExecuteManyAsync(
            ImportSql.InsertAddress,
            [.. plans.SelectMany(p => p.NewAddresses.Select(r => new object?[] { firstAddress++, p.After.Id, IdOf(r.DomainName!), r.Email, r.Email!.ToLowerInvariant(), r.MailHost, r.IsPrimary, r.VerifiedAt, now }))],
            cancel);
        await session.ExecuteManyAsync(
            ImportSql.UpdateAddress, [.. plans.SelectMany(p => p.ChangedAddresses).Select(c => new object?[] { c.Held.Id, c.IsPrimary, c.VerifiedAt, c.BaselineFrom, c.RetiredAt })], cancel);
        await session.ExecuteManyAsync(ImportSql.BringForward, [.. plans.SelectMany(p => p.LookUpFirst).Distinct().Select(id => new object?[] { id, now })], cancel);
        await session.ExecuteAsync(ImportSql.Advance, [import.Id, chunk.LastId, chunk.Accounts.Count, time.GetUtcNow() + StageImport.Lease], cancel);
        await session.CommitAsync(cancel);
        foreach (var (name, id) in newIds)
        {
            known[name] = id;
        }
    }

    private async Task<List<object?[]>> NewMailHostsAsync(GuardDb db, List<ImportRow> rows, Func<string, long> idOf, CancellationToken cancel)
    {
        var hosts = rows.Where(r => r.IsRegistrable).DistinctBy(r => r.MailHost).ToList();
        var names = hosts.ConvertAll(r => r.MailHost!).ToArray();
        if (names.Length == 0)
        {
            return [];
        }

        var held = await db.MailHosts.AsNoTracking().Where(h => EF.Parameter(names).Contains(h.Name)).Select(h => h.Name).ToHashSetAsync(StringComparer.Ordinal, cancel);
        var missing = hosts.Where(r => !held.Contains(r.MailHost!)).ToList();
        var first = missing.Count > 0 ? await ids.ReserveAsync(IdAllocator.MailHost, missing.Count, cancel) : 0;
        return missing.ConvertAll(r => new object?[] { first++, idOf(r.DomainName!), r.MailHost, r.IsTenant });
    }

    private static object?[] DomainRow(long id, ImportRow row, DateTimeOffset now)
    {
        var name = row.DomainName!;
        var phase = row.IsRegistrable ? Phase.Unknown : Phase.NotApplicable;
        return
        [
            id, name, name.StartsWith('[') ? "" : DomainName.Tld(name) is { Length: <= 63 } tld ? tld : "", WatchedFor.Addresses,
            0, now, phase, row.IsRegistrable ? now : null, row.IsRegistrable ? CheckSchedule.NextSweep(name, now) : null,
        ];
    }

    private static object?[] InsertRow(AccountPlan plan, DateTimeOffset now)
    {
        var a = plan.After;
        return [a.Id, a.ExternalId, a.UserName, a.SortName, a.DisplayName, a.CreatedAt, a.LastSeenAt, a.TwoFactor, a.Privileged, a.Projects, a.MonthlyDownloads, a.Impact, a.AddressCount, now];
    }

    private static object?[] UpdateRow(AccountPlan plan, DateTimeOffset now)
    {
        var a = plan.After;
        return [a.Id, a.UserName, a.SortName, a.DisplayName, a.CreatedAt, a.LastSeenAt, a.TwoFactor, a.Privileged, a.Projects, a.MonthlyDownloads, a.Impact, a.AddressCount, now];
    }

    /// <summary>Accounts that the full list does not name are retired with their addresses, some thousands at a time.</summary>
    private async Task RetireAsync(GuardDb db, Import import, CancellationToken cancel)
    {
        long after = 0;
        while (true)
        {
            var page = await db.Accounts.AsNoTracking().Where(a => a.Id > after).OrderBy(a => a.Id).Take(20_000)
                .Select(a => new { a.Id, IsGone = a.RetiredAt == null && !db.ImportRows.Any(r => r.ImportId == import.Id && r.ExternalId == a.ExternalId) }).ToListAsync(cancel);
            if (page.Count == 0)
            {
                return;
            }

            after = page[^1].Id;
            var now = clock.Now;
            foreach (var gone in page.Where(p => p.IsGone).Select(p => p.Id).Chunk(2_000))
            {
                await using var transaction = await db.Database.BeginTransactionAsync(cancel);
                await db.Addresses.Where(a => EF.Parameter(gone).Contains(a.AccountId) && a.RetiredAt == null)
                    .ExecuteUpdateAsync(s => s.SetProperty(a => a.RetiredAt, now).SetProperty(a => a.Version, a => a.Version + 1), cancel);
                await db.Accounts.Where(a => EF.Parameter(gone).Contains(a.Id))
                    .ExecuteUpdateAsync(s => s.SetProperty(a => a.RetiredAt, now).SetProperty(a => a.ChangedAt, now).SetProperty(a => a.AddressCount, 0).SetProperty(a => a.Version, a => a.Version + 1), cancel);
                await transaction.CommitAsync(cancel);
            }
        }
    }
}
