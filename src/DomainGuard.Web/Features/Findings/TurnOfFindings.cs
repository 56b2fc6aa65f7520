using DomainGuard.Data;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Features.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Findings;

/// <summary>Another process has the turn: what this one had begun was not written.</summary>
internal sealed class FindingsTurnLostException() : Exception("Another process carries the findings out now. Nothing is lost.");

/// <summary>
/// The turn to carry findings out: a lease in real time, one for the whole installation. It is renewed and checked inside every transaction that writes, so that a process
/// that was held up can never write beside its heir.
/// </summary>
internal sealed partial class TurnOfFindings(IDbContextFactory<GuardDb> dbs, ScanNode node)
{
    private const int MostAttempts = 20;
    private static readonly TimeSpan WaitForTurn = TimeSpan.FromMilliseconds(100);

    /// <summary>Takes it; null while somebody else has it. The name it gives back is the holder's.</summary>
    private async Task<string?> TryTakeAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var turn = await db.FindingsTurns.AsNoTracking().SingleAsync(t => t.Id == FindingsTurn.TheRow, cancel);
        var isFree = turn.LeaseOwner is null || turn.LeaseUntil is null || turn.LeaseUntil < node.Now || turn.LeaseUntil > node.Unbelievable || ScanNode.IsDead(turn.LeaseOwner);
        if (!isFree)
        {
            return null;
        }

        // A part of its own: two runs in one process exclude each other too.
        var owner = $"{node.Name}/{Guid.CreateVersion7().ToString("N")[^8..]}";
        var until = node.Until;
        return await db.FindingsTurns
            .Where(t => t.Id == FindingsTurn.TheRow && t.Version == turn.Version)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.LeaseOwner, owner).SetProperty(t => t.LeaseUntil, until).SetProperty(t => t.Version, t => t.Version + 1), cancel) == 1 ? owner : null;
    }

    /// <summary>The row, tracked, with the lease renewed: saved with what the caller writes, or not at all.</summary>
    /// <exception cref="FindingsTurnLostException">The turn went to another.</exception>
    public async Task<FindingsTurn> HoldAsync(GuardDb db, string owner, CancellationToken cancel)
    {
        var turn = await db.FindingsTurns.AsTracking().SingleAsync(t => t.Id == FindingsTurn.TheRow, cancel);
        if (turn.LeaseOwner != owner)
        {
            throw new FindingsTurnLostException();
        }

        turn.LeaseUntil = node.Until;
        turn.Version++;
        return turn;
    }

    /// <summary>Saves what is tracked, with the lease.</summary>
    /// <exception cref="FindingsTurnLostException">The turn went to another; nothing was saved.</exception>
    public static async Task SaveAsync(GuardDb db, CancellationToken cancel)
    {
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateConcurrencyException e) when (e.Entries.Any(x => x.Entity is FindingsTurn))
        {
            throw new FindingsTurnLostException();
        }
    }

    /// <summary>Waits for the turn, takes step after step under it until there is none, and gives it back. A step is one transaction; overtaken by somebody else's it is taken anew.</summary>
    /// <param name="step">Takes a step as the holder; true while there are more.</param>
    /// <param name="time">Real time.</param>
    /// <param name="log">Hears of a database that does not answer.</param>
    /// <param name="stop">Ends it between two steps.</param>
    public async Task WorkAsync(Func<string, Task<bool>> step, TimeProvider time, ILogger log, CancellationToken stop)
    {
        string? owner;
        while ((owner = await TryTakeAsync(stop)) is null)
        {
            await Task.Delay(WaitForTurn, time, stop);
        }

        try
        {
            for (var attempt = 0; ;)
            {
                stop.ThrowIfCancellationRequested();
                try
                {
                    if (!await Patience.TryAsync(() => step(owner), time, log, stop))
                    {
                        return;
                    }

                    attempt = 0;
                }
                catch (DbUpdateConcurrencyException) when (++attempt < MostAttempts)
                {
                    // A person decided, or a scan settled one of the domains, in the same moment.
                    await Task.Delay(TimeSpan.FromMilliseconds(10 * attempt), time, stop);
                }
            }
        }
        catch (FindingsTurnLostException e)
        {
            Log.Lost(log, e.Message);
        }
        finally
        {
            await ReleaseAsync(owner);
        }
    }

    /// <summary>Gives it back; nothing when it is lost.</summary>
    private async Task ReleaseAsync(string owner)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        await db.FindingsTurns
            .Where(t => t.Id == FindingsTurn.TheRow && t.LeaseOwner == owner)
            .ExecuteUpdateAsync(
                s => s.SetProperty(t => t.LeaseOwner, (string?)null).SetProperty(t => t.LeaseUntil, (DateTimeOffset?)null).SetProperty(t => t.Version, t => t.Version + 1), CancellationToken.None);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Message}")]
        public static partial void Lost(ILogger logger, string message);
    }
}
