using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What is asked of an import.</summary>
internal sealed record ImportRequest(string FileName, string Format, string RequestedBy)
{
    public bool IsPartial { get; init; }

    public bool KeepGood { get; init; }

    public bool AllowRemovals { get; init; }

    public bool IsDryRun { get; init; }

    /// <summary>A person sees the comparison and decides; too many accounts gone then asks instead of refusing.</summary>
    public bool WaitsForPerson { get; init; }
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
internal sealed class StageImport(IDbContextFactory<GuardDb> dbs, IdAllocator ids, ScanNode node, GuardClock clock, TimeProvider time)
{
    internal const int MaxKeptRejections = 10_000;
    internal static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private const int ChunkRows = 5_000;
    private const double MostGone = 0.10;

    /// <summary>Stages and compares; the import that comes back is <see cref="ImportStatus.Compared"/>, or refused with its problem in words.</summary>
    public async Task<Import> ExecuteAsync(Stream file, ImportRequest request, Action<ImportProgress>? progress, Action<string>? note, CancellationToken cancel)
    {
        var import = await BeginAsync(request, cancel);
        try
        {
            await StageAsync(import, file, progress, note ?? (_ => { }), cancel);
            await CompareAsync(import, progress, cancel);
            Decide(import, request.WaitsForPerson);
        }
        catch (ImportUnreadableException e)
        {
            (import.Status, import.Problem) = (ImportStatus.Refused, e.Message);
        }
        catch (OperationCanceledException)
        {
            (import.Status, import.Problem) = (ImportStatus.Refused, "The import was given up while it was read.");
            await EndAsync(import, CancellationToken.None);
            throw;
        }

        await EndAsync(import, cancel);
        return import;
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
            RequestedBy = request.RequestedBy,
            RequestedAt = clock.Now,
            Status = ImportStatus.Staging,
            LeaseOwner = node.Name,
            LeaseUntil = time.GetUtcNow() + Lease,
        };
        await using var db = await dbs.CreateDbContextAsync(cancel);
        db.Imports.Add(import);
        await db.SaveChangesAsync(cancel);
        return import;
    }

    private async Task StageAsync(Import import, Stream file, Action<ImportProgress>? progress, Action<string> note, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var text = await ImportText.OpenAsync(file, cancel);
        var now = clock.Now;
        var items = import.Format == ImportFormat.Csv ? CsvReaderOfAccounts.ReadAsync(text, now, note, cancel) : NdjsonReaderOfAccounts.ReadAsync(text, now, note, cancel);
        List<object?[]> rows = new(ChunkRows);
        List<object?[]> rejected = [];
        long sequence = 0;
        await foreach (var item in items.WithCancellation(cancel))
        {
            sequence++;
            switch (item)
            {
                case ImportGood good:
                    rows.Add(Row(import.Id, sequence, good));
                    break;
                case ImportBad bad when ++import.Rejected <= MaxKeptRejections:
                    rejected.Add([import.Id, sequence, bad.Line, Cut(bad.Field, 50), Cut(bad.Reason, 300)]);
                    break;
            }

            if (rows.Count >= ChunkRows)
            {
                await WriteAsync();
            }
        }

        await WriteAsync();
        import.Rows = (int)sequence;

        async Task WriteAsync()
        {
            await session.BeginAsync(cancel);
            await session.ExecuteManyAsync(ImportSql.StageRow, rows, cancel);
            await session.ExecuteManyAsync(ImportSql.Reject, rejected, cancel);
            await session.ExecuteAsync(ImportSql.Advance, [import.Id, null, 0, time.GetUtcNow() + Lease], cancel);
            await session.CommitAsync(cancel);
            rows.Clear();
            rejected.Clear();
            progress?.Invoke(new ImportProgress("Reading", (int)sequence, null));
        }
    }

    private async Task CompareAsync(Import import, Action<ImportProgress>? progress, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var sequence = import.Rows + 1L;
        string? after = null;
        var renewed = time.GetTimestamp();
        while (true)
        {
            var chunk = await StagedChunk.ReadAsync(db, import.Id, after, cancel);
            if (chunk.LastId is null)
            {
                break;
            }

            foreach (var plan in await PlanChunk.MakeAsync(db, chunk, import.IsPartial, clock.Now, cancel))
            {
                _ = plan.IsNew ? import.NewAccounts++ : plan.IsChanged ? import.ChangedAccounts++ : import.UnchangedAccounts++;
            }

            foreach (var bad in chunk.Rejected)
            {
                if (++import.Rejected <= MaxKeptRejections)
                {
                    db.ImportRejections.Add(new ImportRejection { ImportId = import.Id, Sequence = sequence++, Line = bad.Line, Field = Cut(bad.Field, 50), Reason = Cut(bad.Reason, 300) });
                }
            }

            await db.SaveChangesAsync(cancel);
            db.ChangeTracker.Clear();
            after = chunk.LastId;
            if (time.GetElapsedTime(renewed) > Lease / 4)
            {
                renewed = time.GetTimestamp();
                await db.Imports.Where(i => i.Id == import.Id).ExecuteUpdateAsync(s => s.SetProperty(i => i.LeaseUntil, time.GetUtcNow() + Lease), cancel);
            }

            progress?.Invoke(new ImportProgress("Comparing", import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts, null));
        }

        if (!import.IsPartial)
        {
            import.GoneAccounts = await db.Accounts.CountAsync(a => a.RetiredAt == null && !db.ImportRows.Any(r => r.ImportId == import.Id && r.ExternalId == a.ExternalId), cancel);
        }
    }

    private static void Decide(Import import, bool waitsForPerson)
    {
        var held = import.ChangedAccounts + import.UnchangedAccounts + import.GoneAccounts;
        import.Status = ImportStatus.Compared;
        if (import.Rejected > 0 && !import.KeepGood && !import.IsDryRun)
        {
            (import.Status, import.Problem) = (ImportStatus.Refused, $"{import.Rejected} rows were rejected, so nothing was written. Mend them, or take the rest with --keep-good.");
        }
        else if (import.GoneAccounts > held * MostGone && !import.AllowRemovals)
        {
            import.Problem = $"{import.GoneAccounts} of {held} accounts are not in the file, more than 10 %, so nothing was written. If they really are gone, repeat it with --allow-removals; if the file is a part of the list, with --partial.";
            import.Status = import.IsDryRun || waitsForPerson ? ImportStatus.Compared : ImportStatus.Refused;
        }
        else if (import.NewAccounts + import.ChangedAccounts + import.UnchangedAccounts == 0 && !import.IsDryRun && import.Rejected > 0)
        {
            (import.Status, import.Problem) = (ImportStatus.Refused, "No row of the file can be taken.");
        }
    }

    private async Task EndAsync(Import import, CancellationToken cancel)
    {
        if (import.Status == ImportStatus.Refused || import.IsDryRun)
        {
            import.EndedAt = clock.Now;
        }

        import.LeaseOwner = null;
        import.LeaseUntil = null;
        await using (var db = await dbs.CreateDbContextAsync(cancel))
        {
            db.Imports.Update(import);
            await db.SaveChangesAsync(cancel);
        }

        if (import.EndedAt is not null)
        {
            await StagingRows.ClearAsync(dbs, import.Id, cancel);
        }
    }

    private static object?[] Row(long importId, long sequence, ImportGood good)
    {
        var (account, address) = (good.Account, good.Address);
        return
        [
            importId, sequence, good.Line, account.ExternalId, address?.Email.Text, address?.Email.MailHost, address?.Email.Domain, address?.Email.IsRegistrable ?? false,
            address?.Email.IsTenant ?? false, account.UserName, account.DisplayName, address?.IsPrimary ?? false, address?.VerifiedAt, account.CreatedAt, account.LastSeenAt, account.TwoFactor,
            account.Privileged, account.Projects, account.MonthlyDownloads,
        ];
    }

    private static string Cut(string text, int length) => text.Length > length ? text[..length] : text;
}

/// <summary>The staging table after its import.</summary>
internal static class StagingRows
{
    private const int Chunk = 50_000;

    /// <summary>Deletes the staged rows of an import in chunks, so that no writer waits long.</summary>
    public static async Task ClearAsync(IDbContextFactory<GuardDb> dbs, long importId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        while (await db.ImportRows.Where(r => r.ImportId == importId).Select(r => (long?)r.Sequence).MinAsync(cancel) is { } first)
        {
            await db.ImportRows.Where(r => r.ImportId == importId && r.Sequence < first + Chunk).ExecuteDeleteAsync(cancel);
        }
    }
}
