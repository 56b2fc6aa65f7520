using System.Security.Cryptography;
using System.Text;
using System.Xml;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Simulator;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Demo;

/// <summary>Body of <c>POST /demo/clock</c>.</summary>
/// <param name="Advance">How far, as an ISO 8601 duration: <c>P1D</c>, <c>PT6H</c>.</param>
internal sealed record AdvanceClockRequest(string? Advance);

/// <summary>Answer of <c>POST /demo/clock</c>.</summary>
/// <param name="Now">Guard time (UTC).</param>
/// <param name="Scans">Scans run on the way.</param>
/// <param name="Domains">Domains looked up in them.</param>
internal sealed record AdvanceClockResponse(DateTimeOffset Now, int Scans, long Domains);

/// <summary>Answer of <c>GET /demo/domains/{name}</c>: what the pretend world has in store for a domain, which no real one tells.</summary>
/// <param name="Name">A-labels.</param>
/// <param name="Now">Guard time (UTC).</param>
/// <param name="Steps">Its life, past and to come.</param>
internal sealed record DemoDomainResponse(string Name, DateTimeOffset Now, IReadOnlyList<DemoStep> Steps);

/// <summary>From an instant on a domain is in this state.</summary>
/// <param name="From">Beginning (UTC).</param>
/// <param name="Stage">Where it stands at its registry.</param>
internal sealed record DemoStep(DateTimeOffset From, string Stage);

/// <summary>
/// <c>POST /demo/clock</c>: moves the clock of a demonstration. For scripts by <c>Authorization: Bearer</c> with the key of <c>DomainGuard:Demo:ApiKey</c>, for the console by an
/// administrator's cookie with antiforgery token. Where the clock cannot be moved there is no such endpoint.
/// <c>GET /demo/domains/{name}</c>, by the same key: tells a script how far to move it. There is none in the live world.
/// </summary>
internal static class DemoEndpoints
{
    /// <summary>Maps them.</summary>
    public static void MapDemo(this IEndpointRouteBuilder routes)
    {
        // Two ways in, both checked by the handlers themselves.
        routes.MapPost("/demo/clock", AdvanceAsync).AllowAnonymous().DisableAntiforgery();
        routes.MapGet("/demo/domains/{name}", DomainAsync).AllowAnonymous();
    }

    private static async Task<IResult> DomainAsync(
        string name, HttpContext http, IOptions<DomainGuardOptions> options, IAuthorizationService authorization, IAntiforgery antiforgery, GuardClock clock)
    {
        if (http.RequestServices.GetService<World>() is not { } world)
        {
            return TypedResults.Problem("This is not the pretend world.", statusCode: StatusCodes.Status404NotFound);
        }

        if (await WhoAsync(http, options.Value, authorization, antiforgery) is null)
        {
            return TypedResults.Problem("Send the demonstration key as bearer token.", statusCode: StatusCodes.Status401Unauthorized);
        }

        return world.Find(name) is { } domain
            ? TypedResults.Ok(new DemoDomainResponse(domain.Name, clock.Now, [.. domain.Steps.Select(s => new DemoStep(s.From, s.Stage.ToString()))]))
            : TypedResults.Problem("The pretend world has no such domain.", statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> AdvanceAsync(
        HttpContext http, AdvanceClockRequest? request, IOptions<DomainGuardOptions> options, IAuthorizationService authorization, IAntiforgery antiforgery)
    {
        if (http.RequestServices.GetService<AdvanceClock>() is not { } advance)
        {
            return TypedResults.Problem("The clock of this installation cannot be moved.", statusCode: StatusCodes.Status404NotFound);
        }

        if (await WhoAsync(http, options.Value, authorization, antiforgery) is not { } by)
        {
            return TypedResults.Problem("Send the demonstration key as bearer token, or sign in as an administrator.", statusCode: StatusCodes.Status401Unauthorized);
        }

        if (!TryReadDuration(request?.Advance, out var step))
        {
            return TypedResults.Problem("\"advance\" must be an ISO 8601 duration of days, hours, minutes and seconds, such as P1D or PT6H.", statusCode: StatusCodes.Status400BadRequest);
        }

        return await advance.ExecuteAsync(by, step, null, http.RequestAborted) switch
        {
            AdvanceOutcome.Advanced done => TypedResults.Ok(new AdvanceClockResponse(done.Now, done.Scans, done.Domains)),
            AdvanceOutcome.Refused refused => TypedResults.Problem(refused.Problem, statusCode: StatusCodes.Status400BadRequest),
            _ => TypedResults.Problem("The clock is being moved already. Move it again when that is done: the request that moves it is answered then.", statusCode: StatusCodes.Status409Conflict),
        };
    }

    private static async Task<Requester?> WhoAsync(HttpContext http, DomainGuardOptions options, IAuthorizationService authorization, IAntiforgery antiforgery)
    {
        const string Scheme = "Bearer ";
        if (http.Request.Headers.Authorization.ToString() is { Length: > 0 } header)
        {
            return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                && CryptographicOperations.FixedTimeEquals(
                    SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim())), SHA256.HashData(Encoding.UTF8.GetBytes(options.Demo.ApiKey)))
                ? new Requester(new AuditActor(AuditActorKind.Key, "demonstration", From(http)), "demonstration key")
                : null;
        }

        return (await authorization.AuthorizeAsync(http.User, Policies.Operate)).Succeeded && await antiforgery.IsRequestValidAsync(http) ? (Requester)StaffMember.Of(http.User, From(http)) : null;
    }

    private static string? From(HttpContext http) => http.Connection.RemoteIpAddress?.ToString();

    // Years and months have no fixed length; XmlConvert would take them for 365 and 30 days.
    private static bool TryReadDuration(string? text, out TimeSpan step)
    {
        step = default;
        if (text is null || text.Contains('Y', StringComparison.Ordinal) || text.Split('T')[0].Contains('M', StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            step = XmlConvert.ToTimeSpan(text);
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return false;
        }
    }
}
