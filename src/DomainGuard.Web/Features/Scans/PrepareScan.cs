using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Lookups;
using Microsoft.EntityFrameworkCore;
using static DomainGuard.Data.Providers.SqlKind;

namespace DomainGuard.Web.Features.Scans;

/// <summary>
/// Makes the list of a scan: which domains, in which lane, in which order. In chunks, each one transaction that also moves <see cref="Scan.PreparedUpTo"/>, so
/// that a killed process goes on where it was and two nodes at once cannot list a domain twice.
/// </summary>
internal sealed class PrepareScan(IDbContextFactory<GuardDb> dbs, DomainLookup lookup, GuardClock clock, ScanNode node)
{
    private const int ChunkSize = 5_000;

    private static readonly SqlStatement Claim = new(
        """
        UPDATE "Scan" SET "LeaseOwner" = @p0, "LeaseUntil" = @p1 WHERE "Id" = @p2 AND "Status" = 0
        AND ("LeaseOwner" IS NULL OR "LeaseOwner" = @p0 OR "LeaseUntil" < @p3 OR "LeaseUntil" > @p4 OR "LeaseOwner" = @p5)
        """,
        Text, Instant, Key, Instant, Instant, Text);

    private static readonly SqlStatement Advance = new(
        """
        UPDATE "Scan" SET "PreparedUpTo" = @p0, "Total" = "Total" + @p1, "LeaseUntil" = @p2, "Version" = "Version" + 1
        WHERE "Id" = @p3 AND "Status" = 0 AND "PreparedUpTo" = @p4
        """,
        Key, Number, Instant, Key, Key);

    private static readonly SqlStatement GrowLane = new(
        """UPDATE "ScanLane" SET "Total" = "Total" + @p0 WHERE "ScanId" = @p1 AND "Host" = @p2""",
        Number, Key, Text);

    private static readonly SqlStatement InsertLane = new(
        """
        INSERT INTO "ScanLane" ("ScanId", "Host", "Total", "Done", "Answered", "GivenUp", "PortionDone", "PortionAnswered", "Portion", "IsVoid", "CanaryFailed")
        VALUES (@p0, @p1, @p2, 0, 0, 0, 0, 0, 0, @p3, @p3)
        """,
        Key, Text, Number, Bool);

    private static readonly SqlStatement InsertItem = new(
        """INSERT INTO "ScanItem" ("ScanId", "Host", "DomainId", "Priority", "State") VALUES (@p0, @p1, @p2, @p3, 0)""",
        Key, Text, Key, Number);

    private static readonly SqlStatement Ready = new(
        """
        UPDATE "Scan" SET "Status" = 1, "StartedAt" = @p0, "LeaseOwner" = NULL, "LeaseUntil" = NULL, "Version" = "Version" + 1
        WHERE "Id" = @p1 AND "Status" = 0
        """,
        Instant, Key);

    /// <summary>Makes or completes the list. False when another node is at it.</summary>
    public async Task<bool> ExecuteAsync(Scan scan, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        if (await session.ExecuteAsync(Claim, [node.Name, node.Until, scan.Id, node.Now, node.Unbelievable, ScanNode.IsDead(scan.LeaseOwner) ? scan.LeaseOwner : null], cancel) == 0)
        {
            return false;
        }

        var upTo = await session.Db.Scans.Where(s => s.Id == scan.Id).Select(s => s.PreparedUpTo).SingleAsync(cancel);
        while (true)
        {
            var chunk = await ReadAsync(session.Db, scan, upTo, cancel);
            if (chunk.Count == 0)
            {
                await session.ExecuteAsync(Ready, [clock.Now, scan.Id], cancel);
                return true;
            }

            if (!await WriteAsync(session, scan, upTo, chunk, cancel))
            {
                return false;
            }

            upTo = chunk[^1].Id;
        }
    }

    private async Task<List<Listed>> ReadAsync(GuardDb db, Scan scan, long after, CancellationToken cancel)
    {
        var rows = await ScanSelection.Domains(db, scan.Scope, scan.Target, scan.RequestedAt)
            .Where(d => d.Id > after)
            .OrderBy(d => d.Id)
            .Take(ChunkSize)
            .Select(d => new { d.Id, d.Name, d.Phase, d.HandChange, d.MaxImpact, d.Priority, d.NextCheckAt })
            .ToListAsync(cancel);
        var listed = rows.ConvertAll(d => new Listed(
            d.Id,
            scan.Scope == ScanScope.DnsSweep ? Lanes.DnsHost : lookup.PrimaryHostFor(d.Name),
            LookupBudget.Priority(
                d.Phase, d.HandChange, d.MaxImpact, (d.Priority & 2) != 0, (d.Priority & 1) != 0, scan.RequestedAt - (d.NextCheckAt ?? scan.RequestedAt))));
        return scan.Scope == ScanScope.Due ? await WithoutThoseUnderWayAsync(db, scan, listed, cancel) : listed;
    }

    // Due work that stands on the list of another scan is done there.
    private static async Task<List<Listed>> WithoutThoseUnderWayAsync(GuardDb db, Scan scan, List<Listed> listed, CancellationToken cancel)
    {
        var others = await db.Scans.AsNoTracking()
            .Where(s => s.Id != scan.Id && s.Scope != ScanScope.DnsSweep && (s.Status == ScanStatus.Preparing || s.Status == ScanStatus.Running))
            .Select(s => s.Id)
            .ToListAsync(cancel);
        if (others.Count == 0 || listed.Count == 0)
        {
            return listed;
        }

        var underWay = new HashSet<long>();
        foreach (var host in listed.GroupBy(l => l.Host))
        {
            foreach (var page in host.Select(l => l.Id).Chunk(500))
            {
                underWay.UnionWith(await db.ScanItems.AsNoTracking()
                    .Where(i => others.Contains(i.ScanId) && i.Host == host.Key && page.Contains(i.DomainId) && (i.State == ScanItemState.Waiting || i.Staged != null))
                    .Select(i => i.DomainId)
                    .ToListAsync(cancel));
            }
        }

        return [.. listed.Select(l => underWay.Contains(l.Id) ? l with { Skip = true } : l)];
    }

    private async Task<bool> WriteAsync(StatementSession session, Scan scan, long after, List<Listed> chunk, CancellationToken cancel)
    {
        var items = chunk.Where(l => !l.Skip).ToList();
        await session.BeginAsync(cancel);
        try
        {
            if (await session.ExecuteAsync(Advance, [chunk[^1].Id, items.Count, node.Until, scan.Id, after], cancel) == 0)
            {
                await session.RollbackAsync();
                return false;
            }

            foreach (var lane in items.GroupBy(l => l.Host))
            {
                if (await session.ExecuteAsync(GrowLane, [lane.Count(), scan.Id, lane.Key], cancel) == 0)
                {
                    await session.ExecuteAsync(InsertLane, [scan.Id, lane.Key, lane.Count(), false], cancel);
                }
            }

            await session.ExecuteManyAsync(InsertItem, items.ConvertAll(l => new object?[] { scan.Id, l.Host, l.Id, l.Priority }), cancel);
            await session.CommitAsync(cancel);
            return true;
        }
        catch
        {
            await session.RollbackAsync();
            throw;
        }
    }

    private sealed record Listed(long Id, string Host, int Priority, bool Skip = false);
}
