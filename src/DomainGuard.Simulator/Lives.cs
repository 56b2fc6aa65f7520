namespace DomainGuard.Simulator;

/// <summary>How a registration ends, by registry.</summary>
internal enum Ending
{
    /// <summary>ICANN: 0 to 45 days of auto-renew grace, 30 of redemption, 5 of pending delete.</summary>
    Generic,

    /// <summary>.uk: works for 30 days, suspended to day 95, renewable to day 90.</summary>
    Suspension,

    /// <summary>.nl, .eu, .be, .ch, .li: 40 days out of the zone, recoverable.</summary>
    Quarantine,

    /// <summary>.de: 30 days, freed at a random moment of day 31.</summary>
    Denic,

    /// <summary>.fr: about 28 days until the registrar deletes it, then 30 of redemption.</summary>
    Afnic,

    /// <summary>.br: frozen for about 90 days, freed in a release process.</summary>
    Frozen,

    /// <summary>.se, .nu: 10 days in the zone, 60 out of it.</summary>
    Deactivation,

    /// <summary>.it: 15 days that work, 30 suspended, up to 5 final.</summary>
    Registro,

    /// <summary>.au: 30 days out of the zone, renewable, one on the purge list.</summary>
    Purge,
}

/// <summary>Builds whole lives, each by the rules of its registry (facts sheet, sections 2 and 5).</summary>
internal sealed class Lives(int seed, DateTimeOffset start)
{
    private static readonly (string Name, int Id)[] Registrars =
    [
        ("Example Registrar, LLC", 9001), ("Nordwind Domains GmbH", 9002), ("Parcel Names Inc.", 9003), ("Tiderow Registry Services", 9004), ("Kestrel Names Ltd", 9005), ("Blue Ledger Domains", 9006),
    ];

    private static Ending EndingOf(string name) => name[(name.LastIndexOf('.') + 1)..] switch
    {
        "uk" => Ending.Suspension,
        "nl" or "eu" or "be" or "ch" or "li" => Ending.Quarantine,
        "de" => Ending.Denic,
        "fr" or "re" or "pm" or "tf" or "wf" or "yt" => Ending.Afnic,
        "br" => Ending.Frozen,
        "se" or "nu" => Ending.Deactivation,
        "it" => Ending.Registro,
        "au" => Ending.Purge,
        _ => Ending.Generic,
    };

    private static readonly string[] Providers = ["dns.tiderow-hosting.com", "kestrel-dns.net", "parcel-dns.com", "nordwind-dns.de"];

    internal Holder OwnerOf(string name, string role = "owner")
    {
        var pick = Pick(name + role);
        var registrar = Registrars[pick % Registrars.Length];
        var provider = Providers[pick / 7 % Providers.Length];
        IReadOnlyList<string> servers = [$"ns1.{provider}", $"ns2.{provider}"];
        return (pick / 31 % 20) switch
        {
            0 => new Holder(servers, MailKind.Implicit, [], registrar.Name, registrar.Id),
            < 10 => new Holder(servers, MailKind.Mx, [$"mx1.{name}", $"mx2.{name}"], registrar.Name, registrar.Id),
            _ => new Holder(servers, MailKind.Mx, [$"in1.mail.{Providers[pick / 3 % 3]}", $"in2.mail.{Providers[pick / 3 % 3]}"], registrar.Name, registrar.Id),
        };
    }

    /// <summary>Whoever caught a dropped name: other servers, other mail, another registrar.</summary>
    internal static Holder Catcher(string name) =>
        new([$"a.catch-{name.Length % 3}.example-snap.net", $"b.catch-{name.Length % 3}.example-snap.net"], MailKind.Mx, ["mail.example-snap.net"], "Snapwire Domains", 9100);

    /// <summary>On the servers of a parking operator, which take mail at their own address.</summary>
    internal static Holder Parked(Holder owner, string suffix, bool forSale) =>
        owner with { NameServers = [$"ns1.{suffix}", $"ns2.{suffix}"], Mail = MailKind.Implicit, Exchanges = [], IsParked = true, ForSale = forSale };

    /// <summary>What a name goes through, by seed and name: most live quietly; some have something in the months around day zero, spread so that nearly every day has an event.</summary>
    internal SimulatedDomain Story(string name)
    {
        // From 100 days before day zero to 140 days after it.
        var day = start.AddDays((Pick(name + "event") % 240) - 100).AddHours(Pick(name + "moment") % 24);
        var more = Pick(name + "more");
        return (Pick(name + "story") % 1000) switch
        {
            < 140 => Lapses(name, day),
            < 165 => Lapses(name, day, TimeSpan.FromSeconds(20 + (more % 40))),
            < 185 => Lapses(name, day, TimeSpan.FromDays(2 + (more % 20))),
            < 240 => Saved(name, day, 10 + (more % 50)),
            < 265 => Auctioned(name, day),
            < 295 => Transferred(name, day),
            < 325 => Held(name, day, 6 + (more % 12)),
            < 345 => Moves(name, day, o => o with { NameServers = ["ns1.tiderow-hosting.com", "ns2.tiderow-hosting.com"], Mail = MailKind.Mx, Exchanges = [$"mail.{name}"] }),
            < 365 => Moves(name, day, o => Parked(o, "sedoparking.com", forSale: true)),
            < 495 => Healthy(name, leadDays: 3 + (more % 20)),
            _ => Healthy(name, leadDays: 40),
        };
    }

    internal Life FirstLife(string name, DateTimeOffset? anniversary = null)
    {
        var years = 2 + (Pick(name + "age") % 16);
        var at = anniversary is { } a ? a.AddYears(-years) : start.AddYears(-years).AddDays(-(Pick(name + "day") % 300) - 45);
        return new Life(at.AddHours(Pick(name + "hour") % 24), Handle(name, 1));
    }

    internal string Handle(string name, int life)
    {
        var tld = name[(name.LastIndexOf('.') + 1)..];
        var number = 100_000_000 + (Pick(name + life) % 800_000_000);
        return tld is "com" or "net" ? $"{number}_DOMAIN_{tld.ToUpperInvariant()}-VRSN" : $"D{number:X}-{tld.ToUpperInvariant()}";
    }

    /// <summary>Renewed every year, so many days before its date.</summary>
    internal SimulatedDomain Healthy(string name, int leadDays, Holder? holder = null)
    {
        var life = FirstLife(name);
        return new SimulatedDomain(name, [new Step(life.RegisteredAt, Stage.Live, holder ?? OwnerOf(name), life)], TimeSpan.FromDays(leadDays));
    }

    /// <summary>Never renewed after <paramref name="expiry"/>; then, by its kind of registry, the way down. <paramref name="catchAfter"/>: registered by a stranger that long after the drop.</summary>
    internal SimulatedDomain Lapses(string name, DateTimeOffset expiry, TimeSpan? catchAfter = null)
    {
        var owner = OwnerOf(name);
        var life = FirstLife(name, expiry);
        expiry = life.RegisteredAt.AddYears((int)Math.Round((expiry - life.RegisteredAt).TotalDays / 365.25));
        List<Step> steps = [new(life.RegisteredAt, Stage.Live, owner, life, expiry)];
        DateTimeOffset drop;
        switch (EndingOf(name))
        {
            case Ending.Suspension:
                steps.Add(new(expiry, Stage.Lapsed, owner, life, expiry));
                steps.Add(new(expiry.AddDays(30), Stage.Suspended, owner, life, expiry));
                drop = expiry.AddDays(95);
                break;
            case Ending.Quarantine:
                drop = expiry.AddDays(40);
                steps.Add(new(expiry, Stage.Quarantine, owner, life, drop));
                break;
            case Ending.Denic:
                drop = expiry.AddDays(30).AddHours(Pick(name + "random") % 24);
                steps.Add(new(expiry, Stage.Redemption, owner, life, expiry));
                break;
            case Ending.Afnic:
                steps.Add(new(expiry, Stage.Lapsed, owner, life, expiry));
                steps.Add(new(expiry.AddDays(28), Stage.Redemption, owner, life, expiry));
                drop = expiry.AddDays(58);
                break;
            case Ending.Frozen:
                steps.Add(new(expiry, Stage.Hold, owner, life, expiry));
                drop = expiry.AddDays(110);
                break;
            case Ending.Deactivation:
                steps.Add(new(expiry, Stage.Lapsed, owner, life, expiry));
                steps.Add(new(expiry.AddDays(10), Stage.Redemption, owner, life, expiry));
                drop = expiry.AddDays(70);
                break;
            case Ending.Registro:
                steps.Add(new(expiry, Stage.Lapsed, owner, life, expiry));
                steps.Add(new(expiry.AddDays(15), Stage.Redemption, owner, life, expiry));
                steps.Add(new(expiry.AddDays(45), Stage.PendingDelete, owner, life, expiry));
                drop = expiry.AddDays(50);
                break;
            case Ending.Purge:
                steps.Add(new(expiry, Stage.Hold, owner, life, expiry));
                steps.Add(new(expiry.AddDays(30), Stage.PendingDelete, owner, life, expiry));
                drop = expiry.AddDays(31);
                break;
            default:
                var grace = 30 + (Pick(name + "grace") % 15);
                steps.Add(new(expiry, Stage.AutoRenew, owner, life, expiry.AddYears(1)));
                steps.Add(new(expiry.AddDays(4), Stage.AutoRenew, Parked(owner, "expirationwarning.net", forSale: false), life, expiry.AddYears(1)));
                steps.Add(new(expiry.AddDays(grace), Stage.Redemption, owner, life, expiry));
                steps.Add(new(expiry.AddDays(grace + 30), Stage.PendingDelete, owner, life, expiry));
                drop = expiry.AddDays(grace + 35);
                break;
        }

        steps.Add(new(drop, Stage.Gone, owner, life));
        if (catchAfter is { } wait)
        {
            var second = new Life(drop + wait, Handle(name, 2));
            steps.Add(new(drop + wait, Stage.Live, Catcher(name), second));
        }

        return new SimulatedDomain(name, steps, TimeSpan.FromDays(40));
    }

    /// <summary>Free in the moment in which its term ends, whatever its registry does else, and registered by a stranger so much later.</summary>
    internal SimulatedDomain Snatched(string name, DateTimeOffset end, TimeSpan catchAfter)
    {
        var owner = OwnerOf(name);
        var life = new Life(end.AddYears(-5), Handle(name, 1));
        var caught = end + catchAfter;
        return new SimulatedDomain(
            name,
            [new Step(life.RegisteredAt, Stage.Live, owner, life, end), new Step(end, Stage.Gone, owner, life), new Step(caught, Stage.Live, Catcher(name), new Life(caught, Handle(name, 2)))],
            TimeSpan.FromDays(40));
    }

    /// <summary>Lapses, and is taken back while its registry still allows that.</summary>
    internal SimulatedDomain Saved(string name, DateTimeOffset expiry, int afterDays)
    {
        var lapsing = Lapses(name, expiry);
        var (owner, life, end) = (lapsing.Steps[0].Holder, lapsing.Steps[0].Life, lapsing.Steps[0].Expires!.Value);
        var lost = lapsing.Steps.First(s => s.Stage is Stage.PendingDelete or Stage.Gone).From;
        // In .uk the last five days before the drop look like those before them, but nobody can renew any more.
        var lastChance = lost.AddDays(EndingOf(name) == Ending.Suspension ? -6 : -1);
        var back = end.AddDays(afterDays) < lastChance ? end.AddDays(afterDays) : lastChance;
        var steps = lapsing.Steps.Where(s => s.From < back).ToList();
        if (steps[^1].Stage == Stage.Redemption && EndingOf(name) == Ending.Generic)
        {
            steps.Add(new(back, Stage.Restoring, owner, life, end.AddYears(1)));
            back = back.AddDays(3);
        }

        return new SimulatedDomain(name, [.. steps, new Step(back, Stage.Live, owner, life, end.AddYears(1)), new Step(back.AddDays(200), Stage.Live, owner, life)], TimeSpan.FromDays(40));
    }

    /// <summary>
    /// Expires, is sold at auction without being deleted: the registration date stays, everything else moves. Only registrars under ICANN's rules hold such auctions;
    /// elsewhere the name is sold in the middle of its term.
    /// </summary>
    internal SimulatedDomain Auctioned(string name, DateTimeOffset expiry)
    {
        if (EndingOf(name) != Ending.Generic)
        {
            return Moves(name, expiry, o => Catcher(name) with { RegistrarName = o.RegistrarName, RegistrarId = o.RegistrarId });
        }

        var lapsing = Lapses(name, expiry);
        var (owner, life, end) = (lapsing.Steps[0].Holder, lapsing.Steps[0].Life, lapsing.Steps[0].Expires!.Value);
        var buyer = Catcher(name) with { RegistrarName = owner.RegistrarName, RegistrarId = owner.RegistrarId };
        var onOffer = lapsing.Steps.Where(s => s.From <= end.AddDays(5)).Select(s => s with { Holder = s.Holder with { ForSale = s.Holder.IsParked } });
        return new SimulatedDomain(
            name, [.. onOffer, new Step(end.AddDays(26), Stage.Live, buyer, life, end.AddYears(1)), new Step(end.AddDays(300), Stage.Live, buyer, life)], TimeSpan.FromDays(40));
    }

    /// <summary>Moves to another registrar: an ordinary transfer, same servers.</summary>
    internal SimulatedDomain Transferred(string name, DateTimeOffset at)
    {
        var life = FirstLife(name);
        var owner = OwnerOf(name);
        var registrar = Registrars[(Pick(name) + 1) % Registrars.Length];
        return new SimulatedDomain(
            name,
            [new Step(life.RegisteredAt, Stage.Live, owner, life), new Step(at, Stage.Live, owner with { RegistrarName = registrar.Name, RegistrarId = registrar.Id, TransferredAt = at }, life)],
            TimeSpan.FromDays(40));
    }

    /// <summary>The registry changes its software: the same registration under a new date, written by an import.</summary>
    internal SimulatedDomain Migrated(string name, DateTimeOffset at)
    {
        var life = FirstLife(name);
        var owner = OwnerOf(name);
        return new SimulatedDomain(name, [new Step(life.RegisteredAt, Stage.Live, owner, life), new Step(at, Stage.Live, owner, life with { RegisteredAt = at, Actor = "escrow_import" })], TimeSpan.FromDays(40));
    }

    /// <summary>Lapses, and its registry then keeps the name back for itself.</summary>
    internal SimulatedDomain KeptBack(string name, DateTimeOffset expiry)
    {
        var lapsing = Lapses(name, expiry);
        var last = lapsing.Steps[^1];
        return new SimulatedDomain(name, [.. lapsing.Steps, last with { From = last.From.AddHours(1), Stage = Stage.Reserved }], TimeSpan.FromDays(40));
    }

    /// <summary>Held back by its registrar for a while.</summary>
    internal SimulatedDomain Held(string name, DateTimeOffset from, int days)
    {
        var life = FirstLife(name);
        var owner = OwnerOf(name);
        return new SimulatedDomain(
            name, [new Step(life.RegisteredAt, Stage.Live, owner, life), new Step(from, Stage.Hold, owner, life), new Step(from.AddDays(days), Stage.Live, owner, life)], TimeSpan.FromDays(40));
    }

    /// <summary>Changes its servers and mail to <paramref name="next"/> in the middle of its term.</summary>
    internal SimulatedDomain Moves(string name, DateTimeOffset at, Func<Holder, Holder> next)
    {
        var life = FirstLife(name);
        var owner = OwnerOf(name);
        return new SimulatedDomain(name, [new Step(life.RegisteredAt, Stage.Live, owner, life), new Step(at, Stage.Live, next(owner), life)], TimeSpan.FromDays(40));
    }

    /// <summary>A number from seed and text, the same in every process (FNV-1a).</summary>
    internal int Pick(string text)
    {
        var hash = 2166136261u ^ (uint)seed;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16777619u;
        }

        hash ^= hash >> 15;
        return (int)(hash * 2246822519u >> 2);
    }
}
