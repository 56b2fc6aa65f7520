using System.Security.Claims;
using System.Text.Encodings.Web;
using DomainGuard.Web.Features.SignIn;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace DomainGuard.Web.Features.Api;

/// <summary>Knows callers of the API by <c>Authorization: Bearer</c> and nothing else. What it says of itself has no role, so it opens no page.</summary>
internal sealed class ApiKeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KnownKeys keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public new const string Scheme = "ApiKey";

    private const string Bearer = "Bearer ";
    private ApiProblem? _problem;

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            _problem = ApiProblems.KeyMissing;
            return AuthenticateResult.NoResult();
        }

        var found = await keys.FindAsync(header[Bearer.Length..].Trim(), SignInServices.Neighbourhood(Context.Connection.RemoteIpAddress), Context.RequestAborted);
        if (found is KeyFound.InForce key)
        {
            Context.Features.Set(new ApiCaller(key.Id, key.Name, key.Scopes, Context.Connection.RemoteIpAddress?.ToString()));
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, key.Id.ToString("D")), .. ApiScope.ClaimsOf(key.Scopes)], Scheme);
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme));
        }

        if (found is KeyFound.Throttled throttled)
        {
            Response.Headers.RetryAfter = ApiRates.Seconds(throttled.RetryAfter);
        }

        _problem = found switch
        {
            KeyFound.Expired => ApiProblems.KeyExpired,
            KeyFound.Revoked => ApiProblems.KeyRevoked,
            KeyFound.Throttled => ApiProblems.TooManyFailures,
            _ => ApiProblems.KeyInvalid,
        };
        return AuthenticateResult.Fail(_problem.Title);
    }

    /// <inheritdoc/>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        var problem = _problem ?? ApiProblems.KeyMissing;
        problem.SetOn(Context);
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            Response.Headers.Append(HeaderNames.WWWAuthenticate, problem == ApiProblems.KeyMissing ? "Bearer realm=\"DomainGuard\"" : "Bearer realm=\"DomainGuard\", error=\"invalid_token\"");
        }
    }

    /// <inheritdoc/>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var scopes = string.Join(' ', Context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).OfType<string>() ?? []);
        (ApiProblems.ScopeMissing with { Detail = $"This needs a key with the scope {scopes}." }).SetOn(Context);
        Response.Headers.Append(HeaderNames.WWWAuthenticate, $"Bearer realm=\"DomainGuard\", error=\"insufficient_scope\", scope=\"{scopes}\"");
        return Task.CompletedTask;
    }
}
