using DomainGuard.Core.Scheduling;

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

    /// <summary>Internationalised: bücherwerkstatt.de.</summary>
    public const string International = "xn--bcherwerkstatt-gsb.de";

    /// <summary>Internationalised, in Arabic script.</summary>
    public const string InternationalArabic = "xn--ogbmem0f0ae.com";

    /// <summary>Dropped two months before day zero; its registry keeps the name back since. Never "released".</summary>
    public const string KeptBack = "guildmark-hall.org";

    /// <summary>Registered and well, but its zone does not validate: resolvers fail.</summary>
    public const string BrokenZone = "pelmarrow-dns.org";

    /// <summary>Taken out of the zone by its registrar on day -4, back on day 5.</summary>
    public const string OnHold = "wrenholt-media.com";

    /// <summary>A restore is filed on day zero.</summary>
    public const string BeingRestored = "ossimere-audio.net";

    /// <summary>In its last days on day zero; gone on day 2.</summary>
    public const string InLastDays = "durrowby-print.com";

    /// <summary>Gone since day -15, and nobody has taken it yet.</summary>
    public const string Free = "tolverane-code.com";

    /// <summary>Parked and offered for sale in the middle of its term.</summary>
    public const string ForSale = "velkermark.net";

    /// <summary>Its name servers are those of a law enforcement sinkhole.</summary>
    public const string Sinkholed = "seized-goods.net";

    /// <summary>Accepts no mail, and says so.</summary>
    public const string NullMx = "nomail-studio.com";

    /// <summary>Registered without name servers.</summary>
    public const string Undelegated = "undelegated-labs.org";

    /// <summary>.uk: past its date and suspended on day zero, which its registry shows as "pending delete"; renewable to day 27.</summary>
    public const string Suspended = "hollendyke.co.uk";

    /// <summary>A large mail provider whose registry answers 404 for every name on day 12.</summary>
    public const string NotableOnLyingLane = "gmx.de";

    /// <summary>
    /// Nobody's of the sample accounts: a platform beside the demonstration has an account there. Its term ends on the fourth day, it is free in that moment, as with registries
    /// that know no grace, and registered by a stranger 24 seconds later. That is two hours after its daily DNS sweep, so no look from here falls into the minutes after it.
    /// </summary>
    public const string Taken = "noorcraft.to";

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
        yield return lives.Moves(Sinkholed, start.AddDays(-20), o => o with { NameServers = ["ns1.csof.net", "ns2.csof.net"], Mail = MailKind.None, Exchanges = [] });
        yield return lives.Moves(NullMx, start.AddDays(-200), o => o with { Mail = MailKind.NullMx, Exchanges = [] });
        yield return lives.Moves(Undelegated, start.AddDays(-12), o => o with { NameServers = [], Mail = MailKind.None, Exchanges = [] });
        yield return lives.Healthy(InternationalArabic, 40);
        yield return lives.KeptBack(KeptBack, DropOn(lives, KeptBack, start.AddDays(-60)));
        yield return lives.Healthy(BrokenZone, 40, lives.OwnerOf(BrokenZone) with { HasBrokenZone = true });
        yield return lives.Held(OnHold, start.AddDays(-4), 9);
        yield return lives.Saved(BeingRestored, start.AddDays(-48), 47);
        yield return lives.Lapses(InLastDays, DropOn(lives, InLastDays, start.AddDays(2)));
        yield return lives.Lapses(Free, DropOn(lives, Free, start.AddDays(-15)));
        yield return lives.Moves(ForSale, start.AddDays(-35), o => Lives.Parked(o, "sedoparking.com", forSale: true));
        yield return lives.Lapses(Suspended, start.AddDays(-63));
        yield return lives.Snatched(Taken, CheckSchedule.NextSweep(Taken, start.AddDays(3)).AddHours(2), TimeSpan.FromSeconds(24));
        foreach (var provider in (string[])[.. Providers, "github.io", .. Hosts])
        {
            yield return lives.Healthy(provider, 60, lives.OwnerOf(provider) with { Mail = MailKind.Mx, Exchanges = [$"mx.{provider}"] });
        }
    }

    /// <summary>Mail providers: many accounts each, and never to be un-verified without a person.</summary>
    internal static IReadOnlyList<string> Providers { get; } = ["gmail.com", "outlook.com", "proton.me", NotableOnLyingLane, "yahoo.com", "fastmail.com"];

    /// <summary>Who serves zones and mail of the others: looked up as the domains behind MX hosts.</summary>
    internal static IReadOnlyList<string> Hosts { get; } = ["tiderow-hosting.com", "kestrel-dns.net", "parcel-dns.com", "nordwind-dns.de", "example-snap.net"];

    private static DateTimeOffset DropOn(Lives lives, string name, DateTimeOffset drop) => drop.AddDays(-(30 + (lives.Pick(name + "grace") % 15)) - 35);
}
