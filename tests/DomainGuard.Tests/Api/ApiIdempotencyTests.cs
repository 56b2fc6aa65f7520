using System.Net;
using System.Security.Cryptography;
using System.Text;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Scans;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Api;

/// <summary>Who asks again gets the answer that was given, and nothing is done twice.</summary>
[Collection(nameof(FilledApi))]
public sealed class ApiIdempotencyTests(FilledApi api)
{
    private const ApiScopes Writing = ApiScopes.AccountsWrite | ApiScopes.AccountsRead | ApiScopes.ScansRun | ApiScopes.CasesRead | ApiScopes.CasesDecide;
    private const string Header = ApiIdempotency.Header;

    public static TheoryData<DatabaseProvider> Providers => FilledApi.Providers;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Asked_again_the_answer_is_the_same_and_nothing_is_done_twice(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Writing);
        var imports = await ImportsAsync(provider);
        var first = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-1", """{"projects":1}""", (Header, "k1"));
        var again = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-1", """{"projects":1}""", (Header, "k1"));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.Answer.StatusCode, again.Answer.StatusCode));
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
        Assert.Equal(first.Answer.Headers.Location, again.Answer.Headers.Location);
        Assert.Equal(first.Answer.Content.Headers.ContentType, again.Answer.Content.Headers.ContentType);
        Assert.False(first.Answer.Headers.Contains(ApiIdempotency.Replayed));
        Assert.Equal("true", again.Answer.Headers.GetValues(ApiIdempotency.Replayed).Single());
        Assert.Equal(imports + 1, await ImportsAsync(provider));

        // Without a body too, and where the second would have been refused.
        using var log = new KeptLog();
        (await api.AppAsync(provider)).Get<ILoggerFactory>().AddProvider(log);
        for (var i = 0; i < 2; i++)
        {
            var (gone, _) = await ApiApp.SendAsync(client, "DELETE", "/api/v1/accounts/idem-1", null, (Header, "k2"));
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }

        Assert.DoesNotContain(log.Lines, l => l.Contains("unhandled", StringComparison.OrdinalIgnoreCase));

        var @case = (await FilledApi.WalkAsync(client, "/api/v1/cases?state=NeedsReview", 200))[^1];
        var (path, tag) = ($"/api/v1/cases/{@case.GetProperty("id").GetInt64()}/decisions", $"\"{@case.GetProperty("version").GetInt32()}\"");
        first = await ApiApp.SendAsync(client, "POST", path, """{"decision":"Snooze","reason":"Duplicate"}""", ("If-Match", tag), (Header, "k3"));
        again = await ApiApp.SendAsync(client, "POST", path, """{"decision":"Snooze","reason":"Duplicate"}""", ("If-Match", tag), (Header, "k3"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.Answer.StatusCode, again.Answer.StatusCode));
        Assert.Equal((first.Body.GetRawText(), first.Answer.Headers.ETag), (again.Body.GetRawText(), again.Answer.Headers.ETag));
        var (slower, problem) = await ApiApp.SendAsync(client, "POST", path, """{"decision":"Snooze","reason":"Duplicate"}""", ("If-Match", tag), (Header, "k4"));
        Assert.Equal("case_changed", ApiApp.Problem(slower, problem));
        await ApiApp.SendAsync(client, "POST", path, """{"decision":"Wake","reason":"Duplicate"}""", ("If-Match", first.Answer.Headers.ETag!.Tag));

        first = await ApiApp.SendAsync(client, "POST", "/api/v1/scans", """{"scope":"Tld","target":"uk"}""", (Header, "k5"));
        again = await ApiApp.SendAsync(client, "POST", "/api/v1/scans", """{"scope":"Tld","target":"uk"}""", (Header, "k5"));
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.Answer.StatusCode, again.Answer.StatusCode));
        Assert.Equal(first.Body.GetProperty("id").GetInt64(), again.Body.GetProperty("id").GetInt64());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_key_that_is_used_for_something_else_is_refused_and_other_callers_have_their_own(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Writing);
        (await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-2", """{"projects":1}""", (Header, "same"))).Answer.EnsureSuccessStatusCode();
        foreach (var (method, path, json) in ((string, string, string?)[])
        [
            ("PUT", "/api/v1/accounts/idem-2", """{"projects":2}"""), ("PUT", "/api/v1/accounts/idem-2", """{"projects": 1}"""), ("PUT", "/api/v1/accounts/idem-3", """{"projects":1}"""),
            ("DELETE", "/api/v1/accounts/idem-2", null), ("POST", "/api/v1/scans", """{"scope":"Due"}"""),
        ])
        {
            var (answer, body) = await ApiApp.SendAsync(client, method, path, json, (Header, "same"));
            Assert.Equal((422, "idempotency_key_reused"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }

        using var other = await api.ClientAsync(provider, Writing);
        var (theirs, _) = await ApiApp.SendAsync(other, "PUT", "/api/v1/accounts/idem-2", """{"projects":2}""", (Header, "same"));
        Assert.Equal((HttpStatusCode.OK, false), (theirs.StatusCode, theirs.Headers.Contains(ApiIdempotency.Replayed)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_failed_did_nothing_and_may_be_tried_again_with_the_same_key(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Writing);
        var (answer, body) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-4", """{"addresses":[{"email":"none"}]}""", (Header, "mended"));
        Assert.Equal("invalid_request", ApiApp.Problem(answer, body));
        (answer, body) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-4", """{"addresses":[{"email":"one@idem.example"}]}""", (Header, "mended"));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        (answer, body) = await ApiApp.SendAsync(client, "DELETE", "/api/v1/accounts/nobody-idem", null, (Header, "gone"));
        Assert.Equal("not_found", ApiApp.Problem(answer, body));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Of_many_at_once_with_one_key_one_is_carried_out(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Writing);
        var imports = await ImportsAsync(provider);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-5", """{"projects":5}""", (Header, "at-once"))));
        Assert.All(answers, a => Assert.True(a.Answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict, a.Body.ToString()));
        Assert.All(answers.Where(a => a.Answer.StatusCode == HttpStatusCode.Conflict), a => Assert.Equal("idempotency_in_progress", ApiApp.Problem(a.Answer, a.Body)));
        Assert.Single(answers, a => a.Answer.StatusCode == HttpStatusCode.Created && !a.Answer.Headers.Contains(ApiIdempotency.Replayed));
        Assert.Equal(imports + 1, await ImportsAsync(provider));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_claim_whose_process_died_is_never_carried_out_again_and_forgotten_after_a_day(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        var (key, secret) = await ApiApp.KeyAsync(app, Writing);
        using var client = ApiApp.Client(app, secret);
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        var hash = SHA256.HashData([.. key.Id.ToByteArray(), .. "died"u8]);
        var fingerprint = SHA256.HashData([.. Encoding.UTF8.GetBytes("PUT /api/v1/accounts/idem-6\n"), .. SHA256.HashData("{}"u8)]);
        foreach (var (age, code) in ((TimeSpan, string?)[])[(TimeSpan.Zero, "idempotency_in_progress"), (TimeSpan.FromMinutes(6), "idempotency_unknown"), (TimeSpan.FromHours(23), "idempotency_unknown"), (TimeSpan.FromHours(25), null)])
        {
            await db.KeptAnswers.Where(a => a.Hash == hash).ExecuteDeleteAsync(Cancel);
            db.KeptAnswers.Add(new KeptAnswer { Hash = hash, Fingerprint = fingerprint, At = TimeProvider.System.GetUtcNow() - age });
            await db.SaveChangesAsync(Cancel);
            db.ChangeTracker.Clear();
            var (answer, body) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-6", "{}", (Header, "died"));
            Assert.Equal(code is null ? 201 : 409, (int)answer.StatusCode);
            Assert.Equal(code, code is null ? null : ApiApp.Problem(answer, body));
            Assert.Equal(code == "idempotency_in_progress", answer.Headers.RetryAfter is not null);
        }

        await db.KeptAnswers.Where(a => a.Hash == hash).ExecuteUpdateAsync(s => s.SetProperty(a => a.At, TimeProvider.System.GetUtcNow().AddHours(-25)), Cancel);
        var young = await db.KeptAnswers.CountAsync(a => a.Hash != hash, Cancel);
        await app.Get<KeepRetention>().ExecuteAsync(Cancel);
        Assert.Equal((false, young), (await db.KeptAnswers.AnyAsync(a => a.Hash == hash, Cancel), await db.KeptAnswers.CountAsync(Cancel)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Who_went_away_before_the_answer_finds_it_when_he_asks_again(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        using var client = await api.ClientAsync(provider, Writing);
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        // A list in front of it holds the request up for as long as the caller has patience.
        var import = new Import
        {
            Id = await app.Get<IdAllocator>().NextAsync(IdAllocator.Import, Cancel),
            FileName = "short.csv",
            Format = "csv",
            RequestedBy = "tests",
            RequestedAt = DateTimeOffset.UnixEpoch,
            Status = ImportStatus.Staging,
            LeaseOwner = "another-node/2",
            LeaseUntil = TimeProvider.System.GetUtcNow().AddSeconds(60),
        };
        db.Imports.Add(import);
        await db.SaveChangesAsync(Cancel);
        using (var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(500)))
        using (var request = new HttpRequestMessage(HttpMethod.Put, new Uri("/api/v1/accounts/idem-7", UriKind.Relative)) { Content = new StringContent("{}", Encoding.UTF8, "application/json") })
        {
            request.Headers.Add(Header, "went-away");
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SendAsync(request, gone.Token));
        }

        await db.Imports.Where(i => i.Id == import.Id).ExecuteUpdateAsync(s => s.SetProperty(i => i.Status, ImportStatus.Refused), CancellationToken.None);
        HttpResponseMessage answer;
        for (var i = 0; ; i++)
        {
            (answer, var body) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/idem-7", "{}", (Header, "went-away"));
            if (answer.StatusCode != HttpStatusCode.Conflict)
            {
                break;
            }

            Assert.Equal("idempotency_in_progress", ApiApp.Problem(answer, body));
            Assert.True(i < 200, "It is never carried out.");
            await Task.Delay(100, Cancel);
        }

        Assert.Equal((HttpStatusCode.Created, true), (answer.StatusCode, answer.Headers.Contains(ApiIdempotency.Replayed)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("tab\tinside")]
    [InlineData("256")]
    [InlineData("twice")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        using var client = await api.ClientAsync(DatabaseProvider.Sqlite, Writing);
        (string, string)[] headers = key == "twice" ? [(Header, "a"), (Header, "b")] : [(Header, key == "256" ? new string('a', 256) : key)];
        var (answer, body) = await ApiApp.SendAsync(client, "DELETE", "/api/v1/accounts/nobody", null, headers);
        Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
    }

    [Fact]
    public async Task Every_write_knows_the_header_but_recovery_checks_lists_and_what_tells_a_secret()
    {
        var app = await api.AppAsync(DatabaseProvider.Sqlite);
        var silent = app.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<ApiEndpointMark>() is not null && e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0] != "GET" && e.Metadata.GetMetadata<ApiIdempotencyMark>() is null)
            .Select(e => e.RoutePattern.RawText).Order(StringComparer.Ordinal);
        Assert.Equal(["/api/v1/recovery-checks", "/api/v1/recovery-checks/batch", "/api/v1/recovery-checks/{id}/confirmation", "/api/v1/sync", "/api/v1/webhooks", "/api/v1/webhooks/{webhookId:guid}/secret"], silent.Select(p => p!.TrimEnd('/')));
    }

    private async Task<int> ImportsAsync(DatabaseProvider provider)
    {
        await using var db = await (await api.AppAsync(provider)).Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        return await db.Imports.CountAsync(Cancel);
    }
}
