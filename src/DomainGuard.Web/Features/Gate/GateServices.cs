namespace DomainGuard.Web.Features.Gate;

/// <summary>Registration of the gate.</summary>
internal static class GateServices
{
    /// <summary>Registers it. Needs the scan engine and what carries findings out.</summary>
    public static IServiceCollection AddGate(this IServiceCollection services)
    {
        services.AddSingleton<GateRulesInForce>();
        services.AddSingleton<GateReader>();
        services.AddSingleton<FreshVerdict>();
        services.AddSingleton<RecordChecks>();
        services.AddSingleton<CheckRecovery>();
        services.AddSingleton<PreviewRecovery>();
        services.AddSingleton<ConfirmRecovery>();
        services.AddSingleton<GateQueries>();
        return services;
    }
}
