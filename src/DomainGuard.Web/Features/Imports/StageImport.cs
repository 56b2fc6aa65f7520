using System.Runtime.CompilerServices;
using System.Threading.Channels;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What is asked of an import.</summary>
internal sealed record ImportRequest(string FileName, string Format, Requester By)
{
    public bool IsPartial { get; init; }

    public bool KeepGood { get; init; }

    public bool AllowRemovals { get; init; }

    public bool IsDryRun { get; init; }

    /// <summary>A person will look at the comparison and confirm it (<see cref="ConfirmImport"/>): nothing is refused for rejected rows or removals before.</summary>
    public bool WaitsForPerson { get; init; }

    /// <summary>Who asks comes again by himself: he is not kept waiting behind another import.</summary>
    public bool NeverWaits { get; init; }
}

/// <summary>How far it is.</summary>
/// <param name="Step">In words.</param>
/// <param name="Done">Rows or accounts done.</param>
/// <param name="Total">Of how many; null while it is not known.</param>
internal readonly record struct ImportProgress(string Step, int Done, int? Total);

/// <summary>
/// Reads a file into the staging table, in chunks of short transactions, and compares it with what we hold. Writes nothing else. A process that is killed here leaves staged
/// rows that nobody merges; <see cref="ResumeImports"/> clears them.
/// </summary>
internal sealed class StageImport(IDbContextFactory<GuardDb> dbs, IdAllocator ids, ImportTurn turn, ResumeImports resume, GuardClock clock)
{
    internal const int MaxKeptRejections = 10_000;
    private const int ChunkRows = 5_000;
    private const int MostProblem = 500;

    // Pages of SQLite's file that staging keeps: it goes straight on and comes back to few.
    private const int PagesInMemory = 1_000;

    /// <summary>Stages and compares; the import that comes back is <see cref="ImportStatus.Compared"/>, or refused with its problem in words. Waits for other imports.</summary>
    /// <exception cref="ImportLeaseLostException">This process was held up, and another gave the import up.</exception>
    public Task<Import> ExecuteAsync(Stream file, ImportRequest request, Action<ImportProgress>? progress, Action<string>? note, CancellationToken cancel) =>
        ExecuteAsync((now, stop) => ReadFileAsync(file, request.Format, now, note ?? (_ => { }), stop), request, progress, cancel);

    /// <summary>The same for rows that come from somewhere else; <see cref="ImportUnreadableException"/> while they are read refuses the import with its words.</summary>
    /// <exception cref="ImportLeaseLostException">This process was held up, and another gave the import up.</exception>
    /// <exception cref="ImportRunningException">Another import is at work, and this one <see cref="ImportRequest.NeverWaits"/>.</exception>
    public async Task<Import> ExecuteAsync(Func<DateTimeOffset, CancellationToken, IAsyncEnumerable<ImportItem>> rows, ImportRequest request, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        // Looked at before it is written down, so that who comes again and again leaves no rows; the turn itself decides between two that come together.
        if (request.NeverWaits && await turn.AtWorkAsync(cancel) is { } other)
        {
            throw new ImportRunningException(other);
        }

        await resume.ExecuteAsync(progress, cancel);
        var import = await BeginAsync(request, cancel);
        await using var lease = turn.Hold(import);
        try
        {
            await turn.TakeAsync(
                import.Id,
                other => resume.TakeUpAsync(other, progress, cancel),
                number =>
                {
                    if (request.NeverWaits)
                    {
                        throw new ImportRunningException(number);
                    }

                    progress?.Invoke(new ImportProgress($"Waiting for import {number}", 0, null));
                },
                cancel);
            await StageAsync(import, lease, rows, progress, cancel);
            await CompareAsync(import, lease, progress, cancel);
            await DecideAsync(import, request, cancel);
        }
        catch (ImportUnreadableException e)
        {
            (import.Status, import.Problem) = (ImportStatus.Refused, Cut(e.Message, MostProblem));
        }
        catch (Exception e) when (e is not ImportLeaseLostException)
        {
            (import.Status, import.Problem) = (ImportStatus.Refused, e is ImportRunningException ? "Another import was at work. Nothing was written." : ProblemOf(e));
            await TryEndAsync(import);
            throw;
        }

        await EndAsync(import, cancel);
        return import;
    }

    private static string ProblemOf(Exception e)
    {
        const string Nothing = " Nothing was written.";
        var words = e is OperationCanceledException ? "The import was given up while it was read." : "The import failed while it was read." + (GuardDatabase.Explain(e) is { } why ? " " + why : "");
        return Cut(words, MostProblem - Nothing.Length) + Nothing;
    }

    private async Task<Import> BeginAsync(ImportRequest request, CancellationToken cancel)
    {
        var import = new Import
        {
            Id = await ids.NextAsync(IdAllocator.Import, cancel),
            FileName = request.FileName.Length > 255 ? request.FileName[^255..] : request.FileName,
            Format = request.Format,
            IsPartial = request.IsPartial,
            KeepGood = request.KeepGood,
            AllowRemovals = request.AllowRemovals,
            IsDryRun = request.IsDryRun,
            RequestedBy = request.By.Name,
            ActorKind = request.By.Actor.Kind,
            ActorId = request.By.Actor.Id,
            ActorFrom = request.By.Actor.From,
            RequestedAt = clock.Now,
            Status = ImportStatus.Staging,
            LeaseOwner = turn.NewOwner(),
            LeaseUntil = turn.LeaseEnd,
        };
        await using var db = await dbs.CreateDbContextAsync(cancel);
        db.Imports.Add(import);
        await db.SaveChangesAsync(cancel);
        return import;
    }

    /// <summary>Reading and writing go on side by side: what is read waits in at most two chunks.</summary>
    private async Task StageAsync(Import import, ImportLease lease, Func<DateTimeOffset, CancellationToken, IAsyncEnumerable<ImportItem>> rows, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var chunks = Channel.CreateBounded<Chunk>(new BoundedChannelOptions(2) { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadAsync(import, rows(clock.Now, failed.Token), chunks.Writer, failed.Token), CancellationToken.None);
        await using var session = await StatementSession.OpenAsync(dbs, cancel, PagesInMemory);
        try
        {
            await foreach (var chunk in chunks.Reader.ReadAllAsync(cancel))
            {
                await session.BeginAsync(cancel);
                await lease.CheckAsync(session, cancel);
                await session.InsertAsync(ImportSql.Rows, chunk.Rows, cancel);
                await session.InsertAsync(ImportSql.Rejections, chunk.Rejections, cancel);
                await session.CommitAsync(cancel);
                progress?.Invoke(new ImportProgress("Reading", (int)chunk.LastSequence, null));
            }
        }
        finally
        {
            await failed.CancelAsync();
            await reading.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        await reading;
        await session.AnalyzeAsync([ImportSql.Rows.Table], cancel);
    }

    private static async IAsyncEnumerable<ImportItem> ReadFileAsync(Stream file, string format, DateTimeOffset now, Action<string> note, [EnumeratorCancellation] CancellationToken cancel)
    {
        var text = await ImportText.OpenAsync(file, cancel);
        await foreach (var item in format == ImportFormat.Csv ? CsvReaderOfAccounts.ReadAsync(text, now, note, cancel) : NdjsonReaderOfAccounts.ReadAsync(text, now, note, cancel))
        {
            yield return item;
        }
    }

    private static async Task ReadAsync(Import import, IAsyncEnumerable<ImportItem> items, ChannelWriter<Chunk> chunks, CancellationToken cancel)
    {
        try
        {
            var chunk = new Chunk();
            var hasNameless = false;
            await foreach (var item in items.WithCancellation(cancel))
            {
                chunk.LastSequence = ++import.Rows;
                if (item is ImportBad bad)
                {
                    import.Rejected++;
                    if (import.Rejected <= MaxKeptRejections)
                    {
                        chunk.Rejections.Add([import.Id, (long)import.Rows, bad.Line, Cut(bad.Field, 50), Cut(bad.Reason, 300)]);
                    }

                    if (bad.ExternalId is not null || !hasNameless)
                    {
                        hasNameless |= bad.ExternalId is null;
                        chunk.Rows.Add(RejectedRow(import.Id, import.Rows, bad));
                    }
                }
                else
                {
                    chunk.Rows.Add(Row(import.Id, import.Rows, (ImportGood)item));
                }

                if (chunk.Rows.Count + chunk.Rejections.Count >= ChunkRows)
                {
                    await chunks.WriteAsync(chunk, cancel);
                    chunk = new Chunk();
                }
            }

            await chunks.WriteAsync(chunk, cancel);
            chunks.Complete();
        }
        catch (Exception e)
        {
            chunks.Complete(e);
            throw;
        }
    }

    private async Task CompareAsync(Import import, ImportLease lease, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        await using var readers = await PageReaders.OpenAsync(dbs, cancel);
        await using var session = await StatementSession.OpenAsync(dbs, cancel, PagesInMemory);
        using var one = new SemaphoreSlim(1, 1);
        var between = readers.Between.Db;
        var hasNameless = await StagedPage.HasNamelessAsync(between, import.Id, cancel);
        await foreach (var page in readers.InOrderAsync(StagedPage.AllAsync(between, import.Id, cancel), CompareAsync, cancel))
        {
            import.NewAccounts += page.New;
            import.ChangedAccounts += page.Changed;
            import.UnchangedAccounts += page.Unchanged;
            await RejectAsync(page.Conflicts);
            progress?.Invoke(new ImportProgress("Comparing", import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts, null));
        }

        if (!import.IsPartial && !hasNameless)
        {
            import.GoneAccounts = await RemovalRule.GoneAsync(between, import.Id, cancel);
        }

        async Task<ComparedPage> CompareAsync(StatementSession reading, StagedPage page)
        {
            var db = reading.Db;
            var added = await page.NewIn(db).Select(r => r.ExternalId).Distinct().CountAsync(cancel);
            List<StagedAccount> accounts = [];
            List<StagedConflict> conflicts = [];
            await foreach (var account in StagedPage.AccountsAsync(page.HeldOrSeveralIn(db), AddAsync, cancel))
            {
                accounts.Add(account);
            }

            var plans = await PlanChunk.MakeAsync(db, accounts, import.IsPartial, hasNameless, clock.Now, cancel);
            var changed = plans.Count(p => p.IsChanged);
            return new ComparedPage(added, changed, plans.Count - changed, conflicts);

            // An account has all its rows on one page, however many they are.
            async Task AddAsync(StagedConflict conflict)
            {
                conflicts.Add(conflict);
                if (conflicts.Count >= ChunkRows)
                {
                    await RejectAsync(conflicts);
                    conflicts.Clear();
                }
            }
        }

        async Task RejectAsync(List<StagedConflict> conflicts)
        {
            if (conflicts.Count == 0)
            {
                return;
            }

            await one.WaitAsync(cancel);
            try
            {
                await session.BeginAsync(cancel);
                await lease.CheckAsync(session, cancel);
                await session.ExecuteManyAsync(ImportSql.RejectRow, conflicts.ConvertAll(c => new object?[] { import.Id, c.Row.ExternalId, c.Row.Sequence, true }), cancel);
                var kept = conflicts.Take(Math.Max(0, MaxKeptRejections - import.Rejected));
                await session.InsertAsync(ImportSql.Rejections, [.. kept.Select(c => new object?[] { import.Id, c.Row.Sequence, c.Row.Line, c.Field, c.Reason })], cancel);
                await session.CommitAsync(cancel);
                import.Rejected += conflicts.Count;
            }
            finally
            {
                one.Release();
            }
        }
    }

    private async Task DecideAsync(Import import, ImportRequest request, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        import.Status = ImportStatus.Compared;
        import.Problem = await RemovalRule.ProblemAsync(db, import, cancel);
        if (import.Rejected > 0 && import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts == 0)
        {
            import.Problem = "No row of the file can be taken.";
            import.Status = import.IsDryRun ? import.Status : ImportStatus.Refused;
        }
        else if (import.Problem is not null && !import.IsDryRun && !request.WaitsForPerson)
        {
            import.Status = ImportStatus.Refused;
        }
    }

    private async Task EndAsync(Import import, CancellationToken cancel)
    {
        if (import.Status == ImportStatus.Refused || import.IsDryRun)
        {
            import.EndedAt = clock.Now;
        }

        await using (var db = await dbs.CreateDbContextAsync(cancel))
        {
            var owner = import.LeaseOwner;
            if (await db.Imports.Where(i => i.Id == import.Id && i.LeaseOwner == owner).ExecuteUpdateAsync(
                s => s.SetProperty(i => i.Status, import.Status).SetProperty(i => i.Problem, import.Problem).SetProperty(i => i.EndedAt, import.EndedAt).SetProperty(i => i.Rows, import.Rows)
                    .SetProperty(i => i.Rejected, import.Rejected).SetProperty(i => i.NewAccounts, import.NewAccounts).SetProperty(i => i.ChangedAccounts, import.ChangedAccounts)
                    .SetProperty(i => i.UnchangedAccounts, import.UnchangedAccounts).SetProperty(i => i.GoneAccounts, import.GoneAccounts)
                    .SetProperty(i => i.LeaseOwner, (string?)null).SetProperty(i => i.LeaseUntil, (DateTimeOffset?)null),
                cancel) != 1)
            {
                throw new ImportLeaseLostException();
            }
        }

        import.LeaseOwner = null;
        import.LeaseUntil = null;
        if (import.EndedAt is not null)
        {
            await StagingRows.ClearAsync(dbs, import.Id, cancel);
        }
    }

    /// <summary>When the database itself fails, the lease runs out and <see cref="ResumeImports"/> gives the import up.</summary>
    private async Task TryEndAsync(Import import)
    {
        try
        {
            await EndAsync(import, CancellationToken.None);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or ImportLeaseLostException)
        {
            // What is to be reported is what failed first.
        }
    }

    private static object?[] Row(long importId, long sequence, ImportGood good)
    {
        var (account, address) = (good.Account, good.Address);
        var (email, name) = (address?.Email, account.UserName ?? account.ExternalId);
        var (text, sort) = (email?.Text, name.ToLowerInvariant());
        var search = email?.SearchText;
        return
        [
            importId, sequence, good.Line, account.ExternalId, false, text, search == text ? null : search, email?.MailHost, email?.Domain, email?.IsRegistrable ?? false, email?.IsTenant ?? false,
            account.UserName, sort == name ? null : sort, account.DisplayName, Impact.Of(account.Projects ?? 0, account.MonthlyDownloads ?? 0, account.Privileged ?? false),
            address?.IsPrimary ?? false, address?.VerifiedAt, account.CreatedAt, account.LastSeenAt, account.TwoFactor, account.Privileged, account.Projects, account.MonthlyDownloads,
            address?.Proof ?? ClaimProof.None,
        ];
    }

    private static object?[] RejectedRow(long importId, long sequence, ImportBad bad) =>
        [importId, sequence, bad.Line, bad.ExternalId ?? "", true, null, null, null, null, false, false, null, null, null, 0, false, null, null, null, null, null, null, null, ClaimProof.None];

    private static string Cut(string text, int length) => text.Length > length ? text[..length] : text;

    private sealed record ComparedPage(int New, int Changed, int Unchanged, List<StagedConflict> Conflicts);

    private sealed class Chunk
    {
        public List<object?[]> Rows { get; } = new(ChunkRows);

        public List<object?[]> Rejections { get; } = [];

        public long LastSequence { get; set; }
    }
}

/// <summary>When an import may be merged: rows rejected only if the rest is wanted, more than 10 % of the accounts gone only if that is said.</summary>
internal static class RemovalRule
{
    private const double MostGone = 0.10;

    /// <summary>Accounts that we hold and a full list does not name.</summary>
    public static Task<int> GoneAsync(GuardDb db, long importId, CancellationToken cancel) =>
        db.Accounts.CountAsync(a => a.RetiredAt == null && !db.ImportRows.Any(r => r.ImportId == importId && r.ExternalId == a.ExternalId), cancel);

    /// <summary>More than 10 % of the accounts that we hold would go.</summary>
    public static async Task<bool> IsManyAsync(GuardDb db, Import import, CancellationToken cancel) =>
        import.GoneAccounts > 0 && import.GoneAccounts > await db.Accounts.CountAsync(a => a.RetiredAt == null, cancel) * MostGone;

    /// <summary>What speaks against merging, in words; null when nothing does.</summary>
    public static async Task<string?> ProblemAsync(GuardDb db, Import import, CancellationToken cancel)
    {
        if (import.Rejected > 0 && !import.KeepGood)
        {
            return $"{import.Rejected} {(import.Rejected == 1 ? "row was" : "rows were")} rejected, so nothing was written. Mend them, or ask for the rest.";
        }

        return !import.AllowRemovals && await IsManyAsync(db, import, cancel)
            ? $"{import.GoneAccounts} accounts that we hold are not in the list, more than 10 %, so nothing was written. If they really are gone, allow that; if it is a part of the list, send it as one."
            : null;
    }
}

/// <summary>The staging table after its import.</summary>
internal static class StagingRows
{
    private const int Chunk = 20_000;

    /// <summary>Deletes the staged rows of an import in chunks, so that no writer waits long.</summary>
    public static async Task ClearAsync(IDbContextFactory<GuardDb> dbs, long importId, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        while (true)
        {
            var ids = session.Db.ImportRows.Where(r => r.ImportId == importId).Select(r => r.ExternalId);
            var last = await ids.OrderBy(id => id).Skip(Chunk - 1).FirstOrDefaultAsync(cancel) ?? await ids.OrderByDescending(id => id).FirstOrDefaultAsync(cancel);
            if (last is null)
            {
                return;
            }

            await session.ExecuteAsync(ImportSql.ClearRows, [importId, last], cancel);
        }
    }
}
