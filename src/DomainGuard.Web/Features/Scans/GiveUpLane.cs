using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Scans;

/// <summary>Why the rest of a lane is not asked.</summary>
internal enum LaneEndKind
{
    /// <summary>Due again tomorrow; counts as not looked up.</summary>
    BudgetSpent,

    /// <summary>The host failed until its circuit breaker opened; counts as not answered.</summary>
    Rests,

    /// <summary>The host lies; counts as not answered.</summary>
    CanaryFailed,
}

/// <summary>Why, and in words.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Note">At most 500 characters.</param>
internal sealed record LaneEnd(LaneEndKind Kind, string Note);

/// <summary>
/// Takes what still waits in a lane off the list without asking. The domains keep all their evidence and the time they were last tried; only when they are due
/// next is moved, so that the next scan does not run into the same wall.
/// </summary>
internal sealed class GiveUpLane(IDbContextFactory<GuardDb> dbs, ScanNode node, GuardClock clock, TimeProvider time, ILogger<GiveUpLane> log)
{
    private const int ChunkSize = 2_000;
    private static readonly TimeSpan AskAgain = TimeSpan.FromHours(1);

    private static readonly SqlStatement MoveDue = new(
        """
        UPDATE "Domain" SET "NextCheckAt" = @p0, "Version" = "Version" + 1 WHERE "NextCheckAt" < @p0
        AND "Id" IN (SELECT "DomainId" FROM "ScanItem" WHERE "ScanId" = @p1 AND "Host" = @p2 AND "DomainId" <= @p3 AND "State" = 0)
        """,
        Instant, Key, Text, Key);

    private static readonly SqlStatement MoveSweep = new(MoveDue.Text.Replace("NextCheckAt", "NextSweepAt", StringComparison.Ordinal), MoveDue.Kinds);

    private static readonly SqlStatement Mark = new(
        """UPDATE "ScanItem" SET "State" = @p0 WHERE "ScanId" = @p1 AND "Host" = @p2 AND "DomainId" <= @p3 AND "State" = 0""",
        Number, Key, Text, Key);

    private static readonly SqlStatement CountGivenUp = new(
        """UPDATE "ScanLane" SET "GivenUp" = "GivenUp" + @p0, "Note" = @p1 WHERE "ScanId" = @p2 AND "Host" = @p3""",
        Number, Text, Key, Text);

    private static readonly SqlStatement CountUnanswered = new(
        """UPDATE "ScanLane" SET "Done" = "Done" + @p0, "PortionDone" = "PortionDone" + @p0, "Note" = @p1, "CanaryFailed" = @p4 WHERE "ScanId" = @p2 AND "Host" = @p3""",
        Number, Text, Key, Text, Bool);

    private static readonly SqlStatement CountInScan = new(
        """UPDATE "Scan" SET "Done" = "Done" + @p0, "Settled" = "Settled" + @p0, "Version" = "Version" + 1 WHERE "Id" = @p1""",
        Number, Key);

    /// <summary>Gives up, in short transactions under the lane's lease.</summary>
    public async Task ExecuteAsync(LaneHold hold, ScanScope scope, LaneEnd end, CancellationToken cancel)
    {
        var now = clock.Now;
        var due = end.Kind == LaneEndKind.BudgetSpent ? new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero) : now + AskAgain;
        while (await Patience.TryAsync(() => ChunkAsync(hold, scope, end, due, cancel), time, log, cancel))
        {
        }
    }

    private async Task<bool> ChunkAsync(LaneHold hold, ScanScope scope, LaneEnd end, DateTimeOffset due, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var ids = await session.Db.ScanItems.AsNoTracking()
            .Where(i => i.ScanId == hold.ScanId && i.Host == hold.Host && i.State == ScanItemState.Waiting)
            .OrderBy(i => i.DomainId)
            .Take(ChunkSize)
            .Select(i => i.DomainId)
            .ToListAsync(cancel);
        var upTo = ids.Count == 0 ? 0 : ids[^1];
        var given = end.Kind == LaneEndKind.BudgetSpent;
        await session.BeginAsync(cancel);
        if (await session.ExecuteAsync(ScanSql.HoldLane, [node.Until, hold.ScanId, hold.Host, node.Name], cancel) == 0)
        {
            hold.Lost = true;
            return false;
        }

        await session.ExecuteAsync(scope == ScanScope.DnsSweep ? MoveSweep : MoveDue, [due, hold.ScanId, hold.Host, upTo], cancel);
        var count = await session.ExecuteAsync(Mark, [given ? ScanItemState.GivenUp : ScanItemState.Unanswered, hold.ScanId, hold.Host, upTo], cancel);
        if (given)
        {
            await session.ExecuteAsync(CountGivenUp, [count, end.Note, hold.ScanId, hold.Host], cancel);
        }
        else
        {
            await session.ExecuteAsync(CountUnanswered, [count, end.Note, hold.ScanId, hold.Host, end.Kind == LaneEndKind.CanaryFailed], cancel);
            await session.ExecuteAsync(CountInScan, [count, hold.ScanId], cancel);
        }

        await session.CommitAsync(cancel);
        return ids.Count == ChunkSize;
    }
}
