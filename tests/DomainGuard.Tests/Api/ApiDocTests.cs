using System.Text;
using System.Text.RegularExpressions;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Gate;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Api;

/// <summary>What docs/api.md prints works.</summary>
public sealed partial class ApiDocTests
{
    private static string Text => Repository.Read("docs", "api.md");

    [Fact]
    public async Task Every_example_is_answered()
    {
        await using var app = await RunningApp.StartAsync();
        await AddCaseAsync(app);
        using var client = ApiApp.Client(app, "dg_demo");
        var examples = Example().Matches(Text).Select(m => m.Groups[1].Value).ToList();
        Assert.True(examples.Count >= 17);
        foreach (var example in examples)
        {
            var path = Path().Match(example).Groups[1].Value;
            var body = Body().Match(example) is { Success: true } b ? b.Groups[1].Value : null;
            var headers = Header().Matches(example).ToDictionary(h => h.Groups["name"].Value, h => h.Groups["value"].Value);
            using var request = new HttpRequestMessage(new HttpMethod(Method().Match(example) is { Success: true } m ? m.Groups[1].Value : body is null ? "GET" : "POST"), new Uri(path, UriKind.Relative));
            request.Content = body is null ? null : new StringContent(body.Replace("2026-12-20T", $"{app.Get<GuardClock>().Now.AddDays(30):yyyy-MM-dd}T", StringComparison.Ordinal), Encoding.UTF8, headers["Content-Type"]);
            foreach (var (name, value) in headers.Where(h => h.Key is not ("Authorization" or "Content-Type")))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{request.Method} {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }
    }

    [Fact]
    public async Task Every_operation_stands_beside_its_scope()
    {
        await using var app = await RunningApp.StartAsync();
        var scopes = Scope().Matches(Text).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
        Assert.Equal(ApiScope.All.Order(StringComparer.Ordinal), scopes.Keys.Order(StringComparer.Ordinal));
        foreach (var endpoint in app.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(e => e.Metadata.GetMetadata<ApiEndpointMark>() is not null))
        {
            var path = endpoint.RoutePattern.RawText!["/api/v1".Length..].TrimEnd('/').Replace(":long", "", StringComparison.Ordinal).Replace(":guid", "", StringComparison.Ordinal);
            var operation = $"{endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0]} {path}";
            var line = scopes[endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).OfType<string>().Single()];
            Assert.True(line.Contains($"`{operation}`", StringComparison.Ordinal) || line.Contains($"`/{path.Split('/')[^1]}`", StringComparison.Ordinal), operation);
        }
    }

    [Fact]
    public void Every_problem_that_a_caller_must_tell_apart_is_explained() =>
        Assert.All((ApiProblem[])[ApiProblems.InvalidCursor, ApiProblems.CaseChanged, ApiProblems.IfMatchRequired, ApiProblems.ScanRunning, ApiProblems.ImportRunning, ApiProblems.IdempotencyKeyReused, ApiProblems.IdempotencyInProgress, ApiProblems.IdempotencyUnknown],
            p => Assert.Contains($"`{p.Status}` `{p.Code}`", Text, StringComparison.Ordinal));

    [Fact]
    public void Every_reason_of_the_gate_is_explained() => Assert.All(Enum.GetValues<GateReason>(), r => Assert.Contains($"`{GateWords.Code(r)}`", Text, StringComparison.Ordinal));

    // Case 1, of an account that no example names.
    private static async Task AddCaseAsync(RunningApp app)
    {
        var now = app.Get<GuardClock>().Now;
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        db.Accounts.Add(new Account { Id = 1_000_000, ExternalId = "docs", SortName = "docs", AddressCount = 1, AddedAt = now });
        db.Domains.Add(new Domain { Id = 1_000_000, Name = "docs.example", Tld = "example", WatchedFor = WatchedFor.Addresses, AddressCount = 1, Phase = Phase.Redemption, AddedAt = now });
        db.Addresses.Add(new Address { Id = 1_000_000, AccountId = 1_000_000, DomainId = 1_000_000, Email = "a@docs.example", SearchEmail = "a@docs.example", MailHost = "docs.example", AddedAt = now });
        db.Cases.Add(new Case
        {
            Id = 1,
            AddressId = 1_000_000,
            AccountId = 1_000_000,
            DomainId = 1_000_000,
            State = CaseState.NeedsReview,
            IsOpen = true,
            Situation = Situation.Redemption,
            Wanted = PolicyAction.Review,
            Phase = Phase.Redemption,
            Severity = Severity.High,
            OpenedAt = now,
            StateSince = now,
            PolicyVersion = 1,
            Version = 1,
        });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex("""```sh\n(curl .*?)```""", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("""\$DOMAINGUARD([^\s"]+)""")]
    private static partial Regex Path();

    [GeneratedRegex("-X ([A-Z]+)")]
    private static partial Regex Method();

    [GeneratedRegex("-d '([^']*)'")]
    private static partial Regex Body();

    [GeneratedRegex("""-H (?<q>["'])(?<name>[A-Za-z-]+): (?<value>.*?)\k<q>(?=\s)""")]
    private static partial Regex Header();

    [GeneratedRegex("""^\| `([a-z]+:[a-z]+)` \| (.*) \|$""", RegexOptions.Multiline)]
    private static partial Regex Scope();
}
