using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Net.Http.Headers;

namespace DomainGuard.Web.Features.Api;

/// <summary>Mark of an endpoint that was mapped in the API's group.</summary>
internal sealed record ApiEndpointMark;

/// <summary>
/// Everything below <c>/api</c>: nobody without a key learns even which paths there are, but from the document that describes them; every failure leaves as a problem; cookies are not looked at; answers are kept nowhere on the
/// way.
/// </summary>
internal sealed partial class ApiPipeline(RequestDelegate next, ApiRates rates, ILogger<ApiPipeline> log)
{
    internal const string Root = "/api";

    public Task InvokeAsync(HttpContext context) => context.Request.Path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase) ? AnswerAsync(context) : next(context);

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            await RunAsync(context);
        }
        catch (ApiProblemException e) when (!context.Response.HasStarted)
        {
            e.Problem.SetOn(context);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            ApiProblems.OfStatus(e.StatusCode).SetOn(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // nobody listens any more
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            Log.Failed(log, context.Request.Method, context.GetEndpoint()?.DisplayName, e);
            ClearBody(context);
            ApiProblems.InternalError.SetOn(context);
        }

        var response = context.Response;
        if (!response.HasStarted && response.StatusCode >= 400 && response.ContentLength is null && string.IsNullOrEmpty(response.ContentType))
        {
            await (context.Features.Get<ApiProblem>() ?? ApiProblems.OfStatus(response.StatusCode)).WriteAsync(context);
        }
    }

    private async Task RunAsync(HttpContext context)
    {
        // What describes the API to everybody.
        if (context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            await next(context);
            return;
        }

        // Before anything else, also before it is said whether there is such a path.
        if (!(await context.AuthenticateAsync(ApiKeyHandler.Scheme)).Succeeded)
        {
            await context.ChallengeAsync(ApiKeyHandler.Scheme);
            return;
        }

        if (!rates.TryTake(context, ApiCaller.Of(context)))
        {
            ApiProblems.RateLimited.SetOn(context);
            return;
        }

        var endpoint = context.GetEndpoint();
        if (endpoint is null)
        {
            ApiProblems.NotFound.SetOn(context);
        }
        else if (endpoint.Metadata.GetMetadata<ApiEndpointMark>() is null)
        {
            // Routing's own answer: not with this method (405), not with this content type (415).
            await endpoint.RequestDelegate!(context);
        }
        else
        {
            await next(context);
        }
    }

    private static void ClearBody(HttpContext context)
    {
        context.Response.ContentType = null;
        context.Response.ContentLength = null;
        context.Response.Headers.Remove(HeaderNames.ETag);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Endpoint} failed")]
        public static partial void Failed(ILogger logger, string method, string? endpoint, Exception exception);
    }
}
