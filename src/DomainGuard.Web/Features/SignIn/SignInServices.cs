using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using DomainGuard.Data;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DomainGuard.Web.Features.SignIn;

internal static class SignInServices
{
    /// <summary>Registers everything by which staff sign in: Identity, cookies, second factors, single sign-on where it is configured, the limit of posts.</summary>
    public static IServiceCollection AddStaffSignIn(this IServiceCollection services, DomainGuardOptions options)
    {
        services.AddIdentity<GuardUser, IdentityRole<Guid>>(o =>
            {
                o.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
                // Length, not composition rules (NIST SP 800-63B 5.1.1).
                o.Password.RequiredLength = 12;
                o.Password.RequireDigit = o.Password.RequireLowercase = o.Password.RequireUppercase = o.Password.RequireNonAlphanumeric = false;
            })
            .AddEntityFrameworkStores<GuardDb>()
            .AddUserStore<StaffStore>()
            .AddClaimsPrincipalFactory<StaffClaims>()
            .AddTokenProvider<StaffAuthenticator>(TokenOptions.DefaultAuthenticatorProvider);
        services.Configure<IdentityPasskeyOptions>(o =>
        {
            // A passkey alone signs in, so it must prove the person too, and be found without a name.
            o.UserVerificationRequirement = "required";
            o.ResidentKeyRequirement = "required";
            o.AuthenticatorTimeout = TimeSpan.FromMinutes(2);
            o.ServerDomain = string.IsNullOrWhiteSpace(options.SignIn.PasskeyDomain) ? null : options.SignIn.PasskeyDomain;
        });
        services.ConfigureApplicationCookie(o =>
        {
            o.LoginPath = "/signin";
            o.AccessDeniedPath = "/denied";
            o.ReturnUrlParameter = "to";
            o.Cookie.Name = "domainguard.staff";
            o.Cookie.SameSite = SameSiteMode.Lax;
            o.ExpireTimeSpan = TimeSpan.FromHours(10);
            var denied = o.Events.OnRedirectToAccessDenied;
            o.Events.OnRedirectToAccessDenied = context =>
            {
                // Who must enrol first is led there, and afterwards to where he wanted to go.
                if (context.HttpContext.User.HasClaim(c => c.Type == StaffClaims.MustEnrol))
                {
                    context.Response.Redirect(LocalPath.With("/enrol", context.Request.Path + context.Request.QueryString));
                    return Task.CompletedTask;
                }

                return denied(context);
            };
        });
        services.AddAuthentication().AddCookie(StaffSignIn.StepScheme, o =>
        {
            o.Cookie.Name = "domainguard.step";
            o.Cookie.SameSite = SameSiteMode.Strict;
            o.ExpireTimeSpan = TimeSpan.FromMinutes(5);
            o.SlidingExpiration = false;
        }).AddSingleSignOn(options.SignIn.Oidc);
        services.TryAddSingleton(StaffRecheck.Usual);
        services.AddOptions<SecurityStampValidatorOptions>().Configure<StaffRecheck>((o, recheck) => o.ValidationInterval = recheck.Every);
        services.AddAuthorizationBuilder();
        services.Configure<Microsoft.AspNetCore.Authorization.AuthorizationOptions>(Policies.Add);
        services.AddAntiforgery(o => o.Cookie.Name = "domainguard.antiforgery");
        // In Development too a body that cannot be read is the caller's mistake (400), not ours.
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = false);
        services.AddDataProtection().SetApplicationName("DomainGuard").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(options.DataDirectory, "keys")));
        services.AddHttpContextAccessor();
        services.AddSingleton<StaffSetup>();
        services.AddSingleton<SignInAudit>();
        services.AddSingleton<EnterBySingleSignOn>();
        services.AddScoped<StaffSignIn>();
        services.AddScoped<ChangeOwnSignIn>();
        services.AddRateLimiter(o => Limit(o, options.SignIn.PostsPerMinute));
        return services;
    }

    /// <summary>The limit of posts to the pages that are open to strangers: guessing is slow from one address, whatever names are tried.</summary>
    private static void Limit(RateLimiterOptions limiter, int perMinute)
    {
        limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => HttpMethods.IsPost(context.Request.Method) && IsGuarded(context.Request.Path)
            ? RateLimitPartition.GetSlidingWindowLimiter(
                Neighbourhood(context.Connection.RemoteIpAddress), _ => new SlidingWindowRateLimiterOptions { PermitLimit = perMinute, Window = TimeSpan.FromMinutes(1), SegmentsPerWindow = 6 })
            : RateLimitPartition.GetNoLimiter(""));
        limiter.OnRejected = async (context, cancel) =>
        {
            context.HttpContext.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.HttpContext.Response.Headers.RetryAfter = "60";
            await context.HttpContext.Response.WriteAsync("Too many attempts from this address. Wait a minute, then try again.", cancel);
        };
    }

    private static bool IsGuarded(PathString path) =>
        path.StartsWithSegments("/signin", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/invitation", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/setup", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/enrol", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/me", StringComparison.OrdinalIgnoreCase);

    /// <summary>An IPv4 address, or the /64 that one subscriber has of IPv6.</summary>
    internal static string Neighbourhood(IPAddress? address)
    {
        if (address is null)
        {
            return "unknown";
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }
}
