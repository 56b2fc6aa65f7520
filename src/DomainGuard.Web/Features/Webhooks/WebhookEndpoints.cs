using DomainGuard.Core.Events;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Features.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>A receiver of events.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is.</param>
/// <param name="Url">Where it is sent.</param>
/// <param name="Format">In which form.</param>
/// <param name="Types">What it is told.</param>
/// <param name="State">On, Off, Gone (it answered 410) or Dead (an event was tried for three days in vain).</param>
/// <param name="Audience">"aud" of security event tokens; null for webhooks.</param>
/// <param name="Waiting">Deliveries that wait, counted up to 1,000.</param>
/// <param name="Dead">Dead letters, counted up to 1,000.</param>
/// <param name="LastDeliveredAt">When it last took something.</param>
/// <param name="RestUntil">It is left alone until then.</param>
/// <param name="CreatedAt">When it was added.</param>
internal sealed record WebhookAnswer(
    Guid Id, string Name, string Url, WebhookFormat Format, IReadOnlyList<string> Types, WebhookState State, string? Audience, int Waiting, int Dead, DateTimeOffset? LastDeliveredAt, DateTimeOffset? RestUntil,
    DateTimeOffset CreatedAt);

/// <summary>A wish for a receiver.</summary>
/// <param name="Name">What it is, at most 100 characters.</param>
/// <param name="Url">Where it is sent: https, but for hosts that the configuration names.</param>
/// <param name="Types">What it is told; everything when it is left out.</param>
/// <param name="Format"><c>StandardWebhooks</c>, also when it is left out, or <c>SecurityEventToken</c>.</param>
/// <param name="Audience">"aud" of security event tokens; the URL when it is left out.</param>
/// <param name="Token">Bearer token that a receiver of security event tokens asks for.</param>
internal sealed record WebhookRequest(string? Name, string? Url, IReadOnlyList<string>? Types = null, WebhookFormat Format = WebhookFormat.StandardWebhooks, string? Audience = null, string? Token = null);

/// <summary>A receiver that was added.</summary>
/// <param name="Webhook">The receiver.</param>
/// <param name="Secret">What signs: told this once. Null for security event tokens.</param>
internal sealed record WebhookMade(WebhookAnswer Webhook, string? Secret);

/// <summary>A new secret.</summary>
/// <param name="Secret">What signs from now on: told this once. The one before signs beside it for a day.</param>
internal sealed record WebhookSecretMade(string Secret);

/// <summary>An event on its way to a receiver.</summary>
/// <param name="Id">Its number.</param>
/// <param name="EventId">The event's id on the wire.</param>
/// <param name="Type">What it is.</param>
/// <param name="State">Waiting, Delivered or Dead.</param>
/// <param name="Tries">Tries so far.</param>
/// <param name="NextTryAt">When it is tried next; null where it is not.</param>
/// <param name="TriedAt">When it was last tried.</param>
/// <param name="Status">Status of the last answer; null when there was none.</param>
/// <param name="Error">Why the last try failed, in words.</param>
/// <param name="Domain">The domain that it is about.</param>
/// <param name="AccountId">The account that it is about: the platform's id.</param>
/// <param name="CreatedAt">When it was put before the receiver.</param>
internal sealed record DeliveryAnswer(
    long Id, string EventId, string Type, DeliveryState State, int Tries, DateTimeOffset? NextTryAt, DateTimeOffset? TriedAt, int? Status, string? Error, string? Domain, string? AccountId, DateTimeOffset CreatedAt);

/// <summary>How many are sent once more.</summary>
/// <param name="Count">Deliveries.</param>
internal sealed record ReplayAnswer(int Count);

/// <summary>Receivers of events in the API. A secret is told once, so adding and rotating keep no answer for an Idempotency-Key.</summary>
internal static class WebhookEndpoints
{
    /// <summary>Maps <c>/webhooks</c>.</summary>
    public static void MapWebhooks(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/webhooks").RequireAuthorization(ApiScope.WebhooksManage).WithTags("Webhooks");
        group.MapGet("", ListAsync).WithName("listWebhooks").WithSummary("Receivers of events: there are at most 50.");
        group.MapPost("", CreateAsync).WithName("createWebhook").WithSummary("Add a receiver. Its secret is told this once.").WithMetadata(new ApiAnswerHeader("Location", "The receiver."))
            .WithExample("""{"name":"platform","url":"https://platform.example/hooks/domainguard","types":["address.unverified","address.restored"]}""");
        group.MapGet("/{webhookId:guid}", GetAsync).WithName("getWebhook").WithSummary("One receiver.");
        group.MapDelete("/{webhookId:guid}", RemoveAsync).WithIdempotency().WithName("removeWebhook").WithSummary("Remove a receiver, with what waits for it and its log.").WithProblems(ApiProblems.Conflict);
        group.MapPost("/{webhookId:guid}/secret", RotateAsync).WithName("rotateWebhookSecret").WithSummary("Give a receiver a new secret; the one before signs beside it for a day.").WithProblems(ApiProblems.Conflict);
        group.MapPost("/{webhookId:guid}/test", TestAsync).WithIdempotency().WithName("testWebhook").WithSummary("Send a receiver an event of type webhook.test.").WithProblems(ApiProblems.Conflict);
        group.MapPost("/{webhookId:guid}/replay", ReplayAsync).WithIdempotency().WithName("replayWebhook").WithSummary("Send a receiver all its dead letters once more.").WithProblems(ApiProblems.Conflict);
        group.MapList("/{webhookId:guid}/deliveries", DeliveriesAsync, ApiParameter.Word<DeliveryState>("state", "Deliveries that stand there.")).WithName("listDeliveries").WithSummary("What a receiver was sent, newest first: 30 days of it.");
        group.MapPost("/{webhookId:guid}/deliveries/{deliveryId:long}/replay", ReplayOneAsync).WithIdempotency().WithName("replayDelivery").WithSummary("Send one event once more, with its id.").WithProblems(ApiProblems.Conflict);
    }

    private static async Task<Ok<ApiList<WebhookAnswer>>> ListAsync(WebhookQueries webhooks, HttpContext http) =>
        TypedResults.Ok(new ApiList<WebhookAnswer>([.. (await webhooks.ListAsync(http.RequestAborted)).Select(Of)], null));

    private static async Task<Results<Ok<WebhookAnswer>, ApiProblem>> GetAsync(Guid webhookId, WebhookQueries webhooks, HttpContext http) =>
        await webhooks.GetAsync(webhookId, http.RequestAborted) is { } row ? TypedResults.Ok(Of(row)) : ApiProblems.NotFound;

    private static async Task<Results<Created<WebhookMade>, ApiProblem>> CreateAsync(ApiBody<WebhookRequest> body, ApiCaller caller, ChangeWebhooks change, WebhookQueries webhooks, HttpContext http)
    {
        var wish = body.Value;
        var errors = new ApiErrors();
        errors.Require(wish.Name is not null, "name", "It is missing.");
        errors.Require(wish.Url is not null, "url", "It is missing.");
        List<EventType> types = [];
        foreach (var name in wish.Types ?? [.. EventTypes.Choosable.Select(EventTypes.Name)])
        {
            if (EventTypes.Of(name ?? "") is { } type)
            {
                types.Add(type);
            }
            else
            {
                errors.Add("types", $"It is of {string.Join(", ", EventTypes.Choosable.Select(EventTypes.Name))}.");
                break;
            }
        }

        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        var outcome = await change.CreateAsync(caller.Requester, new WebhookWish(wish.Name!, wish.Url!, types, wish.Format, wish.Audience, wish.Token), http.RequestAborted);
        if (outcome is not WebhookOutcome.Made made)
        {
            return ApiProblems.InvalidRequest with { Detail = ((WebhookOutcome.Refused)outcome).Problem };
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"{http.Request.PathBase}{ApiPipeline.Root}/v1/webhooks/{made.Id:D}", new WebhookMade(Of((await webhooks.GetAsync(made.Id, http.RequestAborted))!), made.Secret));
    }

    private static async Task<Results<NoContent, ApiProblem>> RemoveAsync(Guid webhookId, ApiCaller caller, ChangeWebhooks change, HttpContext http) =>
        await change.RemoveAsync(caller.Requester, webhookId, http.RequestAborted) is WebhookOutcome.Refused refused ? Problem(refused) : TypedResults.NoContent();

    private static async Task<Results<Ok<WebhookSecretMade>, ApiProblem>> RotateAsync(Guid webhookId, ApiCaller caller, ChangeWebhooks change, HttpContext http)
    {
        var outcome = await change.RotateAsync(caller.Requester, webhookId, http.RequestAborted);
        if (outcome is not WebhookOutcome.Made { Secret: { } secret })
        {
            return Problem((WebhookOutcome.Refused)outcome);
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new WebhookSecretMade(secret));
    }

    private static async Task<Results<Accepted<ReplayAnswer>, ApiProblem>> TestAsync(Guid webhookId, ApiCaller caller, ReplayDeliveries replay, HttpContext http) =>
        Replayed(await replay.TestAsync(caller.Requester, webhookId, http.RequestAborted));

    private static async Task<Results<Accepted<ReplayAnswer>, ApiProblem>> ReplayAsync(Guid webhookId, ApiCaller caller, ReplayDeliveries replay, HttpContext http) =>
        Replayed(await replay.DeadAsync(caller.Requester, webhookId, http.RequestAborted));

    private static async Task<Results<Accepted<ReplayAnswer>, ApiProblem>> ReplayOneAsync(Guid webhookId, long deliveryId, ApiCaller caller, ReplayDeliveries replay, HttpContext http) =>
        Replayed(await replay.OneAsync(caller.Requester, webhookId, deliveryId, http.RequestAborted));

    private static async Task<Results<Ok<ApiList<DeliveryAnswer>>, ApiProblem>> DeliveriesAsync(Guid webhookId, ApiQuery query, WebhookQueries webhooks, HttpContext http) =>
        await webhooks.GetAsync(webhookId, http.RequestAborted) is null
            ? ApiProblems.NotFound
            : TypedResults.Ok(query.Answer(await webhooks.LogAsync(webhookId, query.Word<DeliveryState>("state"), query.Position, query.Limit, http.RequestAborted), Of));

    private static Results<Accepted<ReplayAnswer>, ApiProblem> Replayed(WebhookOutcome outcome) =>
        outcome is WebhookOutcome.Done done ? TypedResults.Accepted((string?)null, new ReplayAnswer(done.Count)) : Problem((WebhookOutcome.Refused)outcome);

    private static ApiProblem Problem(WebhookOutcome.Refused refused) => refused == WebhookOutcome.IsGone ? ApiProblems.NotFound : ApiProblems.Conflict with { Detail = refused.Problem };

    private static WebhookAnswer Of(WebhookRow row) => new(
        row.Id, row.Name, row.Url, row.Format, [.. EventTypes.Choosable.Where(t => EventTypes.Holds(row.Types, t)).Select(EventTypes.Name)], row.State, row.Audience, row.Waiting, row.Dead, row.LastDeliveredAt,
        row.RestUntil, row.CreatedAt);

    private static DeliveryAnswer Of(DeliveryRow row) => new(
        row.Id, SendDeliveries.IdOf(row.EventId), EventTypes.Name(row.Type), row.State, row.Tries, row.State == DeliveryState.Waiting ? row.NextTryAt : null, row.TriedAt, row.Status, row.Error, row.DomainName,
        row.Account, row.CreatedAt);
}
