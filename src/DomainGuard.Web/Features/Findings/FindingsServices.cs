using DomainGuard.Web.Features.Policy;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DomainGuard.Web.Features.Findings;

/// <summary>Registration of what turns verdicts into cases and un-verifications: the same in the server, on the command line and in a worker.</summary>
internal static class FindingsServices
{
    /// <summary>Registers it. Needs the scan engine.</summary>
    public static IServiceCollection AddFindings(this IServiceCollection services)
    {
        services.TryAddSingleton<PolicyStore>();
        services.AddSingleton<TurnOfFindings>();
        services.AddSingleton<ReadFindings>();
        services.AddSingleton<WriteFindings>();
        services.AddSingleton<ApplyFindings>();
        services.AddSingleton<EndObserveOnly>();
        services.AddSingleton<CarryOutBatch>();
        services.AddSingleton<ApplyDomainCase>();
        services.AddSingleton<WakeCases>();
        services.AddSingleton<ReverifyAddress>();
        services.AddSingleton<TakeUpFindings>();
        services.AddTransient<FindingsJobs>();
        services.AddSingleton<FindingsLauncher>();
        return services;
    }
}
