using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using DomainGuard.Client;
using DomainGuard.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Client;

/// <summary>What the client makes of servers that do not answer, or not as they should.</summary>
public sealed class ClientFaultTests
{
    private const string Answer = """{"id":"rc_1","decision":"allow","reason":"in_order"}""";
    private static readonly RecoveryQuestion Question = new("ada@faults.example", "u-1");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What the fail mode makes of no answer.</summary>
    private static readonly (RecoveryFailMode? Mode, RecoveryDecision Decision)[] NoAnswer =
    [
        (null, RecoveryDecision.Review), (RecoveryFailMode.Review, RecoveryDecision.Review), (RecoveryFailMode.Allow, RecoveryDecision.Allow), (RecoveryFailMode.Deny, RecoveryDecision.Deny),
    ];

    /// <summary>And of a question that was refused.</summary>
    private static readonly (RecoveryFailMode? Mode, RecoveryDecision Decision)[] Refused = [.. NoAnswer.Select(m => (m.Mode, RecoveryDecision.Deny))];

    [Theory]
    [InlineData("hang", RecoveryResult.NoAnswer)]
    [InlineData("refused connection", RecoveryResult.NoAnswer)]
    [InlineData("garbage", RecoveryResult.NoAnswer)]
    [InlineData("no answer of ours", RecoveryResult.NoAnswer)]
    [InlineData("null", RecoveryResult.NoAnswer)]
    [InlineData("truncated", RecoveryResult.NoAnswer)]
    [InlineData("408", RecoveryResult.NoAnswer)]
    [InlineData("429", RecoveryResult.NoAnswer)]
    [InlineData("500", RecoveryResult.NoAnswer)]
    [InlineData("502", RecoveryResult.NoAnswer)]
    [InlineData("503", RecoveryResult.NoAnswer)]
    [InlineData("302", RecoveryResult.Refused)]
    [InlineData("400", RecoveryResult.Refused)]
    [InlineData("401", RecoveryResult.Refused)]
    [InlineData("403", RecoveryResult.Refused)]
    [InlineData("404", RecoveryResult.Refused)]
    [InlineData("415", RecoveryResult.Refused)]
    public async Task Without_an_answer_the_fail_mode_speaks_and_a_wiring_mistake_is_never_allowed(string fault, string reason)
    {
        await using var server = await LoopbackServer.StartAsync(c => FaultAsync(c, fault));
        await using var raw = new RawServer(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"id\":\"rc_1\",\"decision\":\"allow\""));
        var url = fault switch
        {
            "truncated" => raw.Url,
            "refused connection" => new Uri("http://127.0.0.1:1"),
            _ => server.Url,
        };
        using var rig = new ClientRig(url);
        var deadline = TimeSpan.FromMilliseconds(700);
        var isRefused = reason == RecoveryResult.Refused;

        await Task.WhenAll((isRefused ? Refused : NoAnswer).Select(async row =>
        {
            var result = await rig.Client.CheckRecoveryAsync(Question, row.Mode, deadline, Cancel);
            Assert.Equal((row.Decision, reason, row.Decision == RecoveryDecision.Allow, null), (result.Decision, result.Reason, result.MaySend, result.Answer));
            Assert.Equal(result.MaySend ? [] : ["manual_recovery"], result.Alternatives);
            if (int.TryParse(fault, out var status))
            {
                Assert.Equal((HttpStatusCode)status, Assert.IsType<DomainGuardProblemException>(result.Failure).Status);
            }
            else
            {
                Assert.IsType<DomainGuardNoAnswerException>(result.Failure);
            }
        }).Append(BatchAsync()));

        Assert.Equal(isRefused, rig.Log.Lines.Any(l => l.Level == LogLevel.Error));
        Assert.Equal(!isRefused, rig.Log.Lines.Any(l => l.Level == LogLevel.Warning));
        Assert.DoesNotContain("faults.example", string.Concat(rig.Log.Lines), StringComparison.Ordinal);
        Assert.True(!isRefused || server.Asked.Count == NoAnswer.Length + 1, "what was refused is not asked again");

        async Task BatchAsync()
        {
            var batch = await rig.Client.CheckRecoveriesAsync([Question, Question], RecoveryFailMode.Allow, deadline, Cancel);
            var decision = isRefused ? RecoveryDecision.Deny : RecoveryDecision.Allow;
            Assert.Equal([(decision, reason), (decision, reason)], batch.Select(r => (r.Decision, r.Reason)));
        }
    }

    [Theory]
    [InlineData("\"allow\"", RecoveryDecision.Allow)]
    [InlineData("\"deny\"", RecoveryDecision.Deny)]
    [InlineData("\"review\"", RecoveryDecision.Review)]
    [InlineData("\"quarantine\"", RecoveryDecision.Review)]
    [InlineData("\"Allow\"", RecoveryDecision.Review)]
    [InlineData("null", RecoveryDecision.Review)]
    [InlineData("{\"word\":\"allow\"}", RecoveryDecision.Review)]
    public async Task A_decision_that_is_not_known_is_review_and_every_other_new_word_is_passed_on(string word, RecoveryDecision decision)
    {
        await using var server = await LoopbackServer.StartAsync(c => JsonAsync(c, $$"""{"id":"rc_1","decision":{{word}},"reason":"new_reason","phase":"NewPhase","handChange":"NewChange","alternatives":null,"newMember":{"a":[1]},"wouldAnswer":{{word}}}"""));
        using var rig = new ClientRig(server.Url);
        var result = await rig.Client.CheckRecoveryAsync(Question, RecoveryFailMode.Allow, cancel: Cancel);
        Assert.Equal((decision, "new_reason", "NewPhase", "NewChange"), (result.Decision, result.Reason, result.Answer!.Phase, result.Answer.HandChange));
        Assert.Equal(word == "null" ? null : decision, result.Answer.WouldAnswer);
        Assert.Empty(result.Alternatives);
        Assert.Equal(decision, JsonSerializer.Deserialize<RecoveryDecision>(JsonSerializer.Serialize(result.Decision))); // also when a platform keeps it
    }

    [Fact]
    public async Task A_batch_with_a_hole_or_of_another_length_is_no_answer_where_it_matters()
    {
        var body = "";
        await using var server = await LoopbackServer.StartAsync(c => JsonAsync(c, body));
        using var rig = new ClientRig(server.Url);
        body = $$"""{"results":[{"answer":{{Answer}}},{},null]}""";
        Assert.Equal(["in_order", "no_answer", "no_answer"], (await rig.Client.CheckRecoveriesAsync([Question, Question, Question], cancel: Cancel)).Select(r => r.Reason));
        body = $$"""{"results":[{"answer":{{Answer}}}]}""";
        Assert.Equal(["no_answer", "no_answer"], (await rig.Client.CheckRecoveriesAsync([Question, Question], cancel: Cancel)).Select(r => r.Reason));
    }

    [Fact]
    public async Task What_failed_for_a_moment_is_asked_again()
    {
        var asked = 0;
        await using var server = await LoopbackServer.StartAsync(c => Interlocked.Increment(ref asked) switch
        {
            1 => FaultAsync(c, "500"),
            2 => FaultAsync(c, "garbage"),
            _ => JsonAsync(c, Answer),
        });
        using var rig = new ClientRig(server.Url);
        Assert.True((await rig.Client.CheckRecoveryAsync(Question, cancel: Cancel)).MaySend);
        Assert.Equal(3, asked);
        Assert.Equal("Bearer dg_demo", server.LastHeaders!.Authorization);
        Assert.Equal(2, rig.Log.Lines.Count(l => l.Text.Contains("asked again", StringComparison.Ordinal)));
        Assert.DoesNotContain(rig.Log.Lines, l => l.Level > LogLevel.Information);
    }

    [Fact]
    public async Task Retry_after_is_obeyed_and_what_it_asks_for_beyond_the_deadline_is_not_waited_for()
    {
        var time = new ManualTime();
        var asked = new List<long>();
        string after = "7";
        await using var server = await LoopbackServer.StartAsync(c =>
        {
            asked.Add(time.GetTimestamp());
            return asked.Count == 1 ? FaultAsync(c, "429", after) : JsonAsync(c, """{"outcome":"accepted","state":"Verified"}""");
        });
        using var rig = new ClientRig(server.Url, time: time);
        await TellAsync();
        Assert.InRange(asked[1] - asked[0], TimeSpan.FromSeconds(7).Ticks, TimeSpan.FromSeconds(9).Ticks);

        asked.Clear();
        after = time.GetUtcNow().AddSeconds(12).ToString("R");
        await TellAsync();
        Assert.InRange(asked[1] - asked[0], TimeSpan.FromSeconds(10).Ticks, TimeSpan.FromSeconds(14).Ticks);

        asked.Clear();
        after = "31";
        var problem = await Assert.ThrowsAsync<DomainGuardProblemException>(TellAsync);
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited", TimeSpan.FromSeconds(31), true), (problem.Status, problem.Code, problem.RetryAfter, problem.IsTransient));
        Assert.Single(asked);

        Task TellAsync() => time.RunAsync(rig.Client.ReportVerificationAsync("u", "a@b.example", time.GetUtcNow(), cancel: Cancel), TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public async Task Pauses_grow_and_end_with_the_deadline()
    {
        var time = new ManualTime();
        var asked = new List<long>();
        await using var server = await LoopbackServer.StartAsync(c =>
        {
            asked.Add(time.GetTimestamp());
            return FaultAsync(c, "503");
        });
        using var rig = new ClientRig(server.Url, time: time, configure: o => o.Deadline = TimeSpan.FromSeconds(20));
        var began = time.GetTimestamp();
        await Assert.ThrowsAsync<DomainGuardProblemException>(() => time.RunAsync(rig.Client.GetAccountAsync("u", Cancel), TimeSpan.FromMilliseconds(50)));
        var pauses = asked.Zip(asked.Skip(1), (a, b) => TimeSpan.FromTicks(b - a)).ToList();
        Assert.InRange(asked.Count, 6, 9);
        Assert.InRange(pauses[0], TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        Assert.True(pauses[^1] > pauses[0] * 4, string.Join(", ", pauses));
        Assert.True(TimeSpan.FromTicks(time.GetTimestamp() - began) <= TimeSpan.FromSeconds(21));
    }

    [Fact]
    public async Task A_server_that_hangs_is_left_at_the_deadline_and_a_caller_who_gives_up_is_no_failure()
    {
        await using var server = await LoopbackServer.StartAsync(c => FaultAsync(c, "hang"));
        var time = new ManualTime();
        using var rig = new ClientRig(server.Url, time: time);
        var began = time.GetTimestamp();
        await Assert.ThrowsAsync<DomainGuardNoAnswerException>(() => time.RunAsync(rig.Client.GetAccountAsync("u", Cancel), TimeSpan.FromMilliseconds(100)));
        Assert.InRange(TimeSpan.FromTicks(time.GetTimestamp() - began), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(32));

        using var gone = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.Client.CheckRecoveryAsync(Question, RecoveryFailMode.Allow, cancel: gone.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => rig.Client.CheckRecoveryAsync(Question, deadline: TimeSpan.Zero, cancel: Cancel));
    }

    [Fact]
    public async Task DomainGuard_is_told_how_long_it_may_look_and_nothing_that_is_not_meant()
    {
        var bodies = new List<JsonElement>();
        await using var server = await LoopbackServer.StartAsync(async c =>
        {
            bodies.Add((await JsonDocument.ParseAsync(c.Request.Body)).RootElement);
            await JsonAsync(c, Answer);
        });
        using var rig = new ClientRig(new Uri(server.Url, "guard"));
        await rig.Client.CheckRecoveryAsync(Question, deadline: TimeSpan.FromSeconds(2), cancel: Cancel);
        await rig.Client.CheckRecoveryAsync(new RecoveryQuestion("b@faults.example"), deadline: TimeSpan.FromMinutes(1), cancel: Cancel);
        Assert.Equal(["/guard/api/v1/recovery-checks", "/guard/api/v1/recovery-checks"], server.Asked);
        Assert.InRange(bodies[0].GetProperty("deadlineMs").GetInt32(), 1_000, 1_500);
        Assert.Equal("u-1", bodies[0].GetProperty("accountId").GetString());
        Assert.Equal(10_000, bodies[1].GetProperty("deadlineMs").GetInt32());
        Assert.Equal(["email", "deadlineMs"], bodies[1].EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task A_list_is_sent_again_only_as_long_as_nobody_read_it()
    {
        var asked = 0;
        var read = 0;
        await using var server = await LoopbackServer.StartAsync(async c =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                await FaultAsync(c, "503");
                return;
            }

            await c.Request.Body.CopyToAsync(Stream.Null);
            await FaultAsync(c, "503");
        });
        using var rig = new ClientRig(server.Url);
        await Assert.ThrowsAsync<DomainGuardProblemException>(() => rig.Client.SyncAsync(OnceAsync(), cancel: Cancel));
        Assert.Equal((2, 1), (asked, read));

        async IAsyncEnumerable<SyncAccount> OnceAsync()
        {
            read++;
            await Task.Yield();
            yield return new SyncAccount("once");
        }
    }

    [Fact]
    public async Task A_list_can_be_compressed_and_an_answer_without_its_end_is_none()
    {
        var lines = "";
        var isComplete = true;
        await using var server = await LoopbackServer.StartAsync(async c =>
        {
            Assert.Equal("gzip", c.Request.Headers.ContentEncoding);
            await using var plain = new GZipStream(c.Request.Body, CompressionMode.Decompress);
            lines = await new StreamReader(plain).ReadToEndAsync();
            c.Response.ContentType = "application/x-ndjson";
            await c.Response.WriteAsync("""{"line":2,"field":"email","reason":"is none"}""" + "\n");
            if (isComplete)
            {
                await c.Response.WriteAsync("""{"summary":{"syncId":7,"status":"completed","lines":2,"new":1,"rejected":1}}""" + "\n");
            }
        });
        using var rig = new ClientRig(server.Url);
        var options = new SyncOptions { Compress = true };
        var report = await rig.Client.SyncAsync(DomainGuardClientTests.Of(new SyncAccount("a") { UserName = "ä" }, new SyncAccount("b")), options, Cancel);
        Assert.Equal("""{"accountId":"a","userName":"\u00E4","addresses":[]}""" + "\n" + """{"accountId":"b","addresses":[]}""" + "\n", lines);
        Assert.Equal((7, new SyncRejection(2, "email", "is none")), (report.SyncId, Assert.Single(report.Rejections)));

        isComplete = false;
        await Assert.ThrowsAsync<DomainGuardNoAnswerException>(() => rig.Client.SyncAsync(DomainGuardClientTests.Of(new SyncAccount("a")), options, Cancel));
    }

    [Fact]
    public async Task A_404_of_something_else_is_not_taken_for_an_account_that_is_not_there()
    {
        await using var server = await LoopbackServer.StartAsync(c => FaultAsync(c, "404"));
        using var rig = new ClientRig(server.Url);
        var problem = await Assert.ThrowsAsync<DomainGuardProblemException>(() => rig.Client.GetAccountAsync("u", Cancel));
        Assert.Equal((HttpStatusCode.NotFound, null, null), (problem.Status, problem.Code, problem.Type));
        Assert.Empty(problem.Errors);
    }

    private static async Task JsonAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    private static async Task FaultAsync(HttpContext context, string fault, string? retryAfter = null)
    {
        switch (fault)
        {
            case "hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            case "garbage":
                await JsonAsync(context, "<html>Sign in to the network</html>");
                return;
            case "no answer of ours":
                await JsonAsync(context, """{"decision":"allow"}""");
                return;
            case "null":
                await JsonAsync(context, "null");
                return;
            case "302":
                context.Response.Redirect("/elsewhere");
                return;
            case "429":
                context.Response.Headers.RetryAfter = retryAfter ?? "1";
                context.Response.StatusCode = 429;
                context.Response.ContentType = "application/problem+json";
                await context.Response.WriteAsync("""{"type":"https://guard.example/docs/problems#rate_limited","status":429,"code":"rate_limited","detail":"ada@faults.example asks too often"}""");
                return;
            case "400":
                context.Response.StatusCode = 400;
                context.Response.ContentType = "application/problem+json";
                await context.Response.WriteAsync("""{"status":400,"code":"invalid_request","detail":"ada@faults.example is none","errors":{"email":["ada@faults.example is none"]}}""");
                return;
            case "401":
                context.Response.StatusCode = 401;
                context.Response.ContentType = "application/problem+json";
                await context.Response.WriteAsync("{ cut off");
                return;
            default:
                context.Response.StatusCode = int.Parse(fault.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync("<html>Bad gateway</html>");
                return;
        }
    }
}
