using System.Security.Claims;
using DomainGuard.Core.Audit;
using Microsoft.AspNetCore.Components.Authorization;

namespace DomainGuard.Web.Auth;

/// <summary>Who asks for a change: every changing operation takes one, asks <see cref="May"/> first, and names <see cref="Actor"/> in the audit trail.</summary>
/// <param name="Id">Key of the user.</param>
/// <param name="DisplayName">Shown to colleagues; never in the audit trail.</param>
/// <param name="Roles">His roles.</param>
/// <param name="From">The IP address that he comes from; null when it is not known.</param>
internal sealed record StaffMember(Guid Id, string DisplayName, IReadOnlySet<string> Roles, string? From)
{
    /// <summary>He in the audit trail.</summary>
    public AuditActor Actor => AuditActor.Staff(Id, From);

    /// <summary>Whether one of his roles carries a right, one of <see cref="Policies"/>.</summary>
    public bool May(string policy) => Policies.RolesOf(policy).Any(Roles.Contains);

    /// <summary>The person behind a signed-in principal.</summary>
    /// <exception cref="InvalidOperationException">Nobody is signed in: the caller is not behind an authorisation policy.</exception>
    public static StaffMember Of(ClaimsPrincipal user, string? from)
    {
        ArgumentNullException.ThrowIfNull(user);
        return Guid.TryParse(user.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
            ? new StaffMember(
                id, user.FindFirstValue(StaffClaims.DisplayName) ?? user.Identity?.Name ?? "", user.FindAll(ClaimTypes.Role).Select(c => c.Value).ToHashSet(StringComparer.Ordinal), from)
            : throw new InvalidOperationException("Nobody is signed in.");
    }
}

/// <summary>Where a circuit's browser sits, told once when the document is served: a circuit has no request to ask.</summary>
internal sealed class CircuitOrigin
{
    /// <summary>IP address.</summary>
    public string? From { get; set; }
}

/// <summary>The person of this circuit, for pages that call operations.</summary>
internal sealed class CurrentStaff(AuthenticationStateProvider authentication, CircuitOrigin origin)
{
    /// <summary>Who he is, with the roles that he has now.</summary>
    public async Task<StaffMember> GetAsync() => StaffMember.Of((await authentication.GetAuthenticationStateAsync()).User, origin.From);
}
