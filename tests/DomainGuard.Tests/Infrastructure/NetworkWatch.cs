using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;

[assembly: AssemblyFixture(typeof(DomainGuard.Tests.Infrastructure.NetworkWatch))]

namespace DomainGuard.Tests.Infrastructure;

/// <summary>
/// No test reaches an address off this machine: listens to what the runtime itself reports of every connection in this process, and fails the run at its end. The database servers
/// that environment variables name are the machine's own business.
/// </summary>
public sealed class NetworkWatch : EventListener
{
    private static readonly ConcurrentDictionary<string, int> Strangers = new(StringComparer.Ordinal);
    private static readonly string Named = string.Join(' ', new[] { "DOMAINGUARD_TEST_POSTGRES", "DOMAINGUARD_TEST_SQLSERVER" }.Select(Environment.GetEnvironmentVariable));

    /// <summary>Connections that were reported, to this machine or not.</summary>
    public static int Seen { get; private set; }

    /// <summary>Whether a socket address, written as the runtime does ("InterNetwork:16:{31,144,127,0,0,1,...}"), lies on this machine.</summary>
    public static bool IsHere(string address)
    {
        var open = address.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return true; // a name: what it resolves to is reported by itself
        }

        var bytes = address[(open + 1)..].TrimEnd('}').Split(',').Select(b => byte.Parse(b, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var ip = address.StartsWith("InterNetworkV6", StringComparison.Ordinal) ? new IPAddress(bytes.AsSpan(6, 16)) : address.StartsWith("InterNetwork", StringComparison.Ordinal) ? new IPAddress(bytes.AsSpan(2, 4)) : IPAddress.Loopback;
        return IPAddress.IsLoopback(ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip) || Named.Contains(ip.ToString(), StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        if (!Strangers.IsEmpty)
        {
            throw new InvalidOperationException("Tests connected to addresses off this machine: " + string.Join("; ", Strangers.Keys.Order(StringComparer.Ordinal)));
        }
    }

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.Sockets")
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == "ConnectStart" && eventData.Payload is [string address, ..])
        {
            Seen++;
            if (!IsHere(address))
            {
                Strangers.TryAdd(address, 0);
            }
        }
    }
}
