using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Findings;
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
/// <param name="Addresses">Its addresses that are there, the primary one first.</param>
internal sealed record AccountAnswer(
    string AccountId, string? UserName, string? DisplayName, DateTimeOffset? CreatedAt, DateTimeOffset? LastSeenAt, bool? TwoFactor, bool Privileged, long Projects, long MonthlyDownloads,
    DateTimeOffset? RetiredAt, IReadOnlyList<AddressAnswer> Addresses);

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
    /// <summary>Maps <c>/accounts</c>.</summary>
    public static void MapAccounts(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/accounts").WithTags("Accounts");
        group.MapGet("/{accountId}", GetAsync).RequireAuthorization(ApiScope.AccountsRead).WithName("getAccount").WithSummary("One account with its addresses.");
        group.MapPost("/{accountId}/verifications", VerifyAsync).RequireAuthorization(ApiScope.AccountsWrite).WithName("reportVerification").WithSummary("Tell that an address was verified anew.");
    }

    private static async Task<Results<Ok<AccountAnswer>, ApiProblem>> GetAsync(string accountId, AccountDetails details, HttpContext http)
    {
        if (await details.FindAsync(accountId, http.RequestAborted) is not { Account: { } account } view)
        {
            return ApiProblems.NotFound;
        }

        return TypedResults.Ok(new AccountAnswer(
            account.ExternalId, account.UserName, account.DisplayName, account.CreatedAt, account.LastSeenAt, account.TwoFactor, account.Privileged, account.Projects, account.MonthlyDownloads, account.RetiredAt,
            [
                .. view.Addresses.Where(a => a.Address.RetiredAt is null).Select(a => new AddressAnswer(
                    a.Address.Email, a.Address.IsPrimary, a.Address.VerifiedAt, a.Address.State, a.Domain.Name, a.Domain.Phase,
                    [.. Enum.GetValues<DomainFlags>().Where(f => f != DomainFlags.None && a.Domain.Flags.HasFlag(f)).Select(f => f.ToString())], a.Address.HandChange, a.Case?.Id)),
            ]));
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

        var (outcome, state) = await report.ExecuteAsync(accountId, email!, body.Value.VerifiedAt!.Value, proof!.Value, caller.Actor, http.RequestAborted);
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
