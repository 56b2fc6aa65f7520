namespace DomainGuard.Simulator.Scenarios;

/// <summary>Domains with a known story, so that the demonstration always has the same examples. Days count from day zero.</summary>
public static class NamedDomains
{
    /// <summary>In redemption on day zero; drops in about ten days.</summary>
    public const string InRedemption = "harbor-tools.dev";

    /// <summary>Dropped and registered again by a stranger shortly before day zero, after its address was verified: the ctx case.</summary>
    public const string TakenOver = "quietforge.io";

    /// <summary>Drops on day 6 and is caught 24 seconds later.</summary>
    public const string DropCatch = "saltmarsh-data.com";

    /// <summary>.de: no dates; deleted on day 2.</summary>
    public const string HiddenDates = "werkbank-nord.de";

    /// <summary>.nl: in quarantine on day zero.</summary>
    public const string InQuarantine = "kanaalcode.nl";

    /// <summary>Sold at auction on day 3 without being deleted.</summary>
    public const string Auctioned = "lumen-press.org";

    /// <summary>In auto-renew grace on day zero, renewed on day 4.</summary>
    public const string RenewedInGrace = "maplekit.com";

    /// <summary>Restored from redemption on day 5.</summary>
    public const string Restored = "cedar-grove.net";

    /// <summary>Its mail goes to hosts of a domain that lapses on day 8.</summary>
    public const string DanglingMail = "orbit-works.dev";

    /// <summary>The domain of those hosts.</summary>
    public const string LapsingMailHost = "relaymail-hosting.com";

    /// <summary>Its registry changed software on day 1: the date moved, the holder did not.</summary>
    public const string Migrated = "fjordkit.to";

    /// <summary>Internationalised.</summary>
    public const string International = "xn--bcherwerkstatt-9jb.de";

    internal static IEnumerable<SimulatedDomain> All(Lives lives, DateTimeOffset start)
    {
        // Grace and redemption lengths come from the seed: lay the expiry so that the story happens on its day.
        yield return lives.Lapses(InRedemption, DropOn(lives, InRedemption, start.AddDays(10)));
        yield return lives.Lapses(TakenOver, DropOn(lives, TakenOver, start.AddDays(-13)), TimeSpan.FromMinutes(9));
        yield return lives.Lapses(DropCatch, DropOn(lives, DropCatch, start.AddDays(6)), TimeSpan.FromSeconds(24));
        yield return lives.Lapses(HiddenDates, start.AddDays(2));
        yield return lives.Lapses(InQuarantine, start.AddDays(-28));
        yield return lives.Auctioned(Auctioned, start.AddDays(-23));
        yield return lives.Saved(RenewedInGrace, start.AddDays(-9), 13);
        yield return lives.Saved(Restored, start.AddDays(-52), 57);
        yield return lives.Lapses(LapsingMailHost, DropOn(lives, LapsingMailHost, start.AddDays(43)));
        yield return lives.Healthy(DanglingMail, 40, lives.OwnerOf(DanglingMail) with { Mail = MailKind.Mx, Exchanges = [$"mx.{LapsingMailHost}"] });
        foreach (var name in (string[])[Migrated, "sundkode.to", "vikpakke.to", "holmbyte.to", "nesforge.to", "strandlab.to"])
        {
            yield return lives.Migrated(name, start.AddDays(1));
        }

        yield return lives.Healthy(International, 40);
        yield return lives.Moves("seized-goods.net", start.AddDays(-20), o => o with { NameServers = ["ns1.csof.net", "ns2.csof.net"], Mail = MailKind.None, Exchanges = [] });
        yield return lives.Moves("nomail-studio.com", start.AddDays(-200), o => o with { Mail = MailKind.NullMx, Exchanges = [] });
        yield return lives.Moves("undelegated-labs.org", start.AddDays(-12), o => o with { NameServers = [], Mail = MailKind.None, Exchanges = [] });
        foreach (var provider in (string[])["gmail.com", "outlook.com", "proton.me", "gmx.de", "yahoo.com", "fastmail.com", "github.io", "tiderow-hosting.com", "kestrel-dns.net", "parcel-dns.com", "example-snap.net"])
        {
            yield return lives.Healthy(provider, 60, lives.OwnerOf(provider) with { Mail = MailKind.Mx, Exchanges = [$"mx.{provider}"] });
        }
    }

    private static DateTimeOffset DropOn(Lives lives, string name, DateTimeOffset drop) => drop.AddDays(-(30 + (lives.Pick(name + "grace") % 15)) - 35);
}
