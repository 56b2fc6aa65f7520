using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Events;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using DomainGuard.Lookups.Http;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>
/// Sends what is due to one receiver: a portion is claimed for a while, sent side by side, and what became of it is written at once. A process that dies between a receiver's answer and
/// that write sends it again with the same id. A receiver that fails is tried one at a time until it answers again, so that one that hangs costs one connection.
/// </summary>
internal sealed partial class SendDeliveries(
    IDbContextFactory<GuardDb> dbs, WebhookTransport transport, WebhookSecrets secrets, AuditKeys keys, IOptions<DomainGuardOptions> options, GuardClock clock, TimeProvider time, ILogger<SendDeliveries> log)
{
    private const int Portion = 128;
    private const int SideBySide = 16;
    private const int MostAnswer = 2_048;

    /// <summary>Longer than a portion can take: each of its rounds ends after the time-out.</summary>
    private static readonly TimeSpan Claim = (DeliveryRules.Timeout * (Portion / SideBySide)) + TimeSpan.FromMinutes(1);

    /// <summary>Receivers for which something is due and that do not rest.</summary>
    public async Task<IReadOnlyList<Guid>> DueAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.WebhookEndpoints
            .Where(e => e.State == WebhookState.On && (e.RestUntil == null || e.RestUntil <= now)
                && db.WebhookDeliveries.Any(d => d.EndpointId == e.Id && d.State == DeliveryState.Waiting && d.NextTryAt <= now && (d.ClaimUntil == null || d.ClaimUntil < now)))
            .Select(e => e.Id)
            .ToListAsync(cancel);
    }

    /// <summary>Sends to one receiver until nothing is due, it rests, or it is switched off.</summary>
    /// <returns>How many it took.</returns>
    public async Task<int> ExecuteAsync(Guid endpointId, CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var taken = 0;
        while (!cancel.IsCancellationRequested)
        {
            var now = time.GetUtcNow();
            if (await session.Db.WebhookEndpoints.AsNoTracking().FirstOrDefaultAsync(e => e.Id == endpointId, cancel) is not { State: WebhookState.On } endpoint || endpoint.RestUntil > now)
            {
                break;
            }

            var claim = Guid.CreateVersion7(now);
            var portion = await ClaimAsync(session.Db, endpoint, claim, now, cancel);
            if (portion.Count == 0)
            {
                break;
            }

            var tries = await TryAsync(endpoint, portion, cancel);
            // What was sent is written, also when the process is told to stop meanwhile.
            await WriteAsync(session, endpoint, claim, tries, CancellationToken.None);
            taken += tries.Count(t => t.Outcome == DeliveryOutcome.Delivered);
        }

        return taken;
    }

    private static async Task<List<WebhookDelivery>> ClaimAsync(GuardDb db, WebhookEndpoint endpoint, Guid claim, DateTimeOffset now, CancellationToken cancel)
    {
        var due = db.WebhookDeliveries.Where(d => d.EndpointId == endpoint.Id && d.State == DeliveryState.Waiting && d.NextTryAt <= now && (d.ClaimUntil == null || d.ClaimUntil < now));
        // One that fails is tried with the oldest that is due: its ten tries are what says that nobody listens any more.
        var ids = await (endpoint.FailuresInRow == 0 ? due.OrderBy(d => d.NextTryAt).ThenBy(d => d.Id).Take(Portion) : due.OrderBy(d => d.CreatedAt).ThenBy(d => d.Id).Take(1)).Select(d => d.Id).ToArrayAsync(cancel);
        if (ids.Length == 0)
        {
            return [];
        }

        await db.WebhookDeliveries
            .Where(d => EF.Parameter(ids).Contains(d.Id) && d.State == DeliveryState.Waiting && (d.ClaimUntil == null || d.ClaimUntil < now))
            .ExecuteUpdateAsync(s => s.SetProperty(d => d.Claim, claim).SetProperty(d => d.ClaimUntil, now + Claim), cancel);
        return await db.WebhookDeliveries.AsNoTracking().Include(d => d.Event).Where(d => EF.Parameter(ids).Contains(d.Id) && d.Claim == claim).OrderBy(d => d.Id).ToListAsync(cancel);
    }

    private async Task<IReadOnlyList<Tried>> TryAsync(WebhookEndpoint endpoint, List<WebhookDelivery> portion, CancellationToken cancel)
    {
        var tries = new ConcurrentBag<Tried>();
        // One that fails ends the portion: the others are not spent on a receiver that is down.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var signing = secrets.InForce(endpoint, time.GetUtcNow());
        await Parallel.ForEachAsync(portion, new ParallelOptions { MaxDegreeOfParallelism = SideBySide, CancellationToken = CancellationToken.None }, async (delivery, _) =>
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            var tried = signing is null ? Failed(delivery, "The secret cannot be read: the key ring of this installation is another than the one that kept it. Rotate the secret.") : await SendAsync(endpoint, signing, delivery, cancel);
            if (tried is null)
            {
                return; // told to stop in the middle: not counted as a try
            }

            tries.Add(tried);
            if (tried.Outcome is not DeliveryOutcome.Delivered)
            {
                await stop.CancelAsync();
            }
        });
        return [.. tries];
    }

    private async Task<Tried?> SendAsync(WebhookEndpoint endpoint, IReadOnlyList<string> signing, WebhookDelivery delivery, CancellationToken cancel)
    {
        if (transport.Problem(endpoint.Url, out var url) is { } refused)
        {
            return Failed(delivery, refused);
        }

        var at = time.GetUtcNow();
        var begun = time.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, DeliveryRules.Timeout, System.Threading.Timeout.InfiniteTimeSpan);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url);
            if (Fill(request, endpoint, signing, delivery.Event!, at) is { } problem)
            {
                return Failed(delivery, problem);
            }

            using var answer = await transport.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var status = (int)answer.StatusCode;
            var outcome = DeliveryRules.Of(status, delivery.Tries + 1);
            var words = outcome == DeliveryOutcome.Delivered ? null : await WordsAsync(answer, limit.Token);
            return new Tried(delivery, outcome, at, status, Took(begun), words, RetryAfter(answer.Headers.RetryAfter, time.GetUtcNow()));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            return Failed(delivery, string.Create(CultureInfo.InvariantCulture, $"No answer within {DeliveryRules.Timeout.TotalSeconds:0} s."), at, Took(begun));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            var cause = e.InnerException is AddressRefusedException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException ? e.InnerException : e;
            return Failed(delivery, cause.Message, at, Took(begun));
        }
    }

    // What stands against sending, in words; null when the request is ready.
    private string? Fill(HttpRequestMessage request, WebhookEndpoint endpoint, IReadOnlyList<string> signing, WebhookEvent told, DateTimeOffset at)
    {
        var id = IdOf(told.Id);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("DomainGuard", "1"));
        if (endpoint.Format == WebhookFormat.SecurityEventToken)
        {
            if (keys.Signing is not { } key || options.Value.PublicUrl.Length == 0)
            {
                return "Security event tokens need a signing key (DomainGuard:Audit:SigningKey) and DomainGuard:PublicUrl.";
            }

            var token = SecurityEvent.Sign(options.Value.PublicUrl, endpoint.Audience ?? endpoint.Url, id, at, told.Body, key);
            request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(token));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/" + SecurityEvent.TokenType);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            if (signing.Count > 0)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", signing[0]);
            }

            return null;
        }

        var body = Encoding.UTF8.GetBytes(told.Body);
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Of(signing, id, at, body));
        return null;
    }

    /// <summary>The id of an event on the wire.</summary>
    internal static string IdOf(Guid id) => "evt_" + id.ToString("N");

    private async Task WriteAsync(StatementSession session, WebhookEndpoint endpoint, Guid claim, IReadOnlyList<Tried> tries, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        List<object?[]> rows = [.. tries.OrderBy(t => t.Delivery.Id).Select(t => new object?[]
        {
            t.Outcome switch { DeliveryOutcome.Delivered => DeliveryState.Delivered, DeliveryOutcome.Again or DeliveryOutcome.AgainAndRest => DeliveryState.Waiting, _ => DeliveryState.Dead },
            t.Outcome is DeliveryOutcome.Again or DeliveryOutcome.AgainAndRest ? now + DeliveryRules.Wait(t.Delivery.Tries + 1, Random.Shared.NextDouble(), t.RetryAfter) : now,
            t.At, t.Status, t.DurationMs, t.Error, t.Delivery.Id, claim,
        })];
        await session.BeginAsync(cancel);
        try
        {
            await session.ExecuteManyAsync(WebhookSql.Tried, rows, cancel);
            await session.ExecuteAsync(WebhookSql.LetGo, [claim], cancel);
            await NoteAsync(session.Db, endpoint, tries, now, cancel);
            await session.CommitAsync(cancel);
        }
        finally
        {
            await session.RollbackAsync();
        }
    }

    // What the tries say of the receiver itself.
    private async Task NoteAsync(GuardDb db, WebhookEndpoint endpoint, IReadOnlyList<Tried> tries, DateTimeOffset now, CancellationToken cancel)
    {
        var failed = tries.Where(t => t.Outcome != DeliveryOutcome.Delivered).ToList();
        var delivered = tries.Count > failed.Count;
        DateTimeOffset? rest = failed.Where(t => t.Outcome == DeliveryOutcome.AgainAndRest)
            .Select(t => (DateTimeOffset?)(now + DeliveryRules.Rest(endpoint.FailuresInRow + failed.Count, t.RetryAfter)))
            .Max();
        var reached = delivered ? now : endpoint.LastDeliveredAt;
        var state = failed.Exists(t => t.Outcome == DeliveryOutcome.Gone) ? WebhookState.Gone
            : failed.Exists(t => t.Outcome == DeliveryOutcome.Dead && !(reached > t.Delivery.CreatedAt)) ? WebhookState.Dead
            : WebhookState.On;
        await db.WebhookEndpoints.Where(e => e.Id == endpoint.Id).ExecuteUpdateAsync(
            s => s.SetProperty(e => e.FailuresInRow, e => failed.Count > 0 ? e.FailuresInRow + failed.Count : 0).SetProperty(e => e.RestUntil, rest).SetProperty(e => e.LastDeliveredAt, reached), cancel);
        if (state == WebhookState.On
            || await db.WebhookEndpoints.Where(e => e.Id == endpoint.Id && e.State == WebhookState.On).ExecuteUpdateAsync(s => s.SetProperty(e => e.State, state).SetProperty(e => e.Version, e => e.Version + 1), cancel) == 0)
        {
            return;
        }

        AuditTrail.Add(db, new AuditFact(AuditAction.WebhookChanged, AuditActor.System("webhooks"), clock.Now)
        {
            Subject = ChangeWebhooks.Subject(endpoint.Id),
            Changes = [("state", WebhookState.On, state)],
        });
        await db.SaveChangesAsync(cancel);
        Log.SwitchedOff(log, endpoint.Name, state);
    }

    // RFC 8935 section 2.4: {"err":"invalid_key","description":"..."}. Any other answer is cut.
    private static async Task<string> WordsAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var text = $"HTTP {(int)answer.StatusCode}";
        if (answer.StatusCode is >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest)
        {
            return text + ": a redirect, which is not followed. Give the receiver's own address.";
        }

        try
        {
            var buffer = new byte[MostAnswer];
            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            var length = await body.ReadAtLeastAsync(buffer, MostAnswer, throwOnEndOfStream: false, cancel);
            var said = Encoding.UTF8.GetString(buffer, 0, length);
            if (answer.Content.Headers.ContentType?.MediaType == "application/json")
            {
                using var json = JsonDocument.Parse(said);
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("err", out var err))
                {
                    said = $"{err}{(json.RootElement.TryGetProperty("description", out var description) ? $": {description}" : "")}";
                }
            }

            said = string.Join(' ', said.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return said.Length == 0 ? text : Cut($"{text}: {said}");
        }
        catch (Exception e) when (e is IOException or HttpRequestException or JsonException or OperationCanceledException)
        {
            return text;
        }
    }

    private static TimeSpan? RetryAfter(RetryConditionHeaderValue? header, DateTimeOffset now) => header?.Delta ?? (header?.Date is { } date ? date - now : null);

    private Tried Failed(WebhookDelivery delivery, string why) => Failed(delivery, why, time.GetUtcNow(), 0);

    private static Tried Failed(WebhookDelivery delivery, string why, DateTimeOffset at, int took) => new(delivery, DeliveryRules.Of(null, delivery.Tries + 1), at, null, took, Cut(why), null);

    private static string Cut(string text)
    {
        var kept = string.Concat(text.EnumerateRunes().Where(r => !Rune.IsControl(r)).Select(r => r.ToString()));
        return kept.Length <= 500 ? kept : kept[..(char.IsHighSurrogate(kept[498]) ? 498 : 499)] + "…";
    }

    private int Took(long begun) => (int)Math.Min(int.MaxValue, time.GetElapsedTime(begun).TotalMilliseconds);

    private sealed record Tried(WebhookDelivery Delivery, DeliveryOutcome Outcome, DateTimeOffset At, int? Status, int DurationMs, string? Error, TimeSpan? RetryAfter);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Receiver {Name} was switched off: {State}")]
        public static partial void SwitchedOff(ILogger logger, string name, WebhookState state);
    }
}
