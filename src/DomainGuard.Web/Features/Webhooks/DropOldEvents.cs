using DomainGuard.Data;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>Lets go of events and their deliveries after 30 days, dead letters among them. In steps, so that SQLite's writer is never held for long.</summary>
internal sealed class DropOldEvents(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    /// <summary>How long they are kept.</summary>
    internal static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private const int Step = 2_000;

    /// <summary>Does it; safe to repeat and to interrupt.</summary>
    public async Task ExecuteAsync(CancellationToken cancel)
    {
        var before = time.GetUtcNow() - Kept;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        int gone;
        do
        {
            var ids = await db.WebhookEvents.Where(e => e.CreatedAt < before).OrderBy(e => e.CreatedAt).Take(Step).Select(e => e.Id).ToArrayAsync(cancel);
            await db.WebhookDeliveries.Where(d => EF.Parameter(ids).Contains(d.EventId)).ExecuteDeleteAsync(cancel);
            gone = await db.WebhookEvents.Where(e => EF.Parameter(ids).Contains(e.Id)).ExecuteDeleteAsync(cancel);
        }
        while (gone == Step);
    }
}
