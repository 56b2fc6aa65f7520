using System.Net;
using System.Net.Sockets;
using DomainGuard.Core.Domains;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.Http;

/// <summary>Where HTTP to the outside begins. A pretend world puts its own handler here; everything above (clients, redirects, parsers) stays real.</summary>
public class LookupTransport(IOptions<LookupOptions> options)
{
    private readonly PrivateHosts _allowed = PrivateHosts.Parse(options.Value.AllowedPrivateHosts, out _);

    /// <summary>Servers that configuration allows on private addresses and over plain http.</summary>
    public virtual bool IsAllowedPrivate(Uri url) => _allowed.Contains(url);

    /// <summary>
    /// A handler without redirects, cookies, proxy or decompression (each of which would slip past a guard), which connects to public addresses only. The check is made
    /// on the address that is connected to, so that a name that resolves differently the second time gains nothing.
    /// </summary>
    public virtual HttpMessageHandler CreateHandler(SourceKind source) => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxConnectionsPerServer = 1_000,
        MaxResponseHeadersLength = 64,
        ConnectCallback = ConnectAsync,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await System.Net.Dns.GetHostAddressesAsync(host, cancel);
        var open = _allowed.Contains(host, port) ? addresses : [.. addresses.Where(a => !PrivateHosts.IsPrivate(a))];
        if (open.Length == 0)
        {
            throw new AddressRefusedException(
                $"{host} has only private addresses; nothing was sent. If that is meant, name {host}:{port} in DomainGuard:Lookups:AllowedPrivateHosts.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>An outbound request would have gone to an address that is not allowed.</summary>
public sealed class AddressRefusedException(string message) : Exception(message);
