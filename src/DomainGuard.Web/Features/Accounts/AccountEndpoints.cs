using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Domains;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Shared;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DomainGuard.Web.Features.Accounts;

/// <summary>An address of an account.</summary>
/// <param name="Email">In normal form.</param>
/// <param name="Primary">The account's primary address.</param>
/// <param name="VerifiedAt">When the platform verified it.</param>
/// <param name="State"><c>Verified</c>, or <c>Unverified</c> by DomainGuard.</param>
/// <param name="Domain">Its registrable domain.</param>
/// <param name="Phase">Where that stands in its life.</param>
/// <param name="Flags">What is known beside it.</param>
/// <param name="HandChange">Whether it changed hands since the address was verified.</param>
/// <param name="CaseId">Its case.</param>
internal sealed record AddressAnswer(string Email, bool Primary, DateTimeOffset? VerifiedAt, AddressState State, string Domain, Phase Phase, IReadOnlyList<string> Flags, HandChange HandChange, long? CaseId);

/// <summary>An account, as the platform last told it.</summary>
/// <param name="AccountId">The platform's id.</param>
/// <param name="UserName">User name.</param>
/// <param name="DisplayName">Display name.</param>
/// <param name="CreatedAt">When the platform made it.</param>
/// <param name="LastSeenAt">When its holder was last seen.</param>
/// <param name="TwoFactor">Has a second factor; null when the platform does not say.</param>
/// <param name="Privileged">May do more than others.</param>
/// <param name="Projects">Packages or projects owned.</param>
/// <param name="MonthlyDownloads">Their downloads or members.</param>
/// <param name="RetiredAt">When a full list came without it.</param>
/// <param name="Addresses">Its addresses that are there (of a retired account, those that were), the primary one first.</param>
internal sealed record AccountAnswer(
    string AccountId, string? UserName, string? DisplayName, DateTimeOffset? CreatedAt, DateTimeOffset? LastSeenAt, bool? TwoFactor, bool Privileged, long Projects, long MonthlyDownloads,
    DateTimeOffset? RetiredAt, IReadOnlyList<AddressAnswer> Addresses);

/// <summary>An address of an account, as the platform tells it.</summary>
/// <param name="Email">The address.</param>
/// <param name="Primary">The account's primary address.</param>
/// <param name="VerifiedAt">When the platform verified it.</param>
/// <param name="Proof">What that proved beside that somebody reads the mail: <c>none</c>, also when it is left out, <c>session</c> or <c>second_factor</c>.</param>
internal sealed record AddressRequest(string? Email, bool Primary = false, DateTimeOffset? VerifiedAt = null, string? Proof = null);

/// <summary>An account, as the platform tells it: by the rules of a partial list. What is left out or null stays as it is, addresses that are not named too.</summary>
/// <param name="UserName">User name, at most 200 characters.</param>
/// <param name="DisplayName">Display name, at most 300 characters.</param>
/// <param name="CreatedAt">When the platform made it.</param>
/// <param name="LastSeenAt">When its holder was last seen.</param>
/// <param name="TwoFactor">Has a second factor.</param>
/// <param name="Privileged">May do more than others.</param>
/// <param name="Projects">Packages or projects owned.</param>
/// <param name="MonthlyDownloads">Their downloads or members.</param>
/// <param name="Addresses">Its addresses, at most 1,000.</param>
internal sealed record AccountRequest(
    string? UserName = null, string? DisplayName = null, DateTimeOffset? CreatedAt = null, DateTimeOffset? LastSeenAt = null, bool? TwoFactor = null, bool? Privileged = null, long? Projects = null,
    long? MonthlyDownloads = null, IReadOnlyList<AddressRequest>? Addresses = null);

/// <summary>The platform verified an address anew.</summary>
/// <param name="Email">The address.</param>
/// <param name="VerifiedAt">When.</param>
/// <param name="Proof">What that proved beside that somebody reads the mail: <c>none</c> (also when it is left out), <c>session</c> or <c>second_factor</c>.</param>
internal sealed record VerificationRequest(string? Email, DateTimeOffset? VerifiedAt, string? Proof = null);

/// <summary>What became of a verification.</summary>
/// <param name="Outcome"><c>accepted</c>, <c>contested</c> (it proves too little after a change of hands), <c>waiting</c> (the domain is looked up first) or <c>unchanged</c>.</param>
/// <param name="State">The address after it.</param>
internal sealed record VerificationAnswer(string Outcome, AddressState State);

/// <summary>Accounts in the API.</summary>
internal static class AccountEndpoints
{
    private const int LongestSearch = 320;

    /// <summary>Maps <c>/accounts</c>.</summary>
    public static void MapAccounts(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/accounts").WithTags("Accounts");
        group.MapList(
            "",
            ListAsync,
            ApiParameter.Text("name", "User name, or the platform's id where there is none: exact or its beginning. Of name, email and domain one is given.", LongestSearch),
            ApiParameter.Text("email", "Address: exact or its beginning.", LongestSearch),
            ApiParameter.Text("domain", "Domain of an address: exact or its beginning.", LongestSearch),
            ApiParameter.Word<Phase>("phase", "Accounts with an address whose domain is in this phase."),
            ApiParameter.Word("flag", "Accounts with an address whose domain has this flag.", DomainFlags.None),
            ApiParameter.Text("tld", "Accounts with an address below this top-level domain.", 63),
            ApiParameter.Word("hands", "Accounts with an address whose domain changed hands so.", HandChange.None),
            ApiParameter.Flag("due", "true: accounts with an address whose domain is due to be looked up."),
            ApiParameter.Flag("twoFactor", "Accounts with a second factor, or without (or where the platform does not say)."),
            ApiParameter.Number("minImpact", "Accounts with at least so much at stake.", 0, 1_000),
            ApiParameter.Flag("retired", "true: accounts that are retired; else those that are not."),
            ApiParameter.Word<AccountSort>("sort", "By name, or by impact with the most at stake first. By name when it is left out."))
            .RequireAuthorization(ApiScope.AccountsRead).WithName("listAccounts").WithSummary("Accounts with their addresses.");
        group.MapGet("/{accountId}", GetAsync).RequireAuthorization(ApiScope.AccountsRead).WithName("getAccount").WithSummary("One account with its addresses.");
        group.MapPut("/{accountId}", PutAsync).RequireAuthorization(ApiScope.AccountsWrite).WithIdempotency().WithName("putAccount").WithSummary("Add or change one account, as a list of one line would.")
            .WithProblems(ApiProblems.ImportRunning, ApiProblems.Conflict).WithMetadata(new ApiAnswerHeader("Location", "Of a new account."))
            .WithExample("""{"userName":"bob","twoFactor":true,"projects":3,"addresses":[{"email":"bob@example.org","primary":true,"verifiedAt":"2024-05-01T00:00:00Z"}]}""");
        group.MapDelete("/{accountId}", RetireAsync).RequireAuthorization(ApiScope.AccountsWrite).WithIdempotency().WithName("retireAccount").WithSummary("Retire an account that is gone on the platform. Nothing is deleted.")
            .WithProblems(ApiProblems.ImportRunning);
        group.MapPost("/{accountId}/verifications", VerifyAsync).RequireAuthorization(ApiScope.AccountsWrite).WithIdempotency().WithName("reportVerification").WithSummary("Tell that an address was verified anew.")
            .WithExample("""{"email":"bob@example.org","verifiedAt":"2024-06-01T00:00:00Z","proof":"second_factor"}""");
    }

    private static async Task<Results<Ok<ApiList<AccountAnswer>>, ApiProblem>> ListAsync(ApiQuery query, AccountQueries accounts, HttpContext http)
    {
        (string Name, AccountSearch In)[] searches = [("name", AccountSearch.Name), ("email", AccountSearch.Address), ("domain", AccountSearch.Domain)];
        var asked = searches.Where(s => query.Text(s.Name) is not null).ToList();
        if (asked.Count > 1)
        {
            var errors = new ApiErrors();
            asked.ForEach(a => errors.Add(a.Name, "Of name, email and domain one is given."));
            return errors.ToProblem();
        }

        var filter = new AccountFilter
        {
            Search = asked.Count == 0 ? null : query.Text(asked[0].Name),
            SearchIn = asked.Count == 0 ? default : asked[0].In,
            Phase = query.Word<Phase>("phase"),
            Flag = query.Word<DomainFlags>("flag"),
            Tld = UrlState.Tld(query.Text("tld")),
            Hands = query.Word<HandChange>("hands"),
            DueOnly = query.Flag("due") == true,
            TwoFactor = query.Flag("twoFactor"),
            MinImpact = (int?)query.Number("minImpact"),
            Retired = query.Flag("retired") == true,
        };
        return TypedResults.Ok(query.Answer(await accounts.ListAsync(filter, query.Word<AccountSort>("sort") ?? AccountSort.Name, query.Position, query.Limit, http.RequestAborted), Of));
    }

    private static AccountAnswer Of(AccountRow row) => new(
        row.ExternalId, row.UserName, row.DisplayName, row.CreatedAt, row.LastSeenAt, row.TwoFactor, row.Privileged, row.Projects, row.MonthlyDownloads, row.RetiredAt,
        [.. row.Addresses.Select(a => new AddressAnswer(a.Email, a.IsPrimary, a.VerifiedAt, a.State, a.Domain, a.Phase, DomainEndpoints.Names(a.Flags), a.HandChange, a.CaseId))]);

    private static async Task<Results<Ok<AccountAnswer>, ApiProblem>> GetAsync(string accountId, AccountDetails details, HttpContext http) =>
        await details.FindAsync(ApiPath.Value(http, accountId), http.RequestAborted) is { } view ? TypedResults.Ok(Of(view)) : ApiProblems.NotFound;

    private static AccountAnswer Of(AccountView view)
    {
        var account = view.Account;
        return new AccountAnswer(
            account.ExternalId, account.UserName, account.DisplayName, account.CreatedAt, account.LastSeenAt, account.TwoFactor, account.Privileged, account.Projects, account.MonthlyDownloads, account.RetiredAt,
            [
                .. view.Addresses.Where(a => a.Address.RetiredAt is null || account.RetiredAt is not null).Select(a => new AddressAnswer(
                    a.Address.Email, a.Address.IsPrimary, a.Address.VerifiedAt, a.Address.State, a.Domain.Name, a.Domain.Phase, DomainEndpoints.Names(a.Domain.Flags), a.Address.HandChange, a.Case?.Id)),
            ]);
    }

    private static async Task<Results<Ok<AccountAnswer>, Created<AccountAnswer>, ApiProblem>> PutAsync(string accountId, ApiBody<AccountRequest> body, ApiCaller caller, PutAccount put, AccountDetails details, HttpContext http)
    {
        accountId = ApiPath.Value(http, accountId);
        var errors = new ApiErrors();
        errors.Require(accountId == accountId.Trim(), "accountId", "It neither begins nor ends with white space.");
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        switch (await put.ExecuteAsync(accountId, body.Value, caller.Requester, http.RequestAborted))
        {
            case PutOutcome.Done done:
                var answer = Of((await details.FindAsync(accountId, http.RequestAborted))!);
                return done.IsNew ? TypedResults.Created($"{http.Request.PathBase}{ApiPipeline.Root}/v1/accounts/{Uri.EscapeDataString(accountId)}", answer) : TypedResults.Ok(answer);
            case PutOutcome.Rejected rejected:
                foreach (var (field, reason) in rejected.Fields)
                {
                    errors.Add(field, $"It {reason}.");
                }

                return errors.ToProblem();
            case PutOutcome.Refused refused:
                return ApiProblems.Conflict with { Detail = refused.Problem };
            default:
                return ImportRunning(http);
        }
    }

    private static async Task<Results<NoContent, ApiProblem>> RetireAsync(string accountId, ApiCaller caller, RetireAccount retire, HttpContext http) =>
        await retire.ExecuteAsync(ApiPath.Value(http, accountId), caller.Actor, http.RequestAborted) switch
        {
            RetireOutcome.Done => TypedResults.NoContent(),
            RetireOutcome.Unknown => ApiProblems.NotFound,
            _ => ImportRunning(http),
        };

    private static ApiProblem ImportRunning(HttpContext http)
    {
        http.Response.Headers.RetryAfter = ApiRates.Seconds(ImportsAhead.AskAgain);
        return ApiProblems.ImportRunning;
    }

    private static async Task<Results<Ok<VerificationAnswer>, ApiProblem>> VerifyAsync(string accountId, ApiBody<VerificationRequest> body, ApiCaller caller, ReportVerification report, HttpContext http)
    {
        var errors = new ApiErrors();
        EmailAddress? email = null;
        var problem = "An address is required.";
        errors.Require(body.Value.Email is { Length: > 0 } text && EmailAddress.TryParse(text, PublicSuffixList.Shipped, out email, out problem), "email", problem);
        errors.Require(body.Value.VerifiedAt is not null, "verifiedAt", "Say when it was verified, in UTC.");
        var proof = ClaimProofs.Of(body.Value.Proof);
        errors.Require(proof is not null, "proof", "It is none, session or second_factor.");
        if (!errors.IsEmpty)
        {
            return errors.ToProblem();
        }

        var (outcome, state) = await report.ExecuteAsync(ApiPath.Value(http, accountId), email!, body.Value.VerifiedAt!.Value, proof!.Value, caller.Actor, http.RequestAborted);
        return outcome switch
        {
            ReverifyOutcome.Accepted => TypedResults.Ok(new VerificationAnswer("accepted", state)),
            ReverifyOutcome.Contested => TypedResults.Ok(new VerificationAnswer("contested", state)),
            ReverifyOutcome.Waits => TypedResults.Ok(new VerificationAnswer("waiting", state)),
            ReverifyOutcome.Unchanged => TypedResults.Ok(new VerificationAnswer("unchanged", state)),
            ReverifyOutcome.Refused refused => ApiProblems.InvalidRequest with { Detail = refused.Problem },
            _ => ApiProblems.NotFound with { Detail = "The account has no such address. Send the account first." },
        };
    }
}
