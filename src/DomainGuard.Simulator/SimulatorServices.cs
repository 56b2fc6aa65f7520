using DomainGuard.Core.Scheduling;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Http;
using DomainGuard.Simulator.Dns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DomainGuard.Simulator;

/// <summary>Registration of the pretend world in the place of the outside.</summary>
public static class SimulatorServices
{
    /// <summary>
    /// Puts the world where sockets would be: HTTP by a handler, DNS by a responder on a loopback port that opens when the look-up options are first read; switches Fastly
    /// and Domainr on with made-up keys; lifts lane limits so far that a first scan is over within seconds. To be called before <c>AddDomainLookups</c>; needs a
    /// <see cref="GuardClock"/>, by which the world lives. What configuration says of these sources and lanes does not hold here. Never for production: everything it says
    /// of a domain is invented, and the caller refuses it there.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="start">Day zero of the world; asked once.</param>
    public static IServiceCollection AddSimulatedWorld(this IServiceCollection services, Func<IServiceProvider, DateTimeOffset> start)
    {
        services.AddSingleton(p => new World(seed: 2026, start(p)));
        services.AddSingleton<LookupTransport, SimulatedTransport>();
        services.AddSingleton(p =>
        {
            var zone = new Zone(p.GetRequiredService<World>());
            var clock = p.GetRequiredService<GuardClock>();
            return DnsServer.Start(question => zone.Answer(question, clock.Now));
        });
        services.AddSingleton<IPostConfigureOptions<LookupOptions>, SimulatedSources>();
        return services;
    }

    private sealed class SimulatedSources(DnsServer dns) : IPostConfigureOptions<LookupOptions>
    {
        public void PostConfigure(string? name, LookupOptions options)
        {
            options.Fastly.Enabled = true;
            options.Fastly.ApiKey = "demonstration";
            options.Domainr.Enabled = true;
            options.Domainr.ClientId = "demonstration";
            options.Dns.Servers.Clear();
            options.Dns.Servers.Add(dns.EndPoint.ToString());
            options.Lanes.Default.PerSecond = 40;
            options.Lanes.Default.InFlight = 6;
            options.Lanes.Hosts.Clear();
            options.Lanes.Hosts.Add(new HostLaneLimit { Host = "api.fastly.com", PerSecond = 200, InFlight = 20 });
            options.Lanes.Hosts.Add(new HostLaneLimit { Host = "api.domainr.com", PerSecond = 200, InFlight = 20 });
            options.Lanes.Hosts.Add(new HostLaneLimit { Host = Lookups.Lanes.DnsHost, PerSecond = 400, InFlight = 40 });
        }
    }
}
