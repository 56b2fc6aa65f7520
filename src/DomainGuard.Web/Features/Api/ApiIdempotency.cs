using System.Security.Cryptography;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Api;

/// <summary>Mark of an endpoint that knows <c>Idempotency-Key</c>.</summary>
internal sealed record ApiIdempotencyMark;

/// <summary>
/// <c>Idempotency-Key</c>: who asks again gets the answer that was given, and nothing is done twice. The order makes it safe: the key is claimed in the database (its row is the claim, unique over all
/// nodes), then the request is carried out, then its answer is written beside the claim. A process that dies between leaves a claim without an answer; that is never carried out again, for nobody knows
/// whether it was: who asks is told to look. An answer that is no success did nothing, so its claim is given back and the same key may try again. Once claimed the work goes on when the caller goes away,
/// for it is he who will ask again.
/// </summary>
internal sealed partial class ApiIdempotency(IDbContextFactory<GuardDb> dbs, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<ApiIdempotency> log) : IEndpointFilter
{
    /// <summary>The header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Says that an answer was given before.</summary>
    public const string Replayed = "Idempotency-Replayed";

    /// <summary>Longest key.</summary>
    public const int Longest = 255;

    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Keeps = TimeSpan.FromHours(24);

    /// <summary>A claim without an answer that is older is no longer believed to be at work: no request takes so long.</summary>
    public static readonly TimeSpan Works = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var given = http.Request.Headers[Header];
        if (given.Count == 0)
        {
            return await next(context);
        }

        if (given.Count > 1 || given[0] is not { Length: > 0 and <= Longest } key || key.Any(c => c is < '!' or > '~'))
        {
            var errors = new ApiErrors();
            errors.Add(Header, $"It is sent once, with 1 to {Longest} visible ASCII characters, such as a UUID.");
            return errors.ToProblem();
        }

        var claim = new KeptAnswer { Hash = HashOf(ApiCaller.Of(http).KeyId, key), Fingerprint = Fingerprint(http), At = time.GetUtcNow() };
        return await ClaimAsync(claim, http.RequestAborted) is { } kept ? Answer(http, claim, kept) : await CarryOutAsync(context, next, claim);
    }

    private async Task<object?> CarryOutAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, KeptAnswer claim)
    {
        var http = context.HttpContext;
        var (caller, body) = (http.RequestAborted, http.Response.Body);
        using var written = new MemoryStream();
        try
        {
            http.RequestAborted = lifetime.ApplicationStopping;
            http.Response.Body = written;
            if (await next(context) is IResult result)
            {
                await result.ExecuteAsync(http);
            }
        }
        catch (ApiProblemException e)
        {
            e.Problem.SetOn(http);
        }
        finally
        {
            (http.RequestAborted, http.Response.Body) = (caller, body);
        }

        claim.Status = http.Response.StatusCode;
        if (claim.Status is < 200 or >= 300)
        {
            await GiveBackAsync(claim);
            return Results.Empty; // the problem is written further out
        }

        (claim.ContentType, claim.Location, claim.ETag) = (http.Response.ContentType, http.Response.Headers.Location, http.Response.Headers.ETag);
        claim.Body = written.Length == 0 ? null : written.ToArray();
        await KeepAsync(claim);
        if (claim.Body is not null)
        {
            await http.Response.Body.WriteAsync(claim.Body, caller);
        }

        return Results.Empty;
    }

    /// <summary>Claims; null when it is ours, else the row that was there first.</summary>
    private async Task<KeptAnswer?> ClaimAsync(KeptAnswer claim, CancellationToken cancel)
    {
        while (true)
        {
            await using var db = await dbs.CreateDbContextAsync(cancel);
            if (await db.KeptAnswers.AsNoTracking().FirstOrDefaultAsync(a => a.Hash == claim.Hash, cancel) is { } kept)
            {
                if (claim.At - kept.At < Keeps)
                {
                    return kept;
                }

                // Its time is over and the daily sweep has not come yet.
                await db.KeptAnswers.Where(a => a.Hash == claim.Hash && a.At == kept.At).ExecuteDeleteAsync(cancel);
            }

            try
            {
                // Once begun it is not broken off: a claim that nobody knows of would be one without an answer.
                db.KeptAnswers.Add(claim);
                await db.SaveChangesAsync(CancellationToken.None);
                return null;
            }
            catch (DbUpdateException) when (Exists(claim.Hash))
            {
                // Claimed in the same moment by another request: it is read.
            }
        }
    }

    private bool Exists(byte[] hash)
    {
        using var db = dbs.CreateDbContext();
        return db.KeptAnswers.AsNoTracking().Any(a => a.Hash == hash);
    }

    private static IResult Answer(HttpContext http, KeptAnswer claim, KeptAnswer kept)
    {
        if (!kept.Fingerprint.AsSpan().SequenceEqual(claim.Fingerprint))
        {
            return ApiProblems.IdempotencyKeyReused;
        }

        if (kept.Status is not { } status)
        {
            // A clock that was set back makes a claim no younger than now.
            if (claim.At - kept.At > Works)
            {
                return ApiProblems.IdempotencyUnknown;
            }

            http.Response.Headers.RetryAfter = ApiRates.Seconds(AskAgain);
            return ApiProblems.IdempotencyInProgress;
        }

        http.Response.Headers[Replayed] = "true";
        if (kept.Location is not null)
        {
            http.Response.Headers.Location = kept.Location;
        }

        if (kept.ETag is not null)
        {
            http.Response.Headers.ETag = kept.ETag;
        }

        return new KeptResult(status, kept.ContentType, kept.Body);
    }

    // It was done, and its answer is on its way: that it cannot be kept costs only who asks again the answer, never a second effect.
    private async Task KeepAsync(KeptAnswer claim)
    {
        try
        {
            await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
            await db.KeptAnswers.Where(a => a.Hash == claim.Hash && a.At == claim.At && a.Status == null).ExecuteUpdateAsync(
                s => s.SetProperty(a => a.Status, claim.Status).SetProperty(a => a.ContentType, claim.ContentType).SetProperty(a => a.Location, claim.Location).SetProperty(a => a.ETag, claim.ETag)
                    .SetProperty(a => a.Body, claim.Body),
                CancellationToken.None);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or DbUpdateException)
        {
            Log.NotKept(log, e);
        }
    }

    private async Task GiveBackAsync(KeptAnswer claim)
    {
        try
        {
            await using var db = await dbs.CreateDbContextAsync(CancellationToken.None);
            await db.KeptAnswers.Where(a => a.Hash == claim.Hash && a.At == claim.At && a.Status == null).ExecuteDeleteAsync(CancellationToken.None);
        }
        catch (System.Data.Common.DbException e)
        {
            Log.NotKept(log, e);
        }
    }

    private static byte[] HashOf(Guid caller, string key) => SHA256.HashData([.. caller.ToByteArray(), .. Encoding.ASCII.GetBytes(key)]);

    private static byte[] Fingerprint(HttpContext http)
    {
        var request = http.Request;
        return SHA256.HashData([.. Encoding.UTF8.GetBytes($"{request.Method} {request.Path.Value}{request.QueryString.Value}\n"), .. http.Features.Get<ApiBodyHash>()?.Value ?? []]);
    }

    private sealed class KeptResult(int status, string? type, byte[]? body) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = type;
            if (body is not null)
            {
                await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "What became of a request with an Idempotency-Key could not be written down: who asks again is told to look")]
        public static partial void NotKept(ILogger logger, Exception exception);
    }
}

/// <summary>Mapping of writes.</summary>
internal static class ApiIdempotencyMapping
{
    /// <summary>The endpoint knows <c>Idempotency-Key</c>. Every write does but recovery checks, which change nothing that matters twice, and lists, which come as a stream.</summary>
    public static RouteHandlerBuilder WithIdempotency(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new ApiIdempotencyMark()).AddEndpointFilter(static (context, next) => context.HttpContext.RequestServices.GetRequiredService<ApiIdempotency>().InvokeAsync(context, next));
}
