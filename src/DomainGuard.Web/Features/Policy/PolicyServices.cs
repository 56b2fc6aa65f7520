using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DomainGuard.Web.Features.Policy;

internal static class PolicyServices
{
    /// <summary>Registers the policy: store, editor, proposals, preview, settings.</summary>
    public static IServiceCollection AddPolicy(this IServiceCollection services)
    {
        services.TryAddSingleton<PolicyStore>();
        services.AddSingleton<SourceOutlooks>();
        services.AddSingleton<PolicyCheck>();
        services.AddSingleton<PolicyQueries>();
        services.AddSingleton<SavePolicy>();
        services.AddSingleton<ProposePolicy>();
        services.AddSingleton<DecideProposal>();
        services.AddSingleton<ChangeSetting>();
        services.AddSingleton<SettingQueries>();
        services.AddSingleton<PreviewReader>();
        services.AddSingleton<PreviewPolicy>();
        return services;
    }
}
