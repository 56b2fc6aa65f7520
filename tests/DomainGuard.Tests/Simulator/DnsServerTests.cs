using System.Net.Sockets;
using System.Text;
using DnsClient;
using DomainGuard.Simulator.Dns;

namespace DomainGuard.Tests.Simulator;

/// <summary>The responder is read by a real client, and by hand where the client hides what was on the wire.</summary>
public sealed class DnsServerTests
{
    private static LookupClient ClientOf(DnsServer server) => new(new LookupClientOptions(new NameServer(server.EndPoint))
    {
        UseCache = false,
        UseTcpFallback = true,
        // A datagram may be lost among many, on loopback too.
        Retries = 5,
        Timeout = TimeSpan.FromSeconds(10),
        ThrowDnsErrors = false,
    });

    private static DnsAnswer Answers(params DnsRecord[] records) => new(DnsCode.NoError, records, []);

    [Fact]
    public async Task Every_record_type_is_read_by_a_real_client()
    {
        await using var server = DnsServer.Start(q => Answers(q.Type switch
        {
            DnsRecordType.A => new DnsRecord(q.Name, q.Type, "192.0.2.25"),
            DnsRecordType.Aaaa => new DnsRecord(q.Name, q.Type, "2001:db8::25"),
            DnsRecordType.Mx => new DnsRecord(q.Name, q.Type, "10 mx.quillmoor.example"),
            DnsRecordType.Txt => new DnsRecord(q.Name, q.Type, "v=spf1 mx -all " + new string('x', 300)),
            DnsRecordType.Cname => new DnsRecord(q.Name, q.Type, "other.example"),
            DnsRecordType.Soa => new DnsRecord(q.Name, q.Type, "ns1.example"),
            _ => new DnsRecord(q.Name, DnsRecordType.Ns, "ns1.example"),
        }));
        var client = ClientOf(server);
        var cancel = TestContext.Current.CancellationToken;

        Assert.Equal("192.0.2.25", (await client.QueryAsync("quillmoor.example", QueryType.A, cancellationToken: cancel)).Answers.ARecords().Single().Address.ToString());
        Assert.Equal("2001:db8::25", (await client.QueryAsync("quillmoor.example", QueryType.AAAA, cancellationToken: cancel)).Answers.AaaaRecords().Single().Address.ToString());
        var mx = (await client.QueryAsync("Quillmoor.EXAMPLE", QueryType.MX, cancellationToken: cancel)).Answers.MxRecords().Single();
        Assert.Equal((10, "mx.quillmoor.example."), (mx.Preference, mx.Exchange.Value));
        Assert.Equal(315, string.Concat((await client.QueryAsync("quillmoor.example", QueryType.TXT, cancellationToken: cancel)).Answers.TxtRecords().Single().Text).Length);
        Assert.Equal("other.example.", (await client.QueryAsync("quillmoor.example", QueryType.CNAME, cancellationToken: cancel)).Answers.CnameRecords().Single().CanonicalName.Value);
        Assert.Equal("ns1.example.", (await client.QueryAsync("quillmoor.example", QueryType.SOA, cancellationToken: cancel)).Answers.SoaRecords().Single().MName.Value);
        Assert.Equal("ns1.example.", (await client.QueryAsync("quillmoor.example", QueryType.NS, cancellationToken: cancel)).Answers.NsRecords().Single().NSDName.Value);
    }

    [Fact]
    public async Task Negative_answers_carry_their_code_and_the_soa_in_authority()
    {
        await using var server = DnsServer.Start(q => q.Name == "gone.example"
            ? new DnsAnswer(DnsCode.NameError, [], [new DnsRecord("example", DnsRecordType.Soa, "a.nic.example")])
            : new DnsAnswer(DnsCode.Refused, [], []));
        var client = ClientOf(server);

        var gone = await client.QueryAsync("gone.example", QueryType.NS, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(DnsHeaderResponseCode.NotExistentDomain, gone.Header.ResponseCode);
        Assert.Equal("example.", gone.Authorities.SoaRecords().Single().DomainName.Value);
        var refused = await client.QueryAsync("else.example", QueryType.NS, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(DnsHeaderResponseCode.Refused, refused.Header.ResponseCode);
    }

    [Fact]
    public async Task A_null_mx_is_the_root()
    {
        await using var server = DnsServer.Start(q => Answers(new DnsRecord(q.Name, DnsRecordType.Mx, "0 ")));
        var answer = await ClientOf(server).QueryAsync("nomail.example", QueryType.MX, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(".", answer.Answers.MxRecords().Single().Exchange.Value);
    }

    [Theory]
    [InlineData(10, null, false)]
    [InlineData(40, null, true)]
    [InlineData(40, 4096, false)]
    [InlineData(40, 600, true)]
    [InlineData(300, 4096, true)]
    [InlineData(40, 100, true)]
    public async Task Udp_is_cut_above_512_bytes_or_what_edns_allows(int records, int? edns, bool isCut)
    {
        await using var server = DnsServer.Start(q => Answers([.. Enumerable.Range(0, records).Select(i => new DnsRecord(q.Name, DnsRecordType.A, $"192.0.2.{i % 250}"))]));
        var reply = await AskAsync(server, Query("quillmoor.example", edns));

        Assert.Equal(isCut, (reply[2] & 0x02) != 0);
        Assert.Equal(isCut ? 0 : records, (reply[6] << 8) | reply[7]);
        Assert.True(reply.Length <= Math.Max(512, edns ?? 512), $"{reply.Length} bytes");
        Assert.Equal(edns is null ? 0 : 1, reply[11]);
    }

    [Fact]
    public async Task What_was_cut_comes_whole_over_tcp()
    {
        await using var server = DnsServer.Start(q => Answers([.. Enumerable.Range(0, 400).Select(i => new DnsRecord(q.Name, DnsRecordType.A, $"192.0.2.{i % 250}"))]));
        var answer = await ClientOf(server).QueryAsync("quillmoor.example", QueryType.A, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(400, answer.Answers.ARecords().Count());
    }

    [Fact]
    public async Task A_zone_that_throws_is_servfail_and_the_next_question_is_served()
    {
        await using var server = DnsServer.Start(q => q.Name switch
        {
            "bad.example" => throw new InvalidOperationException("a bug in the zone"),
            "worse.example" => Answers(new DnsRecord(q.Name, DnsRecordType.A, "no address")),
            "long.example" => Answers(new DnsRecord(q.Name, DnsRecordType.Ns, new string('x', 64) + ".example")),
            _ => Answers(new DnsRecord(q.Name, DnsRecordType.A, "192.0.2.1")),
        });
        var client = ClientOf(server);
        foreach (var name in (string[])["bad.example", "worse.example", "long.example"])
        {
            var answer = await client.QueryAsync(name, QueryType.A, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(DnsHeaderResponseCode.ServerFailure, answer.Header.ResponseCode);
        }

        Assert.Single((await client.QueryAsync("good.example", QueryType.A, cancellationToken: TestContext.Current.CancellationToken)).Answers.ARecords());
    }

    [Fact]
    public async Task A_zone_may_keep_silent()
    {
        await using var server = DnsServer.Start(q => q.Name == "silent.example" ? null : Answers());
        using var socket = Connect(server);
        await socket.SendAsync(Query("silent.example", null), TestContext.Current.CancellationToken);
        await socket.SendAsync(Query("loud.example", null, id: 7), TestContext.Current.CancellationToken);
        Assert.Equal(7, (await ReceiveAsync(socket))[1]);
    }

    [Fact]
    public async Task Noise_does_not_stop_it()
    {
        await using var server = DnsServer.Start(q => Answers(new DnsRecord(q.Name, DnsRecordType.A, "192.0.2.1")));
        using var socket = Connect(server);
        var cancel = TestContext.Current.CancellationToken;
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var noise = new byte[random.Next(1, 80)];
            random.NextBytes(noise);
            await socket.SendAsync(noise, cancel);
        }

        Assert.Single((await ClientOf(server).QueryAsync("good.example", QueryType.A, cancellationToken: cancel)).Answers.ARecords());
    }

    [Fact]
    public async Task A_response_is_never_answered_and_a_query_without_question_is_a_format_error()
    {
        await using var server = DnsServer.Start(_ => Answers());
        using var socket = Connect(server);
        var response = Query("loop.example", null);
        response[2] |= 0x80;
        await socket.SendAsync(response, TestContext.Current.CancellationToken);
        await socket.SendAsync(new byte[] { 0, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, TestContext.Current.CancellationToken);
        var reply = await ReceiveAsync(socket);
        Assert.Equal((9, 1, 12), (reply[1], reply[3] & 0x0F, reply.Length));
    }

    private static byte[] Query(string name, int? edns, byte id = 1)
    {
        using var query = new MemoryStream();
        query.Write([0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(edns is null ? 0 : 1)]);
        foreach (var label in name.Split('.'))
        {
            query.WriteByte((byte)label.Length);
            query.Write(Encoding.ASCII.GetBytes(label));
        }

        query.Write([0, 0, 1, 0, 1]);
        if (edns is { } size)
        {
            query.Write([0, 0, 41, (byte)(size >> 8), (byte)size, 0, 0, 0, 0, 0, 0]);
        }

        return query.ToArray();
    }

    private static Socket Connect(DnsServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(server.EndPoint);
        return socket;
    }

    private static async Task<byte[]> AskAsync(DnsServer server, byte[] query)
    {
        using var socket = Connect(server);
        await socket.SendAsync(query, TestContext.Current.CancellationToken);
        return await ReceiveAsync(socket);
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        var buffer = new byte[65_535];
        return buffer[..await socket.ReceiveAsync(buffer, patience.Token)];
    }
}
