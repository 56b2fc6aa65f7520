using DomainGuard.Lookups;
using DomainGuard.Lookups.Rdap;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Sources;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DomainGuard.Web.Features.Scans;

/// <summary>Registration of the scan engine: the same in the server, on the command line and in a worker.</summary>
internal static class ScanServices
{
    /// <summary>Registers everything that starts, works and ends scans. Call it before <c>AddDomainLookups</c>, which would else keep its lanes in memory. Needs the database, a guard clock, <see cref="TimeProvider"/>, and what carries findings out.</summary>
    public static IServiceCollection AddScanEngine(this IServiceCollection services)
    {
        services.AddSingleton<ScanNode>();
        services.TryAddSingleton<PolicyStore>();
        services.AddSingleton<SourceBudgets>();
        services.AddSingleton<ILaneStore, DbLaneStore>();
        services.AddSingleton<IBootstrapStore, DbBootstrapStore>();
        services.AddSingleton<ScanWriter>();
        services.AddSingleton<StartScan>();
        services.AddSingleton<ControlScan>();
        services.AddSingleton<PrepareScan>();
        services.AddSingleton<FinishScan>();
        services.AddSingleton<SettleDomains>();
        services.AddSingleton<SettleLane>();
        services.AddSingleton<GiveUpLane>();
        services.AddSingleton<LaneCanary>();
        services.AddSingleton<LookUpNow>();
        services.AddTransient<LaneRun>();
        services.AddSingleton<Func<LaneRun>>(p => p.GetRequiredService<LaneRun>);
        services.AddSingleton<RunScan>();
        services.AddSingleton<ScanQueries>();
        services.AddSingleton<KeepRetention>();
        return services;
    }
}
