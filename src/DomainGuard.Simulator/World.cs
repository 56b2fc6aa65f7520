using System.Collections.Frozen;
using DomainGuard.Core.Addresses;

namespace DomainGuard.Simulator;

/// <summary>
/// The pretend world: about four hundred domains with their whole lives, and the accounts of a package registry that have addresses there. A pure function of seed,
/// beginning, name and time; equal in every process. Names beyond its own have lives too, so that a list of one's own can be imported and looked up: most live quietly,
/// mail providers (<see cref="NotableDomains"/>) never lapse. Nothing said of such a name is true of the real one.
/// </summary>
public sealed class World
{
    // Coined words: believable as names of makers, and nobody's.
    private static readonly string[] FirstWords =
    [
        "quillmoor", "tarnowick", "brindlefell", "ossimere", "zelmarsh", "corvallune", "thistledyne", "oskervane", "marlowick", "pelmarrow", "vexholm", "durrowby", "lintharne", "sorrelune",
        "gavelmere", "hollendyke", "fennimark", "ambrosvik", "kestermoor", "wrenholt", "yarrowdene", "ickfield", "jorvanne", "nimbelow", "ravelsund", "ulverane", "caddismoor", "embertarn",
        "prandelow", "solvemark", "tolverane", "brackenvik", "dunmarrow", "ostrelune", "hexenmoor", "palverane", "rimmelholt", "starnowe", "velkermark", "zandimere",
    ];

    private static readonly string[] SecondWords = ["", "-tools", "forge", "-labs", "data", "works", "-code", "stack", "soft", "craft", "-studio", "build", "-systems", "kit", "grove", "press"];

    // As often as they stand here. "co.uk" and the like are public suffixes: names are registered below them.
    private static readonly string[] Suffixes =
    [
        "com", "com", "com", "com", "com", "com", "com", "com", "net", "net", "org", "org", "org", "org", "dev", "dev", "dev", "io", "io", "de", "de", "de", "co.uk", "co.uk", "uk", "nl", "nl",
        "fr", "fr", "com.br", "eu", "eu", "be", "it", "se", "ch", "com.au", "ca", "xyz", "app", "tech", "cloud", "online", "ai", "me", "co", "info", "fi",
    ];

    private readonly FrozenDictionary<string, SimulatedDomain> _domains;

    /// <summary>Makes a world.</summary>
    /// <param name="seed">Another seed, another world.</param>
    /// <param name="start">Its day zero (UTC): all lives are laid out around it.</param>
    /// <param name="size">How many ordinary domains it has besides those with a story.</param>
    public World(int seed, DateTimeOffset start, int size = 400)
    {
        (Seed, Start) = (seed, start);
        Lives = new Lives(seed, start);
        var domains = new Dictionary<string, SimulatedDomain>(StringComparer.Ordinal);
        foreach (var domain in Scenarios.NamedDomains.All(Lives, start).Concat(Ordinary(size).Select(Lives.Story)))
        {
            domains.TryAdd(domain.Name, domain);
        }

        _domains = domains.ToFrozenDictionary(StringComparer.Ordinal);
        Names = [.. _domains.Keys.Where(n => n != Scenarios.NamedDomains.Taken).Order(StringComparer.Ordinal)];
    }

    /// <summary>The seed.</summary>
    public int Seed { get; }

    /// <summary>Day zero (UTC).</summary>
    public DateTimeOffset Start { get; }

    /// <summary>Its own names, sorted: those that sample accounts have addresses at.</summary>
    public IReadOnlyList<string> Names { get; }

    internal Lives Lives { get; }

    /// <summary>
    /// A domain by its name (A-labels, lower case). Names that were not laid out have a life too, so that any list of accounts can be tried: most live quietly. Null for what
    /// cannot be registered, and for first labels of 28 characters or more, which stay free: resolvers are probed with such names, and where they exist the resolver lies.
    /// </summary>
    public SimulatedDomain? Find(string name) =>
        _domains.TryGetValue(name, out var known) ? known
        : name.IndexOf('.', StringComparison.Ordinal) is > 0 and < 28 && PublicSuffixList.Shipped.Match(name).Registrable == name ? Stranger(name)
        : null;

    /// <summary>The domain that a host lies in, with the public suffix above it; no domain where the host is a suffix itself or its domain stays free.</summary>
    internal (SimulatedDomain? Domain, string Suffix) FindAbove(string host)
    {
        var match = PublicSuffixList.Shipped.Match(host);
        return (match.Registrable is { } name ? Find(name) : null, match.Suffix);
    }

    private SimulatedDomain Stranger(string name)
    {
        if (NotableDomains.IsNotable(name))
        {
            return Lives.Healthy(name, leadDays: 60);
        }

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

    private IEnumerable<string> Ordinary(int size)
    {
        for (var i = 0; i < size; i++)
        {
            // Steps without common divisors: no pair of words comes twice within 640 names.
            var words = FirstWords[i % FirstWords.Length] + SecondWords[(i / FirstWords.Length + i) % SecondWords.Length];
            yield return $"{words}.{Suffixes[Lives.Pick($"suffix{i}") % Suffixes.Length]}";
        }
    }
}
