using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using DomainGuard.Client;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Findings;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Tests.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Client;

/// <summary>Webhooks by the Standard Webhooks convention.</summary>
public sealed class WebhookVerifierTests
{
    internal const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const string Body = """{"type":"address.unverified","timestamp":"2026-03-01T11:59:58Z","data":{"accountId":"u-7"}}""";
    private static readonly string Other = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private static readonly DateTimeOffset Now = new ManualTime().GetUtcNow();

    /// <summary>Case, secrets of the receiver, seconds from now, signature, body sent, outcome.</summary>
    public static TheoryData<string, string[], int, Func<string, string?>, string, WebhookOutcome> Cases => new()
    {
        { "as it should be", [Secret], 0, s => s, Body, WebhookOutcome.Verified },
        { "by the old of two secrets", [Other, Secret], 0, s => s, Body, WebhookOutcome.Verified },
        { "by the new of two secrets", [Secret, Other], 0, s => s, Body, WebhookOutcome.Verified },
        { "signed by several, one of which is known", [Secret], 0, s => $"{Signature(Other, Id, Now, Body)} {s}", Body, WebhookOutcome.Verified },
        { "beside kinds of signature that are not known", [Secret], 0, s => $"v1a,AAAA v2, {s} ", Body, WebhookOutcome.Verified },
        { "five minutes old", [Secret], -300, s => s, Body, WebhookOutcome.Verified },
        { "five minutes ahead", [Secret], 300, s => s, Body, WebhookOutcome.Verified },
        { "older", [Secret], -301, s => s, Body, WebhookOutcome.TooOld },
        { "further ahead", [Secret], 301, s => s, Body, WebhookOutcome.TooNew },
        { "by another secret", [Other], 0, s => s, Body, WebhookOutcome.WrongSignature },
        { "altered on the way", [Secret], 0, s => s, Body.Replace("u-7", "u-8", StringComparison.Ordinal), WebhookOutcome.WrongSignature },
        { "with one space more", [Secret], 0, s => s, Body + " ", WebhookOutcome.WrongSignature },
        { "without a version", [Secret], 0, s => s[3..], Body, WebhookOutcome.WrongSignature },
        { "of another version", [Secret], 0, s => "v2" + s[2..], Body, WebhookOutcome.WrongSignature },
        { "cut short", [Secret], 0, s => s[..^8], Body, WebhookOutcome.WrongSignature },
        { "too long", [Secret], 0, s => s + "AAAA", Body, WebhookOutcome.WrongSignature },
        { "not base64", [Secret], 0, _ => "v1,****", Body, WebhookOutcome.WrongSignature },
        { "empty", [Secret], 0, _ => "v1,", Body, WebhookOutcome.WrongSignature },
        { "missing", [Secret], 0, _ => null, Body, WebhookOutcome.MissingHeader },
    };

    [Fact]
    public void The_vector_of_the_convention_is_verified()
    {
        // Its body is no event: that is said after the signature was found to be right, and nothing before it.
        var time = new ManualTime();
        time.Set(DateTimeOffset.FromUnixTimeSeconds(1614265330));
        var verifier = new WebhookVerifier([Secret], time);
        var body = """{"test": 2432232314}"""u8;
        Assert.Equal(WebhookOutcome.MalformedBody, verifier.Verify(Id, "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", body).Outcome);
        Assert.Equal(WebhookOutcome.WrongSignature, verifier.Verify(Id, "1614265330", "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", body).Outcome);
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Signature(Secret, Id, time.GetUtcNow(), """{"test": 2432232314}"""));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_webhook_is_believed_only_when_it_is_unaltered_recent_and_from_who_knows_the_secret(string @case, string[] secrets, int seconds, Func<string, string?> signature, string body, WebhookOutcome outcome)
    {
        Assert.NotEmpty(@case);
        var at = Now.AddSeconds(seconds);
        var verification = new WebhookVerifier(secrets, new ManualTime()).Verify(Id, Stamp(at), signature(Signature(Secret, Id, at, Body)), Encoding.UTF8.GetBytes(body));
        Assert.Equal((outcome, outcome == WebhookOutcome.Verified), (verification.Outcome, verification.IsVerified));
        if (!verification.IsVerified)
        {
            Assert.Null(verification.Event);
            return;
        }

        Assert.Equal((Id, "address.unverified", new DateTimeOffset(2026, 3, 1, 11, 59, 58, TimeSpan.Zero)), (verification.Event.Id, verification.Event.Type, verification.Event.Timestamp));
        Assert.Equal("u-7", verification.Event.Data.GetProperty("accountId").GetString());
    }

    [Theory]
    [InlineData(null, "1", WebhookOutcome.MissingHeader)]
    [InlineData("", "1", WebhookOutcome.MissingHeader)]
    [InlineData("msg", null, WebhookOutcome.MissingHeader)]
    [InlineData("msg", "yesterday", WebhookOutcome.MalformedHeader)]
    [InlineData("msg", "-1", WebhookOutcome.MalformedHeader)]
    [InlineData("msg", " 1", WebhookOutcome.MalformedHeader)]
    [InlineData("msg", "99999999999999999999", WebhookOutcome.MalformedHeader)]
    [InlineData("msg", "9223372036854775807", WebhookOutcome.WrongSignature)]
    [InlineData("msg.1", "1", WebhookOutcome.MalformedHeader)]
    public void A_header_that_is_missing_or_malformed_is_told_apart(string? id, string? timestamp, WebhookOutcome outcome) =>
        Assert.Equal(outcome, new WebhookVerifier([Secret]).Verify(id, timestamp, "v1,AAAA", "{}"u8).Outcome);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":null,"timestamp":"2026-03-01T12:00:00Z"}""")]
    [InlineData("""{"type":"a.b","timestamp":"soon"}""")]
    [InlineData("not JSON")]
    public void What_is_signed_and_no_event_is_told_apart(string body) =>
        Assert.Equal(WebhookOutcome.MalformedBody, new WebhookVerifier([Secret], new ManualTime()).Verify(Id, Stamp(Now), Signature(Secret, Id, Now, body), Encoding.UTF8.GetBytes(body)).Outcome);

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")] // no prefix
    [InlineData("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==")] // 22 bytes
    [InlineData("whsec_*fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public void A_malformed_secret_stops_the_start_and_is_not_repeated(string secret)
    {
        foreach (var problem in (Exception[])[Assert.Throws<ArgumentException>(() => new WebhookVerifier([Secret, secret])), Assert.Throws<ArgumentException>(() => new ServiceCollection().AddDomainGuardWebhooks(secret))])
        {
            Assert.DoesNotContain("MfKQ", problem.Message, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Throws<ArgumentException>(() => new WebhookVerifier(["whsec_" + Convert.ToBase64String(new byte[65])]));
        Assert.Throws<ArgumentException>(() => new WebhookVerifier([]));
    }

    [Fact]
    public async Task A_request_is_verified_as_it_comes_up_to_a_size()
    {
        using var services = new ServiceCollection().AddSingleton<TimeProvider>(new ManualTime()).AddDomainGuardWebhooks(Secret, Other).BuildServiceProvider();
        var verifier = services.GetRequiredService<WebhookVerifier>();
        var seen = new List<WebhookVerification>();
        await using var server = await LoopbackServer.StartAsync(async c =>
        {
            seen.Add(await verifier.VerifyAsync(c.Request, c.RequestAborted));
            c.Response.StatusCode = seen[^1].IsVerified ? StatusCodes.Status204NoContent : StatusCodes.Status401Unauthorized;
        });
        using var sender = new HttpClient { BaseAddress = server.Url };

        Assert.Equal(HttpStatusCode.NoContent, await SendAsync(sender, Other, Id, Now, Body));
        Assert.Equal("address.unverified", seen[^1].Event!.Type);
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(sender, Secret, Id, Now, Body, "webhook-timestamp"));
        Assert.Equal(WebhookOutcome.MissingHeader, seen[^1].Outcome);
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(sender, Secret, Id, Now, Body.Replace("u-7", new string('7', WebhookVerifier.MostOfBody), StringComparison.Ordinal)));
        Assert.Equal(WebhookOutcome.TooLarge, seen[^1].Outcome);
        var full = Body.Replace("u-7", new string('7', WebhookVerifier.MostOfBody - Body.Length + 3), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NoContent, WebhookVerifier.MostOfBody), (await SendAsync(sender, Secret, Id, Now, full), full.Length));
    }

    [Fact]
    public async Task What_DomainGuard_itself_sends_is_verified_and_read_also_while_its_secret_is_replaced()
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite);
        var (id, secret) = await world.AddAsync();
        await world.Findings.AddAsync("lost.com");
        await world.Findings.FindAsync(Life.Redemption, "lost.com");
        await world.TellAsync();
        var events = Read(secret!);
        var told = Assert.Single(events, e => e.Type == "address.unverified");
        Assert.Equal(("u1", "a@lost.com"), (told.Data.GetProperty("account").GetProperty("id").GetString(), told.Data.GetProperty("address").GetProperty("email").GetString()));
        Assert.Equal(events.Count, events.Select(e => e.Id).Distinct().Count());

        world.Receiver.Got.Clear();
        var rotated = Assert.IsType<Web.Features.Webhooks.WebhookOutcome.Made>(await world.Change.RotateAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel)).Secret!;
        await world.TestAsync(id);
        await world.SendAsync();
        Assert.Equal("webhook.test", Assert.Single(Read(secret!)).Type);
        Assert.Equal("webhook.test", Assert.Single(Read(rotated)).Type);

        List<WebhookEvent> Read(string by)
        {
            var verifier = new WebhookVerifier([by], world.Time);
            var verified = world.Receiver.Got.Select(g => verifier.Verify(g.Id, g.Timestamp.ToString(CultureInfo.InvariantCulture), g.Signature, Encoding.UTF8.GetBytes(g.Body))).ToList();
            Assert.NotEmpty(verified);
            Assert.All(verified, v => Assert.Equal(WebhookOutcome.Verified, v.Outcome));
            return [.. verified.Select(v => v.Event!)];
        }
    }

    /// <summary>Sends a webhook as DomainGuard does.</summary>
    internal static async Task<HttpStatusCode> SendAsync(HttpClient sender, string secret, string id, DateTimeOffset at, string body, string? without = null, string path = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in ((string, string)[])[("webhook-id", id), ("webhook-timestamp", Stamp(at)), ("webhook-signature", Signature(secret, id, at, body))])
        {
            if (name != without)
            {
                request.Headers.Add(name, value);
            }
        }

        using var answer = await sender.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static string Stamp(DateTimeOffset at) => at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static string Signature(string secret, string id, DateTimeOffset at, string body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{Stamp(at)}.{body}")));
}
