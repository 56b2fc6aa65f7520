using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DomainGuard.Data.Api;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Api;

namespace DomainGuard.Tests.Api;

/// <summary>What a platform reads: accounts, domains, scans, cases and the audit trail, over real HTTP.</summary>
[Collection(nameof(FilledApi))]
public sealed class ReadApiTests(FilledApi api)
{
    private const ApiScopes Reading = ApiScopes.AccountsRead | ApiScopes.CasesRead | ApiScopes.ScansRun | ApiScopes.AuditRead;

    public static TheoryData<DatabaseProvider> Providers => FilledApi.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Every_list_is_walked_to_its_end_with_each_row_once_whatever_the_size_of_a_page(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Reading);
        foreach (var (path, least) in ((string, int)[])
        [
            ("/api/v1/accounts", 50), ("/api/v1/accounts?sort=Impact", 50), ("/api/v1/accounts?tld=com", 3), ("/api/v1/accounts?retired=true", 0),
            ("/api/v1/domains", 50), ("/api/v1/domains?sort=Addresses", 50), ("/api/v1/domains?sort=Drop", 1), ("/api/v1/domains?sort=next&tld=com", 3),
            ("/api/v1/scans", 2), ("/api/v1/cases", 5), ("/api/v1/cases?state=NeedsReview,Unverified&severity=Low,medium,High,Critical", 5), ("/api/v1/cases?open=false", 0),
            ("/api/v1/audit?to=2100-01-01T00:00:00Z&action=CaseOpened", 3),
        ])
        {
            var all = (await FilledApi.WalkAsync(client, path, 200)).ConvertAll(r => r.GetRawText());
            var slowly = (await FilledApi.WalkAsync(client, path, all.Count > 100 ? 37 : 3)).ConvertAll(r => r.GetRawText());
            Assert.True(all.Count >= least, $"{path}: {all.Count}");
            Assert.Equal(all.Count, all.Distinct().Count());
            Assert.Equal(all, slowly);
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Filters_leave_what_they_say(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Reading);
        var domains = await FilledApi.WalkAsync(client, "/api/v1/domains", 200);
        foreach (var group in domains.GroupBy(d => d.GetProperty("phase").GetString()).Where(g => g.Count() < 300))
        {
            var found = await FilledApi.WalkAsync(client, $"/api/v1/domains?phase={group.Key}", 200);
            Assert.Equal(group.Select(Name).Order(StringComparer.Ordinal), found.Select(Name).Order(StringComparer.Ordinal));
            var holders = await FilledApi.WalkAsync(client, $"/api/v1/accounts?phase={group.Key}", 200);
            Assert.All(holders, a => Assert.Contains(a.GetProperty("addresses").EnumerateArray(), x => x.GetProperty("phase").GetString() == group.Key));
        }

        var cases = await FilledApi.WalkAsync(client, "/api/v1/cases", 200);
        Assert.Equal(cases.Select(c => c.GetProperty("points").GetInt32()).OrderDescending(), cases.Select(c => c.GetProperty("points").GetInt32()));
        var one = cases[0];
        var same = await FilledApi.WalkAsync(client, $"/api/v1/cases?domain={one.GetProperty("domain").GetString()!.ToUpperInvariant()}", 200);
        Assert.Contains(same, c => c.GetProperty("id").GetInt64() == one.GetProperty("id").GetInt64());
        Assert.All(same, c => Assert.Equal(one.GetProperty("domain").GetString(), c.GetProperty("domain").GetString()));
        Assert.Empty(await FilledApi.WalkAsync(client, "/api/v1/cases?assignee=01990000-0000-7000-8000-000000000000", 200));
        Assert.Equal(cases.Count, (await FilledApi.WalkAsync(client, "/api/v1/cases?assignee=none", 200)).Count);

        var account = (await FilledApi.WalkAsync(client, "/api/v1/accounts", 200))[10];
        var email = account.GetProperty("addresses")[0].GetProperty("email").GetString()!;
        Assert.Contains(await FilledApi.WalkAsync(client, "/api/v1/accounts?email=" + Uri.EscapeDataString(email.ToUpperInvariant()), 200), a => a.GetRawText() == account.GetRawText());
        Assert.Equal(account.GetRawText(), (await FilledApi.GetAsync(client, "/api/v1/accounts/" + account.GetProperty("accountId").GetString())).GetRawText());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_domain_a_case_and_a_scan_say_what_they_rest_on(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Reading);
        var @case = (await FilledApi.WalkAsync(client, "/api/v1/cases?phase=Redemption", 200)).First(c => c.GetProperty("email").ValueKind != JsonValueKind.Null);
        var (answer, details) = await ApiApp.SendAsync(client, "GET", $"/api/v1/cases/{@case.GetProperty("id").GetInt64()}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($"\"{@case.GetProperty("version").GetInt32()}\"", answer.Headers.ETag!.Tag);
        Assert.Equal(@case.GetRawText(), details.GetProperty("case").GetRawText());
        var opened = details.GetProperty("history").EnumerateArray().Last();
        Assert.Equal((JsonValueKind.Null, "Policy"), (opened.GetProperty("from").ValueKind, opened.GetProperty("actorKind").GetString()));
        Assert.Contains("Override", details.GetProperty("decisions").EnumerateArray().Select(d => d.GetString()));

        var domain = await FilledApi.GetAsync(client, "/api/v1/domains/" + @case.GetProperty("domain").GetString());
        Assert.Equal("Redemption", domain.GetProperty("domain").GetProperty("phase").GetString());
        Assert.NotEmpty(domain.GetProperty("reasons").EnumerateArray());
        Assert.Contains(domain.GetProperty("observations").EnumerateArray(), o => o.GetProperty("source").GetString() == "Dns" && o.GetProperty("dns").GetProperty("delegation").GetString() == "NxDomain");
        Assert.Equal("Redemption", domain.GetProperty("history").EnumerateArray().Last().GetProperty("phase").GetString());

        var scan = (await FilledApi.WalkAsync(client, "/api/v1/scans", 200)).Last();
        var lanes = (await FilledApi.GetAsync(client, $"/api/v1/scans/{scan.GetProperty("id").GetInt64()}")).GetProperty("lanes").EnumerateArray().ToList();
        Assert.Equal(scan.GetProperty("total").GetInt32(), lanes.Sum(l => l.GetProperty("total").GetInt32()));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_audit_entry_is_the_text_that_was_hashed(DatabaseProvider provider)
    {
        using var client = await api.ClientAsync(provider, Reading);
        var entries = await FilledApi.WalkAsync(client, "/api/v1/audit", 200);
        Assert.True(entries.Count > 20);
        var bySequence = entries.ToDictionary(e => e.GetProperty("sequence").GetInt64());
        foreach (var (sequence, entry) in bySequence)
        {
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry.GetProperty("entry").GetRawText()))), entry.GetProperty("contentHash").GetString());
            Assert.Equal(sequence == 1 ? new string('0', 64) : bySequence[sequence - 1].GetProperty("hash").GetString(), entry.GetProperty("previous").GetString());
        }

        var @case = entries.First(e => e.GetProperty("entry").TryGetProperty("case", out _)).GetProperty("entry").GetProperty("case").GetInt64();
        Assert.All(await FilledApi.WalkAsync(client, $"/api/v1/audit?case={@case}", 200), e => Assert.Equal(@case, e.GetProperty("entry").GetProperty("case").GetInt64()));
        Assert.All(await FilledApi.WalkAsync(client, "/api/v1/audit?actorKind=Policy&action=AddressUnverified", 200), e => Assert.Equal("AddressUnverified", e.GetProperty("entry").GetProperty("action").GetString()));
        Assert.Empty(await FilledApi.WalkAsync(client, "/api/v1/audit?account=nobody", 200));
    }

    [Theory]
    [InlineData("/api/v1/accounts?cursor=x")]
    [InlineData("/api/v1/accounts?cursor=%FF%F0")]
    [InlineData("/api/v1/accounts?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("/api/v1/scans?cursor=MTIzNDU2Nzg5MDEyMzQ1Njc4OTA")]
    [InlineData("/api/v1/accounts?cursor={accounts}&tld=com")]
    [InlineData("/api/v1/accounts?cursor={accounts}&sort=Impact")]
    [InlineData("/api/v1/domains?cursor={accounts}")]
    [InlineData("/api/v1/accounts?cursor={accounts}A")]
    [InlineData("/api/v1/accounts?cursor=A{accounts}")]
    public async Task A_cursor_that_was_altered_or_belongs_to_another_list_or_filter_is_told(string path)
    {
        using var client = await api.ClientAsync(DatabaseProvider.Sqlite, Reading);
        var next = (await FilledApi.GetAsync(client, "/api/v1/accounts?limit=2")).GetProperty("next").GetString()!;
        var (answer, body) = await ApiApp.SendAsync(client, "GET", path.Replace("{accounts}", next, StringComparison.Ordinal));
        Assert.Equal((400, "invalid_cursor"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
    }

    [Theory]
    [InlineData("/api/v1/accounts?phse=Active", "phse")]
    [InlineData("/api/v1/accounts?phase=active&phase=Released", "phase")]
    [InlineData("/api/v1/accounts?phase=4", "phase")]
    [InlineData("/api/v1/accounts?phase=", "phase")]
    [InlineData("/api/v1/accounts?flag=None", "flag")]
    [InlineData("/api/v1/accounts?limit=0", "limit")]
    [InlineData("/api/v1/accounts?limit=201", "limit")]
    [InlineData("/api/v1/accounts?limit=-1", "limit")]
    [InlineData("/api/v1/accounts?name=a&email=b", "name")]
    [InlineData("/api/v1/accounts?name=a%00b", "name")]
    [InlineData("/api/v1/accounts?retired=yes", "retired")]
    [InlineData("/api/v1/cases?state=Open", "state")]
    [InlineData("/api/v1/cases?state=NeedsReview&open=true", "open")]
    [InlineData("/api/v1/cases?assignee=me", "assignee")]
    [InlineData("/api/v1/audit?from=yesterday", "from")]
    [InlineData("/api/v1/audit?from=2026-01-01T00:00:00", "from")]
    [InlineData("/api/v1/audit?case=99999999999999999999", "case")]
    [InlineData("/api/v1/scans?status=Running", "status")]
    public async Task A_parameter_that_is_unknown_or_wrong_is_named_and_not_passed_over(string path, string field)
    {
        using var client = await api.ClientAsync(DatabaseProvider.Sqlite, Reading);
        var (answer, body) = await ApiApp.SendAsync(client, "GET", path);
        Assert.Equal((400, "invalid_request"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        Assert.True(body.GetProperty("errors").TryGetProperty(field, out _), body.GetRawText());
    }

    [Theory]
    [InlineData("/api/v1/cases/0")]
    [InlineData("/api/v1/cases/-1")]
    [InlineData("/api/v1/cases/999999999999999999999999")]
    [InlineData("/api/v1/cases/one")]
    [InlineData("/api/v1/scans/%E2%80%AE")]
    [InlineData("/api/v1/scans/9223372036854775807")]
    [InlineData("/api/v1/domains/nobody.example")]
    [InlineData("/api/v1/domains/..%2F..%2Faccounts")]
    [InlineData("/api/v1/domains/%3Cscript%3E")]
    [InlineData("/api/v1/accounts/%E2%80%AEx")]
    [InlineData("/api/v1/audit/1")]
    public async Task A_forged_identifier_finds_nothing(string path)
    {
        foreach (var provider in new[] { DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql })
        {
            using var client = await api.ClientAsync(provider, ApiScope.Every);
            var (answer, body) = await ApiApp.SendAsync(client, "GET", path);
            Assert.Equal((404, "not_found"), ((int)answer.StatusCode, ApiApp.Problem(answer, body)));
        }
    }

    private static string Name(JsonElement domain) => domain.GetProperty("name").GetString()!;
}
