using System.Collections.Concurrent;
using System.Collections.Frozen;
using DomainGuard.Core.Addresses;

namespace DomainGuard.Simulator;

/// <summary>
/// The pretend world: about four hundred domains with their whole lives, and the accounts of a package registry that have addresses there. A pure function of seed,
/// beginning and time; equal in every process.
/// </summary>
public sealed class World
{
    private static readonly string[] FirstWords =
    [
        "harbor", "quiet", "salt", "maple", "north", "copper", "lumen", "cedar", "orbit", "pixel", "delta", "river", "amber", "falcon", "granite", "willow", "summit", "ember", "cobalt",
        "juniper", "tidal", "violet", "anchor", "basalt", "canyon", "drift", "echo", "fable", "glacier", "hazel",
    ];

    private static readonly string[] SecondWords = ["tools", "forge", "labs", "data", "works", "code", "stack", "soft", "craft", "studio", "build", "systems", "kit", "grove"];

    private static readonly string[] Tlds = ["com", "com", "com", "com", "net", "org", "org", "dev", "dev", "io", "de", "uk", "nl", "fr", "eu", "xyz", "app", "br", "se", "ca"];

    private readonly FrozenDictionary<string, SimulatedDomain> _domains;
    private readonly ConcurrentDictionary<string, SimulatedDomain> _others = new(StringComparer.Ordinal);

    /// <summary>Makes a world.</summary>
    /// <param name="seed">Another seed, another world.</param>
    /// <param name="start">Its day zero (UTC): all lives are laid out around it.</param>
    /// <param name="size">How many ordinary domains it has besides those with a story.</param>
    public World(int seed, DateTimeOffset start, int size = 360)
    {
        (Seed, Start) = (seed, start);
        Lives = new Lives(seed, start);
        var domains = new Dictionary<string, SimulatedDomain>(StringComparer.Ordinal);
        foreach (var domain in Scenarios.NamedDomains.All(Lives, start).Concat(Ordinary(size)))
        {
            domains.TryAdd(domain.Name, domain);
        }

        _domains = domains.ToFrozenDictionary(StringComparer.Ordinal);
        Names = [.. _domains.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The seed.</summary>
    public int Seed { get; }

    /// <summary>Day zero (UTC).</summary>
    public DateTimeOffset Start { get; }

    /// <summary>All names, sorted.</summary>
    public IReadOnlyList<string> Names { get; }

    internal Lives Lives { get; }

    /// <summary>
    /// A domain by its name. Names that were not laid out have a life too, so that any list of accounts can be tried: most live quietly. Null for what cannot be
    /// registered, and for first labels of 28 characters or more, which stay free.
    /// </summary>
    public SimulatedDomain? Find(string name) =>
        _domains.TryGetValue(name, out var known) ? known
        : name.IndexOf('.', StringComparison.Ordinal) is > 0 and < 28 && PublicSuffixList.Shipped.Match(name).Registrable == name ? _others.GetOrAdd(name, Stranger)
        : null;

    private SimulatedDomain Stranger(string name)
    {
        var day = Start.AddDays((Lives.Pick(name + "event") % 240) - 100).AddHours(Lives.Pick(name + "hour") % 24);
        return (Lives.Pick(name + "story") % 100) switch
        {
            < 3 => Lives.Lapses(name, day),
            < 4 => Lives.Lapses(name, day, TimeSpan.FromSeconds(30)),
            < 6 => Lives.Saved(name, day, 20),
            < 8 => Lives.Transferred(name, day),
            < 9 => Lives.Held(name, day, 10),
            < 25 => Lives.Healthy(name, leadDays: 12),
            _ => Lives.Healthy(name, leadDays: 40),
        };
    }

    /// <summary>Most names live quietly; some go through something in the months around day zero, spread so that nearly every day has an event.</summary>
    private IEnumerable<SimulatedDomain> Ordinary(int size)
    {
        for (var i = 0; i < size; i++)
        {
            var first = FirstWords[i % FirstWords.Length];
            var second = SecondWords[(i / FirstWords.Length * 5 + i) % SecondWords.Length];
            var tld = Tlds[Lives.Pick($"tld{i}") % Tlds.Length];
            var name = $"{first}{(Lives.Pick($"dash{i}") % 2 == 0 ? "-" : "")}{second}.{(tld == "uk" ? "co.uk" : tld == "br" ? "com.br" : tld)}";
            // From 100 days before day zero to 140 days after it.
            var day = Start.AddDays((Lives.Pick($"event{i}") % 240) - 100).AddHours(Lives.Pick($"hour{i}") % 24);
            yield return (Lives.Pick($"story{i}") % 100) switch
            {
                < 8 => Lives.Lapses(name, day),
                < 11 => Lives.Lapses(name, day, TimeSpan.FromSeconds(20 + (i % 40))),
                < 13 => Lives.Lapses(name, day, TimeSpan.FromDays(2 + (i % 20))),
                < 16 => Lives.Saved(name, day, 10 + (i % 40)),
                < 18 => Lives.Auctioned(name, day),
                < 21 => Lives.Transferred(name, day),
                < 23 => Lives.Held(name, day, 6 + (i % 12)),
                < 25 => Lives.Moves(name, day, o => o with { NameServers = ["ns1.tiderow-hosting.com", "ns2.tiderow-hosting.com"], Mail = MailKind.Mx, Exchanges = [$"mail.{name}"] }),
                < 27 => Lives.Moves(name, day, o => Lives.Parked(o)),
                < 45 => Lives.Healthy(name, leadDays: 3 + (i % 20)),
                _ => Lives.Healthy(name, leadDays: 40),
            };
        }
    }
}
