using DomainGuard.Core.Domains;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Http;
using DomainGuard.Lookups.Rdap;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Lookups;

/// <summary>Look-ups as the product wires them, from a configuration that a test writes. Sources that the test does not name are off.</summary>
internal sealed class LookupRig : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ServiceProvider _services;

    public LookupRig(Dictionary<string, string?> settings, TimeProvider? time = null, Func<IOptions<LookupOptions>, LookupTransport>? transport = null)
    {
        var all = new Dictionary<string, string?>
        {
            ["Rdap:Enabled"] = "false",
            ["Dns:Enabled"] = "false",
            ["Lanes:Default:PerSecond"] = "1000000",
            ["Lanes:Default:InFlight"] = "200",
        };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        var configuration = new ConfigurationBuilder().AddInMemoryCollection(all.Select(p => KeyValuePair.Create($"{LookupServices.Section}:{p.Key}", p.Value))).Build();
        var services = new ServiceCollection();
        services.AddSingleton(time ?? TimeProvider.System);
        if (transport is not null)
        {
            services.AddSingleton(s => transport(s.GetRequiredService<IOptions<LookupOptions>>()));
        }

        services.AddDomainLookups(configuration);
        _services = services.BuildServiceProvider();
    }

    public DomainLookup Lookup => _services.GetRequiredService<DomainLookup>();

    public RdapBootstrap Bootstrap => _services.GetRequiredService<RdapBootstrap>();

    /// <summary>RDAP for TLD "zz", which the IANA file does not know, at a server on loopback.</summary>
    public static Dictionary<string, string?> RdapAt(Uri server) => new()
    {
        ["Rdap:Enabled"] = "true",
        ["Rdap:Overrides:zz"] = server.ToString(),
        ["AllowedPrivateHosts:0"] = $"{server.Host}:{server.Port}",
    };

    /// <summary>Asks the source itself, past its lane.</summary>
    public Task<Observation> AskAsync(SourceKind source, string domain = "sample.zz", params string[] mailHosts) =>
        _services.GetServices<IDomainSource>().Single(s => s.Kind == source).AskAsync(new LookupQuestion(domain, mailHosts, Now), TestContext.Current.CancellationToken);

    public void Dispose() => _services.Dispose();
}
