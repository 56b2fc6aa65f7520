using DomainGuard.Web.Features.Accounts;
using DomainGuard.Web.Features.Domains;
using DomainGuard.Web.Features.Overview;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.Search;
using DomainGuard.Web.Features.Sources;

namespace DomainGuard.Web.Features;

internal static class ConsoleServices
{
    /// <summary>Registers what the pages read with.</summary>
    public static IServiceCollection AddConsolePages(this IServiceCollection services)
    {
        services.AddSingleton<DomainQueries>();
        services.AddSingleton<DomainDetails>();
        services.AddSingleton<AccountQueries>();
        services.AddSingleton<AccountDetails>();
        services.AddSingleton<OverviewQueries>();
        services.AddSingleton<ProtectionQueries>();
        services.AddSingleton<SourceQueries>();
        services.AddSingleton<FindAnything>();
        services.AddSingleton<Why.ExplainAddress>();
        services.AddPolicy();
        return services;
    }
}
