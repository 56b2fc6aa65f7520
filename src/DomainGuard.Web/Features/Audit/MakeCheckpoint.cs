using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Audit;

/// <summary>Makes checkpoints of the audit trail: one a day, and whenever one is wanted.</summary>
internal sealed partial class MakeCheckpoint(IDbContextFactory<GuardDb> dbs, SealEntries seal, AuditKeys keys, GuardClock clock, ILogger<MakeCheckpoint> log)
{
    /// <summary>Makes one on demand; who asked for it is recorded after it.</summary>
    /// <returns>It; null when he may not.</returns>
    public async Task<AuditCheckpoint?> ExecuteAsync(Requester by, CancellationToken cancel)
    {
        if (!by.May(Policies.Export))
        {
            return null;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var checkpoint = await MakeAsync(db, null, cancel);
        AuditTrail.Add(db, new AuditFact(AuditAction.CheckpointMade, by.Actor, checkpoint.At)
        {
            Changes = [("sequence", null, checkpoint.Sequence), ("hash", null, Convert.ToHexStringLower(checkpoint.Hash)), ("signed", null, checkpoint.KeyId is not null)],
        });
        await db.SaveChangesAsync(cancel);
        return checkpoint;
    }

    /// <summary>Makes that of today (UTC, guard time), unless there is one. Safe to repeat, and on several nodes at once.</summary>
    public async Task DailyAsync(CancellationToken cancel)
    {
        var day = clock.Now.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.AuditCheckpoints.AnyAsync(c => c.Day == day, cancel))
        {
            return;
        }

        try
        {
            var checkpoint = await MakeAsync(db, day, cancel);
            await db.SaveChangesAsync(cancel);
            Log.Made(log, day, checkpoint.Sequence, checkpoint.KeyId is not null);
        }
        catch (DbUpdateException) when (db.AuditCheckpoints.AsNoTracking().Any(c => c.Day == day))
        {
            // Another node was first.
        }
    }

    /// <summary>Makes one for an export to end with, unless the latest names the same entry.</summary>
    public async Task ForExportAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var checkpoint = await MakeAsync(db, null, cancel);
        if (!await db.AuditCheckpoints.AnyAsync(c => c.Sequence == checkpoint.Sequence && c.Hash == checkpoint.Hash && c.KeyId == checkpoint.KeyId, cancel))
        {
            await db.SaveChangesAsync(cancel);
        }
    }

    /// <summary>Adds one to the caller's context, without saving, after sealing what is committed.</summary>
    private async Task<AuditCheckpoint> MakeAsync(GuardDb db, string? day, CancellationToken cancel)
    {
        await seal.ExecuteAsync(cancel);
        var head = await db.AuditHeads.AsNoTracking().FirstOrDefaultAsync(h => h.Id == AuditHead.TheOne, cancel);
        var (sequence, hash) = (head?.Sequence ?? 0, head?.Hash ?? AuditChain.Genesis.ToArray());
        var said = new ChainCheckpoint(
            clock.Now,
            sequence,
            hash,
            await db.AuditEntries.LongCountAsync(e => e.Sequence <= sequence, cancel),
            await db.AuditEntries.LongCountAsync(e => e.Sequence == null, cancel));
        var checkpoint = new AuditCheckpoint
        {
            Id = Guid.CreateVersion7(said.At),
            At = said.At,
            Sequence = said.Sequence,
            Hash = said.Hash,
            Count = said.Count,
            Unsealed = said.Unsealed,
            KeyId = keys.Signing?.Id,
            Token = said.Sign(keys.Signing),
            Day = day,
        };
        db.AuditCheckpoints.Add(checkpoint);
        db.Notices.Add(Notices.Checkpoint(checkpoint));
        return checkpoint;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Checkpoint of {Day}: entry {Sequence}, signed: {Signed}")]
        public static partial void Made(ILogger logger, string day, long sequence, bool signed);
    }
}
