using System.Text.Json;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Imports;
using Microsoft.Extensions.Options;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace DomainGuard.Web.Features.Sync;

/// <summary>A line that was not taken.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Field">What is wrong in it.</param>
/// <param name="Reason">Why, and how to mend it.</param>
internal sealed record SyncRejection(long Line, string Field, string Reason);

/// <summary>What became of a list.</summary>
/// <param name="SyncId">Its number, as the import page shows it.</param>
/// <param name="Status"><c>completed</c>, <c>dry_run</c> or <c>refused</c> (then nothing was written).</param>
/// <param name="Lines">Addresses and accounts read.</param>
/// <param name="New">Accounts that were not known.</param>
/// <param name="Changed">Accounts that differ.</param>
/// <param name="Unchanged">Accounts as before.</param>
/// <param name="Gone">Accounts that a full list does not name: retired, never deleted.</param>
/// <param name="Rejected">Lines that were not taken.</param>
/// <param name="Problem">What speaks against it, in words.</param>
internal sealed record SyncSummary(long SyncId, string Status, int Lines, int New, int Changed, int Unchanged, int Gone, int Rejected, string? Problem);

/// <summary>The platform's whole list, or a part of it, in one request.</summary>
internal static class SyncEndpoints
{
    private const long MostBytes = 4L * 1024 * 1024 * 1024;
    private const string Ndjson = "application/x-ndjson";
    private static readonly TimeSpan ComeAgain = TimeSpan.FromSeconds(30);

    /// <summary>Maps <c>/sync</c>.</summary>
    public static void MapSync(this IEndpointRouteBuilder api) => api.MapPost("/sync", SyncAsync)
        .RequireAuthorization(ApiScope.AccountsWrite).WithTags("Accounts").WithName("syncAccounts").WithSummary("Take in a list of accounts, one JSON object a line.")
        .WithMetadata(new ApiBodyLimit(MostBytes)).Accepts<object>(Ndjson).Produces<SyncSummary>(200, Ndjson).Produces<SyncSummary>(422, Ndjson);

    private static async Task SyncAsync(HttpContext http, ApiCaller caller, SyncAccounts sync, ImportQueries queries, IOptions<JsonOptions> json, string? mode, bool dryRun = false, bool keepGood = false, bool allowRemovals = false)
    {
        if (mode is not ("full" or "partial"))
        {
            var errors = new ApiErrors();
            errors.Add("mode", "It is full (accounts that are not named are retired) or partial (what is not named stays).");
            errors.ToProblem().SetOn(http);
            return;
        }

        if (SyncBody.Of(http.Request, MostBytes) is not { } lines)
        {
            http.Response.Headers.AcceptEncoding = "gzip";
            (ApiProblems.UnsupportedMediaType with { Detail = "Content-Encoding is gzip, or left out." }).SetOn(http);
            return;
        }

        Import import;
        await using (lines)
        {
            try
            {
                import = await sync.ExecuteAsync(
                    lines,
                    new ImportRequest("API", ImportFormat.Ndjson, new Requester(caller.Actor, caller.Name))
                    {
                        IsPartial = mode == "partial",
                        IsDryRun = dryRun,
                        KeepGood = keepGood,
                        AllowRemovals = allowRemovals,
                        NeverWaits = true,
                    },
                    http.RequestAborted);
            }
            catch (ImportRunningException e)
            {
                http.Response.Headers.RetryAfter = ApiRates.Seconds(ComeAgain);
                (ApiProblems.ImportRunning with { Detail = $"Import {e.ImportId} is at work. Nothing of this list was read." }).SetOn(http);
                return;
            }
        }

        http.Response.StatusCode = import.Status == ImportStatus.Refused ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK;
        http.Response.ContentType = Ndjson;
        foreach (var rejection in await queries.RejectionsAsync(import.Id, StageImport.MaxKeptRejections, http.RequestAborted))
        {
            await WriteAsync(new SyncRejection(rejection.Line, rejection.Field, rejection.Reason));
        }

        var status = import.IsDryRun ? "dry_run" : import.Status == ImportStatus.Completed ? "completed" : "refused";
        await WriteAsync(new { Summary = new SyncSummary(import.Id, status, import.Rows, import.NewAccounts, import.ChangedAccounts, import.UnchangedAccounts, import.GoneAccounts, import.Rejected, import.Problem) });

        async Task WriteAsync<T>(T line)
        {
            await JsonSerializer.SerializeAsync(http.Response.Body, line, json.Value.SerializerOptions, http.RequestAborted);
            await http.Response.Body.WriteAsync("\n"u8.ToArray(), http.RequestAborted);
        }
    }
}
