using DomainGuard.Core.Events;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>
/// Turns what happened into events and puts each before every receiver that wants it. In pages, each one transaction that also moves the head past its entries and removes its
/// notices: a process that dies leaves a whole page or none, and of two nodes one writes and the other begins anew.
/// </summary>
internal sealed class FanOutEvents(IDbContextFactory<GuardDb> dbs, IdAllocator ids, ReadEvents read, TimeProvider time)
{
    internal const int Page = 500;

    /// <summary>Does it until nothing is left.</summary>
    /// <returns>How many deliveries were made.</returns>
    public async Task<int> ExecuteAsync(CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var deliveries = 0;
        while (await PageAsync(session, cancel) is { } made)
        {
            deliveries += made;
        }

        return deliveries;
    }

    /// <summary>One page: how many deliveries; null when there is nothing to do, or another node does it.</summary>
    private async Task<int?> PageAsync(StatementSession session, CancellationToken cancel)
    {
        var db = session.Db;
        var from = await db.EventHeads.AsNoTracking().Where(h => h.Id == EventHead.Webhooks).Select(h => h.Sequence).SingleAsync(cancel);
        var head = await db.AuditHeads.AsNoTracking().Where(h => h.Id == AuditHead.TheOne).Select(h => h.Sequence).FirstOrDefaultAsync(cancel);
        var notices = await db.Notices.AsNoTracking().OrderBy(n => n.At).ThenBy(n => n.Id).Take(Page).ToListAsync(cancel);
        if (from >= head && notices.Count == 0)
        {
            return null;
        }

        var receivers = await db.WebhookEndpoints.AsNoTracking().Where(e => e.State == WebhookState.On).Select(e => new { e.Id, e.Types }).ToListAsync(cancel);
        var isHeard = receivers.Count > 0;
        var upTo = isHeard ? Math.Min(head, from + Page) : head;
        IReadOnlyList<ToldEvent> told = isHeard ? [.. await read.OfTrailAsync(db, from, upTo, cancel), .. await ReadEvents.OfNoticesAsync(db, notices, cancel)] : [];
        var now = time.GetUtcNow();
        List<object?[]> events = [];
        List<object?[]> rows = [];
        foreach (var e in told)
        {
            var wanted = receivers.FindAll(r => EventTypes.Holds(r.Types, e.Type));
            if (wanted.Count > 0)
            {
                var id = Guid.CreateVersion7(now);
                events.Add([id, e.Type, e.At, e.DomainName, e.AccountId, ReadEvents.Body(e.Type, e.At, e.Data), now]);
                rows.AddRange(wanted.Select(r => new object?[] { null, r.Id, id, DeliveryState.Waiting, 0, now, 0, now }));
            }
        }

        // Reserved before the transaction: SQLite has one writer.
        var first = rows.Count == 0 ? 0 : await ids.ReserveAsync(IdAllocator.Delivery, rows.Count, cancel);
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i][0] = first + i;
        }

        await session.BeginAsync(cancel);
        try
        {
            if ((upTo > from && await session.ExecuteAsync(WebhookSql.MoveHead, [upTo, from, EventHead.Webhooks], cancel) != 1)
                || await session.ExecuteManyAsync(WebhookSql.RemoveNotice, notices.ConvertAll(n => new object?[] { n.Id }), cancel) != notices.Count)
            {
                return null; // another node was first: its turn
            }

            await session.InsertAsync(WebhookSql.Events, events, cancel);
            await session.InsertAsync(WebhookSql.Deliveries, rows, cancel);
            await session.CommitAsync(cancel);
            return rows.Count;
        }
        finally
        {
            await session.RollbackAsync();
        }
    }
}
