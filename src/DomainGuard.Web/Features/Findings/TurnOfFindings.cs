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
internal sealed class TurnOfFindings(IDbContextFactory<GuardDb> dbs, ScanNode node)
{
    /// <summary>Takes it; null while somebody else has it. The name it gives back is the holder's.</summary>
    public async Task<string?> TryTakeAsync(CancellationToken cancel)
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

    /// <summary>Gives it back; nothing when it is lost.</summary>
    public async Task ReleaseAsync(string owner)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        await db.FindingsTurns
            .Where(t => t.Id == FindingsTurn.TheRow && t.LeaseOwner == owner)
            .ExecuteUpdateAsync(
                s => s.SetProperty(t => t.LeaseOwner, (string?)null).SetProperty(t => t.LeaseUntil, (DateTimeOffset?)null).SetProperty(t => t.Version, t => t.Version + 1), CancellationToken.None);
    }
}
