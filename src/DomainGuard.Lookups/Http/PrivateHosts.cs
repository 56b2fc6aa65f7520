using System.Net;
using System.Net.Sockets;

namespace DomainGuard.Lookups.Http;

/// <summary>The servers that configuration allows on private addresses and over plain http, and what "private" means.</summary>
public sealed class PrivateHosts
{
    private readonly HashSet<string> _allowed;

    private PrivateHosts(HashSet<string> allowed) => _allowed = allowed;

    /// <summary>Reads "host:port" entries; <paramref name="bad"/> gets those that are none.</summary>
    public static PrivateHosts Parse(IEnumerable<string> entries, out IReadOnlyList<string> bad)
    {
        var allowed = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        List<string> wrong = [];
        foreach (var entry in entries)
        {
            var colon = entry.LastIndexOf(':');
            if (colon > 0 && ushort.TryParse(entry.AsSpan(colon + 1), out var port) && port > 0 && Uri.TryCreate($"http://{entry}/", UriKind.Absolute, out var url))
            {
                allowed.Add($"{url.IdnHost}:{port}");
            }
            else
            {
                wrong.Add(entry);
            }
        }

        bad = wrong;
        return new PrivateHosts(allowed);
    }

    /// <summary>The host and port of this URL are named.</summary>
    public bool Contains(Uri url) => Contains(url.IdnHost, url.Port);

    /// <summary>The host and port are named.</summary>
    public bool Contains(string host, int port) => _allowed.Contains($"{host.Trim('[', ']')}:{port}") || _allowed.Contains($"[{host.Trim('[', ']')}]:{port}");

    /// <summary>
    /// True for addresses that no stranger's server can have: loopback, private (RFC 1918), link-local, unique local (RFC 4193), shared (RFC 6598), multicast,
    /// reserved, documentation, benchmark, unspecified, and IPv6 forms that carry such an IPv4 address (mapped, NAT64, 6to4, Teredo).
    /// </summary>
    public static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        var b = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return b[0] is 0 or 10 or 127 or >= 224
                || (b[0] == 100 && b[1] is >= 64 and <= 127)
                || (b[0] == 169 && b[1] == 254)
                || (b[0] == 172 && b[1] is >= 16 and <= 31)
                || (b[0] == 192 && b[1] == 168)
                || (b[0] == 192 && b[1] == 0 && b[2] is 0 or 2)
                || (b[0] == 192 && b[1] == 88 && b[2] == 99)
                || (b[0] == 198 && b[1] is 18 or 19)
                || (b[0] == 198 && b[1] == 51 && b[2] == 100)
                || (b[0] == 203 && b[1] == 0 && b[2] == 113);
        }

        // Only 2000::/3 is global unicast; of it, 2001::/23 (Teredo, benchmark, ORCHID), 2001:db8::/32 and 3fff::/20 (documentation) and 2002::/16 (6to4) lead elsewhere.
        // 64:ff9b::/96 (NAT64) lies outside.
        return (b[0] & 0xE0) != 0x20
            || (b[0] == 0x20 && b[1] == 0x01 && (b[2] < 2 || (b[2] == 0x0D && b[3] == 0xB8)))
            || (b[0] == 0x20 && b[1] == 0x02)
            || (b[0] == 0x3F && b[1] == 0xFF && b[2] < 0x10);
    }
}
