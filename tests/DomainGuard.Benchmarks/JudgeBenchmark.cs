using System.Globalization;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Rdap;

namespace DomainGuard.Benchmarks;

/// <summary>
/// What needs no network: the judge, the Public Suffix List and the reader of RDAP, each on one core beside the least that any such code must do, taken in turns in the same run.
/// </summary>
internal static class JudgeBenchmark
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan RoundLength = TimeSpan.FromMilliseconds(200);
    private static readonly Consumer Sink = new();

    /// <summary>Runs all and prints a table in Markdown. Exit code 1 where a number is missed.</summary>
    public static int Run()
    {
        var inputs = Inputs();
        var hosts = Hosts();
        var names = hosts.ToDictionary(h => h, h => h.Length, StringComparer.Ordinal);
        var answer = Answer();
        var asked = RdapReader.Read(answer, "example-domain.com");
        if (asked.Kind != RdapReadingKind.Domain || asked.Facts?.RegistrarIanaId != "292")
        {
            throw new InvalidOperationException($"The answer was not read: {asked}");
        }

        var (judge, bare) = Measure(
            () => Each(inputs, i => Sink.Take((int)DomainJudge.Judge(i).Phase)),
            () => Each(inputs, i => Sink.Take(ByStatus(i))),
            inputs.Length);
        var (match, get) = Measure(
            () => Each(hosts, h => Sink.Take(PublicSuffixList.Shipped.Match(h).Suffix.Length)),
            () => Each(hosts, h => Sink.Take(names[h])),
            hosts.Length);
        var (read, parse) = Measure(
            () => Sink.Take((int)RdapReader.Read(answer, "example-domain.com").Kind),
            () =>
            {
                using var document = JsonDocument.Parse(answer);
                Sink.Take((int)document.RootElement.ValueKind);
            },
            1);

        Console.WriteLine("| what | measured | needed | yardstick of the same run |");
        Console.WriteLine("|---|---|---|---|");
        Print($"| judge, {inputs.Length} kinds of input | {1e9 / judge:N0} verdicts/s | 500,000/s | {1e9 / bare:N0}/s: a bare switch over the first status |");
        Print($"| `PublicSuffixList.Match`, {hosts.Length:N0} hosts | {match:N0} ns | 1,000 ns | {get:N0} ns: `Dictionary<string, int>` look-up of the same hosts |");
        Print($"| `RdapReader.Read`, {answer.Length / 1024.0:N1} KB | {read / 1000:N1} us | 200 us | {parse / 1000:N1} us: bare `JsonDocument.Parse` of the same bytes |");
        return 1e9 / judge >= 500_000 && match < 1_000 && read < 200_000 ? 0 : 1;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Each<T>(T[] items, Action<T> action)
    {
        foreach (var item in items)
        {
            action(item);
        }
    }

    // Median of rounds in turns, so that a slow spell of the machine meets both. Nanoseconds per item.
    private static (double Measured, double Yardstick) Measure(Action measured, Action yardstick, int items)
    {
        List<double> first = [], second = [];
        for (var round = 0; round < 12; round++)
        {
            var (a, b) = (Round(measured, items), Round(yardstick, items));
            if (round >= 3)
            {
                first.Add(a);
                second.Add(b);
            }
        }

        return (first.Order().ElementAt(first.Count / 2), second.Order().ElementAt(second.Count / 2));
    }

    // Processor time, not wall time: the numbers are per core, and other work on the machine must not count.
    private static double Round(Action action, int items)
    {
        var times = 0;
        var start = Environment.CpuUsage.TotalTime;
        TimeSpan used;
        do
        {
            for (var i = 0; i < 10; i++)
            {
                action();
            }

            times += 10;
            used = Environment.CpuUsage.TotalTime - start;
        }
        while (used < RoundLength);

        return used.TotalNanoseconds / times / items;
    }

    private static int ByStatus(JudgeInput input) => (input.Observations[0].Rdap is { Statuses: [var status, ..] } ? status : null) switch
    {
        "active" => 1,
        "redemption period" => 2,
        "pending delete" => 3,
        "client hold" => 4,
        _ => 0,
    };

    // What a scan meets: mostly registered names in order with DNS beside, and one of every other kind.
    private static JudgeInput[] Inputs()
    {
        var zone = Dns(new DnsFacts
        {
            Delegation = Delegation.Delegated,
            NameServers = ["ns1.hosting.example", "ns2.hosting.example"],
            MailHosts = [new MailHostFacts("example-domain.com", MailRoute.Mx, ["mx1.hosting.example", "mx2.hosting.example"])],
        });
        var gone = Dns(new DnsFacts { Delegation = Delegation.NxDomain });
        var fails = new Observation(SourceKind.Rdap, "rdap.example", Outcome.Failure, Now, TimeSpan.FromMilliseconds(50)) { Failure = FailureKind.ServerError, Error = "HTTP 503", HttpStatus = 503 };
        return
        [
            Input("example-domain.com", Registered(300, "client transfer prohibited", "client update prohibited"), zone),
            Input("example-domain.org", Registered(700, "active"), zone),
            Input("example-domain.de", Registered(90, "active"), zone),
            Input("example-domain.net", Registered(12, "client transfer prohibited"), zone),
            Input("example-domain.com", Registered(330, "auto renew period", "client hold"), zone),
            Input("example-domain.com", Registered(-40, "redemption period", "pending delete"), gone),
            Input("example-domain.io", Registered(-75, "pending delete"), gone),
            Input("example-domain.com", new Observation(SourceKind.Rdap, "rdap.example", Outcome.NotFound, Now, TimeSpan.Zero) { HttpStatus = 404 }, gone),
            Input("example-domain.ch", Research("undelegated", "inactive"), gone),
            Input("example-domain.dev", fails, zone),
        ];
    }

    private static JudgeInput Input(string domain, params Observation[] observations) => new() { Domain = domain, Observations = observations, Now = Now };

    private static Observation Registered(int days, params string[] statuses) => new(SourceKind.Rdap, "rdap.example", Outcome.Answered, Now, TimeSpan.FromMilliseconds(50))
    {
        HttpStatus = 200,
        Rdap = new RdapFacts
        {
            Handle = "D-1-EXAMPLE",
            Statuses = statuses,
            RegisteredAt = Now.AddYears(-9),
            ExpiresAt = Now.AddDays(days),
            LastChangedAt = Now.AddDays(-30),
            RegistrarName = "A Registrar, Inc.",
            RegistrarIanaId = "292",
            NameServers = ["ns1.hosting.example", "ns2.hosting.example"],
        },
    };

    private static Observation Dns(DnsFacts facts) => new(SourceKind.Dns, "dns", Outcome.Answered, Now, TimeSpan.FromMilliseconds(9)) { Dns = facts };

    private static Observation Research(params string[] words) =>
        new(SourceKind.Fastly, "api.example", Outcome.Answered, Now, TimeSpan.FromMilliseconds(80)) { HttpStatus = 200, Research = new ResearchFacts(words) };

    // Hosts under suffixes of one, two and three labels, wildcards, exceptions and the private section.
    private static string[] Hosts()
    {
        string[] suffixes = ["com", "org", "de", "co.uk", "com.br", "github.io", "k12.ca.us", "b.ck", "www.ck", "city.kawasaki.jp", "s3.amazonaws.com", "xn--p1ai"];
        return [.. from i in Enumerable.Range(0, 100) from suffix in suffixes select (i % 4 == 0 ? "mail." : "") + $"host{i}." + suffix];
    }

    // 30 KB as a talkative registry sends them: many contacts with cards, many name servers, many notices.
    private static byte[] Answer() => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
    {
        rdapConformance = new[] { "rdap_level_0", "icann_rdap_response_profile_1", "redacted" },
        objectClassName = "domain",
        handle = "2336799_DOMAIN_COM-VRSN",
        ldhName = "EXAMPLE-DOMAIN.COM",
        status = new[] { "client delete prohibited", "client transfer prohibited", "client update prohibited" },
        events = new[]
        {
            new { eventAction = "registration", eventDate = "2012-03-04T05:06:07Z" },
            new { eventAction = "expiration", eventDate = "2031-03-04T05:06:07Z" },
            new { eventAction = "last changed", eventDate = "2025-02-01T11:12:13Z" },
            new { eventAction = "last update of RDAP database", eventDate = "2026-01-01T00:00:00Z" },
        },
        nameservers = Enumerable.Range(1, 8).Select(i => new { objectClassName = "nameserver", ldhName = $"NS{i}.HOSTING-COMPANY.EXAMPLE" }),
        entities = Enumerable.Range(0, 18).Select(i => new
        {
            objectClassName = "entity",
            handle = i == 17 ? "292" : $"C-{i}-EXAMPLE",
            roles = new[] { i == 17 ? "registrar" : i % 2 == 0 ? "technical" : "administrative" },
            publicIds = i == 17 ? new[] { new { type = "IANA Registrar ID", identifier = "292" } } : [],
            vcardArray = new object[]
            {
                "vcard",
                new object[]
                {
                    new object[] { "version", new { }, "text", "4.0" },
                    new object[] { "fn", new { }, "text", $"Contact number {i} of a company with a long name" },
                    new object[] { "adr", new { label = "1 Long Street\nSome City\nSome Country" }, "text", new[] { "", "", "", "", "", "", "" } },
                    new object[] { "tel", new { type = new[] { "voice" } }, "uri", "tel:+1.5555550100" },
                    new object[] { "email", new { }, "text", $"contact{i}@hosting-company.example" },
                },
            },
            remarks = new[] { new { title = "REDACTED FOR PRIVACY", type = "object redacted due to authorization", description = new[] { "Some of the data in this object has been removed." } } },
        }),
        notices = Enumerable.Range(0, 41).Select(i => new
        {
            title = $"Terms of use, part {i}",
            description = new[]
            {
                "Access to this information is provided to assist persons in determining the contents of a domain name registration record.",
                "The data in this record is provided for informational purposes only, and its accuracy is not guaranteed. All rights reserved.",
            },
            links = new[] { new { value = "https://rdap.example/domain/EXAMPLE-DOMAIN.COM", rel = "terms-of-service", href = $"https://registry.example/terms/{i}", type = "text/html" } },
        }),
        secureDNS = new { delegationSigned = false },
    }));

    // Keeps the results alive, so that the compiler cannot leave the work out.
    private sealed class Consumer
    {
        private int _sum;

        public void Take(int value) => Volatile.Write(ref _sum, _sum + value);
    }
}
