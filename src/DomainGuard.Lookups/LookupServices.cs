using DomainGuard.Lookups.Dns;
using DomainGuard.Lookups.DomainResearch;
using DomainGuard.Lookups.Http;
using DomainGuard.Lookups.Rdap;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups;

/// <summary>Registration of everything that is asked.</summary>
public static class LookupServices
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "DomainGuard:Lookups";

    /// <summary>
    /// Registers <see cref="DomainLookup"/> and its sources. The caller registers <see cref="TimeProvider"/> and, before this call, its own
    /// <see cref="ILaneStore"/> or <see cref="LookupTransport"/> where it has one; without, lanes live in memory.
    /// </summary>
    public static IServiceCollection AddDomainLookups(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<LookupOptions>().Bind(configuration.GetSection(Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LookupOptions>, LookupOptionsValidator>();
        services.TryAddSingleton<ILaneStore, MemoryLaneStore>();
        services.TryAddSingleton<LookupTransport>();
        services.AddSingleton<RdapBootstrap>();
        services.AddSingleton<Lanes>();
        services.AddSingleton<IDomainSource, RdapSource>();
        services.AddSingleton<IDomainSource, FastlySource>();
        services.AddSingleton<IDomainSource, DomainrSource>();
        services.AddSingleton<IDomainSource, DnsSource>();
        services.AddSingleton<DomainLookup>();
        return services;
    }
}
