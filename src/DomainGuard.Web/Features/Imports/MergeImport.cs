using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
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
/// Carries a compared import out: page after page of accounts in short transactions that write how far it came, then retires who is gone, then counts addresses per domain. Killed at
/// any moment it goes on where it was, by whoever takes the lease; doing a page again changes nothing.
/// </summary>
internal sealed class MergeImport(IDbContextFactory<GuardDb> dbs, TallyDomains tally, ImportTurn turn, GuardClock clock, TimeProvider time)
{
    private const int MostAttempts = 5;
    private const int RetirePage = 20_000;
    private const int DomainPart = 5_000;

    // Tables that grow so much are counted anew, then at four times as much: a plan that was made for nearly empty ones reads them whole for every row.
    internal const int MuchNew = 10_000;

    // What a part of new accounts touches of SQLite's file, nearly all of it in indexes.
    private const int PagesWritten = 10_000;

    // Read and compared, and not yet written: so many wait at most.
    private const int PlansAhead = 1;

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
        await using var session = await StatementSession.OpenAsync(dbs, cancel, PagesWritten);
        var import = await session.Db.Imports.AsNoTracking().SingleAsync(i => i.Id == lease.ImportId, cancel);
        var hasNameless = await StagedPage.HasNamelessAsync(session.Db, import.Id, cancel);
        if (import.MergedUpTo is null && await RefuseAsync(session.Db, lease, import, isLatest, hasNameless, cancel))
        {
            return false;
        }

        await MergePagesAsync(session, lease, import, hasNameless, progress, cancel);
        if (import.GoneAccounts > 0)
        {
            await RetireAsync(session, lease, progress, cancel);
        }

        await tally.ExecuteAsync(session, import, lease, progress, cancel);

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

    /// <summary>
    /// While a part is written the next are read and compared, on connections of their own: no two share an account. On PostgreSQL two pages are written at a time; they are
    /// committed one after the other, so that what is merged is always everything up to a page.
    /// </summary>
    private async Task MergePagesAsync(StatementSession session, ImportLease lease, Import import, bool hasNameless, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        var total = import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts;
        await using var readers = await PageReaders.OpenAsync(dbs, cancel);
        await using var other = session.Db.Database.IsNpgsql() ? await StatementSession.OpenAsync(dbs, cancel) : null;
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var plans = Channel.CreateBounded<PagePlan>(new BoundedChannelOptions(PlansAhead) { SingleReader = true, SingleWriter = true });
        var planning = Task.Run(() => PlanAllAsync(readers, import, hasNameless, plans.Writer, failed.Token), CancellationToken.None);
        Task before = Task.CompletedTask, last = Task.CompletedTask;
        var (by, then) = (session, other ?? session);
        var (added, countAt) = (0, MuchNew);
        try
        {
            await foreach (var plan in plans.Reader.ReadAllAsync(cancel))
            {
                await (other is null ? last : before); // then its session is free
                var domains = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                (before, last) = (last, WriteAsync(by, plan, last, domains));
                await domains.Task;
                (by, then) = (then, by);
            }

            await last;
        }
        finally
        {
            await failed.CancelAsync();
            foreach (var task in (Task[])[planning, before, last])
            {
                await task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }

        async Task WriteAsync(StatementSession by, PagePlan plan, Task before, TaskCompletionSource domains)
        {
            try
            {
                import.MergedAccounts += await MergeAsync(by, lease, import, plan, hasNameless, before, domains, cancel);
                added += plan.Added.Accounts;
                if (added >= countAt)
                {
                    countAt = added * 4;
                    await by.AnalyzeAsync(ImportSql.Filled, cancel);
                }

                progress?.Invoke(new ImportProgress("Writing", import.MergedAccounts, total));
            }
            finally
            {
                domains.TrySetResult();
            }
        }
    }

    private async Task PlanAllAsync(PageReaders readers, Import import, bool hasNameless, ChannelWriter<PagePlan> plans, CancellationToken cancel)
    {
        try
        {
            await foreach (var plan in PlansAsync(readers, import, hasNameless, cancel))
            {
                await plans.WriteAsync(plan, cancel);
            }

            plans.Complete();
        }
        catch (Exception e)
        {
            plans.Complete(e);
        }
    }

    private async IAsyncEnumerable<PagePlan> PlansAsync(PageReaders readers, Import import, bool hasNameless, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (db, after) = (readers.Between.Db, import.MergedUpTo ?? "");
        while (await StagedPage.StretchAsync(db, import.Id, after, cancel) is { } stretch)
        {
            var (hasDomains, accounts) = (false, 0);
            await foreach (var read in ReadAsync(stretch))
            {
                var plan = read;
                accounts += plan.HeldAccounts + plan.Added.Accounts;
                if (plan.Added.Addresses > 0 && !hasDomains)
                {
                    plan = plan with { Stretch = stretch, Missing = await MissingAsync(db, stretch, cancel) };
                    hasDomains = true;
                }

                if (plan.Part.UpTo is not null)
                {
                    (plan, accounts) = (plan with { DoneAccounts = accounts }, 0);
                }

                if (!plan.IsEmpty)
                {
                    yield return plan;
                }
            }

            after = stretch.Last;
        }

        // New accounts on SQLite are read by one: it keeps ahead of the writer, and two would take the processor from it.
        async IAsyncEnumerable<PagePlan> ReadAsync(StagedPage stretch)
        {
            var isServer = !db.Database.IsSqlite();
            await foreach (var plan in readers.InOrderAsync(PagesAsync(db, stretch, isServer, cancel), (on, part) => PlanAsync(on, import, part, hasNameless, cancel), cancel))
            {
                yield return plan;
            }

            if (!isServer)
            {
                foreach (var ids in await stretch.NewByNameAsync(db, cancel))
                {
                    yield return await PlanAsync(readers.Between, import, new PagePart(stretch) { TakesHeld = false, New = ids }, hasNameless, cancel);
                }

                yield return await PlanAsync(readers.Between, import, new PagePart(stretch) { TakesHeld = false, New = [], UpTo = stretch.Last }, hasNameless, cancel);
            }
        }
    }

    /// <summary>
    /// A server takes a stretch page by page. On SQLite accounts that we hold go first, page by page, then new ones in the order of their names: what is written at a time then lies
    /// close together in the indexes by name and by address, and fewer pages of the file change. Broken off in between, the stretch is done again.
    /// </summary>
    private static async IAsyncEnumerable<PagePart> PagesAsync(GuardDb db, StagedPage stretch, bool isServer, [EnumeratorCancellation] CancellationToken cancel)
    {
        var after = stretch.After;
        while (await stretch.NextAsync(db, after, cancel) is { } page)
        {
            yield return isServer ? new PagePart(page) { UpTo = page.Last } : new PagePart(page) { New = [] };
            after = page.Last;
        }
    }

    private async Task<PagePlan> PlanAsync(StatementSession session, Import import, PagePart part, bool hasNameless, CancellationToken cancel)
    {
        var db = session.Db;
        List<StagedAccount> held = [];
        if (part.TakesHeld)
        {
            await foreach (var account in StagedPage.AccountsAsync(part.Page.HeldIn(db), conflict: null, cancel))
            {
                held.Add(account);
            }
        }

        var now = clock.Now;
        var plans = await PlanChunk.MakeAsync(db, held, import.IsPartial, hasNameless, now, cancel);
        return new PagePlan(part, plans.Count, await PageAdditions.OfAsync(session, part, plans, cancel))
        {
            Accounts = [.. plans.Where(p => p.IsChanged).Select(p => UpdateRow(p, now))],
            Addresses =
            [
                .. plans.SelectMany(p => p.ChangedAddresses)
                    .Select(c => new object?[] { c.Held.Id, c.IsPrimary, c.VerifiedAt, c.BaselineFrom, c.RetiredAt, c.Held.Version, c.ClaimedAt, c.ClaimState, c.ClaimProof }),
            ],
            LookUpFirst = [.. plans.SelectMany(p => p.LookUpFirst).Distinct().Select(id => new object?[] { id, now, true })],
        };
    }

    private async Task<int> MergeAsync(StatementSession session, ImportLease lease, Import import, PagePlan plan, bool hasNameless, Task before, TaskCompletionSource domains, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await AddDomainsAsync(session, lease, plan.Missing, clock.Now, cancel);
                domains.TrySetResult();
                await WriteAsync(session, lease, import, plan, before, clock.Now, cancel);
                return plan.DoneAccounts;
            }
            catch (Exception e) when (e is DbException or PageOvertakenException && attempt < MostAttempts && !before.IsFaulted)
            {
                // A scan may have added the same domain meanwhile, or judged an address; a lock may have run out. The page is planned anew.
                await session.RollbackAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), time, cancel);
                var missing = plan.Stretch is null ? [] : await MissingAsync(session.Db, plan.Stretch, cancel);
                plan = await PlanAsync(session, import, plan.Part, hasNameless, cancel) with { DoneAccounts = plan.DoneAccounts, Stretch = plan.Stretch, Missing = missing };
            }
        }
    }

    // The page before is committed first. Until then nothing is touched that it may touch too, for it would wait for what waits for it: the row of the import, domains.
    private static async Task WriteAsync(StatementSession session, ImportLease lease, Import import, PagePlan plan, Task before, DateTimeOffset now, CancellationToken cancel)
    {
        var (part, db) = (plan.Part, session.Db);
        var firstAccount = plan.Added.Accounts == 0 ? 0 : await IdAllocator.ReserveAsync(db, IdAllocator.Account, plan.Added.Accounts, cancel);
        var firstAddress = plan.Added.Addresses == 0 ? 0 : await IdAllocator.ReserveAsync(db, IdAllocator.Address, plan.Added.Addresses, cancel);

        await session.BeginAsync(cancel);
        if (await session.ExecuteManyAsync(ImportSql.UpdateAccount, plan.Accounts, cancel) != plan.Accounts.Count
            || await session.ExecuteManyAsync(ImportSql.UpdateAddress, plan.Addresses, cancel) != plan.Addresses.Count
            || !await plan.Added.InsertAsync(session, part.Page, firstAccount, firstAddress, now, cancel))
        {
            throw new PageOvertakenException();
        }

        await before;
        await lease.CheckAsync(session, cancel);
        await session.ExecuteManyAsync(ImportSql.BringForward, plan.LookUpFirst, cancel);
        if (part.UpTo is not null)
        {
            await session.ExecuteAsync(ImportSql.Advance, [import.Id, part.UpTo, plan.DoneAccounts], cancel);
        }

        await session.CommitAsync(cancel);
    }

    private static async Task<List<MissingHost>> MissingAsync(GuardDb db, StagedPage rows, CancellationToken cancel) =>
        [
            .. (await rows.In(db)
                .Where(r => !r.IsRejected && r.Email != null && (r.IsRegistrable ? !db.MailHosts.Any(h => h.Name == r.MailHost) : !db.Domains.Any(d => d.Name == r.DomainName)))
                .Select(r => new MissingHost(r.DomainName!, r.MailHost!, r.IsRegistrable, r.IsTenant)).Distinct().ToListAsync(cancel)).OrderBy(m => m.Domain, StringComparer.Ordinal),
        ];

    /// <summary>
    /// Adds domains and mail hosts of the pages that come next, before their addresses, in the order of their names: page by page, each new name would lie somewhere else in every
    /// index that begins with it. Nobody removes a domain.
    /// </summary>
    private static async Task AddDomainsAsync(StatementSession session, ImportLease lease, IReadOnlyList<MissingHost> missing, DateTimeOffset now, CancellationToken cancel)
    {
        var db = session.Db;
        foreach (var part in missing.Chunk(DomainPart))
        {
            var names = part.Select(m => m.Domain).Distinct().ToArray();
            var known = await db.Domains.AsNoTracking().Where(d => EF.Parameter(names).Contains(d.Name)).ToDictionaryAsync(d => d.Name, d => d.Id, StringComparer.Ordinal, cancel);
            var added = part.Where(m => !known.ContainsKey(m.Domain)).DistinctBy(m => m.Domain).ToList();
            var nextDomain = added.Count == 0 ? 0 : await IdAllocator.ReserveAsync(db, IdAllocator.Domain, added.Count, cancel);
            var domains = added.ConvertAll(m =>
            {
                known.Add(m.Domain, nextDomain);
                return DomainRow(nextDomain++, m.Domain, m.IsRegistrable, now);
            });
            var hosts = part.Where(m => m.IsRegistrable).DistinctBy(m => m.Host).ToList();
            var nextHost = hosts.Count == 0 ? 0 : await IdAllocator.ReserveAsync(db, IdAllocator.MailHost, hosts.Count, cancel);

            await session.BeginAsync(cancel);
            await lease.CheckAsync(session, cancel);
            await session.InsertAsync(ImportSql.Domains, domains, cancel);
            await session.InsertAsync(ImportSql.MailHosts, hosts.ConvertAll(m => new object?[] { nextHost++, known[m.Domain], m.Host, m.IsTenant }), cancel);
            await session.CommitAsync(cancel);
        }
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

    /// <summary>What is to be written in one transaction, as far as it does not go from table to table.</summary>
    private sealed record PagePlan(PagePart Part, int HeldAccounts, PageAdditions Added)
    {
        /// <summary>Accounts that are done with it, where it ends what is done again when it is broken off.</summary>
        public int DoneAccounts { get; init; }

        public IReadOnlyList<object?[]> Accounts { get; init; } = [];

        public IReadOnlyList<object?[]> Addresses { get; init; } = [];

        public IReadOnlyList<object?[]> LookUpFirst { get; init; } = [];

        /// <summary>Nothing is to be written.</summary>
        public bool IsEmpty => Part.UpTo is null && Accounts.Count + Addresses.Count + LookUpFirst.Count + Added.Accounts + Added.Addresses == 0;

        /// <summary>The pages from this one on whose domains and mail hosts are added with it; null where an earlier page did, or nothing is new.</summary>
        public StagedPage? Stretch { get; init; }

        /// <summary>What of them we do not hold, by domain.</summary>
        public IReadOnlyList<MissingHost> Missing { get; init; } = [];
    }

    private sealed record MissingHost(string Domain, string Host, bool IsRegistrable, bool IsTenant);

    /// <summary>Something that the page was planned on has changed.</summary>
    private sealed class PageOvertakenException() : Exception("The page was overtaken by a scan or another writer.");
}
