using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Audit;

/// <summary>
/// The sealer: gives committed entries their numbers and chains them, in batches. One process does it at a time, by a lease in real time on the row of the head; that row moves by
/// a conditional update in the transaction of the batch, so that one that only believes to hold the lease writes nothing, and one that dies leaves either a whole batch or none.
/// Unsealed entries are taken in the order of their time and key. One that is committed late comes after younger ones that were sealed before: its number says when it became
/// provable, its time when it happened.
/// </summary>
internal sealed class SealEntries(IDbContextFactory<GuardDb> dbs, ScanNode node) : IDisposable
{
    /// <summary>How long the lease lasts after a batch. Short: only sealing waits for it, and losing it early harms nothing.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    /// <summary>Entries per transaction: SQLite's one writer is held for about a tenth of a second.</summary>
    internal const int Batch = 2_000;

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Seals what is committed and unsealed, until nothing is left or another process holds the lease.</summary>
    /// <returns>How many it sealed.</returns>
    public async Task<int> ExecuteAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await using (var db = await dbs.CreateDbContextAsync(cancel))
            {
                if (!await db.AuditEntries.AnyAsync(e => e.Sequence == null, cancel))
                {
                    return 0;
                }
            }

            await using var session = await StatementSession.OpenAsync(dbs, cancel);
            var count = 0;
            while (await BatchAsync(session, cancel) is { } batch)
            {
                count += batch;
            }

            return count;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Gives the lease back, so that another process need not wait for its end.</summary>
    public async Task ReleaseAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        await db.AuditHeads.Where(h => h.LeaseOwner == node.Name)
            .ExecuteUpdateAsync(s => s.SetProperty(h => h.LeaseOwner, (string?)null).SetProperty(h => h.LeaseUntil, (DateTimeOffset?)null), cancel);
    }

    public void Dispose() => _one.Dispose();

    /// <summary>Seals a batch: how many; 0 when another was faster; null when there is nothing for this process to do.</summary>
    private async Task<int?> BatchAsync(StatementSession session, CancellationToken cancel)
    {
        var head = await session.Db.AuditHeads.AsNoTracking().FirstOrDefaultAsync(h => h.Id == AuditHead.TheOne, cancel) ?? await BeginAsync(cancel);
        if (!IsFree(head))
        {
            return null;
        }

        var entries = await session.Db.AuditEntries.AsNoTracking()
            .Where(e => e.Sequence == null)
            .OrderBy(e => e.At).ThenBy(e => e.Id)
            .Take(Batch)
            .Select(e => new { e.Id, e.ContentHash })
            .ToListAsync(cancel);
        if (entries.Count == 0)
        {
            return null;
        }

        var (sequence, hash) = (head.Sequence, head.Hash);
        var rows = new object?[entries.Count][];
        for (var i = 0; i < rows.Length; i++)
        {
            hash = AuditChain.Hash(++sequence, hash, entries[i].ContentHash);
            rows[i] = [entries[i].Id, sequence, hash];
        }

        await session.BeginAsync(cancel);
        try
        {
            // First the head: it is what two sealers meet at.
            object?[] move = [head.Sequence, head.Hash, sequence, hash, head.LeaseOwner ?? "", node.Name, node.Now + Lease];
            if (await session.ExecuteAsync(AuditSql.MoveHead, move, cancel) != 1 || await session.ExecuteManyAsync(AuditSql.Seal, rows, cancel) != rows.Length)
            {
                return 0;
            }

            await session.CommitAsync(cancel);
            return rows.Length;
        }
        finally
        {
            await session.RollbackAsync();
        }
    }

    private bool IsFree(AuditHead head) =>
        head.LeaseOwner is null || head.LeaseOwner == node.Name || head.LeaseUntil is not { } until || until < node.Now || until > node.Now + (Lease * 4) || ScanNode.IsDead(head.LeaseOwner);

    private async Task<AuditHead> BeginAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var head = new AuditHead { Id = AuditHead.TheOne, Hash = AuditChain.Genesis.ToArray() };
        try
        {
            db.AuditHeads.Add(head);
            await db.SaveChangesAsync(cancel);
            return head;
        }
        catch (DbUpdateException) when (db.AuditHeads.AsNoTracking().Any(h => h.Id == AuditHead.TheOne))
        {
            // Another process was first.
            return await db.AuditHeads.AsNoTracking().SingleAsync(h => h.Id == AuditHead.TheOne, cancel);
        }
    }
}
