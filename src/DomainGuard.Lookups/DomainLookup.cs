using DomainGuard.Core.Domains;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups;

/// <summary>How a source stands in the configuration.</summary>
/// <param name="Kind">The source.</param>
/// <param name="IsEnabled">It is asked.</param>
/// <param name="NeedsKey">It works with a key only.</param>
/// <param name="HasKey">The key is set. Never the key itself.</param>
/// <param name="Host">Its one host; null for RDAP, which has one per registry.</param>
public sealed record SourceStatus(SourceKind Kind, bool IsEnabled, bool NeedsKey, bool HasKey, string? Host);

/// <summary>The one path by which everybody looks a domain up: every enabled source that serves the name is asked side by side, each through its lane.</summary>
public sealed class DomainLookup
{
    private readonly IDomainSource[] _sources;
    private readonly Lanes _lanes;
    private readonly LookupOptions _options;

    /// <summary>Makes the path over all registered sources.</summary>
    public DomainLookup(IEnumerable<IDomainSource> sources, Lanes lanes, IOptions<LookupOptions> options)
    {
        _sources = [.. sources.OrderBy(s => s.Kind)];
        _lanes = lanes;
        _options = options.Value;
    }

    /// <summary>The sources as configured.</summary>
    public IReadOnlyList<SourceStatus> Sources =>
    [
        .. _sources.Select(s => s.Kind switch
        {
            SourceKind.Fastly => new SourceStatus(s.Kind, s.IsEnabled, true, _options.Fastly.ApiKey.Length > 0, s.HostFor("")),
            SourceKind.Domainr => new SourceStatus(s.Kind, s.IsEnabled, true, _options.Domainr.ClientId.Length > 0, s.HostFor("")),
            _ => new SourceStatus(s.Kind, s.IsEnabled, false, false, s.Kind == SourceKind.Dns ? Lanes.DnsHost : null),
        }),
    ];

    /// <summary>
    /// Asks. An RDAP source without a server for the name gives one observation <see cref="Outcome.NotServed"/>; sources that are switched off give none.
    /// </summary>
    /// <param name="question">What is asked.</param>
    /// <param name="use">Whose slots are taken.</param>
    /// <param name="only">The sources to ask; null asks all.</param>
    /// <param name="cancel">Cancels waiting and asking.</param>
    public async Task<IReadOnlyList<Observation>> LookUpAsync(LookupQuestion question, LaneUse use, IReadOnlySet<SourceKind>? only, CancellationToken cancel)
    {
        var asking = new List<Task<Observation>>(_sources.Length);
        foreach (var source in _sources)
        {
            if (source.IsEnabled && only?.Contains(source.Kind) != false)
            {
                asking.Add(source.HostFor(question.Domain) is { } host
                    ? _lanes.Of(host, source.Kind).AskAsync(question, use, source.AskAsync, cancel)
                    : Task.FromResult(new Observation(source.Kind, "", Outcome.NotServed, question.Now, TimeSpan.Zero)));
            }
        }

        return await Task.WhenAll(asking);
    }

    /// <summary>The host whose lane carries the work for a name: its RDAP server, else Fastly or Domainr, else "dns".</summary>
    public string PrimaryHostFor(string domain)
    {
        foreach (var source in _sources)
        {
            if (source.IsEnabled && source.HostFor(domain) is { } host)
            {
                return host;
            }
        }

        return Lanes.DnsHost;
    }

    /// <summary>How many questions to a host may be in flight in this process.</summary>
    public int InFlightOf(string host) => _lanes.LimitOf(host).InFlight;

    /// <summary>The configured limit of a host.</summary>
    public LaneLimit LimitOf(string host) => _lanes.LimitOf(host);
}
