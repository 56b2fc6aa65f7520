using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups;
using DomainGuard.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace DomainGuard.Tests.Lookups;

/// <summary>RDAP over real HTTP on loopback: what is asked, and what becomes of every answer that is none.</summary>
public sealed class RdapSourceTests
{
    private const string Record = """{"objectClassName":"domain","handle":"1-ZZ","ldhName":"SAMPLE.ZZ.","status":["active"],"events":[{"eventAction":"registration","eventDate":"2020-01-01T00:00:00Z"}]}""";

    private static async Task<Observation> AskAsync(RequestDelegate answer)
    {
        await using var server = await LoopbackServer.StartAsync(answer);
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url));
        return await rig.AskAsync(SourceKind.Rdap);
    }

    private static Task<Observation> AskAsync(int status, string body, string type = "application/rdap+json") => AskAsync(context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body);
    });

    private static async Task<Observation> AskRawAsync(byte[] reply)
    {
        await using var server = new RawServer(reply);
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url));
        return await rig.AskAsync(SourceKind.Rdap);
    }

    private static byte[] Compress(string encoding, byte[] body)
    {
        using var target = new MemoryStream();
        using (Stream packer = encoding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.SmallestSize),
            "deflate" => new ZLibStream(target, CompressionLevel.SmallestSize),
            _ => new BrotliStream(target, CompressionLevel.Fastest),
        })
        {
            packer.Write(body);
        }

        return target.ToArray();
    }

    private static RequestDelegate Packed(string encoding, byte[] body) => context =>
    {
        context.Response.Headers.ContentEncoding = encoding;
        return context.Response.Body.WriteAsync(body).AsTask();
    };

    private static void Fails(FailureKind expected, Observation observation)
    {
        Assert.Equal((Outcome.Failure, expected), (observation.Outcome, observation.Failure));
        Assert.False(string.IsNullOrWhiteSpace(observation.Error));
        Assert.False(observation.IsEvidence);
        Assert.Null(observation.Rdap);
        Assert.True(observation.Raw.IsEmpty);
    }

    [Fact]
    public async Task Question_is_asked_in_the_words_of_the_protocol_and_the_answer_is_kept()
    {
        await using var server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Headers.SetCookie = "a=b";
            return context.Response.WriteAsync(Record);
        });
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url));
        await rig.AskAsync(SourceKind.Rdap);
        var observation = await rig.AskAsync(SourceKind.Rdap);
        Assert.Equal(Outcome.Answered, observation.Outcome);
        Assert.Equal((server.HostAndPort, 200, LookupRig.Now), (observation.Host, observation.HttpStatus, observation.AskedAt));
        Assert.Equal("1-ZZ", observation.Rdap!.Handle);
        Assert.Equal(Record, Encoding.UTF8.GetString(observation.Raw.Span));
        Assert.Equal(["/domain/sample.zz", "/domain/sample.zz"], server.Asked);
        Assert.StartsWith("DomainGuard/", server.LastHeaders!.UserAgent.ToString(), StringComparison.Ordinal);
        Assert.Equal("application/rdap+json, application/json; q=0.9", server.LastHeaders.Accept.ToString());
        Assert.False(server.LastHeaders.ContainsKey("Cookie"));
    }

    [Fact]
    public async Task Body_decides_and_not_its_media_type() =>
        Assert.Equal(Outcome.Answered, (await AskAsync(200, Record, "text/html")).Outcome);

    [Theory]
    [InlineData(200, "<html><body>Please wait</body></html>", FailureKind.BadAnswer)]
    [InlineData(200, """{"objectClassName":"domain","ldhName":"sample.zz","status":["act""", FailureKind.BadAnswer)]
    [InlineData(200, "", FailureKind.BadAnswer)]
    [InlineData(200, "null", FailureKind.BadAnswer)]
    [InlineData(200, """{"objectClassName":"domain","ldhName":"other.zz","unicodeName":"sample.zz"}""", FailureKind.WrongName)]
    [InlineData(200, """{"errorCode":500,"title":"internal"}""", FailureKind.BadAnswer)]
    [InlineData(200, """{"errorCode":"429","title":"too fast","objectClassName":"domain","ldhName":"sample.zz"}""", FailureKind.RateLimited)]
    [InlineData(301, "", FailureKind.Refused)]
    [InlineData(400, """{"errorCode":400}""", FailureKind.Refused)]
    [InlineData(401, "", FailureKind.Blocked)]
    [InlineData(403, "<html>blocked</html>", FailureKind.Blocked)]
    [InlineData(429, "", FailureKind.RateLimited)]
    [InlineData(500, "", FailureKind.ServerError)]
    [InlineData(503, """{"objectClassName":"domain","ldhName":"sample.zz"}""", FailureKind.ServerError)]
    [InlineData(404, "<html>nginx: not found</html>", FailureKind.BadAnswer)]
    [InlineData(404, """{"objectClassName":"domain","ldhName":"sample.zz"}""", FailureKind.BadAnswer)]
    [InlineData(404, """{"errorCode":429,"title":"slow down"}""", FailureKind.BadAnswer)]
    public async Task What_is_no_answer_is_a_failure_and_no_evidence(int status, string body, FailureKind expected)
    {
        var observation = await AskAsync(status, body);
        Fails(expected, observation);
        Assert.Equal(status, observation.HttpStatus);
    }

    [Theory]
    [InlineData("", Outcome.NotFound)]
    [InlineData(" \r\n", Outcome.NotFound)]
    [InlineData("""{"errorCode":404,"title":"Object not found"}""", Outcome.NotFound)]
    [InlineData("""{"objectClassName":"error","title":"Not Found"}""", Outcome.NotFound)]
    [InlineData("""{"errorCode":404,"description":["This name is not available for registration:","Registry Reserved"]}""", Outcome.Reserved)]
    [InlineData("""{"errorCode":404,"title":"domain sample.zz not found in IANA boostrap file"}""", Outcome.NotServed)]
    public async Task A_404_says_free_only_where_it_really_means_it(string body, Outcome expected) => Assert.Equal(expected, (await AskAsync(404, body)).Outcome);

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0", 0)]
    [InlineData("86400", 120)]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 0)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 120)]
    [InlineData("soon", null)]
    [InlineData(null, null)]
    public async Task Retry_after_is_read_as_seconds_or_as_a_date_and_capped(string? header, int? seconds)
    {
        var observation = await AskAsync(context =>
        {
            context.Response.StatusCode = 429;
            if (header is not null)
            {
                context.Response.Headers.RetryAfter = header;
            }

            return Task.CompletedTask;
        });
        Fails(FailureKind.RateLimited, observation);
        Assert.Equal(seconds is { } s ? TimeSpan.FromSeconds(s) : null, observation.RetryAfter);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Compressed_answers_are_read(string encoding) =>
        Assert.Equal(Outcome.Answered, (await AskAsync(Packed(encoding, Compress(encoding, Encoding.UTF8.GetBytes(Record))))).Outcome);

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Bomb_is_cut_at_one_mebibyte(string encoding) =>
        Fails(FailureKind.TooLarge, await AskAsync(Packed(encoding, Compress(encoding, new byte[50 * 1024 * 1024]))));

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task Broken_or_unknown_compression_is_a_bad_answer(string encoding) =>
        Fails(FailureKind.BadAnswer, await AskAsync(Packed(encoding, Encoding.UTF8.GetBytes(Record))));

    [Fact]
    public async Task Compressed_answer_that_is_cut_short_is_a_failure()
    {
        var whole = Compress("gzip", Encoding.UTF8.GetBytes(Record));
        Fails(FailureKind.BadAnswer, await AskAsync(Packed("gzip", whole[..(whole.Length / 2)])));
    }

    [Fact]
    public async Task Endless_plain_answer_is_cut_at_one_mebibyte() => Fails(FailureKind.TooLarge, await AskAsync(async context =>
    {
        var chunk = new byte[64 * 1024];
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
        }
    }));

    [Fact]
    public async Task Answer_of_just_one_mebibyte_is_read()
    {
        var padding = new string(' ', (1024 * 1024) - Record.Length);
        Assert.Equal(Outcome.Answered, (await AskAsync(200, Record + padding)).Outcome);
        Fails(FailureKind.TooLarge, await AskAsync(200, Record + padding + " "));
    }

    [Fact]
    public async Task Text_in_another_encoding_than_utf8_is_a_bad_answer()
    {
        Fails(FailureKind.BadAnswer, await AskAsync(c => c.Response.Body.WriteAsync(Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(Record)).ToArray()).AsTask()));
        Assert.Equal(Outcome.Answered, (await AskAsync(c => c.Response.Body.WriteAsync(Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes(Record)).ToArray()).AsTask())).Outcome);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"objectClassName\":\"dom")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}")]
    [InlineData("SSH-2.0-OpenSSH_9.2p1\r\n")]
    [InlineData("\0\u0001\u0002\u0003")]
    public async Task Connection_that_breaks_or_speaks_something_else_is_a_failure(string reply)
    {
        var observation = await AskRawAsync(Encoding.Latin1.GetBytes(reply));
        Assert.Equal(Outcome.Failure, observation.Outcome);
        Assert.Contains(observation.Failure, new[] { FailureKind.Network, FailureKind.BadAnswer });
        Assert.False(string.IsNullOrWhiteSpace(observation.Error));
    }

    [Fact]
    public async Task Headers_without_end_are_a_failure() =>
        Fails(FailureKind.Network, await AskRawAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-Padding: " + new string('x', 1000) + "\r\n", 300)))));

    [Fact]
    public async Task Closed_port_is_a_failure_that_names_the_host()
    {
        // Bound and not listening: the port is refused for as long as nobody else can have it.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var rig = new LookupRig(LookupRig.RdapAt(new Uri($"http://{socket.LocalEndPoint}/")));
        var observation = await rig.AskAsync(SourceKind.Rdap);
        Fails(FailureKind.Network, observation);
        Assert.Contains("127.0.0.1", observation.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_that_keeps_silent_or_drips_is_given_up_after_ten_seconds(bool drips)
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            if (drips)
            {
                await context.Response.WriteAsync("{", context.RequestAborted);
            }

            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url), time);
        var asking = rig.AskAsync(SourceKind.Rdap);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(9.9));
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(asking.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        var observation = await asking;
        Fails(FailureKind.Timeout, observation);
        Assert.True(observation.Duration >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Caller_who_gives_up_is_not_told_a_failure()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.Lookup.LookUpAsync(new LookupQuestion("sample.zz", [], LookupRig.Now), LaneUse.Scan, null, cancel.Token));
    }

    [Fact]
    public async Task Name_without_a_server_is_not_served_and_nobody_is_asked()
    {
        await using var server = await LoopbackServer.StartAsync(c => c.Response.WriteAsync(Record));
        using var rig = new LookupRig(LookupRig.RdapAt(server.Url));
        var observation = Assert.Single(await rig.Lookup.LookUpAsync(new LookupQuestion("sample.yy", [], LookupRig.Now), LaneUse.Interactive, null, TestContext.Current.CancellationToken));
        Assert.Equal((Outcome.NotServed, ""), (observation.Outcome, observation.Host));
        Assert.Empty(server.Asked);
    }
}
