using System.Diagnostics;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Gate;
using DomainGuard.Web.Features.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DomainGuard.Web.Features.Gate;

/// <summary>May a recovery mail be sent to this address, now?</summary>
/// <param name="Email">The address.</param>
/// <param name="AccountId">The platform's id of the account; without it the strictest answer of all accounts with the address.</param>
/// <param name="DeadlineMs">How long the caller waits, in milliseconds, 100 to 10000; at most the policy's deadline holds.</param>
internal sealed record RecoveryCheckRequest(string? Email, string? AccountId = null, int? DeadlineMs = null);

/// <summary>Many such questions.</summary>
/// <param name="Checks">At most 100.</param>
internal sealed record RecoveryBatchRequest(IReadOnlyList<RecoveryCheckRequest>? Checks);

/// <summary>What the platform did with an answer.</summary>
/// <param name="Action"><c>sent</c>, <c>withheld</c>, <c>stepped_up</c> or <c>manual</c>.</param>
internal sealed record RecoveryConfirmation(string? Action);

/// <summary>The answer.</summary>
/// <param name="Id">By which it can be explained and confirmed later.</param>
/// <param name="Decision"><c>allow</c>, <c>deny</c> or <c>review</c>: let a second factor or a person decide.</param>
/// <param name="Reason">Stable code.</param>
/// <param name="Phase">Where the domain stands in its life.</param>
/// <param name="HandChange">Whether the domain changed hands since the address was verified.</param>
/// <param name="EvidenceAt">When the domain was last answered for.</param>
/// <param name="Fresh">The evidence is as young as the policy asks for.</param>
/// <param name="Stale">The evidence is older than the policy asks for, and no newer one came in time.</param>
/// <param name="LookedUp">The domain was looked up for this answer.</param>
/// <param name="CaseId">The case that bears on it.</param>
/// <param name="PolicyVersion">The policy that was in force.</param>
/// <param name="WouldAnswer">While the installation only observes: what it would have said.</param>
/// <param name="Alternatives">What the platform can do instead; null in an explanation, which does not know them any more.</param>
/// <param name="CheckedAt">When it was answered.</param>
internal sealed record RecoveryAnswer(
    string Id, string Decision, string Reason, Phase Phase, HandChange HandChange, DateTimeOffset? EvidenceAt, bool Fresh, bool Stale, bool LookedUp, long? CaseId, int PolicyVersion,
    string? WouldAnswer, IReadOnlyList<string>? Alternatives, DateTimeOffset CheckedAt);

/// <summary>One answer of a batch: an answer, or the problem with its question.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Problem">What is wrong with the question, in words.</param>
internal sealed record RecoveryBatchResult(RecoveryAnswer? Answer, string? Problem);

/// <summary>The answers, in the order of the questions.</summary>
/// <param name="Results">One for each.</param>
internal sealed record RecoveryBatchAnswer(IReadOnlyList<RecoveryBatchResult> Results);

/// <summary>An answer that was given, explained.</summary>
/// <param name="Answer">As it was given.</param>
/// <param name="Sentence">The reason in words.</param>
/// <param name="AccountId">The platform's id of the account; null when the address was not monitored.</param>
/// <param name="Email">The address; null when it was not monitored, or is kept no longer.</param>
/// <param name="Domain">Its domain.</param>
/// <param name="AskedBy">Who asked.</param>
/// <param name="IsPreview">Asked in the console: no recovery hung on it.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Action">What the platform did; null when it did not say.</param>
/// <param name="ActionAt">When it said so.</param>
internal sealed record RecoveryExplanation(
    RecoveryAnswer Answer, string Sentence, string? AccountId, string? Email, string? Domain, string AskedBy, bool IsPreview, int DurationMs, string? Action, DateTimeOffset? ActionAt);

/// <summary>The gate's part of the API.</summary>
internal static class RecoveryEndpoints
{
    private const int MostOfBatch = 100;
    private const int AtOnce = 16;

    /// <summary>Maps <c>/recovery-checks</c>.</summary>
    public static void MapRecoveryChecks(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/recovery-checks").RequireAuthorization(ApiScope.RecoveryCheck).WithTags("Recovery checks");
        group.MapPost("", CheckAsync).WithName("checkRecovery").WithSummary("May a recovery mail be sent to this address, now?").WithExample("""{"email":"ada@example.com"}""");
        group.MapPost("/batch", CheckManyAsync).WithName("checkRecoveries").WithSummary("The same for up to 100 addresses.")
            .WithExample("""{"checks":[{"email":"ada@example.com"},{"email":"bob@example.org","accountId":"u-7"}]}""");
        group.MapGet("/{id}", ExplainAsync).WithName("explainRecovery").WithSummary("Why was it answered so?");
        group.MapPost("/{id}/confirmation", ConfirmAsync).WithName("confirmRecovery").WithSummary("Say what was done with the answer.").WithProblems(ApiProblems.Conflict).WithExample("""{"action":"sent"}""");
    }

    private static async Task<Results<Ok<RecoveryAnswer>, ApiProblem>> CheckAsync(ApiBody<RecoveryCheckRequest> body, ApiCaller caller, CheckRecovery check, HttpContext http)
    {
        var errors = new ApiErrors();
        var question = Read(body.Value, "", errors);
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        switch (await check.ExecuteAsync(question, new RecoveryAsker(caller.Actor, IsPreview: false), http.RequestAborted))
        {
            case RecoveryOutcome.Answered answered:
                return TypedResults.Ok(Of(answered.Check, answered.Alternatives));
            case RecoveryOutcome.Invalid invalid:
                errors.Add("email", invalid.Problem);
                return errors.ToProblem();
            default:
                throw new UnreachableException(); // only a preview is refused
        }
    }

    private static async Task<Results<Ok<RecoveryBatchAnswer>, ApiProblem>> CheckManyAsync(ApiBody<RecoveryBatchRequest> body, ApiCaller caller, CheckRecovery check, HttpContext http)
    {
        var errors = new ApiErrors();
        if (body.Value.Checks is not { Count: > 0 and <= MostOfBatch } checks)
        {
            errors.Add("checks", "It holds 1 to 100 questions.");
            return errors.ToProblem();
        }

        var questions = checks.Select((c, i) => Read(c, $"checks[{i}].", errors)).ToList();
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        var results = new RecoveryBatchResult[questions.Count];
        await Parallel.ForAsync(0, questions.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = http.RequestAborted }, async (i, cancel) =>
            results[i] = await check.ExecuteAsync(questions[i], new RecoveryAsker(caller.Actor, IsPreview: false), cancel) switch
            {
                RecoveryOutcome.Answered answered => new RecoveryBatchResult(Of(answered.Check, answered.Alternatives), null),
                RecoveryOutcome.Invalid invalid => new RecoveryBatchResult(null, invalid.Problem),
                _ => throw new UnreachableException(),
            });
        return TypedResults.Ok(new RecoveryBatchAnswer(results));
    }

    private static async Task<Results<Ok<RecoveryExplanation>, ApiProblem>> ExplainAsync(string id, GateQueries gate, HttpContext http)
    {
        if (!RecoveryCheck.TryReadId(id, out var key) || await gate.FindAsync(key, http.RequestAborted) is not { } row)
        {
            return ApiProblems.NotFound;
        }

        var check = row.Check;
        return TypedResults.Ok(new RecoveryExplanation(
            Of(check, null), GateWords.Sentence(check.Reason), row.Account, row.Email, row.Domain, row.AskedBy, check.IsPreview, check.DurationMs,
            check.Action == RecoveryAction.None ? null : Word(check.Action), check.ActionAt));
    }

    private static async Task<Results<NoContent, ApiProblem>> ConfirmAsync(string id, ApiBody<RecoveryConfirmation> body, ConfirmRecovery confirm, HttpContext http)
    {
        var action = Enum.GetValues<RecoveryAction>().FirstOrDefault(a => a != RecoveryAction.None && Word(a) == body.Value.Action);
        if (action == RecoveryAction.None)
        {
            var errors = new ApiErrors();
            errors.Add("action", "It is one of sent, withheld, stepped_up, manual.");
            return errors.ToProblem();
        }

        return (RecoveryCheck.TryReadId(id, out var key) ? await confirm.ExecuteAsync(key, action, http.RequestAborted) : ConfirmOutcome.Unknown) switch
        {
            ConfirmOutcome.Confirmed => TypedResults.NoContent(),
            ConfirmOutcome.Differs => ApiProblems.Conflict with { Detail = "Something else was confirmed before: the first word stands." },
            _ => ApiProblems.NotFound,
        };
    }

    private static RecoveryQuestion Read(RecoveryCheckRequest? request, string prefix, ApiErrors errors)
    {
        errors.Require(request?.Email is { Length: > 0 and <= 320 }, prefix + "email", "An address of at most 320 characters is required.");
        errors.Require(request?.AccountId is null or { Length: > 0 and <= 100 }, prefix + "accountId", "It has 1 to 100 characters.");
        errors.Require(request?.DeadlineMs is null or (>= 100 and <= 10_000), prefix + "deadlineMs", "It lies between 100 and 10000.");
        return new RecoveryQuestion(request?.Email ?? "", request?.AccountId, request?.DeadlineMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null);
    }

    private static RecoveryAnswer Of(RecoveryCheck check, IReadOnlyList<string>? alternatives) => new(
        check.PublicId, GateWords.Of(check.Decision).Text, GateWords.Code(check.Reason), check.Phase, check.HandChange, check.EvidenceAt, check.EvidenceAt is not null && !check.Stale, check.Stale, check.LookedUp, check.CaseId,
        check.PolicyVersion, check.WouldAnswer is { } would ? GateWords.Of(would).Text : null, alternatives, check.At);

    private static string Word(RecoveryAction action) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(action.ToString());
}
