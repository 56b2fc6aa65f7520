using System.Diagnostics;
using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Cases;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A case.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Version">What its ETag is made of: send it back in If-Match to decide on what was read.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Open">It waits for somebody.</param>
/// <param name="Unverified">The address, or the addresses of the domain, are un-verified by it.</param>
/// <param name="Domain">The domain.</param>
/// <param name="AccountId">The platform's id of the account; null for a case of the whole domain.</param>
/// <param name="UserName">Its user name.</param>
/// <param name="Email">The address; null for a case of the whole domain.</param>
/// <param name="Situation">The situation that decided it.</param>
/// <param name="Wanted">What the policy wants.</param>
/// <param name="Guard">What stopped an automatic un-verification.</param>
/// <param name="Phase">Phase at the latest finding.</param>
/// <param name="HandChange">Change of hands at the latest finding.</param>
/// <param name="Confidence">How well the claim that decided it is supported.</param>
/// <param name="Severity">How urgent.</param>
/// <param name="Points">The same in points: the order of the list.</param>
/// <param name="DropFrom">Earliest estimated drop of the domain.</param>
/// <param name="OpenedAt">First opened.</param>
/// <param name="StateSince">In this state since.</param>
/// <param name="Until">End of the snooze or the override.</param>
/// <param name="AssigneeId">The member of staff who works on it.</param>
/// <param name="Assignee">His name.</param>
/// <param name="Contested">Verified anew after a change of hands, with too little proof.</param>
/// <param name="KnockedAt">When a recovery mail was last refused for it.</param>
/// <param name="BatchId">The waiting batch that it belongs to.</param>
/// <param name="PolicyVersion">Version of the policy of the latest finding.</param>
internal sealed record CaseAnswer(
    long Id, int Version, CaseState State, bool Open, bool Unverified, string Domain, string? AccountId, string? UserName, string? Email, Situation Situation, PolicyAction Wanted, Guard Guard, Phase Phase,
    HandChange HandChange, Confidence Confidence, Severity Severity, int Points, DateTimeOffset? DropFrom, DateTimeOffset OpenedAt, DateTimeOffset StateSince, DateTimeOffset? Until, Guid? AssigneeId, string? Assignee,
    bool Contested, DateTimeOffset? KnockedAt, long? BatchId, int PolicyVersion);

/// <summary>What was decided about a case, by a person, a key, the policy or the owner; never edited.</summary>
/// <param name="At">When.</param>
/// <param name="ActorKind">Kind of who decided.</param>
/// <param name="ActorId">Which one.</param>
/// <param name="Actor">He in words.</param>
/// <param name="Event">What happened; beside undoes, what was taken back.</param>
/// <param name="From">State before; null when it opened the case.</param>
/// <param name="To">State after.</param>
/// <param name="Reason">Why; null for the machine.</param>
/// <param name="Comment">What was said with it.</param>
/// <param name="Until">End of the snooze or override that it set.</param>
/// <param name="Situation">Situation that it rests on.</param>
/// <param name="Phase">Phase that it rests on.</param>
/// <param name="HandChange">Change of hands that it rests on.</param>
/// <param name="Confidence">Confidence of the claim.</param>
/// <param name="PolicyVersion">Version of the policy.</param>
/// <param name="ScanId">The scan whose evidence it rests on.</param>
/// <param name="Undoes">It takes the decision before back.</param>
internal sealed record CaseEventAnswer(
    DateTimeOffset At, AuditActorKind ActorKind, string ActorId, string Actor, CaseEvent Event, CaseState? From, CaseState To, ReasonCode? Reason, string? Comment, DateTimeOffset? Until, Situation Situation, Phase Phase,
    HandChange HandChange, Confidence Confidence, int PolicyVersion, long? ScanId, bool Undoes);

/// <summary>A comment on a case.</summary>
/// <param name="At">When.</param>
/// <param name="Actor">Who, in words.</param>
/// <param name="Comment">What was said.</param>
internal sealed record CaseCommentAnswer(DateTimeOffset At, string Actor, string? Comment);

/// <summary>A case with its history.</summary>
/// <param name="Case">The case.</param>
/// <param name="Decisions">What its state lets be decided.</param>
/// <param name="ReopenReason">Why it was opened again.</param>
/// <param name="History">What happened to it, newest first, the latest 200.</param>
/// <param name="Comments">Comments, newest first, the latest 200.</param>
internal sealed record CaseDetailsAnswer(CaseAnswer Case, IReadOnlyList<CaseEvent> Decisions, string? ReopenReason, IReadOnlyList<CaseEventAnswer> History, IReadOnlyList<CaseCommentAnswer> Comments);

/// <summary>A decision on a case.</summary>
/// <param name="Decision"><c>Unverify</c>, <c>Confirm</c>, <c>Override</c>, <c>EndOverride</c>, <c>Dismiss</c>, <c>Snooze</c>, <c>Wake</c>, <c>Restore</c> or <c>Reopen</c>; what a case lets be decided is among its decisions.</param>
/// <param name="Reason">Why. <c>Undone</c> is given by an undo alone; <c>Other</c> needs a comment.</param>
/// <param name="Comment">Free text, at most 10,000 characters.</param>
/// <param name="Until">End of an override (tomorrow to 365 days from now) or of a snooze (at most 365 days; left out until worse).</param>
internal sealed record DecisionRequest(CaseEvent? Decision, ReasonCode? Reason, string? Comment = null, DateTimeOffset? Until = null);

/// <summary>Cases in the API.</summary>
internal static class CaseEndpoints
{
    private const string Nobody = "none";

    /// <summary>Maps <c>/cases</c>.</summary>
    public static void MapCases(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/cases").WithTags("Cases");
        group.MapList(
            "",
            ListAsync,
            ApiParameter.Flag("open", "Cases that wait for somebody (true, also when it is left out and no state is asked for), or closed ones (false)."),
            ApiParameter.Words<CaseState>("state", "Cases in these states, open or not."),
            ApiParameter.Words<Severity>("severity", "Cases of these severities."),
            ApiParameter.Word<Phase>("phase", "Cases found in this phase."),
            ApiParameter.Word<HandChange>("hands", "Cases with this change of hands."),
            ApiParameter.Word<Confidence>("confidence", "Cases so well supported."),
            ApiParameter.Word("flag", "Cases whose domain has this flag.", DomainFlags.None),
            ApiParameter.Text("tld", "Cases below this top-level domain.", 63),
            ApiParameter.Text("domain", "Cases of this domain, by its exact name.", 255),
            ApiParameter.Number("dropDays", "Cases whose domain is estimated to drop within so many days.", 1, 365),
            ApiParameter.Text("assignee", "Cases of this member of staff, by his id, or \"none\".", 36))
            .RequireAuthorization(ApiScope.CasesRead).WithName("listCases").WithSummary("Cases, worst first.");
        group.MapGet("/{caseId:long}", GetAsync).RequireAuthorization(ApiScope.CasesRead).WithName("getCase").WithSummary("One case with its history.").WithMetadata(new ApiAnswerHeader("ETag", "Its version, for If-Match."));
        group.MapPost("/{caseId:long}/decisions", DecideAsync).RequireAuthorization(ApiScope.CasesDecide).WithIdempotency().WithName("decideCase").WithSummary("Decide a case, on what was read of it.")
            .WithProblems(ApiProblems.CaseChanged, ApiProblems.Conflict, ApiProblems.IfMatchRequired)
            .WithMetadata(new ApiHeader("If-Match", true, "The ETag of the case as it was read. Facts that were only refreshed since are no reason to refuse."), new ApiAnswerHeader("ETag", "Its version after the decision."))
            .WithExample("""{"decision":"Snooze","reason":"Duplicate","comment":"Worked on in ticket 7."}""");
    }

    /// <summary>The entity tag of a case in a version.</summary>
    internal static string Tag(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    private static async Task<Results<Ok<ApiList<CaseAnswer>>, ApiProblem>> ListAsync(ApiQuery query, CaseQueries cases, HttpContext http)
    {
        var errors = new ApiErrors();
        var states = query.Words<CaseState>("state");
        errors.Require(query.Flag("open") is null || states.Count == 0, "open", "It is left out where states are asked for.");
        var assignee = query.Text("assignee");
        var who = Guid.Empty;
        errors.Require(assignee is null or Nobody || Guid.TryParse(assignee, out who), "assignee", "It is the id of a member of staff, or none.");
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        var filter = new CaseFilter
        {
            View = query.Flag("open") == false ? TriageView.Closed : TriageView.Open,
            States = states,
            Severities = query.Words<Severity>("severity"),
            Phase = query.Word<Phase>("phase"),
            Hands = query.Word<HandChange>("hands"),
            Confidence = query.Word<Confidence>("confidence"),
            Flag = query.Word<DomainFlags>("flag"),
            Tld = UrlState.Tld(query.Text("tld")),
            Domain = query.Text("domain") is { } domain ? DomainName.TryNormalise(domain, out var name, out _) ? name : domain.ToLowerInvariant() : null,
            DropDays = (int?)query.Number("dropDays"),
            Assignee = assignee is null ? null : new AssigneeFilter(assignee == Nobody ? null : who),
        };
        var page = await cases.PageAsync(filter, query.Position, query.Limit, http.RequestAborted);
        var names = await cases.StaffAsync(http.RequestAborted);
        return TypedResults.Ok(query.Answer(page, c => Of(c, names)));
    }

    private static async Task<Results<Ok<CaseDetailsAnswer>, ApiProblem>> GetAsync(long caseId, CaseDetails details, HttpContext http)
    {
        if (await details.HistoryAsync(caseId, http.RequestAborted) is not { } history)
        {
            return ApiProblems.NotFound;
        }

        http.Response.Headers.ETag = Tag(history.Case.Head.Version);
        return TypedResults.Ok(Of(history));
    }

    private static async Task<Results<Ok<CaseAnswer>, ApiProblem>> DecideAsync(
        long caseId, ApiBody<DecisionRequest> body, ApiCaller caller, DecideCases decide, CaseQueries cases, GuardClock clock, HttpContext http)
    {
        if (http.Request.Headers.IfMatch is not { Count: > 0 } given)
        {
            return ApiProblems.IfMatchRequired;
        }

        var errors = new ApiErrors();
        errors.Require(TryVersion(given, out var version), "If-Match", "It is the ETag of the case as it was read, such as \"3\".");
        errors.Require(body.Value.Decision is not null, "decision", "Say what is decided.");
        errors.Require(body.Value.Reason is not null, "reason", "Say why.");
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        var wish = new DecisionWish(body.Value.Decision!.Value, body.Value.Reason!.Value, body.Value.Comment, body.Value.Until);
        if (DecisionRules.Problem(wish, clock.Now) is { } problem)
        {
            return ApiProblems.InvalidRequest with { Detail = problem };
        }

        if (await cases.FindAsync(caseId, http.RequestAborted) is null)
        {
            return ApiProblems.NotFound;
        }

        var outcome = await decide.ExecuteAsync(caller.Requester, caller.KeyId, new CaseRef(caseId, version), wish, http.RequestAborted);
        var now = (await cases.FindAsync(caseId, http.RequestAborted))!;
        http.Response.Headers.ETag = Tag(now.Head.Version);
        return outcome switch
        {
            DecideOutcome.Done => TypedResults.Ok(Of(now, await cases.StaffAsync(http.RequestAborted))),
            DecideOutcome.Conflict conflict => ApiProblems.CaseChanged with { Detail = Words(conflict.Cases[0]) },
            DecideOutcome.Refused refused => ApiProblems.Conflict with { Detail = refused.Problem },
            _ => throw new UnreachableException(),
        };
    }

    // What a machine only refreshed does not count, as on the screen; so a version that is not the latest may still be decided on (Case.IsStillAsRead).
    private static bool TryVersion(StringValues given, out int version)
    {
        version = 0;
        return given.Count == 1 && EntityTagHeaderValue.TryParse(given[0], out var tag) && !tag.IsWeak
            && int.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out version);
    }

    private static string Words(CaseConflict c)
    {
        var at = c.At is { } when ? string.Create(CultureInfo.InvariantCulture, $" on {when.UtcDateTime:d MMM yyyy HH:mm} UTC") : "";
        var state = CaseWords.Of(c.State).Text.ToLowerInvariant();
        return (c.By is null ? $"Its facts changed{at}." : $"{c.By} {CaseWords.Past(c.State)}{at}{(c.Reason is { } reason ? $" ({reason})" : "")}.") + $" It is {state} now. Read it again, and decide with its new ETag.";
    }

    private static CaseDetailsAnswer Of(CaseHistory history) => new(
        Of(history.Case, history.Names),
        [.. CaseTransitions.Decisions(history.Case.Head.State, history.Case.Head.IsUnverified)],
        history.ReopenReason,
        [.. history.Decisions.Select(d => Of(d, history.Names))],
        [.. history.Remarks.Select(r => new CaseCommentAnswer(r.At, CaseDetails.Who(r.Kind, r.ActorId, history.Names), r.Comment))]);

    private static CaseAnswer Of(CaseGroup group, IReadOnlyDictionary<Guid, string> names)
    {
        var c = group.Head;
        return new CaseAnswer(
            c.Id, c.Version, c.State, c.IsOpen, c.IsUnverified, group.Domain.Name, c.ExternalId, c.UserName, c.Email, c.Situation, c.Wanted, c.Guard, c.Phase, c.HandChange, c.Confidence, c.Severity, c.Points,
            group.Domain.DropFrom, c.OpenedAt, c.StateSince, c.Until, c.AssigneeId, c.AssigneeId is { } who ? names.GetValueOrDefault(who) : null, c.IsContested, c.KnockedAt, c.BatchId, c.PolicyVersion);
    }

    private static CaseEventAnswer Of(Decision d, IReadOnlyDictionary<Guid, string> names) => new(
        d.At, d.ActorKind, d.ActorId, CaseDetails.Who(d.ActorKind, d.ActorId, names), d.Event, d.From, d.To, d.Reason, d.Comment, d.Until, d.Situation, d.Phase, d.HandChange, d.Confidence, d.PolicyVersion, d.ScanId,
        d.Undoes is not null);
}
