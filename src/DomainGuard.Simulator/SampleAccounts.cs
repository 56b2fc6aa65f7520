using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using DomainGuard.Core.Domains;
using DomainGuard.Simulator.Scenarios;

namespace DomainGuard.Simulator;

/// <summary>An address of a sample account.</summary>
/// <param name="Email">Address; its domain in U-labels where it is internationalised.</param>
/// <param name="Primary">The one that resets are sent to.</param>
/// <param name="VerifiedAt">When it was verified (UTC); null where the platform does not know.</param>
public sealed record SampleAddress(string Email, bool Primary, DateTime? VerifiedAt);

/// <summary>A sample account, in the members of the import's NDJSON.</summary>
/// <param name="AccountId">The platform's id.</param>
/// <param name="UserName">Name on the platform.</param>
/// <param name="DisplayName">An invented person.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="LastSeenAt">UTC.</param>
/// <param name="TwoFactor">It has a second factor.</param>
/// <param name="Privileged">It may do more than others.</param>
/// <param name="Projects">Packages owned.</param>
/// <param name="MonthlyDownloads">Downloads of those.</param>
/// <param name="Addresses">At least one.</param>
public sealed record SampleAccount(
    string AccountId,
    string UserName,
    string DisplayName,
    DateTime CreatedAt,
    DateTime LastSeenAt,
    bool TwoFactor,
    bool Privileged,
    int Projects,
    long MonthlyDownloads,
    IReadOnlyList<SampleAddress> Addresses);

/// <summary>The accounts of a pretend package registry, in the format that every import takes.</summary>
public static class SampleAccounts
{
    private static readonly string[] FirstNames =
        ["Mara", "Jonas", "Ines", "Tomas", "Lea", "Omar", "Petra", "Quentin", "Rosa", "Sven", "Tara", "Ugo", "Vera", "Wim", "Yara", "Zoe", "Anouk", "Bela", "Chiara", "Dario", "Elif", "Felix"];

    private static readonly string[] LastNames =
        ["Adler", "Brandt", "Costa", "Dekker", "Eriksen", "Fontaine", "Garcia", "Holm", "Ibsen", "Jansen", "Keller", "Lindqvist", "Moreau", "Novak", "Okafor", "Peeters", "Quist", "Rossi", "Smit", "Tanaka"];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>One NDJSON line per account, made as they are taken.</summary>
    public static IEnumerable<string> NdjsonLines(World world) => Enumerate(world).Select(a => JsonSerializer.Serialize(a, Json));

    /// <summary>
    /// All accounts, made as they are taken: one to four at each domain, many at large mail providers. Each was verified while the domain's first holder had it, most of them
    /// years before day zero; some at domains that have been taken over belong to the new holder and were verified by him, which is no change of hands for them.
    /// </summary>
    public static IEnumerable<SampleAccount> Enumerate(World world)
    {
        ArgumentNullException.ThrowIfNull(world);
        var number = 0;
        foreach (var name in world.Names)
        {
            var domain = world.Find(name)!;
            var people = name == "gmail.com" ? 90 : NamedDomains.Providers.Contains(name) ? 20 : NamedDomains.Hosts.Contains(name) ? 1 : 1 + (world.Lives.Pick(name + "people") % 4);
            for (var index = 0; index < people; index++)
            {
                yield return Account(world, domain, ++number, index);
            }

            // Whoever caught the name uses it in good faith, as far as the platform knows.
            if (domain.Steps[^1] is { Stage: Stage.Live } last && last.Life.RegisteredAt is var caught && caught > domain.Steps[0].From && caught < world.Start.AddDays(-4)
                && last.Life.Actor is null)
            {
                yield return Account(world, domain, ++number, people, caught.AddDays(3));
            }
        }

        foreach (var account in Oddities(world.Start.UtcDateTime))
        {
            yield return account;
        }
    }

    private static SampleAccount Account(World world, SimulatedDomain domain, int number, int index, DateTimeOffset? verifiedAt = null)
    {
        var pick = world.Lives.Pick($"{domain.Name}/{index}");
        var (first, last) = (FirstNames[pick % FirstNames.Length], LastNames[pick / 23 % LastNames.Length]);
        var user = string.Create(CultureInfo.InvariantCulture, $"{char.ToLowerInvariant(first[0])}{last.ToLowerInvariant()}{number}");
        var verified = verifiedAt ?? VerifiedAt(world, domain, pick);
        var isOwn = !NamedDomains.Providers.Contains(domain.Name);
        // At a provider that really exists nobody's address may be met by chance.
        var local = isOwn ? $"{first}.{last}{(index > 3 ? number : null)}".ToLowerInvariant() : $"{user}.sample-account";
        List<SampleAddress> addresses = [new($"{local}@{MailHost(domain.Name, user, pick, index, isOwn)}", true, pick % 53 == 0 ? null : verified.UtcDateTime)];
        if (isOwn && pick % 6 == 0)
        {
            addresses.Add(new($"{user}.sample-account@gmail.com", false, verified.AddDays(2).UtcDateTime));
        }

        var isBusy = pick % 4 == 0;
        return new SampleAccount(
            string.Create(CultureInfo.InvariantCulture, $"u-{number:00000}"),
            user,
            $"{first} {last}",
            verified.AddHours(-3).UtcDateTime,
            world.Start.AddDays(-(pick % 400)) is var seen && seen > verified ? seen.UtcDateTime : verified.AddHours(1).UtcDateTime,
            TwoFactor: pick % 5 < 3,
            Privileged: pick % 97 == 0,
            Projects: isBusy ? pick / 5 % 60 : pick % 3,
            MonthlyDownloads: isBusy ? pick / 3 % 2_400_000 : pick / 3 % 9_000,
            addresses);
    }

    private static string MailHost(string domain, string user, int pick, int index, bool isOwn) => (domain, pick / 11 % 9) switch
    {
        ("github.io", _) => $"{user}.github.io",
        (_, 0) when isOwn && index > 0 => $"mail.{domain}",
        (_, 1) when isOwn && index > 1 => $"old-mail.{domain}",
        _ => DomainName.ToUnicode(domain),
    };

    /// <summary>
    /// At least 120 days before day zero, so that everything that happens to a name around it comes after the verification; but never before the name was registered, which
    /// would read as a change of hands that there was not.
    /// </summary>
    private static DateTimeOffset VerifiedAt(World world, SimulatedDomain domain, int pick)
    {
        var verified = world.Start.AddDays(-120 - (pick / 7 % 2200)).AddHours(pick % 24);
        var earliest = domain.Steps[0].From.AddDays(10 + (pick % 90));
        return verified > earliest ? verified : earliest;
    }

    /// <summary>What addresses may look like, and what cannot be looked up.</summary>
    private static IEnumerable<SampleAccount> Oddities(DateTime start)
    {
        (string Name, string Email)[] odd =
        [
            ("lab-printer", "printer@lab.internal"),
            ("postmaster-direct", "postmaster@[192.0.2.25]"),
            ("postmaster-six", "postmaster@[IPv6:2001:db8::25]"),
            ("suffix-owner", "hostmaster@co.uk"),
            ("quoted", $"\"build @ night\"@{NamedDomains.HiddenDates}"),
            ("umlaut", $"jürgen@{DomainName.ToUnicode(NamedDomains.International)}"),
            ("upper-case", $"Release.Bot@{NamedDomains.Auctioned.ToUpperInvariant()}"),
        ];
        return odd.Select((o, i) => new SampleAccount(
            $"u-{o.Name}", o.Name, o.Name, start.AddDays(-650 - i), start.AddDays(-i), i % 2 == 0, false, i, 100 * i, [new(o.Email, true, start.AddDays(-600 - i))]));
    }
}
