using System.Data.Common;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Lookups;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Sources;

/// <summary>
/// Lanes in the database: every process of the installation, command line included, reserves its slots in the same rows, by conditional update. The lanes of a
/// process ask for slots and budget in blocks and for rests once a second, so a fast scan costs few statements.
/// </summary>
internal sealed class DbLaneStore(IDbContextFactory<GuardDb> dbs, SourceBudgets budgets, TimeProvider time) : ILaneStore
{
    /// <summary>A rest that ends later was written by a clock that has been set back since: it does not hold. The longest rest is a quarter of an hour.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(30);

    private static readonly SqlStatement InsertLane = new(
        """
        INSERT INTO "Lane" ("Host", "Source", "NextSlotTicks", "NextKeptTicks", "FailuresInRow", "CanaryAnswers", "CanaryFailed", "Asked", "Answered", "RecentMs")
        SELECT @p0, @p1, 0, 0, 0, 0, @p2, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM "Lane" WHERE "Host" = @p0)
        """,
        SqlKind.Text, SqlKind.Number, SqlKind.Bool);

    private static readonly SqlStatement InsertDay = new(
        """INSERT INTO "BudgetDay" ("Source", "Day", "Used") SELECT @p0, @p1, 0 WHERE NOT EXISTS (SELECT 1 FROM "BudgetDay" WHERE "Source" = @p0 AND "Day" = @p1)""",
        SqlKind.Number, SqlKind.Number);

    /// <inheritdoc/>
    public async Task<LaneSlots> ReserveAsync(string host, SourceKind source, LaneUse use, int wanted, TimeSpan spacing, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        while (true)
        {
            var row = await db.Lanes.AsNoTracking().Where(l => l.Host == host).Select(l => new { l.NextSlotTicks, l.NextKeptTicks }).FirstOrDefaultAsync(cancel);
            if (row is null)
            {
                await CreateAsync(InsertLane, [host, source, false], cancel);
                continue;
            }

            var (slots, after) = new LanePointers(row.NextSlotTicks, row.NextKeptTicks).Reserve(use, time.GetUtcNow(), wanted, spacing);
            if (await db.Lanes
                .Where(l => l.Host == host && l.NextSlotTicks == row.NextSlotTicks && l.NextKeptTicks == row.NextKeptTicks)
                .ExecuteUpdateAsync(s => s.SetProperty(l => l.NextSlotTicks, after.Next).SetProperty(l => l.NextKeptTicks, after.NextKept), cancel) == 1)
            {
                return slots;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<LaneRest?> RestOfAsync(string host, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var limit = now + LongestRest;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var row = await db.Lanes.AsNoTracking()
            .Where(l => l.Host == host && l.RestsUntil > now && l.RestsUntil < limit)
            .Select(l => new { l.RestsUntil, l.RestReason })
            .FirstOrDefaultAsync(cancel);
        return row is null ? null : new LaneRest(row.RestsUntil!.Value, row.RestReason ?? "");
    }

    /// <inheritdoc/>
    public async Task RestAsync(string host, SourceKind source, LaneRest rest, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var reason = rest.Reason.Length > 300 ? rest.Reason[..300] : rest.Reason;
        while (await db.Lanes
            .Where(l => l.Host == host)
            .ExecuteUpdateAsync(s => s.SetProperty(l => l.RestsUntil, rest.Until).SetProperty(l => l.RestReason, reason), cancel) == 0)
        {
            await CreateAsync(InsertLane, [host, source, false], cancel);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> SpendAsync(SourceKind source, DateOnly day, int count, CancellationToken cancel)
    {
        var limit = await budgets.OfAsync(source, cancel) - count;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        while (await db.BudgetDays
            .Where(b => b.Source == source && b.Day == day.DayNumber && b.Used <= limit)
            .ExecuteUpdateAsync(s => s.SetProperty(b => b.Used, b => b.Used + count), cancel) == 0)
        {
            if (await db.BudgetDays.AnyAsync(b => b.Source == source && b.Day == day.DayNumber, cancel))
            {
                return false;
            }

            await CreateAsync(InsertDay, [source, day.DayNumber], cancel);
        }

        return true;
    }

    private async Task CreateAsync(SqlStatement insert, object?[] values, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        try
        {
            await session.ExecuteAsync(insert, values, cancel);
        }
        catch (DbException e) when (IsDuplicate(e))
        {
            // Another process was first.
        }
    }

    private static bool IsDuplicate(DbException e) => e switch
    {
        Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: 19 } => true,
        Npgsql.PostgresException { SqlState: Npgsql.PostgresErrorCodes.UniqueViolation } => true,
        Microsoft.Data.SqlClient.SqlException { Number: 2601 or 2627 } => true,
        _ => false,
    };
}
