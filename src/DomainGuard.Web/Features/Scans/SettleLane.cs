using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Settles what a lane has staged, by the decision that is written in its row: answers that count are judged and written, void ones leave only the times tried
/// and due. Chunk by chunk, each one transaction that also takes the answers off the stage, so that every answer is settled once, whoever is killed when.
/// </summary>
internal sealed class SettleLane(
    IDbContextFactory<GuardDb> dbs, SettleDomains domains, ScanNode node, TimeProvider time, ILogger<SettleLane> log)
{
    private const int ChunkSize = 256;

    private static readonly SqlStatement Close = new(
        """
        UPDATE "ScanLane" SET "Portion" = 0, "PortionDone" = 0, "PortionAnswered" = 0, "LeaseUntil" = @p0
        WHERE "ScanId" = @p1 AND "Host" = @p2 AND "LeaseOwner" = @p3 AND "Portion" <> 0
        """,
        Instant, Key, Text, Text);

    /// <summary>Settles everything if it is decided. False when the lease was lost or <paramref name="stop"/> came between two chunks.</summary>
    public async Task<bool> ExecuteAsync(Scan scan, LaneHold hold, CancellationToken stop)
    {
        var portion = await Patience.TryAsync(() => PortionAsync(hold), time, log, stop);
        if (portion == PortionVerdict.Open)
        {
            return true;
        }

        // One chunk is read and judged while the one before is written.
        await using var reader = await OpenAsync(stop);
        await using var writer = await OpenAsync(stop);
        var isVoid = portion == PortionVerdict.Void;
        Task<Chunk?> next = NextAsync(0);
        try
        {
            while (await next is { } chunk)
            {
                next = NextAsync(chunk.LastId);
                if (stop.IsCancellationRequested || hold.Lost || !await WriteAsync(chunk))
                {
                    return false;
                }
            }
        }
        finally
        {
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await Patience.TryAsync(() => writer.ExecuteAsync(Close, [node.Until, scan.Id, hold.Host, node.Name], CancellationToken.None), time, log, stop) == 1;

        Task<Chunk?> NextAsync(long after) => Task.Run(() => Patience.TryAsync(() => PlanAsync(scan, hold, after, isVoid, reader), time, log, stop), CancellationToken.None);

        async Task<bool> WriteAsync(Chunk chunk)
        {
            var written = await Patience.TryAsync(() => TryWriteAsync(scan, hold, chunk, writer), time, log, stop);
            while (written == Written.Stale)
            {
                // The chunk that was read ahead rests on the same state: it is thrown away with this one.
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (await Patience.TryAsync(() => PlanAsync(scan, hold, chunk.After, isVoid, reader), time, log, stop) is not { } again)
                {
                    return true;
                }

                chunk = again;
                next = NextAsync(chunk.LastId);
                written = await Patience.TryAsync(() => TryWriteAsync(scan, hold, chunk, writer), time, log, stop);
            }

            return written == Written.Done;
        }
    }

    private Task<StatementSession> OpenAsync(CancellationToken stop) =>
        Patience.TryAsync(() => StatementSession.OpenAsync(dbs, CancellationToken.None), time, log, stop);

    private async Task<PortionVerdict> PortionAsync(LaneHold hold)
    {
        await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
        return await db.ScanLanes.Where(l => l.ScanId == hold.ScanId && l.Host == hold.Host).Select(l => l.Portion).SingleAsync(CancellationToken.None);
    }

    private async Task<Chunk?> PlanAsync(Scan scan, LaneHold hold, long after, bool isVoid, StatementSession reader)
    {
        var items = await reader.Db.ScanItems.AsNoTracking()
            .Where(i => i.ScanId == scan.Id && i.Host == hold.Host && i.DomainId > after && i.Staged != null)
            .OrderBy(i => i.DomainId)
            .Take(ChunkSize)
            .Join(reader.Db.Domains, i => i.DomainId, d => d.Id, (item, domain) => new SettleItem(domain, item.State, item.Staged!))
            .ToListAsync(CancellationToken.None);
        if (items.Count == 0)
        {
            return null;
        }

        var plan = scan.Scope == ScanScope.DnsSweep
            ? SettleSweep.Plan(items, isVoid)
            : await domains.PlanAsync(reader, scan, items, isVoid, CancellationToken.None);
        return new Chunk(items, plan, after, items.Max(i => i.Domain.Id));
    }

    private async Task<Written> TryWriteAsync(Scan scan, LaneHold hold, Chunk chunk, StatementSession writer)
    {
        await writer.BeginAsync(CancellationToken.None);
        try
        {
            if (await writer.ExecuteAsync(ScanSql.HoldLane, [node.Until, scan.Id, hold.Host, node.Name], CancellationToken.None) == 0)
            {
                hold.Lost = true;
                return Written.LeaseLost;
            }

            if (!await chunk.Plan.TryWriteAsync(writer, CancellationToken.None))
            {
                return Written.Stale;
            }

            var count = await writer.ExecuteManyAsync(
                ScanSql.SettleItem, chunk.Items.ConvertAll(i => new object?[] { scan.Id, hold.Host, i.Domain.Id }), CancellationToken.None);
            if (count != chunk.Items.Count)
            {
                return Written.Stale;
            }

            await writer.ExecuteAsync(ScanSql.CountSettled, [count, chunk.Plan.Changed, scan.Id], CancellationToken.None);
            await writer.CommitAsync(CancellationToken.None);
            return Written.Done;
        }
        finally
        {
            await writer.RollbackAsync();
        }
    }

    private enum Written
    {
        Done,
        Stale,
        LeaseLost,
    }

    private sealed record Chunk(List<SettleItem> Items, SettlePlan Plan, long After, long LastId);
}

/// <summary>One domain whose staged answers are to be settled.</summary>
/// <param name="Domain">Its row, as it is now; not tracked.</param>
/// <param name="State">Answered or not.</param>
/// <param name="Staged">The answers.</param>
internal sealed record SettleItem(Data.Domains.Domain Domain, ScanItemState State, byte[] Staged);

/// <summary>What a chunk will write: rows per statement, in the order in which they are to run.</summary>
internal sealed class SettlePlan
{
    private readonly List<(SqlStatement Statement, List<object?[]> Rows, bool Exact)> _steps = [];
    private readonly Dictionary<string, (string Domain, int Times)> _canaries = new(StringComparer.Ordinal);
    private readonly Dictionary<SqlStatement, int> _index = new(ReferenceEqualityComparer.Instance);

    /// <summary>Verdicts that differ from those before.</summary>
    public int Changed { get; set; }

    /// <summary>Declares a statement: statements run in the order of declaration. With <paramref name="exact"/> every row must be touched, else the chunk is stale.</summary>
    public SettlePlan Declare(SqlStatement statement, bool exact = false)
    {
        _index.Add(statement, _steps.Count);
        _steps.Add((statement, [], exact));
        return this;
    }

    /// <summary>Adds a row for a declared statement.</summary>
    public void Add(SqlStatement statement, params object?[] values) => _steps[_index[statement]].Rows.Add(values);

    /// <summary>Proposes a canary for a lane; of a chunk's proposals only the best is written.</summary>
    public void BestCanary(string host, string domain, int times)
    {
        if (!_canaries.TryGetValue(host, out var best) || times > best.Times)
        {
            _canaries[host] = (domain, times);
        }
    }

    /// <summary>Writes everything in the caller's transaction. False when a row was changed by somebody else since it was read: the chunk is to be judged again.</summary>
    public async Task<bool> TryWriteAsync(StatementSession session, CancellationToken cancel)
    {
        foreach (var (host, best) in _canaries)
        {
            await session.ExecuteAsync(ScanSql.ImproveCanary, [best.Domain, best.Times, host], cancel);
        }

        foreach (var (statement, rows, exact) in _steps)
        {
            if (rows.Count > 0 && await session.ExecuteManyAsync(statement, rows, cancel) != rows.Count && exact)
            {
                return false;
            }
        }

        return true;
    }
}
