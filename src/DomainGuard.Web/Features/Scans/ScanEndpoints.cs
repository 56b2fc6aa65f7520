using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Paging;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Features.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DomainGuard.Web.Features.Scans;

/// <summary>A scan with its progress.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Scope">Over which domains.</param>
/// <param name="Target">Domain, the platform's account id, TLD or phase; null for the other scopes.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="RequestedBy">Who asked for it, as the console shows it.</param>
/// <param name="RequestedAt">When.</param>
/// <param name="StartedAt">When its list was made.</param>
/// <param name="EndedAt">When it ended; null while it runs.</param>
/// <param name="Total">Domains in its list.</param>
/// <param name="Done">Looked up.</param>
/// <param name="Answered">Of these, answered.</param>
/// <param name="GivenUp">Left for another day.</param>
/// <param name="Settled">Of those looked up, judged and written.</param>
/// <param name="Changed">Verdicts that changed.</param>
/// <param name="Result">Its verdict: Complete, Partial or Void; null while it runs, and where nothing was looked up.</param>
/// <param name="Note">What held it up, in words.</param>
internal sealed record ScanAnswer(
    long Id, ScanScope Scope, string? Target, ScanStatus Status, string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, int Total, int Done, int Answered, int GivenUp,
    int Settled, int Changed, ScanResult? Result, string? Note);

/// <summary>The part of a scan that one upstream host answers.</summary>
/// <param name="Host">The host.</param>
/// <param name="Total">Domains.</param>
/// <param name="Done">Looked up.</param>
/// <param name="Answered">Of these, answered.</param>
/// <param name="GivenUp">Left for another day.</param>
/// <param name="IsVoid">Too few answers: what it said changes no decision.</param>
/// <param name="CanaryFailed">A domain that is surely there read as gone: the host lies.</param>
/// <param name="RestsUntil">It rests after failures.</param>
/// <param name="Note">What held it up, in words.</param>
internal sealed record ScanLaneAnswer(string Host, int Total, int Done, int Answered, int GivenUp, bool IsVoid, bool CanaryFailed, DateTimeOffset? RestsUntil, string? Note);

/// <summary>A scan with its lanes.</summary>
/// <param name="Scan">The scan.</param>
/// <param name="Lanes">Those with the most left first.</param>
internal sealed record ScanDetailsAnswer(ScanAnswer Scan, IReadOnlyList<ScanLaneAnswer> Lanes);

/// <summary>A wish for a scan.</summary>
/// <param name="Scope"><c>Due</c>, <c>All</c>, <c>Domain</c>, <c>Account</c>, <c>Tld</c> or <c>Phase</c>.</param>
/// <param name="Target">The domain, the platform's id of the account, the TLD or the phase; left out for the other scopes.</param>
/// <param name="ObserveOnly">It looks and judges, and decides nothing.</param>
internal sealed record ScanRequest(ScanScope? Scope, string? Target = null, bool ObserveOnly = false);

/// <summary>Scans in the API.</summary>
internal static class ScanEndpoints
{
    /// <summary>Maps <c>/scans</c>.</summary>
    public static void MapScans(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/scans").RequireAuthorization(ApiScope.ScansRun).WithTags("Scans");
        group.MapList("", ListAsync).WithName("listScans").WithSummary("Scans, newest first.");
        group.MapGet("/{scanId:long}", GetAsync).WithName("getScan").WithSummary("One scan with its progress, host by host.");
        group.MapPost("", StartAsync).WithIdempotency().WithName("startScan").WithSummary("Start a scan: of all, of what is due, of one domain, account, TLD or phase.")
            .WithProblems(ApiProblems.ScanRunning).WithMetadata(new ApiAnswerHeader("Location", "The scan.")).WithExample("""{"scope":"Domain","target":"example.org"}""");
        group.MapPost("/{scanId:long}/cancel", CancelAsync).WithIdempotency().WithName("cancelScan").WithSummary("End a scan before its time: what was found stays.").WithProblems(ApiProblems.Conflict);
        group.MapPost("/{scanId:long}/pause", PauseAsync).WithIdempotency().WithName("pauseScan").WithSummary("Pause a scan that runs.").WithProblems(ApiProblems.Conflict);
        group.MapPost("/{scanId:long}/resume", ResumeAsync).WithIdempotency().WithName("resumeScan").WithSummary("Let a paused scan go on.").WithProblems(ApiProblems.Conflict);
    }

    private static async Task<Results<Ok<ApiList<ScanAnswer>>, ApiProblem>> ListAsync(ApiQuery query, ScanQueries scans, HttpContext http)
    {
        long last = 0;
        if (query.Position.After is { } after && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out last))
        {
            return ApiProblems.InvalidCursor;
        }

        var rows = await scans.ListAsync(query.Position.After is null ? null : last, query.Limit + 1, http.RequestAborted);
        var page = rows.Take(query.Limit).ToList();
        return TypedResults.Ok(query.Answer(new KeysetPage<ScanRow>(page, null, rows.Count > page.Count ? page[^1].Id.ToString(CultureInfo.InvariantCulture) : null), Of));
    }

    private static async Task<Results<Ok<ScanDetailsAnswer>, ApiProblem>> GetAsync(long scanId, ScanQueries scans, HttpContext http) =>
        await scans.GetAsync(scanId, http.RequestAborted) is { } scan
            ? TypedResults.Ok(new ScanDetailsAnswer(
                Of(scan),
                [.. (await scans.LanesAsync(scanId, http.RequestAborted)).Select(l => new ScanLaneAnswer(l.Host, l.Total, l.Done, l.Answered, l.GivenUp, l.IsVoid, l.CanaryFailed, l.RestsUntil, l.Note))]))
            : ApiProblems.NotFound;

    private static async Task<Results<Accepted<ScanAnswer>, ApiProblem>> StartAsync(ApiBody<ScanRequest> body, ApiCaller caller, StartScan start, ScanLauncher launcher, ScanQueries scans, HttpContext http)
    {
        var errors = new ApiErrors();
        errors.Require(body.Value.Scope is not (null or ScanScope.DnsSweep), "scope", "It is Due, All, Domain, Account, Tld or Phase.");
        errors.Require(body.Value.Target is null or { Length: <= 255 }, "target", "It has at most 255 characters.");
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        switch (await start.ExecuteAsync(body.Value.Scope!.Value, body.Value.Target, caller.Requester, body.Value.ObserveOnly, http.RequestAborted))
        {
            case StartOutcome.Started started:
                launcher.Launch(started.ScanId);
                return TypedResults.Accepted(Location(http, started.ScanId), Of((await scans.GetAsync(started.ScanId, http.RequestAborted))!));
            case StartOutcome.Running running:
                http.Response.Headers.Location = Location(http, running.ScanId);
                return ApiProblems.ScanRunning with { Detail = string.Create(CultureInfo.InvariantCulture, $"Scan {running.ScanId} runs over the same domains.") };
            case StartOutcome.Refused refused:
                errors.Add("target", refused.Problem);
                return errors.ToProblem();
            default:
                throw new UnreachableException(); // only the schedule starts nothing where nothing is due
        }
    }

    // A cancelled scan too needs a node: what is staged is settled by it.
    private static Task<Results<Ok<ScanAnswer>, ApiProblem>> CancelAsync(long scanId, ApiCaller caller, ControlScan control, ScanLauncher launcher, ScanQueries scans, HttpContext http) =>
        ControlAsync(scanId, control.CancelAsync(scanId, caller.Requester, http.RequestAborted), launcher, scans, http);

    private static Task<Results<Ok<ScanAnswer>, ApiProblem>> PauseAsync(long scanId, ApiCaller caller, ControlScan control, ScanQueries scans, HttpContext http) =>
        ControlAsync(scanId, control.PauseAsync(scanId, caller.Requester, http.RequestAborted), null, scans, http);

    private static Task<Results<Ok<ScanAnswer>, ApiProblem>> ResumeAsync(long scanId, ApiCaller caller, ControlScan control, ScanLauncher launcher, ScanQueries scans, HttpContext http) =>
        ControlAsync(scanId, control.ResumeAsync(scanId, caller.Requester, http.RequestAborted), launcher, scans, http);

    private static async Task<Results<Ok<ScanAnswer>, ApiProblem>> ControlAsync(long scanId, Task<bool> moving, ScanLauncher? launcher, ScanQueries scans, HttpContext http)
    {
        var moved = await moving;
        if (moved)
        {
            launcher?.Launch(scanId);
        }

        return await scans.GetAsync(scanId, http.RequestAborted) is not { } scan ? ApiProblems.NotFound
            : moved ? TypedResults.Ok(Of(scan))
            : ApiProblems.Conflict with { Detail = $"The scan is {scan.Status.ToString().ToLowerInvariant()}: this is not done to it." };
    }

    private static string Location(HttpContext http, long scanId) => string.Create(CultureInfo.InvariantCulture, $"{http.Request.PathBase}{ApiPipeline.Root}/v1/scans/{scanId}");

    private static ScanAnswer Of(ScanRow s) => new(
        s.Id, s.Scope, s.Target, s.Status, s.RequestedBy, s.RequestedAt, s.StartedAt, s.EndedAt, s.Total, s.Done, s.Answered, s.GivenUp, s.Settled, s.Changed, s.Result, s.Note);
}
