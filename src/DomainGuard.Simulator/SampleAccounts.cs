using System.Globalization;
using System.Text.Json;

namespace DomainGuard.Simulator;

/// <summary>The accounts of a pretend package registry, one NDJSON line each, in the format that every import takes.</summary>
public static class SampleAccounts
{
    private static readonly string[] FirstNames =
        ["Mara", "Jonas", "Ines", "Tomas", "Lea", "Omar", "Petra", "Quentin", "Rosa", "Sven", "Tara", "Ugo", "Vera", "Wim", "Yara", "Zoe", "Anouk", "Bela", "Chiara", "Dario", "Elif", "Felix"];

    private static readonly string[] LastNames =
        ["Adler", "Brandt", "Costa", "Dekker", "Eriksen", "Fontaine", "Garcia", "Holm", "Ibsen", "Jansen", "Keller", "Lindqvist", "Moreau", "Novak", "Okafor", "Peeters", "Quist", "Rossi", "Smit", "Tanaka"];

    /// <summary>All lines. Each domain has one to four accounts, large providers more; all were verified before day zero, most of them years before.</summary>
    public static IEnumerable<string> NdjsonLines(World world)
    {
        var number = 0;
        foreach (var domain in world.Names)
        {
            var people = domain is "gmail.com" ? 180 : domain is "outlook.com" or "proton.me" or "gmx.de" or "yahoo.com" ? 60 : 1 + (world.Lives.Pick(domain + "people") % 4);
            for (var i = 0; i < people; i++)
            {
                yield return Line(world, ++number, domain, i);
            }
        }

        // What cannot be looked up is shown as such.
        yield return """{"accountId":"u-lab","userName":"lab-printer","addresses":[{"email":"printer@lab.internal","primary":true}]}""";
        yield return """{"accountId":"u-literal","userName":"postmaster-direct","addresses":[{"email":"postmaster@[192.0.2.25]","primary":true}]}""";
    }

    private static string Line(World world, int number, string domain, int index)
    {
        var pick = world.Lives.Pick($"{domain}/{index}");
        var (first, last) = (FirstNames[pick % FirstNames.Length], LastNames[pick / 23 % LastNames.Length]);
        var user = $"{first}{last[0]}{number}".ToLowerInvariant();
        // Verified by the first holder: after he registered the name, and months before day zero, so that what happens to the name happens after it.
        var registered = world.Find(domain)!.Steps[0].Life.RegisteredAt;
        var span = (int)(world.Start.AddDays(-120) - registered).TotalDays;
        var verified = registered.AddDays(20 + (pick / 7 % Math.Max(1, span - 20))).AddHours(pick % 24);
        var host = domain == "github.io" ? $"{user}.github.io" : (pick / 11 % 9) == 0 && index > 0 ? $"mail.{domain}" : domain;
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("accountId", "u-" + number.ToString("00000", CultureInfo.InvariantCulture));
            json.WriteString("userName", user);
            json.WriteString("displayName", $"{first} {last}");
            json.WriteString("createdAt", verified.AddDays(-1).UtcDateTime);
            json.WriteString("lastSeenAt", world.Start.AddDays(-(pick % 400)).UtcDateTime);
            json.WriteBoolean("twoFactor", pick % 5 < 3);
            json.WriteBoolean("privileged", pick % 97 == 0);
            json.WriteNumber("projects", pick % 4 == 0 ? pick / 5 % 60 : pick % 3);
            json.WriteNumber("monthlyDownloads", pick % 4 == 0 ? pick / 3 % 2_400_000 : pick / 3 % 9_000);
            json.WriteStartArray("addresses");
            Address(json, $"{first}.{last}{(index > 3 ? number : null)}@{host}".ToLowerInvariant(), primary: true, verified);
            if (pick % 6 == 0 && domain != "gmail.com")
            {
                var provider = world.Find("gmail.com")!.Steps[0].Life.RegisteredAt.AddDays(20);
                Address(json, $"{user}@gmail.com", primary: false, verified.AddDays(30) > provider ? verified.AddDays(30) : provider);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Address(Utf8JsonWriter json, string email, bool primary, DateTimeOffset verified)
    {
        json.WriteStartObject();
        json.WriteString("email", email);
        json.WriteBoolean("primary", primary);
        json.WriteString("verifiedAt", verified.UtcDateTime);
        json.WriteEndObject();
    }
}
