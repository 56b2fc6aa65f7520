using System.Collections.Concurrent;
using DomainGuard.Data.Settings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Data;

/// <summary>
/// Hands out keys made in code. Each process takes blocks of a series from the database by conditional update and serves from them, so that keys are unique
/// across processes, small, and rise with time within a process. A killed process loses the rest of its block, nothing more.
/// </summary>
public sealed class IdAllocator(IDbContextFactory<GuardDb> dbs)
{
    /// <summary>Series of <see cref="Accounts.Account"/>.</summary>
    public const string Account = "Account";

    /// <summary>Series of <see cref="Accounts.Address"/>.</summary>
    public const string Address = "Address";

    /// <summary>Series of <see cref="Domains.Domain"/>.</summary>
    public const string Domain = "Domain";

    /// <summary>Series of <see cref="Domains.MailHost"/>.</summary>
    public const string MailHost = "MailHost";

    /// <summary>Series of <see cref="Domains.StoredObservation"/>.</summary>
    public const string Observation = "Observation";

    /// <summary>Series of <see cref="Domains.PhaseSpan"/>.</summary>
    public const string PhaseSpan = "PhaseSpan";

    /// <summary>Series of <see cref="Domains.Baseline"/>.</summary>
    public const string Baseline = "Baseline";

    /// <summary>Series of <see cref="Scans.Scan"/>: taken one by one, it is the number people see.</summary>
    public const string Scan = "Scan";

    /// <summary>Series of <see cref="Imports.Import"/>: taken one by one.</summary>
    public const string Import = "Import";

    /// <summary>Series of <see cref="Cases.Case"/>: taken one by one or in the number needed, it is the number people see.</summary>
    public const string Case = "Case";

    /// <summary>Series of <see cref="Cases.Batch"/>: taken one by one.</summary>
    public const string Batch = "Batch";

    /// <summary>Series of <see cref="Exports.Export"/>: taken one by one, it is the number people see.</summary>
    public const string Export = "Export";

    /// <summary>Series of <see cref="Gate.RecoveryCheck"/>.</summary>
    public const string RecoveryCheck = "RecoveryCheck";

    /// <summary>Series of <see cref="Staff.SavedView"/>: taken one by one, it stands in URLs.</summary>
    public const string SavedView = "SavedView";

    /// <summary>Series of <see cref="Webhooks.WebhookDelivery"/>.</summary>
    public const string Delivery = "Delivery";

    private const int BlockSize = 1024;
    private readonly ConcurrentDictionary<string, Block> _blocks = new(StringComparer.Ordinal);

    /// <summary>The next key of a series, from 1.</summary>
    public async ValueTask<long> NextAsync(string series, CancellationToken cancel)
    {
        var size = series is Scan or Import or Case or Batch or Export or SavedView ? 1 : BlockSize;
        var block = _blocks.GetOrAdd(series, _ => new Block());
        await block.Gate.WaitAsync(cancel);
        try
        {
            if (block.Next == block.End)
            {
                block.Next = await ReserveAsync(series, size, cancel);
                block.End = block.Next + size;
            }

            return block.Next++;
        }
        finally
        {
            block.Gate.Release();
        }
    }

    /// <summary>Reserves <paramref name="count"/> consecutive keys of a series and gives back the first.</summary>
    public async Task<long> ReserveAsync(string series, int count, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await ReserveAsync(db, series, count, cancel);
    }

    /// <summary>
    /// The same on a connection that the caller has, outside a transaction: on SQLite every commit of another connection empties the pages that a connection holds, so whoever
    /// writes much reserves on his own.
    /// </summary>
    public static async Task<long> ReserveAsync(GuardDb db, string series, int count, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(db);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        while (true)
        {
            var first = await db.IdBlocks.Where(b => b.Series == series).Select(b => (long?)b.Next).FirstOrDefaultAsync(cancel);
            if (first is null)
            {
                await CreateAsync(db, series, cancel);
                continue;
            }

            // The one whose update finds the value unchanged has the block; the others read again.
            if (await db.IdBlocks.Where(b => b.Series == series && b.Next == first)
                .ExecuteUpdateAsync(s => s.SetProperty(b => b.Next, first.Value + count), cancel) == 1)
            {
                return first.Value;
            }
        }
    }

    private static async Task CreateAsync(GuardDb db, string series, CancellationToken cancel)
    {
        try
        {
            db.IdBlocks.Add(new IdBlock { Series = series, Next = 1 });
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException) when (db.IdBlocks.AsNoTracking().Any(b => b.Series == series))
        {
            // Another process was first.
        }

        db.ChangeTracker.Clear();
    }

    private sealed class Block
    {
        internal SemaphoreSlim Gate { get; } = new(1, 1);

        internal long Next { get; set; }

        internal long End { get; set; }
    }
}
