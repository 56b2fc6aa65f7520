using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Simulator;
using DomainGuard.Simulator.Scenarios;

namespace DomainGuard.Tests.Simulator;

public sealed class WorldTests
{
    private static readonly DateTimeOffset Start = SimulatedLookups.Start;
    private static readonly World Shipped = new(2026, Start);

    /// <summary>Which stage may follow which. A name that is gone comes back only as another registration, which is tested apart.</summary>
    private static readonly Dictionary<Stage, Stage[]> Next = new()
    {
        [Stage.Live] = [Stage.Live, Stage.Lapsed, Stage.AutoRenew, Stage.Hold, Stage.Quarantine, Stage.Redemption],
        [Stage.Lapsed] = [Stage.Live, Stage.Suspended, Stage.Redemption],
        [Stage.AutoRenew] = [Stage.AutoRenew, Stage.Live, Stage.Redemption],
        [Stage.Hold] = [Stage.Live, Stage.PendingDelete, Stage.Gone],
        [Stage.Suspended] = [Stage.Live, Stage.Gone],
        [Stage.Redemption] = [Stage.Live, Stage.Restoring, Stage.PendingDelete, Stage.Gone],
        [Stage.Restoring] = [Stage.Live],
        [Stage.Quarantine] = [Stage.Live, Stage.Gone],
        [Stage.PendingDelete] = [Stage.Gone],
        [Stage.Gone] = [Stage.Live, Stage.Reserved],
        [Stage.Reserved] = [],
    };

    [Fact]
    public void The_same_seed_gives_the_same_world_in_every_process()
    {
        // Made by another process. It changes with the world on purpose: two processes of one installation must never disagree.
        Assert.Equal("ab9678a54f67f1fb", Digest(Shipped));
        Assert.Equal(Digest(Shipped), Digest(new World(2026, Start)));
        Assert.NotEqual(Digest(Shipped), Digest(new World(2027, Start)));
    }

    [Fact]
    public void A_state_does_not_depend_on_what_was_asked_before()
    {
        var (forward, backward) = (new World(7, Start), new World(7, Start));
        var asked = forward.Names.Concat(["of-no-list.com", "elsewhere-but-real.co.uk"]).SelectMany(n => Enumerable.Range(-2, 20).Select(i => (n, Start.AddDays(9 * i)))).ToList();
        var there = asked.ToDictionary(a => a, a => forward.Find(a.n)!.At(a.Item2));
        Assert.All(asked.AsEnumerable().Reverse(), a =>
        {
            var (one, other) = (there[a], backward.Find(a.n)!.At(a.Item2));
            Assert.Equal((one?.Stage, one?.From, one?.Life, one?.Holder.RegistrarId), (other?.Stage, other?.From, other?.Life, other?.Holder.RegistrarId));
        });
    }

    [Fact]
    public void It_has_about_four_hundred_registrable_names_under_many_registries()
    {
        Assert.InRange(Shipped.Names.Count, 400, 480);
        Assert.All(Shipped.Names, n => Assert.Equal(n, PublicSuffixList.Shipped.Match(n).Registrable));
        var tlds = Shipped.Names.Select(n => n[(n.LastIndexOf('.') + 1)..]).ToHashSet();
        Assert.Superset((HashSet<string>)["com", "net", "org", "dev", "io", "uk", "de", "nl", "fr", "br", "eu", "to", "xyz", "au", "se", "it", "ch"], tlds);
    }

    [Fact]
    public void Every_life_follows_the_order_of_its_registry_for_four_hundred_days()
    {
        foreach (var seed in (int[])[2026, 1, 2, 3])
        {
            var world = new World(seed, Start);
            Assert.All(world.Names, n => AssertLegal(world.Find(n)!));
        }
    }

    [Fact]
    public void Names_beyond_the_world_live_by_the_same_rules()
    {
        string[] suffixes = ["com", "org", "de", "nl", "co.uk", "fr", "com.br", "se", "it", "com.au", "eu", "ch", "dev", "jp"];
        Gen.Select(Gen.Char['a', 'z'].Array[3, 12], Gen.Int[0, suffixes.Length - 1], Gen.Int[0, 1000]).Sample((label, s, seed) =>
        {
            if (new World(seed, Start, size: 0).Find($"{new string(label)}.{suffixes[s]}") is { } domain)
            {
                AssertLegal(domain);
            }
        });
    }

    [Fact]
    public void Names_beyond_the_world_mostly_live_quietly_and_probes_and_hosts_are_no_names()
    {
        var names = Enumerable.Range(0, 2_000).Select(i => $"own-list-{i}.org").ToList();
        Assert.InRange(names.Count(n => Shipped.Find(n)!.At(Start)!.Stage == Stage.Live) / (double)names.Count, 0.93, 0.99);
        Assert.Null(Shipped.Find("mail.own-list-1.org"));
        Assert.Null(Shipped.Find("co.uk"));
        Assert.Null(Shipped.Find("qwhgzkplmvtnxbdrsayufjceoimmpq.com"));
        Assert.All(Enumerable.Range(0, 400), i => Assert.Equal(Stage.Live, Shipped.Find("hotmail.com")!.At(Start.AddDays(i))!.Stage));
    }

    [Fact]
    public void Nearly_every_day_of_four_months_something_happens()
    {
        var eventful = Enumerable.Range(0, 120).Count(d => Shipped.Names.Any(n => Seen(n, Start.AddDays(d)) != Seen(n, Start.AddDays(d + 1))));
        Assert.InRange(eventful, 108, 120);

        // What a console shows: the stage, whether the term ends soon, and who serves the name.
        static (Stage, bool, string, int) Seen(string name, DateTimeOffset at) =>
            Shipped.Find(name) is { } domain && domain.At(at) is { } step
                ? (step.Stage, domain.ExpiresAt(step, at) < at.AddDays(30), string.Join(' ', step.Holder.NameServers), step.Holder.RegistrarId)
                : default;
    }

    [Fact]
    public void Day_zero_shows_every_stage_and_is_mostly_calm()
    {
        var stages = Shipped.Names.Select(n => Shipped.Find(n)!.At(Start)!.Stage).ToList();
        Assert.InRange(stages.Count(s => s == Stage.Live) / (double)stages.Count, 0.82, 0.93);
        Assert.Empty(Enum.GetValues<Stage>().Except(stages.Append(Stage.Lapsed)));
    }

    private static void AssertLegal(SimulatedDomain domain)
    {
        foreach (var (before, after) in domain.Steps.Zip(domain.Steps.Skip(1)))
        {
            var told = $"{domain.Name}: {before.Stage} {before.From:u} to {after.Stage} {after.From:u}";
            Assert.True(after.From > before.From, told);
            Assert.True(Next[before.Stage].Contains(after.Stage), told);
            // A new registration comes only after the old one is gone, and is another object; a migration rewrites the date of the same one.
            var isNew = before.Stage == Stage.Gone && after.Stage == Stage.Live;
            Assert.True(isNew == (before.Life.Handle != after.Life.Handle), told);
            Assert.True(isNew || after.Life.Actor is not null || before.Life.RegisteredAt == after.Life.RegisteredAt, told);
            Assert.True(!isNew || (after.Life.RegisteredAt == after.From && after.Holder.NameServers.Intersect(before.Holder.NameServers).FirstOrDefault() is null), told);
        }

        AssertLengths(domain);
        var expires = DateTimeOffset.MinValue;
        Step? last = null;
        for (var at = Start.AddDays(-130); at < Start.AddDays(270); at = at.AddHours(11))
        {
            var step = domain.At(at)!;
            Assert.True(step.Life.RegisteredAt <= at, $"{domain.Name} is registered in the future at {at:u}");
            if (step.Stage is Stage.Live or Stage.AutoRenew)
            {
                Assert.True(domain.ExpiresAt(step, at) > at, $"{domain.Name} is {step.Stage} and past its date at {at:u}");
            }

            // Only a deletion takes back the year that the registry added, and only another registration starts anew.
            var isTakenBack = step.Stage is Stage.Redemption or Stage.PendingDelete or Stage.Gone or Stage.Reserved || last?.Life != step.Life;
            Assert.True(isTakenBack || domain.ExpiresAt(step, at) >= expires, $"{domain.Name}: the date runs back at {at:u}");
            (expires, last) = (domain.ExpiresAt(step, at), step);
        }
    }

    /// <summary>The days that each registry gives (facts sheet, sections 2 and 5), where the stage ran to its end.</summary>
    private static void AssertLengths(SimulatedDomain domain)
    {
        for (var i = 0; i + 1 < domain.Steps.Count; i++)
        {
            var (step, next) = (domain.Steps[i], domain.Steps[i + 1]);
            var days = (next.From - step.From).TotalDays;
            var isTakenBack = next.Stage is Stage.Live or Stage.Restoring;
            (double From, double To)? allowed = (step.Stage, domain.Tld) switch
            {
                (Stage.PendingDelete, "au") => (1, 1),
                (Stage.PendingDelete, _) => (5, 5),
                (Stage.Quarantine, _) => (40, 40),
                (Stage.Suspended, _) => (65, 65),
                (Stage.Redemption, "se") => (60, 60),
                (Stage.Redemption, "de") => (30, 31),
                (Stage.Redemption, _) => (30, 30),
                (Stage.Restoring, _) => (0, 7),
                _ => null,
            };
            Assert.True(
                allowed is not { } range || (days <= range.To && (days >= range.From || isTakenBack)),
                string.Create(CultureInfo.InvariantCulture, $"{domain.Name}: {step.Stage} for {days:0.00} days"));
        }

        // Nobody takes a .uk name back in its last five days, which look like those before them.
        Assert.DoesNotContain(domain.Steps.Zip(domain.Steps.Skip(1)), s => s.First.Stage == Stage.Suspended && s.Second.Stage == Stage.Live && (s.Second.From - s.First.From).TotalDays > 60);
    }

    [Fact]
    public void The_domain_of_the_take_over_is_free_and_taken_between_two_looks_at_whatever_hour_a_demonstration_begins()
    {
        Assert.DoesNotContain(NamedDomains.Taken, Shipped.Names); // no sample account is there
        foreach (var hour in Enumerable.Range(0, 24))
        {
            var start = new DateTimeOffset(2026, 11, 27, hour, 0, 0, TimeSpan.Zero);
            var steps = new World(2026, start).Find(NamedDomains.Taken)!.Steps;
            Assert.Equal([Stage.Live, Stage.Gone, Stage.Live], steps.Select(s => s.Stage));
            var drop = steps[1].From;
            Assert.InRange(drop - start, TimeSpan.FromHours(74), TimeSpan.FromHours(98));
            Assert.Equal(TimeSpan.FromSeconds(24), steps[2].From - drop);
            Assert.True(CheckSchedule.NextSweep(NamedDomains.Taken, drop) - drop > TimeSpan.FromHours(20));

            // The look before the drop is the one three days after that of the warning: older than the gate takes as fresh, an hour.
            ScheduleInput Seen(DateTimeOffset at) => new() { Domain = NamedDomains.Taken, Phase = Phase.ExpiringSoon, ExpiresAt = drop, Now = at, IsAnswered = true };
            var warned = CheckSchedule.Next(Seen(start.AddMinutes(70)))!.Value;
            var last = CheckSchedule.Next(Seen(warned))!.Value;
            Assert.InRange(drop - last, TimeSpan.FromHours(3), TimeSpan.FromHours(6)); // a moved clock makes it up to an hour later, twice
            Assert.True(CheckSchedule.Next(Seen(last)) > drop.AddHours(1));
        }
    }

    private static string Digest(World world)
    {
        var text = new StringBuilder();
        foreach (var name in world.Names)
        {
            foreach (var step in world.Find(name)!.Steps)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name} {step.From:O} {step.Stage} {step.Life} {string.Join(',', step.Holder.NameServers)} {step.Expires:O}\n");
            }
        }

        foreach (var line in SampleAccounts.NdjsonLines(world))
        {
            text.Append(line);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }
}
