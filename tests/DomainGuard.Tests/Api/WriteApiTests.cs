using System.Net;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Api;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Api;

/// <summary>What a platform changes: decisions, scans and single accounts, over real HTTP.</summary>
[Collection(nameof(FilledApi))]
public sealed class WriteApiTests(FilledApi api)
{
    private const string Nasty = "<img src=x onerror=alert(1)> \u202Eevil\u202C 'quoted' \"too\"";

    public static TheoryData<DatabaseProvider> Providers => FilledApi.Providers;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_case_is_decided_on_what_was_read_by_the_rules_of_the_console_and_in_the_name_of_the_key(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        var (key, secret) = await ApiApp.KeyAsync(app, ApiScopes.CasesRead | ApiScopes.CasesDecide);
        using var client = ApiApp.Client(app, secret);
        var (id, tag) = await NextCaseAsync(client);
        var path = $"/api/v1/cases/{id}/decisions";
        foreach (var (json, status, code) in ((string, int, string)[])
        [
            ("""{"decision":"Snooze","reason":"Other"}""", 400, "invalid_request"),
            ("""{"decision":"Snooze","reason":"Undone"}""", 400, "invalid_request"),
            ("""{"decision":"Override","reason":"OwnerConfirmed"}""", 400, "invalid_request"),
            ("""{"decision":"Override","reason":"OwnerConfirmed","until":"2999-01-01T00:00:00Z"}""", 400, "invalid_request"),
            ("""{"decision":"Dismiss","reason":"FalsePositive","until":"2999-01-01T00:00:00Z"}""", 400, "invalid_request"),
            ("""{"decision":"FindingGone","reason":"FalsePositive"}""", 400, "invalid_request"),
            ("""{"decision":7,"reason":"FalsePositive"}""", 400, "invalid_request"),
            ("""{"decision":"Eat","reason":"FalsePositive"}""", 400, "invalid_request"),
            ("""{"reason":"FalsePositive"}""", 400, "invalid_request"),
            ("""{"decision":"Snooze","reason":"Duplicate","by":"somebody else"}""", 400, "unknown_field"),
            ("""{"decision":"Snooze","reason":"Duplicate","comment":"a\u0000b"}""", 400, "invalid_request"),
            ("""{"decision":"Restore","reason":"OwnerConfirmed"}""", 409, "conflict"),
            ("""{"decision":"EndOverride","reason":"OwnerConfirmed"}""", 409, "conflict"),
        ])
        {
            var (refused, problem) = await ApiApp.SendAsync(client, "POST", path, json, ("If-Match", tag));
            Assert.Equal((status, code), ((int)refused.StatusCode, ApiApp.Problem(refused, problem)));
        }

        var wish = JsonSerializer.Serialize(new { decision = "Snooze", reason = "Duplicate", comment = Nasty });
        var (answer, body) = await ApiApp.SendAsync(client, "POST", path, wish);
        Assert.Equal((428, "if_match_required"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        foreach (var wrong in (string[])["*", "1", "W/\"1\"", "\"one\"", "\"99999999999\"", tag + ", \"7\""])
        {
            (answer, body) = await ApiApp.SendAsync(client, "POST", path, wish, ("If-Match", wrong));
            Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }

        (answer, body) = await ApiApp.SendAsync(client, "POST", path, wish, ("If-Match", tag));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body.ToString());
        Assert.Equal(("Snoozed", true), (body.GetProperty("state").GetString(), body.GetProperty("open").GetBoolean()));
        Assert.NotEqual(tag, answer.Headers.ETag!.Tag);
        Assert.Equal($"\"{body.GetProperty("version").GetInt32()}\"", answer.Headers.ETag.Tag);

        // As it is read again, shown in the console, and kept in the trail.
        var history = (await FilledApi.GetAsync(client, $"/api/v1/cases/{id}")).GetProperty("history")[0];
        Assert.Equal(("Snooze", "Key", key.Id.ToString("D"), "API key test", Nasty), (
            history.GetProperty("event").GetString(), history.GetProperty("actorKind").GetString(), history.GetProperty("actorId").GetString(), history.GetProperty("actor").GetString(), history.GetProperty("comment").GetString()));
        var shown = (await app.Get<CaseDetails>().FindAsync(id, Cancel))!.Activity[0];
        Assert.Equal(("API key test", "put it aside until worse", null), (shown.Who, shown.Text, shown.UndoableBy));
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        var actor = key.Id.ToString("D"); // other tests work on the same cases, with keys of their own
        var entry = await db.AuditEntries.AsNoTracking().SingleAsync(e => e.CaseId == id && e.Action == AuditAction.CaseSnoozed && e.ActorId == actor, Cancel);
        Assert.Equal((AuditActorKind.Key, key.Id.ToString("D"), Nasty), (entry.ActorKind, entry.ActorId, entry.Comment));

        // Who was slower is told who decided what.
        (answer, body) = await ApiApp.SendAsync(client, "POST", path, """{"decision":"Dismiss","reason":"FalsePositive"}""", ("If-Match", tag));
        Assert.Equal((412, "case_changed"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        Assert.StartsWith("API key test snoozed this case", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        (answer, _) = await ApiApp.SendAsync(client, "POST", path, """{"decision":"Wake","reason":"Duplicate"}""", ("If-Match", answer.Headers.ETag!.Tag));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        (answer, body) = await ApiApp.SendAsync(client, "POST", "/api/v1/cases/99999999/decisions", wish, ("If-Match", tag));
        Assert.Equal((404, "not_found"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Of_many_who_decide_at_once_on_the_same_one_wins(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        var (key, secret) = await ApiApp.KeyAsync(app, ApiScopes.CasesRead | ApiScopes.CasesDecide);
        using var client = ApiApp.Client(app, secret);
        var (id, tag) = await NextCaseAsync(client);
        string[] wishes = ["Snooze", "Unverify", "Snooze", "Dismiss"];
        var answers = await Task.WhenAll(wishes.Select(d => ApiApp.SendAsync(client, "POST", $"/api/v1/cases/{id}/decisions", $$"""{"decision":"{{d}}","reason":"Other","comment":"{{d}}"}""", ("If-Match", tag))));
        Assert.Single(answers, a => a.Answer.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.Answer.StatusCode != HttpStatusCode.OK), a => Assert.Equal("case_changed", ApiApp.Problem(a.Answer, a.Body)));
        var history = (await FilledApi.GetAsync(client, $"/api/v1/cases/{id}")).GetProperty("history");
        Assert.Single(history.EnumerateArray(), h => h.GetProperty("actorId").GetString() == key.Id.ToString("D"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_scan_is_started_once_controlled_and_refused_with_the_reason(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        var (key, secret) = await ApiApp.KeyAsync(app, ApiScopes.ScansRun | ApiScopes.AccountsRead);
        using var client = ApiApp.Client(app, secret);
        var domain = (await FilledApi.GetAsync(client, "/api/v1/domains?tld=com&limit=1")).GetProperty("items")[0].GetProperty("name").GetString();
        var (answer, body) = await ApiApp.SendAsync(client, "POST", "/api/v1/scans", $$"""{"scope":"domain","target":"{{domain}}"}""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var path = answer.Headers.Location!.OriginalString;
        Assert.Equal($"/api/v1/scans/{body.GetProperty("id").GetInt64()}", path);
        Assert.Equal(("Domain", domain, "API key test"), (body.GetProperty("scope").GetString(), body.GetProperty("target").GetString(), body.GetProperty("requestedBy").GetString()));
        JsonElement state;
        for (var i = 0; (state = await FilledApi.GetAsync(client, path)).GetProperty("scan").GetProperty("endedAt").ValueKind == JsonValueKind.Null; i++)
        {
            Assert.True(i < 300, $"The scan does not end: {state}");
            await Task.Delay(100, Cancel);
        }

        foreach (var wrong in (string[])
        [
            """{"scope":"Domain","target":"nobody.example"}""", """{"scope":"Account","target":"nobody"}""", """{"scope":"Tld"}""", """{"scope":"Phase","target":"Lunar"}""", """{"scope":"All","target":"com"}""",
            """{"scope":"DnsSweep"}""", """{"scope":6}""", """{"target":"com"}""", $$"""{"scope":"Domain","target":"{{new string('a', 300)}}"}""",
        ])
        {
            (answer, body) = await ApiApp.SendAsync(client, "POST", "/api/v1/scans", wrong);
            Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }

        // One that waits, so that nobody ends it meanwhile.
        var id = await app.Get<IdAllocator>().NextAsync(IdAllocator.Scan, Cancel);
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        db.Scans.Add(new Scan { Id = id, Scope = ScanScope.Tld, Target = "com", Status = ScanStatus.Paused, RequestedBy = "tests", RequestedAt = DateTimeOffset.UnixEpoch, Version = 1 });
        await db.SaveChangesAsync(Cancel);
        (answer, body) = await ApiApp.SendAsync(client, "POST", "/api/v1/scans", """{"scope":"Tld","target":".COM"}""");
        Assert.Equal((409, "scan_running", $"/api/v1/scans/{id}"), ((int)answer.StatusCode, ApiApp.Problem(answer, body), answer.Headers.Location!.OriginalString));
        (answer, body) = await ApiApp.SendAsync(client, "POST", $"/api/v1/scans/{id}/pause");
        Assert.Equal((409, "conflict"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        (answer, body) = await ApiApp.SendAsync(client, "POST", $"/api/v1/scans/{id}/cancel");
        Assert.Equal((HttpStatusCode.OK, "Cancelled"), (answer.StatusCode, body.GetProperty("status").GetString()));
        foreach (var verb in (string[])["cancel", "pause", "resume"])
        {
            (answer, body) = await ApiApp.SendAsync(client, "POST", $"/api/v1/scans/{id}/{verb}");
            Assert.Equal((409, "conflict"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
            (answer, body) = await ApiApp.SendAsync(client, "POST", $"/api/v1/scans/99999999/{verb}");
            Assert.Equal((404, "not_found"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }

        var entry = await db.AuditEntries.AsNoTracking().SingleAsync(e => e.ScanId == id && e.Action == AuditAction.ScanControlled, Cancel);
        Assert.Equal((AuditActorKind.Key, key.Id.ToString("D")), (entry.ActorKind, entry.ActorId));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_account_is_put_as_a_list_of_one_line_would_retired_and_never_deleted(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        var (key, secret) = await ApiApp.KeyAsync(app, ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        using var client = ApiApp.Client(app, secret);
        const string Path = "/api/v1/accounts/put%20one%2F1";
        var json = JsonSerializer.Serialize(new { userName = Nasty, displayName = "مثال 漢字 👩‍💻", twoFactor = true, projects = 3, addresses = new[] { new { email = "Ada@put-one.example", primary = true, verifiedAt = "2024-03-01T00:00:00Z" } } });
        var (answer, body) = await ApiApp.SendAsync(client, "PUT", Path, json);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, body.ToString());
        Assert.Equal(Path, answer.Headers.Location!.OriginalString);
        Assert.Equal(("put one/1", Nasty, "مثال 漢字 👩‍💻", "Ada@put-one.example"), (
            body.GetProperty("accountId").GetString(), body.GetProperty("userName").GetString(), body.GetProperty("displayName").GetString(), body.GetProperty("addresses")[0].GetProperty("email").GetString()));
        (answer, var again) = await ApiApp.SendAsync(client, "PUT", Path, json);
        Assert.Equal((HttpStatusCode.OK, body.GetRawText()), (answer.StatusCode, again.GetRawText()));

        // What is not said stays.
        (answer, body) = await ApiApp.SendAsync(client, "PUT", Path, """{"projects":5,"addresses":[{"email":"bob@put-two.example"}]}""");
        Assert.Equal((HttpStatusCode.OK, Nasty, 5, 2), (answer.StatusCode, body.GetProperty("userName").GetString(), body.GetProperty("projects").GetInt32(), body.GetProperty("addresses").GetArrayLength()));
        Assert.Equal(1, (await FilledApi.GetAsync(client, "/api/v1/domains/put-two.example")).GetProperty("domain").GetProperty("addressCount").GetInt32());

        // A newer verification at a domain that nobody looked up yet is a claim, with what it proved.
        foreach (var (at, proof) in ((string, string)[])[("2024-03-01", ""), ("2025-03-01", ""","proof":"second_factor" """)])
        {
            (answer, _) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/put-claim", $$"""{"addresses":[{"email":"ada@put-claim.com","verifiedAt":"{{at}}T00:00:00Z"{{proof}}}]}""");
            Assert.True(answer.IsSuccessStatusCode, answer.StatusCode.ToString());
        }

        await using (var claims = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel))
        {
            Assert.Equal(ClaimProof.SecondFactor, await claims.Addresses.Where(a => a.Email == "ada@put-claim.com").Select(a => a.ClaimProof).SingleAsync(Cancel));
        }

        foreach (var (wrong, field) in ((string, string)[])
        [
            ("""{"addresses":[{"email":"no address"}]}""", "email"), ("""{"addresses":[{}]}""", "email"), ("""{"projects":-1}""", "projects"), ("""{"createdAt":"2999-01-01T00:00:00Z"}""", "createdAt"),
            ($$"""{"userName":"{{new string('a', 201)}}"}""", "userName"), ("""{"addresses":[null]}""", "addresses"), ("""{"addresses":[{"email":"Ada@put-one.example","proof":"retina"}]}""", "proof"), ("""{"userName":"a\u0007b"}""", "userName"),
        ])
        {
            (answer, body) = await ApiApp.SendAsync(client, "PUT", Path, wrong);
            Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
            Assert.True(body.GetProperty("errors").TryGetProperty(field, out _), body.GetRawText());
        }

        foreach (var (wrong, code) in ((string, string)[])[("""{"accountId":"x"}""", "unknown_field"), ("""{"addresses":[{"email":"a@b.example","admin":true}]}""", "unknown_field"), ("""{"twoFactor":"yes"}""", "invalid_request"), ("[]", "invalid_request"), ("{", "malformed_json")])
        {
            (answer, body) = await ApiApp.SendAsync(client, "PUT", Path, wrong);
            Assert.Equal((400, code), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }

        (answer, body) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/" + new string('a', 201), "{}");
        Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        (answer, body) = await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/%20x", "{}");
        Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));

        (answer, _) = await ApiApp.SendAsync(client, "DELETE", Path);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        (answer, _) = await ApiApp.SendAsync(client, "DELETE", Path);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        (answer, body) = await ApiApp.SendAsync(client, "DELETE", "/api/v1/accounts/nobody");
        Assert.Equal((404, "not_found"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        body = await FilledApi.GetAsync(client, Path);
        Assert.Equal((JsonValueKind.String, 2), (body.GetProperty("retiredAt").ValueKind, body.GetProperty("addresses").GetArrayLength()));
        var domain = (await FilledApi.GetAsync(client, "/api/v1/domains/put-two.example")).GetProperty("domain");
        Assert.Equal((0, JsonValueKind.Null), (domain.GetProperty("addressCount").GetInt32(), domain.GetProperty("nextCheckAt").ValueKind));

        // Told again it comes back with what it had; an address that is not named stays gone.
        (answer, body) = await ApiApp.SendAsync(client, "PUT", Path, """{"addresses":[{"email":"bob@put-two.example"}]}""");
        Assert.Equal((HttpStatusCode.OK, JsonValueKind.Null, 1, Nasty), (answer.StatusCode, body.GetProperty("retiredAt").ValueKind, body.GetProperty("addresses").GetArrayLength(), body.GetProperty("userName").GetString()));

        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        var entries = await db.AuditEntries.AsNoTracking().Where(e => e.ActorKind == AuditActorKind.Key && e.ActorId == key.Id.ToString("D")).ToListAsync(Cancel);
        Assert.Equal(6, entries.Count(e => e.Action == AuditAction.ImportMerged));
        Assert.Single(entries, e => e.Action == AuditAction.AccountRetired);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task While_a_list_is_taken_in_a_single_account_is_sent_again_later_instead_of_waiting(DatabaseProvider provider)
    {
        var app = await api.AppAsync(provider);
        using var client = await api.ClientAsync(provider, ApiScopes.AccountsWrite);
        (await ApiApp.SendAsync(client, "PUT", "/api/v1/accounts/waits-1", "{}")).Answer.EnsureSuccessStatusCode();
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        var import = new Import
        {
            Id = await app.Get<IdAllocator>().NextAsync(IdAllocator.Import, Cancel),
            FileName = "long.csv",
            Format = "csv",
            RequestedBy = "tests",
            RequestedAt = DateTimeOffset.UnixEpoch,
            Status = ImportStatus.Staging,
            LeaseOwner = "another-node/1",
            LeaseUntil = TimeProvider.System.GetUtcNow().AddSeconds(60),
        };
        db.Imports.Add(import);
        await db.SaveChangesAsync(Cancel);
        try
        {
            foreach (var (method, json) in ((string, string?)[])[("PUT", """{"projects":1}"""), ("DELETE", null)])
            {
                var (answer, body) = await ApiApp.SendAsync(client, method, "/api/v1/accounts/waits-1", json);
                Assert.Equal((409, "import_running"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
                Assert.Equal(5, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
            }
        }
        finally
        {
            await db.Imports.Where(i => i.Id == import.Id).ExecuteUpdateAsync(s => s.SetProperty(i => i.Status, ImportStatus.Refused), CancellationToken.None);
        }
    }

    [Theory]
    [InlineData("PUT", "/api/v1/accounts/bodies")]
    [InlineData("POST", "/api/v1/scans")]
    [InlineData("POST", "/api/v1/cases/1/decisions")]
    [InlineData("POST", "/api/v1/accounts/bodies/verifications")]
    public async Task A_body_that_is_garbage_too_deep_too_large_or_of_another_kind_changes_nothing(string method, string path)
    {
        using var client = await api.ClientAsync(DatabaseProvider.Sqlite, ApiScopes.AccountsWrite | ApiScopes.ScansRun | ApiScopes.CasesDecide | ApiScopes.AccountsRead);
        foreach (var (json, status, code) in ((string, int, string)[])
        [
            ("", 400, "malformed_json"), ("\u0000\u0001", 400, "malformed_json"), ("{\"x\":\"\\ud800\"}", 400, "malformed_json"), ($$"""{"x":{{new string('[', 20)}}{{new string(']', 20)}}}""", 400, "too_deep"),
            ("{\"x\":1}", 400, "unknown_field"), ("null", 400, "invalid_request"), ($$"""{"x":"{{new string('a', 1024 * 1024)}}"}""", 413, "body_too_large"),
        ])
        {
            var (answer, body) = await ApiApp.SendAsync(client, method, path, json, ("If-Match", "\"1\""), ("Idempotency-Key", "bodies"));
            Assert.Equal((status, code), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }

        using var form = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = new FormUrlEncodedContent([KeyValuePair.Create("x", "y")]) };
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await client.SendAsync(form, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/bodies")).Answer.StatusCode);
    }

    [Fact]
    public async Task An_id_with_a_slash_is_another_one_than_that_with_its_code()
    {
        using var client = await api.ClientAsync(DatabaseProvider.Sqlite, ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        foreach (var id in (string[])["s/1", "s%2F1", "s%2f1", "s%252F1", "s+1", "s%1", "..%2F..", "s?1#2"])
        {
            var path = "/api/v1/accounts/" + Uri.EscapeDataString(id);
            var (answer, body) = await ApiApp.SendAsync(client, "PUT", path, "{}");
            Assert.Equal((HttpStatusCode.Created, id), (answer.StatusCode, body.GetProperty("accountId").GetString()));
            Assert.Equal(id, (await FilledApi.GetAsync(client, answer.Headers.Location!.OriginalString)).GetProperty("accountId").GetString());
        }
    }

    [Fact]
    public async Task Single_accounts_that_are_told_at_once_come_in_one_after_the_other()
    {
        using var client = await api.ClientAsync(DatabaseProvider.Sqlite, ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => ApiApp.SendAsync(client, "PUT", $"/api/v1/accounts/many-{i}", $$"""{"addresses":[{"email":"u@many.example"}]}""")));
        Assert.All(answers, a => Assert.True(a.Answer.StatusCode == HttpStatusCode.Created, a.Body.ToString()));
        Assert.Equal(4, (await FilledApi.GetAsync(client, "/api/v1/domains/many.example")).GetProperty("domain").GetProperty("addressCount").GetInt32());
    }

    // A case of an address that is in review, with its tag.
    private static async Task<(long Id, string Tag)> NextCaseAsync(HttpClient client)
    {
        var @case = (await FilledApi.WalkAsync(client, "/api/v1/cases?state=NeedsReview", 200)).Last(c => c.GetProperty("email").ValueKind == JsonValueKind.String);
        Assert.Equal(nameof(CaseState.NeedsReview), @case.GetProperty("state").GetString());
        return (@case.GetProperty("id").GetInt64(), $"\"{@case.GetProperty("version").GetInt32()}\"");
    }
}
