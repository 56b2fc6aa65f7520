using System.Security.Claims;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Auth;

/// <summary>How often circuits and cookies are looked at again.</summary>
/// <param name="Every">A minute (issue, staff: "at most a minute on an open circuit").</param>
internal sealed record StaffRecheck(TimeSpan Every)
{
    public static StaffRecheck Usual { get; } = new(TimeSpan.FromMinutes(1));
}

/// <summary>
/// A circuit lives for hours: looks every minute whether its person still exists and has the same security stamp; else the circuit is signed out. Every change of roles, lock or second
/// factor renews the stamp, so a circuit never goes on with roles that its person no longer has.
/// </summary>
internal sealed class StaffAuthenticationState(ILoggerFactory logs, IServiceScopeFactory scopes, IOptions<IdentityOptions> options, StaffRecheck recheck)
    : RevalidatingServerAuthenticationStateProvider(logs)
{
    protected override TimeSpan RevalidationInterval => recheck.Every;

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        var user = await users.GetUserAsync(authenticationState.User);
        return user is not null
            && authenticationState.User.FindFirstValue(options.Value.ClaimsIdentity.SecurityStampClaimType) == await users.GetSecurityStampAsync(user);
    }
}

/// <summary>
/// The cookie carries the display name too, so that the shell shows it without asking the database. Who must enrol a second factor first has no role until that is done, so that every
/// page, endpoint and operation refuses by itself.
/// </summary>
internal sealed class StaffClaims(UserManager<GuardUser> users, RoleManager<IdentityRole<Guid>> roles, IOptions<IdentityOptions> options, IOptions<DomainGuardOptions> installation)
    : UserClaimsPrincipalFactory<GuardUser, IdentityRole<Guid>>(users, roles, options)
{
    internal const string DisplayName = "display_name";

    /// <summary>Claim of who must enrol first.</summary>
    internal const string MustEnrol = "must_enrol";

    internal const string KeysOff = "keys_off";

    protected override async Task<ClaimsIdentity> GenerateClaimsAsync(GuardUser user)
    {
        var identity = await base.GenerateClaimsAsync(user);
        identity.AddClaim(new Claim(DisplayName, user.DisplayName));
        if (user.SingleKeysOff)
        {
            identity.AddClaim(new Claim(KeysOff, "true"));
        }

        // Without a password one came by passkey or by single sign-on, which are more than one factor or know of their own.
        if (installation.Value.SignIn.RequireSecondFactor == true && user is { PasswordHash: not null, TwoFactorEnabled: false } && (await UserManager.GetPasskeysAsync(user)).Count == 0)
        {
            foreach (var role in identity.FindAll(identity.RoleClaimType).ToList())
            {
                identity.RemoveClaim(role);
            }

            identity.AddClaim(new Claim(MustEnrol, "true"));
        }

        return identity;
    }
}
