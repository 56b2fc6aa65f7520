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

/// <summary>Scans in the API.</summary>
internal static class ScanEndpoints
{
    /// <summary>Maps <c>/scans</c>.</summary>
    public static void MapScans(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/scans").RequireAuthorization(ApiScope.ScansRun).WithTags("Scans");
        group.MapList("", ListAsync).WithName("listScans").WithSummary("Scans, newest first.");
        group.MapGet("/{scanId:long}", GetAsync).WithName("getScan").WithSummary("One scan with its progress, host by host.");
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

    private static ScanAnswer Of(ScanRow s) => new(
        s.Id, s.Scope, s.Target, s.Status, s.RequestedBy, s.RequestedAt, s.StartedAt, s.EndedAt, s.Total, s.Done, s.Answered, s.GivenUp, s.Settled, s.Changed, s.Result, s.Note);
}
