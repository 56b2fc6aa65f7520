using System.Security.Claims;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>OpenID Connect: code flow with PKCE. The provider's answer becomes a short cookie of its own, from which <see cref="EnterBySingleSignOn"/> decides.</summary>
internal static partial class SingleSignOn
{
    private const string Scheme = "oidc";

    internal static void AddSingleSignOn(this AuthenticationBuilder authentication, DomainGuardOptions.OidcOptions options)
    {
        if (!options.IsOn)
        {
            return;
        }

        authentication.AddOpenIdConnect(Scheme, o =>
        {
            o.SignInScheme = IdentityConstants.ExternalScheme;
            o.Authority = options.Authority;
            o.ClientId = options.ClientId;
            o.ClientSecret = options.ClientSecret;
            o.ResponseType = OpenIdConnectResponseType.Code;
            // By query, so that the cookies of the way back may be Lax: a posted answer would need cookies that every other site may send.
            o.ResponseMode = OpenIdConnectResponseMode.Query;
            o.UsePkce = true;
            o.CallbackPath = "/signin/oidc";
            // The validator lets plain http pass on loopback only.
            o.RequireHttpsMetadata = !(Uri.TryCreate(options.Authority, UriKind.Absolute, out var authority) && authority.IsLoopback);
            o.MapInboundClaims = false;
            o.TokenValidationParameters.NameClaimType = "name";
            o.GetClaimsFromUserInfoEndpoint = true;
            o.ClaimActions.MapJsonKey(options.RoleClaim, options.RoleClaim);
            o.ClaimActions.MapJsonKey("name", "name");
            o.ClaimActions.MapJsonKey("preferred_username", "preferred_username");
            o.SaveTokens = false;
            o.Scope.Clear();
            foreach (var scope in options.Scopes.Prepend("profile").Prepend("openid").Distinct())
            {
                o.Scope.Add(scope);
            }

            o.NonceCookie.SameSite = o.CorrelationCookie.SameSite = SameSiteMode.Lax;
            o.NonceCookie.SecurePolicy = o.CorrelationCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            o.Events.OnRemoteFailure = context =>
            {
                Log.Failed(Logger(context.HttpContext), context.Failure?.Message ?? "no reason given");
                context.Response.Redirect("/signin?sso=failed");
                context.HandleResponse();
                return Task.CompletedTask;
            };
        });
    }

    /// <summary>Mapped always, for options are looked at when all that is wrong with them can be said at once; not found where it is off.</summary>
    internal static void MapSingleSignOn(this IEndpointRouteBuilder routes)
    {
        // A link, not a form: our policy lets forms go to this site only, and browsers hold the redirects of a form to that too. Whoever is lured here signs in as himself.
        routes.MapGet("/signin/sso", (string? to, IOptions<DomainGuardOptions> options) => options.Value.SignIn.Oidc.IsOn
            ? Results.Challenge(new AuthenticationProperties { RedirectUri = LocalPath.With("/signin/sso/done", to) }, [Scheme])
            : Results.NotFound()).AllowAnonymous();

        routes.MapGet("/signin/sso/done", async (HttpContext http, string? to, EnterBySingleSignOn enter, StaffSignIn signIn, SignInAudit audit, IOptions<DomainGuardOptions> options) =>
        {
            if (!options.Value.SignIn.Oidc.IsOn)
            {
                return Results.NotFound();
            }

            var answer = await http.AuthenticateAsync(IdentityConstants.ExternalScheme);
            await http.SignOutAsync(IdentityConstants.ExternalScheme);
            if (answer.Principal?.FindFirst("sub") is not { Value.Length: > 0 } subject)
            {
                return Results.LocalRedirect("~/signin?sso=failed");
            }

            var from = http.Connection.RemoteIpAddress?.ToString();
            var outcome = await enter.ExecuteAsync(
                new ProviderWord(
                    subject.Issuer, subject.Value, answer.Principal.FindFirstValue("preferred_username"), answer.Principal.FindFirstValue("name"),
                    [.. answer.Principal.FindAll(options.Value.SignIn.Oidc.RoleClaim).Select(c => c.Value)]),
                from, http.RequestAborted);
            if (outcome is EnterOutcome.Known known)
            {
                return Results.LocalRedirect(await signIn.EnterAsync(known.UserId, SignInMethod.SingleSignOn) is SignInStep.Entered ? "~" + LocalPath.Of(to) : "~/signin?sso=locked");
            }

            await audit.FailedAsync((outcome as EnterOutcome.NoRole)?.UserId, "single-sign-on", from, http.RequestAborted);
            return Results.LocalRedirect("~/signin?sso=role");
        }).AllowAnonymous();
    }

    private static ILogger Logger(HttpContext http) => http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SingleSignOn));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Single sign-on failed: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
