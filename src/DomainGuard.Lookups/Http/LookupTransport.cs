using DomainGuard.Core.Domains;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.Http;

/// <summary>Where HTTP to the outside begins. A pretend world puts its own handler here; everything above (clients, redirects, parsers) stays real.</summary>
public class LookupTransport(IOptions<LookupOptions> options)
{
    private readonly PrivateHosts _allowed = PrivateHosts.Parse(options.Value.AllowedPrivateHosts, out _);

    /// <summary>Servers that configuration allows on private addresses and over plain http.</summary>
    public virtual bool IsAllowedPrivate(Uri url) => _allowed.Contains(url);

    /// <summary>The guarded handler of <see cref="GuardedSockets"/>.</summary>
    public virtual HttpMessageHandler CreateHandler(SourceKind source) => GuardedSockets.CreateHandler(_allowed, "DomainGuard:Lookups:AllowedPrivateHosts");
}
