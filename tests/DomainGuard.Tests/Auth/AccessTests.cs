using System.Net;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Auth;

public sealed class AccessFixture : IAsyncLifetime
{
    internal RunningApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync() => App = await RunningApp.StartAsync();

    public ValueTask DisposeAsync() => App.DisposeAsync();
}

/// <summary>Deny by default: who may open what, on the real application.</summary>
public sealed class AccessTests(AccessFixture fixture) : IClassFixture<AccessFixture>
{
    private static readonly string[] Open = ["/signin", "/signin/code", "/signin/passkey", "/signin/sso", "/signin/sso/done", "/invitation/{Token}", "/setup", "/denied", "/error", "/not-found", "/signout", "/health", "/demo/clock", "/demo/domains/{name}", "/.well-known/domainguard-audit.jwks", "/docs/problems", "/docs/api", "/api/v1/openapi.json"];

    /// <summary>Page, and the roles that may open it.</summary>
    private static readonly (string Path, string[] Roles)[] Table =
    [
        ("/", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/domains", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/domains/example.com", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/accounts", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/accounts/u-1", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/triage", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/batches/1", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/scans", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/scans/1", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/sources", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/gate", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/gate/1", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/webhooks", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/webhooks/00000000-0000-0000-0000-000000000001", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/policy", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/policy/1", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/audit", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/audit/1", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/exports", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/search?q=x", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/why", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/import", [Roles.Administrator]),
        ("/sync", [Roles.Administrator]),
        ("/settings", [Roles.Administrator]),
        ("/settings/keys", [Roles.Administrator]),
        ("/me", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/enrol", [Roles.Administrator, Roles.Analyst, Roles.Auditor]),
        ("/staff", [Roles.Administrator]),
        ("/jobs", [Roles.Administrator]),
    ];

    public static TheoryData<string, string, bool> Matrix
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (var (path, roles) in Table)
            {
                foreach (var person in StaffSetup.Demonstration)
                {
                    data.Add(path, person.UserName, roles.Contains(person.Role));
                }
            }

            return data;
        }
    }

    [Fact]
    public void Every_endpoint_says_who_may_use_it()
    {
        var silent = Endpoints().Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && e.Metadata.GetMetadata<IAuthorizeData>() is null && e.Metadata.GetMetadata<AuthorizationPolicy>() is null)
            .Select(e => "/" + e.RoutePattern.RawText?.TrimStart('/')).Where(p => !p.StartsWith("/_blazor", StringComparison.Ordinal) && !p.StartsWith("/_framework", StringComparison.Ordinal) && p != "/{**path:file}").ToList();
        // The framework's own answers fall under the fallback policy, which asks for a role.
        Assert.Empty(silent);
    }

    [Fact]
    public void Only_what_signing_in_needs_is_open_to_everybody()
    {
        var open = Endpoints().Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null && e.Metadata.GetMetadata<Microsoft.AspNetCore.StaticAssets.StaticAssetDescriptor>() is null)
            .Select(e => "/" + e.RoutePattern.RawText?.TrimStart('/')).Distinct();
        Assert.Empty(open.Except(Open));
    }

    [Fact]
    public void Every_page_carries_its_decision()
    {
        var pages = typeof(Roles).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(ComponentBase)) && t.IsDefined(typeof(RouteAttribute), false)).ToList();
        Assert.True(pages.Count > 12);
        Assert.All(pages, p => Assert.True(p.IsDefined(typeof(AuthorizeAttribute), false) || p.IsDefined(typeof(AllowAnonymousAttribute), false), p.Name));
        // A new page must stand in the table of this test.
        var routes = pages.Where(p => p.IsDefined(typeof(AuthorizeAttribute), false)).SelectMany(p => p.GetCustomAttributes(typeof(RouteAttribute), false).Cast<RouteAttribute>()).Select(r => r.Template.Split('{')[0].TrimEnd('/'));
        Assert.All(routes, r => Assert.Contains(Table, t => t.Path == (r.Length == 0 ? "/" : r) || t.Path.StartsWith(r + "/", StringComparison.Ordinal) || t.Path.StartsWith(r + "?", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nobody_opens_a_page_without_signing_in()
    {
        using var client = fixture.App.Client();
        foreach (var (path, _) in Table)
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            Assert.Equal("/signin", answer.Headers.Location!.AbsolutePath);
        }

        using var hub = await client.PostAsync(new Uri("/_blazor/negotiate", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.NotEqual(HttpStatusCode.OK, hub.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Role_opens_what_it_may_and_nothing_else(string path, string user, bool may)
    {
        using var client = await fixture.App.SignInAsync(user);
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(may ? HttpStatusCode.OK : HttpStatusCode.Redirect, answer.StatusCode);
        if (!may)
        {
            Assert.Equal("/denied", answer.Headers.Location!.AbsolutePath);
        }
    }

    [Theory]
    [InlineData("/scans/-1")]
    [InlineData("/scans/999999999999999999999999")]
    [InlineData("/scans/one")]
    [InlineData("/accounts/%00")]
    [InlineData("/accounts/..%2F..%2Fstaff")]
    [InlineData("/domains/%E2%80%AE")]
    [InlineData("/domains/-1?window=x&source=%27&observation=-1&raw=99999999999999999999")]
    [InlineData("/staff?after=%00&before=-1")]
    [InlineData("/staff/00000000-0000-0000-0000-000000000000")]
    [InlineData("/me?done=%3Cscript%3E")]
    [InlineData("/enrol?to=%2F%2Fevil.example")]
    [InlineData("/signin/code?recovery=x&to=%0d%0aSet-Cookie:a")]
    [InlineData("/signin?sso=%3Cscript%3E&to=%00")]
    public async Task Forged_identifiers_break_nothing(string path)
    {
        using var client = await fixture.App.SignInAsync("admin");
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True((int)answer.StatusCode < 500, $"{path}: {answer.StatusCode}");
        Assert.DoesNotContain("<script>", (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Replace("<script src", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_without_its_token_is_refused()
    {
        using var client = fixture.App.Client();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("_handler", "signin"), KeyValuePair.Create("Input.UserName", "admin"), KeyValuePair.Create("Input.Password", "demonstration")]);
        using var answer = await client.PostAsync(new Uri("/signin", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        foreach (var path in (string[])["/signin/passkey", "/me/passkey"])
        {
            using var signedIn = await fixture.App.SignInAsync("auditor");
            using var question = await signedIn.PostAsync(new Uri(path, UriKind.Relative), form, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.BadRequest, question.StatusCode);
        }

        using var out_ = await client.PostAsync(new Uri("/signout", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, out_.StatusCode);
    }

    [Fact]
    public async Task Every_answer_carries_the_headers_that_keep_strangers_out()
    {
        using var client = fixture.App.Client();
        using var answer = await client.GetAsync(new Uri("/signin", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    private IEnumerable<RouteEndpoint> Endpoints() => fixture.App.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();
}
