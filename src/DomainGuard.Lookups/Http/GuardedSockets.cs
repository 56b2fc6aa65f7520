using System.Net;
using System.Net.Sockets;

namespace DomainGuard.Lookups.Http;

/// <summary>Connections to servers that strangers name.</summary>
public static class GuardedSockets
{
    /// <summary>
    /// A handler without redirects, cookies, proxy or decompression (each of which would slip past a guard), which connects to public addresses only. The check is made
    /// on the address that is connected to, so that a name that resolves differently the second time gains nothing.
    /// </summary>
    /// <param name="allowed">Servers that may have private addresses.</param>
    /// <param name="setting">Where they are configured, for the words of a refusal.</param>
    public static SocketsHttpHandler CreateHandler(PrivateHosts allowed, string setting) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxConnectionsPerServer = 1_000,
        MaxResponseHeadersLength = 64,
        ConnectCallback = (context, cancel) => ConnectAsync(allowed, setting, context, cancel),
    };

    private static async ValueTask<Stream> ConnectAsync(PrivateHosts allowed, string setting, SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await System.Net.Dns.GetHostAddressesAsync(host, cancel);
        var open = allowed.Contains(host, port) ? addresses : [.. addresses.Where(a => !PrivateHosts.IsPrivate(a))];
        if (open.Length == 0)
        {
            throw new AddressRefusedException($"{host} has only private addresses; nothing was sent. If that is meant, name {host}:{port} in {setting}.");
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
