using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups;

/// <summary>Section <c>DomainGuard:Lookups</c>: what is asked, where, and how fast.</summary>
public sealed class LookupOptions
{
    /// <summary>"host:port" of servers that may be plain http or lie on a private or loopback address.</summary>
    public IList<string> AllowedPrivateHosts { get; } = [];

    /// <summary>RDAP.</summary>
    public RdapOptions Rdap { get; } = new();

    /// <summary>Fastly Domain Research.</summary>
    public FastlyOptions Fastly { get; } = new();

    /// <summary>Domainr v2.</summary>
    public DomainrOptions Domainr { get; } = new();

    /// <summary>DNS.</summary>
    public DnsOptions Dns { get; } = new();

    /// <summary>Rate limits per upstream host.</summary>
    public LaneLimits Lanes { get; } = new();
}

/// <summary>Section <c>Rdap</c>.</summary>
public sealed class RdapOptions
{
    /// <summary>Asked at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Where the IANA file (RFC 9224) is refreshed from.</summary>
    public string BootstrapUrl { get; set; } = "https://data.iana.org/rdap/dns.json";

    /// <summary>TLD to base URL for servers that are not in the IANA file; when not empty it replaces the shipped table. The IANA file wins over both.</summary>
    public IDictionary<string, string> Overrides { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
}

/// <summary>Section <c>Fastly</c>.</summary>
public sealed class FastlyOptions
{
    /// <summary>Asked at all; needs <see cref="ApiKey"/>.</summary>
    public bool Enabled { get; set; }

    /// <summary>Base URL.</summary>
    public string BaseUrl { get; set; } = "https://api.fastly.com/";

    /// <summary>Token, sent as header Fastly-Key. Never logged or shown.</summary>
    public string ApiKey { get; set; } = "";
}

/// <summary>Section <c>Domainr</c>.</summary>
public sealed class DomainrOptions
{
    /// <summary>Asked at all; needs <see cref="ClientId"/>.</summary>
    public bool Enabled { get; set; }

    /// <summary>Base URL.</summary>
    public string BaseUrl { get; set; } = "https://api.domainr.com/";

    /// <summary>Client id. Never logged or shown.</summary>
    public string ClientId { get; set; } = "";
}

/// <summary>Section <c>Dns</c>.</summary>
public sealed class DnsOptions
{
    /// <summary>Asked at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Resolvers as "address" or "address:port" ("[v6]:port"); empty takes those of the operating system.</summary>
    public IList<string> Servers { get; } = [];
}

/// <summary>Section <c>Lanes</c>.</summary>
public sealed class LaneLimits
{
    /// <summary>For hosts without an entry of their own.</summary>
    public LaneLimit Default { get; } = new();

    /// <summary>Per host.</summary>
    public IList<HostLaneLimit> Hosts { get; } = [];

    /// <summary>The limit of a host. Resolvers are made for many questions: without an entry "dns" they are asked 50 times a second, 20 at a time.</summary>
    public LaneLimit Of(string host) =>
        Hosts.FirstOrDefault(h => string.Equals(h.Host, host, StringComparison.OrdinalIgnoreCase)) ?? (host == Lookups.Lanes.DnsHost ? Resolvers : Default);

    private static readonly LaneLimit Resolvers = new() { PerSecond = 50, InFlight = 20 };
}

/// <summary>How fast one host is asked.</summary>
public class LaneLimit
{
    /// <summary>Questions a second, by all processes together.</summary>
    public double PerSecond { get; set; } = 1;

    /// <summary>Questions at the same time, per process.</summary>
    public int InFlight { get; set; } = 2;
}

/// <summary>How fast a named host is asked.</summary>
public sealed class HostLaneLimit : LaneLimit
{
    /// <summary>The host, with ":port" when not the default one; "dns" for all resolvers together.</summary>
    public string Host { get; set; } = "";
}

/// <summary>Says everything that is wrong with <see cref="LookupOptions"/> at once.</summary>
public sealed class LookupOptionsValidator : IValidateOptions<LookupOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, LookupOptions options)
    {
        const string Root = "DomainGuard:Lookups:";
        List<string> problems = [];
        var allowed = Http.PrivateHosts.Parse(options.AllowedPrivateHosts, out var badHosts);
        problems.AddRange(badHosts.Select(h => $"{Root}AllowedPrivateHosts: '{h}' is no \"host:port\". Write a host or address and its port, such as localhost:8080 or [::1]:8080."));

        if (options.Rdap.Enabled)
        {
            CheckUrl($"{Root}Rdap:BootstrapUrl", options.Rdap.BootstrapUrl);
            foreach (var (tld, url) in options.Rdap.Overrides)
            {
                CheckUrl($"{Root}Rdap:Overrides:{tld}", url);
                if (!Rdap.RdapBootstrap.TryReadTld(tld, out _))
                {
                    problems.Add($"{Root}Rdap:Overrides:{tld}: '{tld}' is no top-level domain. Name one label, such as \"de\".");
                }
            }
        }

        if (options.Fastly.Enabled)
        {
            CheckUrl($"{Root}Fastly:BaseUrl", options.Fastly.BaseUrl);
            CheckSecret($"{Root}Fastly:ApiKey", options.Fastly.ApiKey, $"{Root}Fastly:Enabled");
        }

        if (options.Domainr.Enabled)
        {
            CheckUrl($"{Root}Domainr:BaseUrl", options.Domainr.BaseUrl);
            CheckSecret($"{Root}Domainr:ClientId", options.Domainr.ClientId, $"{Root}Domainr:Enabled");
        }

        problems.AddRange(options.Dns.Servers.Where(s => !Dns.DnsSource.TryParseServer(s, out _))
            .Select(s => $"{Root}Dns:Servers: '{s}' is no IP address with an optional port, such as 192.0.2.53 or [2001:db8::53]:5353."));
        CheckLimit($"{Root}Lanes:Default", options.Lanes.Default);
        for (var i = 0; i < options.Lanes.Hosts.Count; i++)
        {
            var host = options.Lanes.Hosts[i];
            CheckLimit($"{Root}Lanes:Hosts:{i}", host);
            if (string.IsNullOrWhiteSpace(host.Host))
            {
                problems.Add($"{Root}Lanes:Hosts:{i}:Host is missing. Name the upstream host the limit is for.");
            }
            else if (host.Host.AsSpan().IndexOfAny("/ \t") >= 0)
            {
                problems.Add($"{Root}Lanes:Hosts:{i}:Host: '{host.Host}' is no host. Write it without scheme and path, with \":port\" when that is not the default one.");
            }
            else if (options.Lanes.Hosts.Take(i).Any(h => string.Equals(h.Host, host.Host, StringComparison.OrdinalIgnoreCase)))
            {
                problems.Add($"{Root}Lanes:Hosts:{i}:Host: '{host.Host}' has a limit already. Keep one of the two.");
            }
        }

        if (!options.Rdap.Enabled && !options.Fastly.Enabled && !options.Domainr.Enabled && !options.Dns.Enabled)
        {
            problems.Add($"{Root} every source is switched off. Switch on at least Rdap:Enabled or Dns:Enabled.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void CheckUrl(string key, string value)
        {
            if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
            {
                problems.Add($"{key}: '{value}' is no absolute https URL. Write one, such as https://rdap.example/.");
            }
            else if (url.Scheme == Uri.UriSchemeHttp && !allowed.Contains(url))
            {
                problems.Add($"{key}: '{value}' is plain http. Use https, or name {url.Host}:{url.Port} in {Root}AllowedPrivateHosts.");
            }
        }

        void CheckSecret(string key, string value, string onSwitch)
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                problems.Add($"{key} is missing although {onSwitch} is true. Set it (as a secret), or switch the source off.");
            }
            else if (value.Any(c => c is < '!' or > '~'))
            {
                problems.Add($"{key} has a character that no header or URL can carry. Set it again without spaces and line breaks.");
            }
        }

        void CheckLimit(string key, LaneLimit limit)
        {
            if (!(limit.PerSecond > 0) || limit.PerSecond > 1_000_000)
            {
                problems.Add($"{key}:PerSecond must lie above 0 and at most at 1,000,000.");
            }

            if (limit.InFlight is < 1 or > 10_000)
            {
                problems.Add($"{key}:InFlight must lie between 1 and 10,000.");
            }
        }
    }
}
