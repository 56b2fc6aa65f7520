using DomainGuard.Core.Events;
using DomainGuard.Data;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Webhooks;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>A receiver as the screens show it: never its secret.</summary>
public sealed record WebhookRow(
    Guid Id, string Name, string Url, WebhookFormat Format, int Types, WebhookState State, string? Audience, bool HasSecret, DateTimeOffset? PreviousUntil, DateTimeOffset CreatedAt, int FailuresInRow,
    DateTimeOffset? RestUntil, DateTimeOffset? LastDeliveredAt, int Waiting, int Dead, int Version);

/// <summary>A delivery as the log shows it.</summary>
public sealed record DeliveryRow(
    long Id, Guid EventId, EventType Type, DateTimeOffset At, string? DomainName, string? Account, DeliveryState State, int Tries, DateTimeOffset NextTryAt, DateTimeOffset? TriedAt, int? Status, int DurationMs,
    string? Error, DateTimeOffset CreatedAt);

/// <summary>Reads receivers and their deliveries.</summary>
internal sealed class WebhookQueries(IDbContextFactory<GuardDb> dbs)
{
    /// <summary>From this many on, those that wait and those that are dead are counted no further.</summary>
    public const int MostCounted = 1_000;

    /// <summary>All receivers, the oldest first: there are at most 50.</summary>
    public async Task<IReadOnlyList<WebhookRow>> ListAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Rows(db, db.WebhookEndpoints.OrderBy(e => e.CreatedAt).ThenBy(e => e.Id)).ToListAsync(cancel);
    }

    /// <summary>One; null when it is not there.</summary>
    public async Task<WebhookRow?> GetAsync(Guid id, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Rows(db, db.WebhookEndpoints.Where(e => e.Id == id)).FirstOrDefaultAsync(cancel);
    }

    /// <summary>A page of the log of one receiver, the newest first.</summary>
    public async Task<KeysetPage<DeliveryRow>> LogAsync(Guid endpointId, DeliveryState? state, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var source = db.WebhookDeliveries.AsNoTracking().Where(d => d.EndpointId == endpointId && (state == null || d.State == state));
        return await Keyset.PageAsync(
            source, d => d.CreatedAt, d => d.Id, descending: true, position, size,
            d => new DeliveryRow(
                d.Id, d.EventId, d.Event!.Type, d.Event.At, d.Event.DomainName, db.Accounts.Where(a => a.Id == d.Event.AccountId).Select(a => a.ExternalId).FirstOrDefault(), d.State, d.Tries, d.NextTryAt, d.TriedAt,
                d.Status, d.DurationMs, d.Error, d.CreatedAt),
            r => (r.CreatedAt, r.Id), cancel);
    }

    /// <summary>The body of an event; null when it is not kept any more.</summary>
    public async Task<string?> BodyAsync(Guid eventId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.WebhookEvents.AsNoTracking().Where(e => e.Id == eventId).Select(e => e.Body).FirstOrDefaultAsync(cancel);
    }

    private static IQueryable<WebhookRow> Rows(GuardDb db, IQueryable<WebhookEndpoint> source) => source.AsNoTracking().Select(e => new WebhookRow(
        e.Id, e.Name, e.Url, e.Format, e.Types, e.State, e.Audience, e.Secret != null, e.PreviousUntil, e.CreatedAt, e.FailuresInRow, e.RestUntil, e.LastDeliveredAt,
        db.WebhookDeliveries.Where(d => d.EndpointId == e.Id && d.State == DeliveryState.Waiting).Take(MostCounted).Count(),
        db.WebhookDeliveries.Where(d => d.EndpointId == e.Id && d.State == DeliveryState.Dead).Take(MostCounted).Count(),
        e.Version));
}
