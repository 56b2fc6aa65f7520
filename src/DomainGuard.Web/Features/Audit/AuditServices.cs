using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Audit;

internal static class AuditServices
{
    /// <summary>Registers what seals, verifies and shows the audit trail. Needs the database, a guard clock, <see cref="TimeProvider"/> and the scan engine's node.</summary>
    public static IServiceCollection AddAudit(this IServiceCollection services)
    {
        services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AuditOptions>, AuditOptionsValidator>();
        services.AddSingleton<AuditKeys>();
        services.AddSingleton<SealEntries>();
        services.AddSingleton<ChainStatusStore>();
        services.AddSingleton<VerifyChain>();
        services.AddSingleton<MakeCheckpoint>();
        services.AddSingleton<AuditQueries>();
        services.AddTransient<AuditJobs>();
        services.AddHostedService<AuditSealer>();
        return services;
    }
}
