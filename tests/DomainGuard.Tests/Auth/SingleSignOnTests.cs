using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.SignIn;
using DomainGuard.Web.Features.Staff;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DomainGuard.Tests.Auth;

/// <summary>Single sign-on against a provider on a loopback port: discovery, keys, code with PKCE.</summary>
public sealed class SingleSignOnTests
{
    [Fact]
    public async Task Groups_give_roles_at_each_sign_in_and_are_taken_when_they_go()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        provider.Person = new("s-1", "mara", "Mara Ov", ["dg-analysts", "everybody"]);
        using var client = app.Client();
        Assert.Equal("/domains", await EnterAsync(app, client, "/signin?to=%2Fdomains"));
        using var inside = await client.GetAsync(new Uri("/domains", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, inside.StatusCode);
        Assert.Equal([Roles.Analyst], (await app.StaffAsync("mara")).Roles);

        provider.Person = provider.Person with { Groups = ["dg-admins", "dg-analysts"] };
        using var second = app.Client();
        Assert.Equal("/", await EnterAsync(app, second));
        Assert.Equal([Roles.Administrator, Roles.Analyst], (await app.StaffAsync("mara")).Roles.Order());

        provider.Person = provider.Person with { Groups = ["everybody"] };
        using var third = app.Client();
        Assert.Equal("/signin?sso=role", await EnterAsync(app, third));
        var said = await third.GetStringAsync(new Uri("/signin?sso=role", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("none of your groups there opens this console", said, StringComparison.Ordinal);
        Assert.Empty((await app.StaffAsync("mara")).Roles);

        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        var entries = await db.AuditEntries.Where(e => e.Action == AuditAction.StaffChanged).OrderBy(e => e.At).Select(e => e.After).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["""{"roles":"Administrator, Analyst"}""", null], entries);
    }

    [Fact]
    public async Task The_last_administrator_keeps_the_role_whatever_the_provider_says_until_there_is_another()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        provider.Person = new("s-1", "mara", "Mara Ov", ["dg-admins"]);
        using var first = app.Client();
        await EnterAsync(app, first);
        Assert.IsType<StaffOutcome.Done>(await app.Get<RemoveStaff>().ExecuteAsync(await app.StaffAsync("mara"), (await app.StaffAsync("admin")).Id, null, TestContext.Current.CancellationToken));

        provider.Person = provider.Person with { Groups = ["dg-analysts"] };
        using var second = app.Client();
        Assert.Equal("/", await EnterAsync(app, second));
        Assert.Equal([Roles.Administrator, Roles.Analyst], (await app.StaffAsync("mara")).Roles.Order());
        provider.Person = provider.Person with { Groups = ["everybody"] };
        using var third = app.Client();
        Assert.Equal("/", await EnterAsync(app, third));
        Assert.Equal([Roles.Administrator], (await app.StaffAsync("mara")).Roles);
        using (var inside = await third.GetAsync(new Uri("/staff", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.OK, inside.StatusCode);
        }

        await using (var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            var entries = await db.AuditEntries.Where(e => e.Action == AuditAction.StaffChanged).OrderBy(e => e.At).Select(e => new { e.After, e.Comment }).ToListAsync(TestContext.Current.CancellationToken);
            Assert.Equal(["""{"roles":"Administrator, Analyst"}""", """{"roles":"Administrator"}"""], entries.Select(e => e.After));
            Assert.All(entries, e => Assert.Contains("last administrator", e.Comment, StringComparison.Ordinal));
        }

        // With another one the provider's word counts again.
        var mara = provider.Person;
        provider.Person = new("s-2", "nora", "Nora N", ["dg-admins"]);
        using var other = app.Client();
        Assert.Equal("/", await EnterAsync(app, other));
        provider.Person = mara;
        using var fourth = app.Client();
        Assert.Equal("/signin?sso=role", await EnterAsync(app, fourth));
        Assert.Empty((await app.StaffAsync("mara")).Roles);
    }

    [Fact]
    public async Task Of_the_last_two_administrators_whom_the_provider_demotes_at_once_one_stays()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        ProviderWord Word(string subject, params string[] groups) => new(provider.Issuer, subject, subject, subject, groups);
        var enter = app.Get<EnterBySingleSignOn>();
        await enter.ExecuteAsync(Word("mara", "dg-admins"), null, CancellationToken.None);
        await enter.ExecuteAsync(Word("nora", "dg-admins"), null, CancellationToken.None);
        Assert.IsType<StaffOutcome.Done>(await app.Get<RemoveStaff>().ExecuteAsync(await app.StaffAsync("mara"), (await app.StaffAsync("admin")).Id, null, CancellationToken.None));

        var outcomes = await Task.WhenAll(((string[])["mara", "nora"]).Select(s => Task.Run(() => enter.ExecuteAsync(Word(s, "everybody"), null, CancellationToken.None))));

        Assert.Single(outcomes.OfType<EnterOutcome.Known>());
        Assert.Single(outcomes.OfType<EnterOutcome.NoRole>());
    }

    [Fact]
    public async Task A_person_is_known_by_issuer_and_subject_never_by_name_or_address()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        // Somebody at the provider calls himself as the local administrator does.
        provider.Person = new("s-9", "admin", "Ada Administrator", ["dg-analysts"]);
        using var client = app.Client();
        await EnterAsync(app, client);
        Assert.Equal([Roles.Administrator], (await app.StaffAsync("admin")).Roles);
        Assert.Equal([Roles.Analyst], (await app.StaffAsync("admin-2")).Roles);

        // The same subject under another name is the same person; another subject under the same name is another.
        provider.Person = new("s-9", "renamed", "Renamed", ["dg-analysts"]);
        using var again = app.Client();
        await EnterAsync(app, again);
        provider.Person = new("s-10", "admin", "Third", ["dg-analysts"]);
        using var other = app.Client();
        await EnterAsync(app, other);
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["admin", "admin-2", "admin-3"], await db.Users.Where(u => u.UserName!.StartsWith("admin")).Select(u => u.UserName!).Order().ToListAsync(TestContext.Current.CancellationToken));
        Assert.False(await db.Users.AnyAsync(u => u.UserName == "renamed", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_locked_person_stays_out_whatever_the_provider_says_and_his_roles_cannot_be_changed_here()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        provider.Person = new("s-1", "mara", "Mara", ["dg-analysts"]);
        using var client = app.Client();
        await EnterAsync(app, client);
        var (admin, mara) = (await app.StaffAsync("admin"), await app.StaffAsync("mara"));
        Assert.Contains("single sign-on", Assert.IsType<StaffOutcome.Refused>(await app.Get<ChangeStaffRoles>().ExecuteAsync(admin, mara.Id, [Roles.Administrator], CancellationToken.None)).Problem, StringComparison.Ordinal);
        Assert.IsType<StaffOutcome.Done>(await app.Get<LockStaff>().ExecuteAsync(admin, mara.Id, null, CancellationToken.None));
        using var next = app.Client();
        Assert.Equal("/signin?sso=locked", await EnterAsync(app, next));
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("audience")]
    [InlineData("issuer")]
    [InlineData("key")]
    [InlineData("expired")]
    public async Task A_word_that_is_not_the_providers_for_this_sign_in_is_refused(string fault)
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        provider.Fault = fault;
        provider.Person = new("s-1", "mara", "Mara", ["dg-admins"]);
        using var client = app.Client();
        Assert.Equal("/signin?sso=failed", await EnterAsync(app, client));
        using var outside = await client.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Redirect, outside.StatusCode);
    }

    [Fact]
    public async Task An_answer_that_another_browser_began_is_refused()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider);
        provider.Person = new("attacker", "mallory", "Mallory", ["dg-analysts"]);
        using var mallory = app.Client();
        var back = await Provider.FollowAsync(await BeginAsync(mallory, "/signin"));
        using var victim = app.Client();
        using var answer = await victim.GetAsync(back, TestContext.Current.CancellationToken);
        Assert.Equal("/signin?sso=failed", answer.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Passwords_can_be_switched_off_and_then_open_nothing()
    {
        await using var provider = await Provider.StartAsync();
        await using var app = await StartAsync(provider, ("DomainGuard:SignIn:AllowPasswords", "false"));
        using var client = app.Client();
        var page = await client.GetStringAsync(new Uri("/signin", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("type=\"password\"", page, StringComparison.Ordinal);
        using var posted = await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "admin"), ("Input.Password", "demonstration"));
        Assert.NotEqual(HttpStatusCode.Redirect, posted.StatusCode);
        using var outside = await client.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("/signin", outside.Headers.Location!.AbsolutePath);
    }

    private static Task<RunningApp> StartAsync(Provider provider, params (string, string)[] more) => RunningApp.StartAsync(
        "Development",
        [
            ("DomainGuard:SignIn:Oidc:Authority", provider.Issuer), ("DomainGuard:SignIn:Oidc:ClientId", Provider.ClientId), ("DomainGuard:SignIn:Oidc:ClientSecret", Provider.Secret),
            ("DomainGuard:SignIn:Oidc:RoleClaim", "groups"), ("DomainGuard:SignIn:Oidc:Roles:Administrator:0", "dg-admins"), ("DomainGuard:SignIn:Oidc:Roles:Analyst:0", "dg-analysts"), .. more,
        ]);

    /// <summary>Begins at the sign-in page; gives the address at the provider.</summary>
    private static async Task<Uri> BeginAsync(HttpClient client, string page)
    {
        var query = page.Contains('?', StringComparison.Ordinal) ? page[page.IndexOf('?', StringComparison.Ordinal)..] : "";
        Assert.Contains("href=\"/signin/sso", await client.GetStringAsync(new Uri(page, UriKind.Relative)), StringComparison.Ordinal);
        using var begun = await client.GetAsync(new Uri("/signin/sso" + query, UriKind.Relative));
        Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
        return begun.Headers.Location!;
    }

    /// <summary>The whole way there and back; gives where it ends.</summary>
    private static async Task<string> EnterAsync(RunningApp app, HttpClient client, string page = "/signin")
    {
        var back = await Provider.FollowAsync(await BeginAsync(client, page));
        using var answered = await client.GetAsync(back, TestContext.Current.CancellationToken);
        var location = answered.Headers.Location!.OriginalString;
        if (!location.StartsWith("/signin/sso/done", StringComparison.Ordinal))
        {
            return location;
        }

        using var done = await client.GetAsync(new Uri(app.Url, location), TestContext.Current.CancellationToken);
        return done.Headers.Location!.OriginalString;
    }

    /// <summary>A person at the provider.</summary>
    private sealed record Person(string Subject, string UserName, string Name, string[] Groups);

    private sealed class Provider : IAsyncDisposable
    {
        public const string ClientId = "domainguard";
        public const string Secret = "a secret between two";
        private readonly RSA _key = RSA.Create(2048);
        private readonly RSA _other = RSA.Create(2048);
        private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string Redirect)> _codes = new();
        private LoopbackServer _server = null!;

        public string Issuer => _server.Url.ToString().TrimEnd('/');

        public Person Person { get; set; } = new("nobody", "nobody", "Nobody", []);

        public string? Fault { get; set; }

        public static async Task<Provider> StartAsync()
        {
            var provider = new Provider();
            provider._server = await LoopbackServer.StartAsync(provider.AnswerAsync);
            return provider;
        }

        public static async Task<Uri> FollowAsync(Uri authorize)
        {
            using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
            using var answer = await browser.GetAsync(authorize);
            return answer.Headers.Location!;
        }

        public async ValueTask DisposeAsync()
        {
            await _server.DisposeAsync();
            _key.Dispose();
            _other.Dispose();
        }

        private async Task AnswerAsync(HttpContext context)
        {
            switch (context.Request.Path.Value)
            {
                case "/.well-known/openid-configuration":
                    await context.Response.WriteAsJsonAsync(new Dictionary<string, object>
                    {
                        ["issuer"] = Issuer,
                        ["authorization_endpoint"] = Issuer + "/authorize",
                        ["token_endpoint"] = Issuer + "/token",
                        ["jwks_uri"] = Issuer + "/jwks",
                        ["response_types_supported"] = (string[])["code"],
                        ["subject_types_supported"] = (string[])["public"],
                        ["id_token_signing_alg_values_supported"] = (string[])["RS256"],
                    });
                    break;
                case "/jwks":
                    var numbers = _key.ExportParameters(false);
                    await context.Response.WriteAsJsonAsync(new
                    {
                        keys = new[] { new { kty = "RSA", use = "sig", kid = "k1", alg = "RS256", n = Base64UrlEncoder.Encode(numbers.Modulus!), e = Base64UrlEncoder.Encode(numbers.Exponent!) } },
                    });
                    break;
                case "/authorize":
                    var query = context.Request.Query;
                    Assert.Equal(("code", ClientId, "S256"), (query["response_type"].ToString(), query["client_id"].ToString(), query["code_challenge_method"].ToString()));
                    Assert.EndsWith("/signin/oidc", query["redirect_uri"].ToString(), StringComparison.Ordinal);
                    var code = Guid.CreateVersion7().ToString("N");
                    _codes[code] = (query["nonce"].ToString(), query["code_challenge"].ToString(), query["redirect_uri"].ToString());
                    context.Response.Redirect($"{query["redirect_uri"]}?code={code}&state={Uri.EscapeDataString(query["state"].ToString())}");
                    break;
                case "/token":
                    await TokenAsync(context);
                    break;
                default:
                    context.Response.StatusCode = 404;
                    break;
            }
        }

        private async Task TokenAsync(HttpContext context)
        {
            var form = await context.Request.ReadFormAsync();
            if (!_codes.TryRemove(form["code"].ToString(), out var asked)
                || form["client_secret"] != Secret || form["redirect_uri"] != asked.Redirect
                || Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != asked.Challenge)
            {
                context.Response.StatusCode = 400;
                await context.Response.WriteAsJsonAsync(new { error = "invalid_grant" });
                return;
            }

            var now = TimeProvider.System.GetUtcNow().UtcDateTime;
            var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                Issuer = Fault == "issuer" ? "https://elsewhere.example" : Issuer,
                Audience = Fault == "audience" ? "somebody else" : ClientId,
                IssuedAt = now.AddHours(-3),
                NotBefore = now.AddHours(-3),
                Expires = Fault == "expired" ? now.AddHours(-1) : now.AddMinutes(5),
                Claims = new Dictionary<string, object>
                {
                    ["sub"] = Person.Subject,
                    ["preferred_username"] = Person.UserName,
                    ["name"] = Person.Name,
                    ["email"] = "admin@example.com",
                    ["groups"] = Person.Groups,
                    ["nonce"] = Fault == "nonce" ? "another" : asked.Nonce,
                },
                SigningCredentials = new SigningCredentials(new RsaSecurityKey(Fault == "key" ? _other : _key) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256),
            });
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { access_token = "opaque", token_type = "Bearer", expires_in = 300, id_token = token }));
        }
    }
}
