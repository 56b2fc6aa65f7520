namespace DomainGuard.Simulator;

/// <summary>Builds whole lives, by the rules of each kind of registry (facts: gTLD 0-45 + 30 + 5 days; .uk 30, 90, 95; .nl and .eu 40; .de 30; .fr 28 + 30).</summary>
internal sealed class Lives(int seed, DateTimeOffset start)
{
    private static readonly (string Name, int Id)[] Registrars =
    [
        ("Example Registrar, LLC", 9001), ("Nordwind Domains GmbH", 9002), ("Parcel Names Inc.", 9003), ("Tiderow Registry Services", 9004), ("Kestrel Names Ltd", 9005), ("Blue Ledger Domains", 9006),
    ];

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

    internal static Holder Parked(Holder owner, string suffix = "sedoparking.com") =>
        owner with { NameServers = [$"ns1.{suffix}", $"ns2.{suffix}"], Mail = MailKind.Implicit, Exchanges = [], ForSale = true };

    internal Life FirstLife(string name, DateTimeOffset? anniversary = null)
    {
        var years = 2 + (Pick(name + "age") % 16);
        var at = anniversary is { } a ? a.AddYears(-years) : start.AddYears(-years).AddDays(-(Pick(name + "day") % 300) - 45);
        return new Life(at.AddHours(Pick(name + "hour") % 24), Handle(name, 1));
    }

    internal string Handle(string name, int life)
    {
        var tld = name[(name.LastIndexOf('.') + 1)..];
        var suffix = tld switch { "com" => "DOMAIN_COM-VRSN", "net" => "DOMAIN_NET-VRSN", "org" => "LROR", "dev" or "app" => "GOOGLE-" + tld.ToUpperInvariant(), _ => tld.ToUpperInvariant() };
        return $"{100_000_000 + (Pick(name + life) % 800_000_000)}_{suffix}";
    }

    /// <summary>Renewed every year, so many days before its date.</summary>
    internal SimulatedDomain Healthy(string name, int leadDays, Holder? holder = null)
    {
        var life = FirstLife(name);
        return new SimulatedDomain(name, [new Step(life.RegisteredAt, Stage.Live, holder ?? OwnerOf(name), life)], TimeSpan.FromDays(leadDays));
    }

    /// <summary>Never renewed after <paramref name="expiry"/>; then, by its kind of registry, the way down. <paramref name="catchAfter"/>: registered by a stranger that long after the drop.</summary>
    internal SimulatedDomain Lapses(string name, DateTimeOffset expiry, TimeSpan? catchAfter = null, bool parkedInGrace = true)
    {
        var owner = OwnerOf(name);
        var life = FirstLife(name, expiry);
        expiry = life.RegisteredAt.AddYears((int)Math.Round((expiry - life.RegisteredAt).TotalDays / 365.25));
        List<Step> steps = [new(life.RegisteredAt, Stage.Live, owner, life, expiry)];
        DateTimeOffset drop;
        switch (name[(name.LastIndexOf('.') + 1)..])
        {
            case "uk":
                steps.Add(new(expiry, Stage.Lapsed, owner, life, expiry));
                steps.Add(new(expiry.AddDays(30), Stage.Suspended, owner, life, expiry));
                drop = expiry.AddDays(95);
                break;
            case "nl" or "eu":
                drop = expiry.AddDays(40);
                steps.Add(new(expiry, Stage.Quarantine, owner, life, drop));
                break;
            case "de":
                drop = expiry.AddDays(30).AddHours(Pick(name + "random") % 24);
                steps.Add(new(expiry, Stage.Redemption, owner, life, expiry));
                break;
            case "fr":
                steps.Add(new(expiry, Stage.Lapsed, owner, life, expiry));
                steps.Add(new(expiry.AddDays(28), Stage.Redemption, owner, life, expiry));
                drop = expiry.AddDays(58);
                break;
            case "br":
                steps.Add(new(expiry, Stage.Hold, owner, life, expiry));
                drop = expiry.AddDays(110);
                break;
            default:
                var grace = 30 + (Pick(name + "grace") % 15);
                steps.Add(new(expiry, Stage.AutoRenew, owner, life, expiry.AddYears(1)));
                if (parkedInGrace)
                {
                    steps.Add(new(expiry.AddDays(4), Stage.AutoRenew, Parked(owner, "expirationwarning.net"), life, expiry.AddYears(1)));
                }

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

    /// <summary>Lapses, and is taken back in its grace or redemption.</summary>
    internal SimulatedDomain Saved(string name, DateTimeOffset expiry, int afterDays)
    {
        var lapsing = Lapses(name, expiry);
        var end = lapsing.Steps[0].Expires!.Value;
        var back = end.AddDays(afterDays);
        var owner = lapsing.Steps[0].Holder;
        var life = lapsing.Steps[0].Life;
        var before = lapsing.Steps.Where(s => s.From < back).ToList();
        if (before[^1].Stage == Stage.Redemption)
        {
            before.Add(new(back, Stage.Restoring, owner, life, end.AddYears(1)));
            back = back.AddDays(3);
        }

        return new SimulatedDomain(name, [.. before, new Step(back, Stage.Live, owner, life, end.AddYears(1)), new Step(back.AddDays(200), Stage.Live, owner, life)], TimeSpan.FromDays(40));
    }

    /// <summary>Expires, is sold at auction without being deleted: the registration date stays, everything else moves.</summary>
    internal SimulatedDomain Auctioned(string name, DateTimeOffset expiry)
    {
        var lapsing = Lapses(name, expiry);
        var end = lapsing.Steps[0].Expires!.Value;
        var life = lapsing.Steps[0].Life;
        var buyer = Catcher(name) with { RegistrarName = lapsing.Steps[0].Holder.RegistrarName, RegistrarId = lapsing.Steps[0].Holder.RegistrarId };
        return new SimulatedDomain(name, [.. lapsing.Steps.Where(s => s.From <= end.AddDays(5)), new Step(end.AddDays(26), Stage.Live, buyer, life, end.AddYears(1)), new Step(end.AddDays(300), Stage.Live, buyer, life)], TimeSpan.FromDays(40));
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
