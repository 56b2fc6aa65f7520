using DomainGuard.Web.Auth;

namespace DomainGuard.Web.Features.Staff;

internal static class StaffServices
{
    /// <summary>Registers what changes and shows staff. Needs the database, Identity, a guard clock and <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddStaffChanges(this IServiceCollection services)
    {
        services.AddSingleton<SignInTries>();
        services.AddSingleton<StaffChanges>();
        services.AddSingleton<InviteStaff>();
        services.AddSingleton<RevokeInvitation>();
        services.AddSingleton<AcceptInvitation>();
        services.AddSingleton<ChangeStaffRoles>();
        services.AddSingleton<LockStaff>();
        services.AddSingleton<UnlockStaff>();
        services.AddSingleton<ResetSecondFactor>();
        services.AddSingleton<RemoveStaff>();
        services.AddSingleton<StaffQueries>();
        return services;
    }
}
