using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Simulator.Dns;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.TestSupport;

namespace DomainGuard.Tests.Lookups;

/// <summary>DNS over real UDP and TCP on loopback: what is read from every kind of answer, and whom we believe.</summary>
public sealed class DnsSourceTests
{
    private const string Domain = "sample.com";
    private static readonly DnsRecord ParentSoa = new("com", DnsRecordType.Soa, "a.gtld-servers.net");
    private static readonly DnsAnswer NoSuchName = new(DnsCode.NameError, [], [ParentSoa]);

    private static DnsRecord Own(DnsRecordType type, string data) => new(Domain, type, data);

    private static DnsAnswer Says(params DnsRecord[] answers) => new(DnsCode.NoError, answers, []);

    private static DnsAnswer Nothing(string soaOwner = Domain) => new(DnsCode.NoError, [], [new DnsRecord(soaOwner, DnsRecordType.Soa, "ns1.sample.com")]);

    /// <summary>A zone for the domain and what lies below it; every other name does not exist, as an honest resolver says.</summary>
    private static Func<DnsQuestion, DnsAnswer?> Honest(Func<DnsQuestion, DnsAnswer?> zone) =>
        q => q.Name == Domain || q.Name.EndsWith("." + Domain, StringComparison.Ordinal) ? zone(q) : NoSuchName;

    private static async Task<Observation> AskAsync(Func<DnsQuestion, DnsAnswer?> zone, params string[] mailHosts)
    {
        await using var server = DnsServer.Start(zone);
        using var rig = Rig(null, server.EndPoint);
        return await rig.AskAsync(SourceKind.Dns, Domain, mailHosts);
    }

    private static LookupRig Rig(TimeProvider? time, params IPEndPoint[] servers)
    {
        var settings = new Dictionary<string, string?> { ["Dns:Enabled"] = "true" };
        for (var i = 0; i < servers.Length; i++)
        {
            settings[$"Dns:Servers:{i}"] = servers[i].ToString();
        }

        return new LookupRig(settings, time);
    }

    private static void Fails(FailureKind expected, Observation observation)
    {
        Assert.Equal((Outcome.Failure, expected), (observation.Outcome, observation.Failure));
        Assert.False(string.IsNullOrWhiteSpace(observation.Error));
        Assert.Null(observation.Dns);
    }

    [Fact]
    public async Task Living_domain_gives_its_name_servers_and_mail_hosts()
    {
        var observation = await AskAsync(Honest(q => q.Type switch
        {
            DnsRecordType.Ns => Says(Own(DnsRecordType.Ns, "NS2.Sample.net."), Own(DnsRecordType.Ns, "ns1.sample.net")),
            DnsRecordType.Mx => Says(new(q.Name, DnsRecordType.Mx, "20 mx2.sample.net"), new(q.Name, DnsRecordType.Mx, "10 MX1.sample.net")),
            _ => Nothing(),
        }), "mail.sample.com", "sample.com");
        Assert.Equal((Outcome.Answered, "dns", LookupRig.Now), (observation.Outcome, observation.Host, observation.AskedAt));
        var facts = observation.Dns!;
        Assert.Equal(Delegation.Delegated, facts.Delegation);
        Assert.Equal(["ns1.sample.net", "ns2.sample.net"], facts.NameServers);
        Assert.Equal(["mail.sample.com", "sample.com"], facts.MailHosts.Select(m => m.Host));
        Assert.All(facts.MailHosts, m => Assert.Equal((MailRoute.Mx, "mx1.sample.net,mx2.sample.net"), (m.Route, string.Join(',', m.MxHosts))));
        Assert.Null(facts.ParkedBy);
        var raw = Encoding.UTF8.GetString(observation.Raw.Span);
        Assert.Contains("; sample.com NS: NoError", raw, StringComparison.Ordinal);
        Assert.Contains("mx1.sample.net", raw, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Owner_of_the_SOA_decides_delegation()
    {
        var gone = await AskAsync(_ => NoSuchName, "mail.sample.com");
        Assert.Equal((Delegation.NxDomain, "com"), (gone.Dns!.Delegation, gone.Dns.SoaOwner));
        Assert.Equal(MailRoute.None, Assert.Single(gone.Dns.MailHosts).Route);

        var noZone = await AskAsync(Honest(_ => Nothing("com")));
        Assert.Equal(Delegation.NoZone, noZone.Dns!.Delegation);

        var alive = await AskAsync(Honest(_ => Nothing()));
        Assert.Equal((Delegation.Delegated, Domain), (alive.Dns!.Delegation, alive.Dns.SoaOwner));
    }

    [Fact]
    public async Task NXDOMAIN_without_the_parents_SOA_decides_nothing()
    {
        var bare = await AskAsync(Honest(_ => new DnsAnswer(DnsCode.NameError, [], [])));
        Assert.Equal((Outcome.Answered, Delegation.Unknown), (bare.Outcome, bare.Dns!.Delegation));
        var stranger = await AskAsync(Honest(_ => new DnsAnswer(DnsCode.NameError, [], [new("example.org", DnsRecordType.Soa, "ns.example.org")])));
        Assert.Equal(Delegation.Unknown, stranger.Dns!.Delegation);
    }

    [Fact]
    public async Task SOA_is_asked_where_the_answer_to_NS_decides_nothing()
    {
        var observation = await AskAsync(Honest(q => q.Type == DnsRecordType.Soa ? Says(Own(DnsRecordType.Soa, "ns1.sample.com")) : Says()));
        Assert.Equal(Delegation.Delegated, observation.Dns!.Delegation);
    }

    [Fact]
    public async Task Alias_with_NXDOMAIN_means_that_the_asked_name_exists()
    {
        var observation = await AskAsync(Honest(_ => new DnsAnswer(DnsCode.NameError, [Own(DnsRecordType.Cname, "gone.example.net")], [new("net", DnsRecordType.Soa, "a.gtld-servers.net")])));
        Assert.Equal(Delegation.Delegated, observation.Dns!.Delegation);
    }

    [Theory]
    [InlineData("0 .", MailRoute.NullMx, 0)]
    [InlineData("0 .|10 mx.sample.net", MailRoute.Mx, 1)]
    [InlineData("10 mx.sample.net|20 MX.sample.net.", MailRoute.Mx, 1)]
    public async Task Null_MX_counts_only_alone(string records, MailRoute route, int hosts)
    {
        var observation = await AskAsync(Honest(q => q.Type == DnsRecordType.Mx ? Says([.. records.Split('|').Select(r => Own(DnsRecordType.Mx, r))]) : Nothing()));
        var mail = Assert.Single(observation.Dns!.MailHosts);
        Assert.Equal((route, hosts), (mail.Route, mail.MxHosts.Count));
    }

    [Theory]
    [InlineData(DnsRecordType.A, "203.0.113.5", MailRoute.ImplicitMx)]
    [InlineData(DnsRecordType.Aaaa, "2001:db8::5", MailRoute.ImplicitMx)]
    [InlineData(DnsRecordType.Ns, "ns.sample.net", MailRoute.None)]
    public async Task Address_alone_takes_mail_too(DnsRecordType type, string data, MailRoute route)
    {
        var observation = await AskAsync(Honest(q => q.Type == type ? Says(Own(type, data)) : Nothing()));
        Assert.Equal(route, Assert.Single(observation.Dns!.MailHosts).Route);
    }

    [Fact]
    public async Task Mail_host_that_cannot_be_found_out_spoils_nothing_else()
    {
        var observation = await AskAsync(
            Honest(q => q.Name switch
            {
                Domain when q.Type == DnsRecordType.Mx => Says(Own(DnsRecordType.Mx, "10 mx.sample.net")),
                "broken.sample.com" => new DnsAnswer(DnsCode.ServerFailure, [], []),
                "gone.sample.com" => new DnsAnswer(DnsCode.NameError, [], [Own(DnsRecordType.Soa, "ns1.sample.com")]),
                _ => Nothing(),
            }),
            "gone.sample.com", "broken.sample.com", Domain);
        Assert.Equal(Delegation.Delegated, observation.Dns!.Delegation);
        Assert.Equal(
            [("broken.sample.com", MailRoute.Unknown), ("gone.sample.com", MailRoute.None), (Domain, MailRoute.Mx)],
            observation.Dns.MailHosts.Select(m => (m.Host, m.Route)));
    }

    [Theory]
    [InlineData(DnsCode.ServerFailure)]
    [InlineData(DnsCode.Refused)]
    public async Task Refusal_of_the_resolver_is_a_failure(DnsCode code) => Fails(FailureKind.ServerError, await AskAsync(Honest(_ => new DnsAnswer(code, [], []))));

    [Fact]
    public async Task Silence_is_a_failure_and_not_a_missing_name() => Fails(FailureKind.Timeout, await AskAsync(Honest(_ => null)));

    [Fact]
    public async Task Answer_that_is_cut_short_is_asked_again_over_TCP()
    {
        var observation = await AskAsync(Honest(q =>
            q.Type == DnsRecordType.Mx ? Says([.. Enumerable.Range(0, 40).Select(i => Own(DnsRecordType.Mx, $"10 mail-exchange-number-{i}.sample.net"))]) : Nothing()));
        Assert.Equal(40, Assert.Single(observation.Dns!.MailHosts).MxHosts.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(12)]
    [InlineData(40)]
    public async Task Garbage_instead_of_an_answer_is_a_failure(int bytes)
    {
        using var stop = new CancellationTokenSource();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var serving = Task.Run(async () =>
        {
            var query = new byte[512];
            while (true)
            {
                var received = await socket.ReceiveFromAsync(query, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), stop.Token);
                var reply = Enumerable.Repeat((byte)0xC0, bytes).ToArray();
                query.AsSpan(0, Math.Min(2, bytes)).CopyTo(reply);
                await socket.SendToAsync(reply, SocketFlags.None, received.RemoteEndPoint, stop.Token);
            }
        });
        using var rig = Rig(null, (IPEndPoint)socket.LocalEndPoint!);
        var observation = await rig.AskAsync(SourceKind.Dns, Domain);
        Assert.Equal(Outcome.Failure, observation.Outcome);
        Assert.False(string.IsNullOrWhiteSpace(observation.Error));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Fact]
    public async Task Resolver_that_answers_for_what_cannot_exist_is_not_believed_until_it_is_honest_again()
    {
        var lies = true;
        await using var server = DnsServer.Start(q => lies && q.Type == DnsRecordType.A ? Says(new DnsRecord(q.Name, DnsRecordType.A, "198.51.100.7")) : NoSuchName);
        var time = new ManualTime();
        using var rig = Rig(time, server.EndPoint);
        Fails(FailureKind.Untrusted, await rig.AskAsync(SourceKind.Dns, Domain));
        lies = false;
        Fails(FailureKind.Untrusted, await rig.AskAsync(SourceKind.Dns, Domain));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(Delegation.NxDomain, (await rig.AskAsync(SourceKind.Dns, Domain)).Dns!.Delegation);
        lies = true;
        time.Advance(TimeSpan.FromHours(1));
        Fails(FailureKind.Untrusted, await rig.AskAsync(SourceKind.Dns, Domain));
    }

    [Fact]
    public async Task Liar_and_broken_resolver_are_passed_over_for_an_honest_one()
    {
        await using var liar = DnsServer.Start(q => Says(new DnsRecord(q.Name, DnsRecordType.A, "198.51.100.7")));
        await using var broken = DnsServer.Start(_ => new DnsAnswer(DnsCode.ServerFailure, [], []));
        await using var honest = DnsServer.Start(Honest(_ => Nothing()));
        using var rig = Rig(null, liar.EndPoint, broken.EndPoint, honest.EndPoint);
        Assert.Equal(Delegation.Delegated, (await rig.AskAsync(SourceKind.Dns, Domain)).Dns!.Delegation);
        using var without = Rig(null, liar.EndPoint, broken.EndPoint);
        Fails(FailureKind.ServerError, await without.AskAsync(SourceKind.Dns, Domain));
    }

    [Fact]
    public async Task Silent_resolver_is_asked_last_for_a_while()
    {
        var questions = 0;
        await using var silent = DnsServer.Start(_ =>
        {
            Interlocked.Increment(ref questions);
            return null;
        });
        await using var honest = DnsServer.Start(Honest(_ => Nothing()));
        using var rig = Rig(null, silent.EndPoint, honest.EndPoint);
        Assert.Equal(Outcome.Answered, (await rig.AskAsync(SourceKind.Dns, Domain)).Outcome);
        var before = questions;
        Assert.True(before > 0);
        Assert.Equal(Outcome.Answered, (await rig.AskAsync(SourceKind.Dns, Domain)).Outcome);
        Assert.Equal(before, questions);
    }

    [Theory]
    [InlineData("ns1.sedoparking.com", "sedoparking.com", null)]
    [InlineData("notsedoparking.com", null, null)]
    [InlineData("ns1.shadowserver.org", null, "shadowserver.org")]
    [InlineData("sinkhole-1.example.net", null, "sinkhole-1.example.net")]
    public async Task Name_servers_of_parking_and_sinkholes_are_known(string server, string? parked, string? sinkholed)
    {
        var observation = await AskAsync(Honest(q => q.Type == DnsRecordType.Ns ? Says(Own(DnsRecordType.Ns, server)) : Nothing()));
        Assert.Equal((parked, sinkholed), (observation.Dns!.ParkedBy, observation.Dns.SinkholedBy));
    }

    [Theory]
    [InlineData("doh-nxdomain-ns.json", Outcome.Answered, Delegation.NxDomain, MailRoute.None)]
    [InlineData("doh-nodata-a.json", Outcome.Answered, Delegation.Delegated, MailRoute.None)]
    [InlineData("doh-null-mx.json", Outcome.Answered, Delegation.Delegated, MailRoute.NullMx)]
    [InlineData("doh-servfail-dnssec-ns.json", Outcome.Failure, Delegation.Unknown, MailRoute.Unknown)]
    public async Task Captured_answers_are_read(string file, Outcome outcome, Delegation delegation, MailRoute route)
    {
        using var captured = JsonDocument.Parse(await File.ReadAllBytesAsync(Fixtures.PathOf("dns", file), TestContext.Current.CancellationToken));
        var root = captured.RootElement;
        var question = root.GetProperty("Question")[0];
        var (name, type) = (question.GetProperty("name").GetString()!, (DnsRecordType)question.GetProperty("type").GetInt32());
        var answer = new DnsAnswer((DnsCode)root.GetProperty("Status").GetInt32(), Records("Answer"), Records("Authority"));
        // What was captured is one question; the others of a living name are answered with nothing.
        await using var server = DnsServer.Start(q => q.Name != name ? NoSuchName : q.Type == type || answer.Code != DnsCode.NoError ? answer : Nothing(name));
        using var rig = Rig(null, server.EndPoint);
        var observation = await rig.AskAsync(SourceKind.Dns, name);
        Assert.Equal((outcome, delegation), (observation.Outcome, observation.Dns?.Delegation ?? Delegation.Unknown));
        Assert.Equal(route, observation.Dns?.MailHosts.Single().Route ?? MailRoute.Unknown);

        List<DnsRecord> Records(string section) => root.TryGetProperty(section, out var list)
            ? [.. list.EnumerateArray().Select(r => new DnsRecord(
                r.GetProperty("name").GetString()!,
                (DnsRecordType)r.GetProperty("type").GetInt32(),
                r.GetProperty("type").GetInt32() == (int)DnsRecordType.Soa ? r.GetProperty("data").GetString()!.Split(' ')[0] : r.GetProperty("data").GetString()!))]
            : [];
    }
}
