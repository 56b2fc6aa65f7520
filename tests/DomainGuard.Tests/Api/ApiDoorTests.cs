using System.Net;
using System.Net.Sockets;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Api;

/// <summary>Who gets in, and how what fails is told: over real HTTP, on the real application.</summary>
public sealed class ApiDoorTests(ApiApp api) : IClassFixture<ApiApp>
{
    private const string Check = "/api/v1/recovery-checks";

    private HttpClient Demo => ApiApp.Client(api.App, "dg_demo");

    [Theory]
    [InlineData(null, "key_missing")]
    [InlineData("dgk_x", "key_invalid")]
    [InlineData("dg_demo2", "key_invalid")]
    [InlineData("dgk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "key_invalid")]
    public async Task Without_a_key_that_is_in_force_nobody_learns_anything(string? secret, string code)
    {
        using var client = ApiApp.Client(api.App, secret);
        foreach (var (method, path) in new[] { ("POST", Check), ("GET", Check), ("GET", "/api"), ("GET", "/api/v1/nothing"), ("DELETE", "/API/v2/x"), ("GET", Check + "/rc_1") })
        {
            var (answer, body) = await ApiApp.SendAsync(client, method, path, method == "POST" ? "{}" : null);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal(code, ApiApp.Problem(answer, body));
            Assert.StartsWith("Bearer realm=", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
            Assert.DoesNotContain("Set-Cookie", answer.Headers.Select(h => h.Key));
        }
    }

    [Fact]
    public async Task A_cookie_opens_no_API_and_a_key_opens_no_page()
    {
        using var admin = await api.App.SignInAsync("admin");
        var (answer, body) = await ApiApp.SendAsync(admin, "POST", Check, """{"email":"a@example.com"}""");
        Assert.Equal((HttpStatusCode.Unauthorized, "key_missing"), (answer.StatusCode, ApiApp.Problem(answer, body)));

        using var client = Demo;
        foreach (var page in new[] { "/", "/settings", "/accounts", "/exports/1/file", "/jobs" })
        {
            using var opened = await client.GetAsync(new Uri(page, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Redirect, opened.StatusCode);
        }
    }

    [Fact]
    public async Task A_key_is_kept_as_its_hash_opens_what_its_scopes_say_and_shows_when_it_was_used()
    {
        var (key, secret) = await ApiApp.KeyAsync(api.App, ApiScopes.RecoveryCheck | ApiScopes.AccountsRead);
        using var client = ApiApp.Client(api.App, secret);
        var (answer, body) = await ApiApp.SendAsync(client, "POST", Check, """{"email":"nobody@unheard-of.com"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("not_monitored", body.GetProperty("reason").GetString());

        await using var db = await api.App.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.NotNull((await db.ApiKeys.AsNoTracking().SingleAsync(k => k.Id == key.Id, TestContext.Current.CancellationToken)).LastUsedAt);
        Assert.Equal(key.Id.ToString("D"), (await db.RecoveryChecks.AsNoTracking().OrderByDescending(c => c.Id).FirstAsync(c => c.AskedBy != "demonstration", TestContext.Current.CancellationToken)).AskedBy);

        var (_, other) = await ApiApp.KeyAsync(api.App, ApiScope.Every & ~ApiScopes.RecoveryCheck);
        using var lacking = ApiApp.Client(api.App, other);
        (answer, body) = await ApiApp.SendAsync(lacking, "POST", Check, """{"email":"nobody@unheard-of.com"}""");
        Assert.Equal((HttpStatusCode.Forbidden, "scope_missing"), (answer.StatusCode, ApiApp.Problem(answer, body)));
        Assert.Contains("scope=\"recovery:check\"", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_or_revoked_key_says_so_and_opens_nothing()
    {
        var (_, expired) = await ApiApp.KeyAsync(api.App, ApiScope.Every, TimeProvider.System.GetUtcNow().AddSeconds(-1));
        using var client = ApiApp.Client(api.App, expired);
        var (answer, body) = await ApiApp.SendAsync(client, "POST", Check, """{"email":"a@example.com"}""");
        Assert.Equal((HttpStatusCode.Unauthorized, "key_expired"), (answer.StatusCode, ApiApp.Problem(answer, body)));

        var (key, secret) = await ApiApp.KeyAsync(api.App, ApiScope.Every);
        using var soon = ApiApp.Client(api.App, secret);
        (answer, _) = await ApiApp.SendAsync(soon, "POST", Check, """{"email":"a@example.com"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using (var db = await api.App.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            // As another node does it: this one notices within five seconds.
            var now = TimeProvider.System.GetUtcNow();
            await db.ApiKeys.Where(k => k.Id == key.Id).ExecuteUpdateAsync(s => s.SetProperty(k => k.RevokedAt, now), TestContext.Current.CancellationToken);
        }

        await Task.Delay(KnownKeys.Holds + TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        (answer, body) = await ApiApp.SendAsync(soon, "POST", Check, """{"email":"a@example.com"}""");
        Assert.Equal((HttpStatusCode.Unauthorized, "key_revoked"), (answer.StatusCode, ApiApp.Problem(answer, body)));
    }

    [Theory]
    [InlineData("GET", "/api/v1/nothing", null, 404, "not_found")]
    [InlineData("GET", "/api", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/recovery-checks/rc_99999", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/recovery-checks/rc_-1", null, 404, "not_found")]
    [InlineData("GET", "/api/v1/recovery-checks/%01%FF", null, 404, "not_found")]
    [InlineData("PATCH", Check, "{}", 405, "method_not_allowed")]
    [InlineData("POST", Check, "", 400, "malformed_json")]
    [InlineData("POST", Check, "{", 400, "malformed_json")]
    [InlineData("POST", Check, "\u0000\u0001garbage", 400, "malformed_json")]
    [InlineData("POST", Check, "{\"email\":\"\\ud800\"}", 400, "malformed_json")]
    [InlineData("POST", Check, "null", 400, "invalid_request")]
    [InlineData("POST", Check, "[]", 400, "invalid_request")]
    [InlineData("POST", Check, "{}", 400, "invalid_request")]
    [InlineData("POST", Check, "{\"email\":1}", 400, "invalid_request")]
    [InlineData("POST", Check, "{\"email\":\"no address\"}", 400, "invalid_request")]
    [InlineData("POST", Check, "{\"email\":\"a@example.com\",\"email\":\"b@example.com\"}", 400, "invalid_request")]
    [InlineData("POST", Check, "{\"email\":\"a@example.com\",\"deadlineMs\":99}", 400, "invalid_request")]
    [InlineData("POST", Check, "{\"email\":\"a@example.com\",\"isAdmin\":true}", 400, "unknown_field")]
    [InlineData("POST", Check, "{\"Email\":\"a@example.com\"}", 400, "unknown_field")]
    [InlineData("POST", Check + "/batch", "{\"checks\":[]}", 400, "invalid_request")]
    [InlineData("POST", Check + "/batch", "{\"checks\":[null]}", 400, "invalid_request")]
    [InlineData("POST", Check + "/rc_1/confirmation", "{\"action\":\"eaten\"}", 400, "invalid_request")]
    [InlineData("POST", Check + "/rc_99999/confirmation", "{\"action\":\"sent\"}", 404, "not_found")]
    public async Task What_is_wrong_is_told_as_a_problem(string method, string path, string? json, int status, string code)
    {
        using var client = Demo;
        var (answer, body) = await ApiApp.SendAsync(client, method, path, json);
        Assert.Equal((status, code), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        Assert.DoesNotContain("DomainGuard.", body.GetRawText(), StringComparison.Ordinal);
        if (status == 405)
        {
            Assert.Contains("POST", answer.Content.Headers.Allow);
        }

        if (code == "unknown_field")
        {
            Assert.NotEmpty(body.GetProperty("errors").EnumerateObject());
        }
    }

    [Fact]
    public async Task A_body_that_is_too_deep_too_large_or_of_another_kind_is_refused()
    {
        using var client = Demo;
        var (answer, body) = await ApiApp.SendAsync(client, "POST", Check, $$"""{"email":{{new string('[', 20)}}{{new string(']', 20)}}}""");
        Assert.Equal((400, "too_deep"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        (answer, body) = await ApiApp.SendAsync(client, "POST", Check, new string('[', 500_000));
        Assert.Equal((400, "too_deep"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));

        (answer, body) = await ApiApp.SendAsync(client, "POST", Check, $$"""{"email":"{{new string('a', 1024 * 1024)}}"}""");
        Assert.Equal((413, "body_too_large"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));

        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16" })
        {
            using var content = new StringContent("""{"email":"a@example.com"}""");
            content.Headers.Remove("Content-Type");
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var other = await client.PostAsync(new Uri(Check, UriKind.Relative), content, TestContext.Current.CancellationToken);
            var text = await other.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal((415, "unsupported_media_type"), ((int)other.StatusCode, ApiApp.Problem(other, System.Text.Json.JsonDocument.Parse(text).RootElement)));
        }
    }

    [Fact]
    public async Task A_body_that_ends_early_or_never_comes_to_its_end_breaks_nothing()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(api.App.Url.Host, api.App.Url.Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"POST {Check} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dg_demo\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"), TestContext.Current.CancellationToken);
        client.Close();
        using var next = Demo;
        var (answer, _) = await ApiApp.SendAsync(next, "POST", Check, """{"email":"a@example.com"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_batch_is_answered_in_its_order_and_an_answer_is_explained_and_confirmed()
    {
        using var client = Demo;
        var (answer, body) = await ApiApp.SendAsync(client, "POST", Check + "/batch", $$"""{"checks":[{"email":"no address"},{{string.Join(',', Enumerable.Range(0, 99).Select(i => $$"""{"email":"u{{i}}@unheard-of.com"}"""))}}]}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var results = body.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(100, results.Count);
        Assert.NotEqual("", results[0].GetProperty("problem").GetString());
        var id = results[1].GetProperty("answer").GetProperty("id").GetString();
        (answer, body) = await ApiApp.SendAsync(client, "GET", $"{Check}/{id}");
        Assert.Equal((HttpStatusCode.OK, "not_monitored"), (answer.StatusCode, body.GetProperty("answer").GetProperty("reason").GetString()));
        foreach (var (action, status) in new[] { ("stepped_up", 204), ("stepped_up", 204), ("sent", 409) })
        {
            (answer, _) = await ApiApp.SendAsync(client, "POST", $"{Check}/{id}/confirmation", $$"""{"action":"{{action}}"}""");
            Assert.Equal(status, (int)answer.StatusCode);
        }

        (_, body) = await ApiApp.SendAsync(client, "GET", $"{Check}/{id}");
        Assert.Equal("stepped_up", body.GetProperty("action").GetString());
    }

    [Fact]
    public async Task A_share_that_is_used_up_is_told_with_the_time_to_wait()
    {
        await using var app = await RunningApp.StartAsync("Development", ("DomainGuard:Api:RequestsPerMinute", "5"), ("DomainGuard:Api:FailuresPerMinute", "3"));
        using var client = ApiApp.Client(app, "dg_demo");
        for (var i = 4; i >= 0; i--)
        {
            var (ok, _) = await ApiApp.SendAsync(client, "GET", "/api/v1/recovery-checks/rc_1");
            Assert.Equal(HttpStatusCode.NotFound, ok.StatusCode);
            Assert.Equal("\"key\";q=5;w=60", ok.Headers.GetValues("RateLimit-Policy").Single());
            Assert.StartsWith($"\"key\";r={i};t=", ok.Headers.GetValues("RateLimit").Single(), StringComparison.Ordinal);
        }

        var (answer, body) = await ApiApp.SendAsync(client, "GET", "/api/v1/recovery-checks/rc_1");
        Assert.Equal((429, "rate_limited"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 12);

        // Wrong keys are counted by where they come from; a right one is not hindered.
        using var wrong = ApiApp.Client(app, ApiSecret.Make());
        for (var i = 0; i < 3; i++)
        {
            (answer, _) = await ApiApp.SendAsync(wrong, "GET", "/api/v1/recovery-checks/rc_1");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        (answer, body) = await ApiApp.SendAsync(wrong, "GET", "/api/v1/recovery-checks/rc_1");
        Assert.Equal((429, "too_many_failures"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task Elsewhere_the_demonstration_key_opens_nothing()
    {
        await using var app = await RunningApp.StartAsync("Development", ("DomainGuard:World", "Live"), ("DomainGuard:Clock:Simulated", "true"));
        using var client = ApiApp.Client(app, "dg_demo");
        var (answer, body) = await ApiApp.SendAsync(client, "POST", Check, """{"email":"a@example.com"}""");
        Assert.Equal((401, "key_invalid"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
    }
}
