using DomainGuard.Data;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Settings;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Another process took the import over, or it was given up, while this one was held up. What this one had begun was not written.</summary>
internal sealed class ImportLeaseLostException() : Exception("Another process has taken the import over. Nothing is lost; look at the list of imports.");

/// <summary>Another import is at work, and who asked does not wait.</summary>
internal sealed class ImportRunningException(long importId) : Exception("Another import is at work.")
{
    /// <summary>That one.</summary>
    public long ImportId => importId;
}

/// <summary>
/// The right to work one import: held in its row, renewed in the background, and checked inside every transaction that writes, so that a process that was held up (a suspended
/// machine, a stalled pipe) can never write beside its heir. One run, one lease: two runs in one process exclude each other too.
/// </summary>
internal sealed class ImportLease : IAsyncDisposable
{
    internal static readonly TimeSpan RenewEvery = ScanNode.Lease / 4;

    private static readonly SqlStatement Renew = new(
        """UPDATE "Import" SET "LeaseUntil" = @p2 WHERE "Id" = @p0 AND "LeaseOwner" = @p1""", SqlKind.Key, SqlKind.Text, SqlKind.Instant);

    private readonly ScanNode _node;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _renewing;
    private long _renewedAt;

    internal ImportLease(long importId, string owner, IDbContextFactory<GuardDb> dbs, ScanNode node, TimeProvider time)
    {
        (ImportId, Owner, _node, _time, _renewedAt) = (importId, owner, node, time, time.GetTimestamp());
        _renewing = RenewAsync(dbs);
    }

    public long ImportId { get; }

    public string Owner { get; }

    /// <summary>Inside a transaction: it is still ours, or nothing of it may be committed.</summary>
    /// <exception cref="ImportLeaseLostException">It is not.</exception>
    public async Task CheckAsync(StatementSession session, CancellationToken cancel)
    {
        if (await session.ExecuteAsync(Renew, [ImportId, Owner, _node.Until], cancel) != 1)
        {
            throw new ImportLeaseLostException();
        }

        Interlocked.Exchange(ref _renewedAt, _time.GetTimestamp());
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _renewing;
        _ended.Dispose();
    }

    private async Task RenewAsync(IDbContextFactory<GuardDb> dbs)
    {
        while (true)
        {
            try
            {
                await Task.Delay(RenewEvery, _time, _ended.Token);
                if (_time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) < RenewEvery)
                {
                    // The work renews it with every transaction. On SQLite a commit beside it would empty the pages that it holds in memory.
                    continue;
                }

                await using var db = await dbs.CreateDbContextAsync(_ended.Token);
                var until = _node.Until;
                await db.Imports.Where(i => i.Id == ImportId && i.LeaseOwner == Owner).ExecuteUpdateAsync(s => s.SetProperty(i => i.LeaseUntil, until), _ended.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (System.Data.Common.DbException)
            {
                // The database is busy or away: the next time may do, and the work itself will say what is wrong.
            }
        }
    }
}

/// <summary>
/// Lets imports work one after another, whatever the number of processes: two at once would compare with what the other is about to change. Whose turn it is stands in a
/// setting, changed by conditional update; the turn is free once that import is neither read nor merged.
/// </summary>
internal sealed class ImportTurn(IDbContextFactory<GuardDb> dbs, ScanNode node, TimeProvider time)
{
    private const string Setting = "import.turn";
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>A name for one run's lease: the node's, so that a dead process is known as such, and a part of its own. At most 100 characters.</summary>
    public string NewOwner() => $"{node.Name}/{Guid.CreateVersion7().ToString("N")[^8..]}";

    /// <summary>When a lease taken now ends (UTC, real time).</summary>
    public DateTimeOffset LeaseEnd => node.Until;

    /// <summary>The lease of an import whose row names its owner already.</summary>
    public ImportLease Hold(Import import) => new(import.Id, import.LeaseOwner!, dbs, node, time);

    /// <summary>Takes the lease of an import that is to be merged; null when it is not, or another run holds it.</summary>
    public async Task<ImportLease?> ClaimMergeAsync(long importId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var import = await db.Imports.AsNoTracking().FirstOrDefaultAsync(i => i.Id == importId, cancel);
        if (import is null || import.IsDryRun || import.Status is not (ImportStatus.Compared or ImportStatus.Merging) || !IsFree(import))
        {
            return null;
        }

        var (owner, until) = (NewOwner(), node.Until);
        return await db.Imports
            .Where(i => i.Id == importId && i.Status == import.Status && i.LeaseOwner == import.LeaseOwner)
            .ExecuteUpdateAsync(s => s.SetProperty(i => i.Status, ImportStatus.Merging).SetProperty(i => i.LeaseOwner, owner).SetProperty(i => i.LeaseUntil, until), cancel) == 1
            ? new ImportLease(importId, owner, dbs, node, time)
            : null;
    }

    /// <summary>The import that is read or merged now by a process that lives; null when none is.</summary>
    public async Task<long?> AtWorkAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var seen = await db.Settings.AsNoTracking().Where(s => s.Name == Setting).Select(s => s.Value).FirstOrDefaultAsync(cancel);
        return await HolderAsync(db, seen, cancel) is { Status: ImportStatus.Staging or ImportStatus.Merging } holder && !IsFree(holder) ? holder.Id : null;
    }

    /// <summary>Waits until it is this import's turn. <paramref name="takeUp"/> deals with one that a dead process left.</summary>
    /// <returns>True when no other import had a turn since this one's last.</returns>
    public async Task<bool> TakeAsync(long importId, Func<Import, Task> takeUp, Action<long> waitFor, CancellationToken cancel)
    {
        var mine = importId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        while (true)
        {
            await using var db = await dbs.CreateDbContextAsync(cancel);
            var seen = await db.Settings.AsNoTracking().Where(s => s.Name == Setting).Select(s => s.Value).FirstOrDefaultAsync(cancel);
            if (seen == mine)
            {
                return true;
            }

            var holder = await HolderAsync(db, seen, cancel);
            if (holder is not { Status: ImportStatus.Staging or ImportStatus.Merging })
            {
                if (await ChangeAsync(db, seen, mine, cancel))
                {
                    return false;
                }
            }
            else if (IsFree(holder))
            {
                await takeUp(holder);
            }
            else
            {
                waitFor(holder.Id);
                await Task.Delay(Patience, time, cancel);
            }
        }
    }

    /// <summary>An import is read or merged now.</summary>
    public async Task<bool> IsTakenAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return (await db.Imports.AsNoTracking().Where(i => i.Status == ImportStatus.Staging || i.Status == ImportStatus.Merging).ToListAsync(cancel)).Exists(i => !IsFree(i));
    }

    /// <summary>Nobody works it: the lease was given back or has run out, or its process is dead.</summary>
    public bool IsFree(Import import) =>
        import.LeaseOwner is null || import.LeaseUntil is null || import.LeaseUntil < node.Now || import.LeaseUntil > node.Unbelievable || ScanNode.IsDead(import.LeaseOwner);

    private static async Task<Import?> HolderAsync(GuardDb db, string? seen, CancellationToken cancel) =>
        seen is null ? null : await db.Imports.AsNoTracking().FirstOrDefaultAsync(i => i.Id == long.Parse(seen, System.Globalization.CultureInfo.InvariantCulture), cancel);

    private static async Task<bool> ChangeAsync(GuardDb db, string? seen, string mine, CancellationToken cancel)
    {
        if (seen is not null)
        {
            return await db.Settings.Where(s => s.Name == Setting && s.Value == seen)
                .ExecuteUpdateAsync(u => u.SetProperty(s => s.Value, mine).SetProperty(s => s.Version, s => s.Version + 1), cancel) == 1;
        }

        try
        {
            db.Settings.Add(new Setting { Name = Setting, Value = mine });
            await db.SaveChangesAsync(cancel);
            return true;
        }
        catch (DbUpdateException) when (db.Settings.AsNoTracking().Any(s => s.Name == Setting))
        {
            return false;
        }
    }
}
