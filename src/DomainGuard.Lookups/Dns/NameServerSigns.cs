using System.Text.Json;

namespace DomainGuard.Lookups.Dns;

/// <summary>Name servers that say something of who holds a domain: parking, sale, a registrar's sign of expiry, sinkholes. Suffixes, kept as data; a flag, never the sole ground.</summary>
internal static class NameServerSigns
{
    private static readonly Dictionary<string, string[]> Data = Read();

    /// <summary>The parking suffix that one of the hosts lies under; null when none does.</summary>
    internal static string? ParkingOf(IEnumerable<string> hosts) => Find("parking", hosts);

    /// <summary>The sinkhole suffix that one of the hosts lies under, or a host named "sinkhole"; null when none does.</summary>
    internal static string? SinkholeOf(IReadOnlyList<string> hosts) =>
        Find("sinkhole", hosts) ?? hosts.FirstOrDefault(h => h.StartsWith("sinkhole", StringComparison.Ordinal) || h.Contains(".sinkhole.", StringComparison.Ordinal));

    private static string? Find(string kind, IEnumerable<string> hosts) => hosts
        .Select(h => Array.Find(Data[kind], s => h.EndsWith(s, StringComparison.Ordinal) && (h.Length == s.Length || h[h.Length - s.Length - 1] == '.')))
        .FirstOrDefault(s => s is not null);

    private static Dictionary<string, string[]> Read()
    {
        using var stream = typeof(NameServerSigns).Assembly.GetManifestResourceStream("DomainGuard.Lookups.Dns.Data.NameServerSigns.json")
            ?? throw new InvalidOperationException("The name server data is missing from the assembly.");
        return JsonSerializer.Deserialize<Dictionary<string, string[]>>(stream)!;
    }
}
