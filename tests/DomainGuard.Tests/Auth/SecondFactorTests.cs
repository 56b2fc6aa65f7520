using System.Net;
using System.Text.RegularExpressions;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.SignIn;
using DomainGuard.Web.Features.Staff;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Auth;

/// <summary>Authenticator, recovery codes, what a password alone opens, forced sign-out: on the real application.</summary>
public sealed partial class SecondFactorTests
{
    private const string Password = "demonstration";

    [Fact]
    public async Task Who_needs_a_second_factor_enrols_before_anything_else_and_its_codes_work_once()
    {
        await using var app = await RunningApp.StartAsync("Development", ("DomainGuard:SignIn:RequireSecondFactor", "true"));
        using var client = await app.SignInAsync("analyst");
        foreach (var path in (string[])["/", "/domains", "/me"])
        {
            using var led = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.StartsWith("/enrol", led.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }

        var (secret, codes, code) = await EnrolAsync(client, password: null);
        Assert.Equal(10, codes.Count);
        using var inside = await client.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, inside.StatusCode);

        // The next sign-in: the password alone opens nothing, the code of the enrolment is spent, the next one is good.
        using var next = app.Client();
        using var first = await RunningApp.PostFormAsync(next, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", Password));
        Assert.Equal("/signin/code", new Uri(app.Url, first.Headers.Location!).AbsolutePath);
        using var closed = await next.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("/signin", closed.Headers.Location!.AbsolutePath);
        using var replay = await CodeAsync(next, code);
        Assert.Contains("was used already. 4 tries left", await replay.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var good = await CodeAsync(next, StaffAuthenticator.Code(secret, Step(code, secret) + 1));
        Assert.Equal(HttpStatusCode.Redirect, good.StatusCode);
        using var opened = await next.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, opened.StatusCode);

        // A recovery code works once, in any case of letters.
        for (var i = 0; i < 2; i++)
        {
            using var lost = app.Client();
            (await RunningApp.PostFormAsync(lost, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", Password))).Dispose();
            using var recovered = await RunningApp.PostFormAsync(lost, "/signin/code?recovery=true", "code", ("Input.Code", codes[0].ToLowerInvariant()));
            Assert.Equal(i == 0 ? HttpStatusCode.Redirect : HttpStatusCode.OK, recovered.StatusCode);
        }

        // What a reader of the database finds signs nobody in.
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        var kept = string.Join('\n', await db.UserTokens.Select(t => t.Value).ToListAsync(TestContext.Current.CancellationToken));
        Assert.DoesNotContain(codes[1], kept, StringComparison.Ordinal);
        Assert.Equal(2, await db.UserTokens.CountAsync(TestContext.Current.CancellationToken));
        Assert.Contains(await db.AuditEntries.ToListAsync(TestContext.Current.CancellationToken), e => e is { Action: AuditAction.StaffChanged, After: """{"authenticator":true}""" });
    }

    [Fact]
    public async Task Repeating_the_password_gives_no_more_codes_to_guess()
    {
        await using var app = await RunningApp.StartAsync();
        using (var owner = await app.SignInAsync("analyst"))
        {
            await EnrolAsync(owner, Password);
        }

        string last = "";
        for (var i = 0; i < 5; i++)
        {
            using var client = app.Client();
            using var first = await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", Password));
            Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
            using var wrong = await CodeAsync(client, "000000");
            last = await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains("Too many attempts. Locked until", last, StringComparison.Ordinal);
        using var late = app.Client();
        using var refused = await RunningApp.PostFormAsync(late, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", Password));
        Assert.Equal(HttpStatusCode.OK, refused.StatusCode);
    }

    [Fact]
    public async Task The_page_says_the_same_for_names_that_somebody_has_and_names_that_nobody_has()
    {
        await using var app = await RunningApp.StartAsync();
        List<string> known = [], unknown = [];
        foreach (var (name, said) in new[] { ("analyst", known), ("nobody-here", unknown) })
        {
            using var client = app.Client();
            for (var i = 0; i < 6; i++)
            {
                using var answer = await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", name), ("Input.Password", "wrong password"));
                said.Add(Until().Replace(Alert().Match(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Groups[1].Value, "HH:MM"));
            }
        }

        Assert.Equal(known, unknown);
        Assert.Equal("User name or password is wrong. 4 tries left, then locked for 15 minutes.", known[0]);
        Assert.Equal("User name or password is wrong. 1 try left, then locked for 15 minutes.", known[3]);
        Assert.Equal("Too many attempts. Locked until HH:MM UTC.", known[4]);
        Assert.Equal(known[4], known[5]);
    }

    [Fact]
    public async Task Changes_of_ones_own_sign_in_ask_the_password_again_and_never_take_the_last_factor_that_is_required()
    {
        await using var app = await RunningApp.StartAsync("Development", ("DomainGuard:SignIn:RequireSecondFactor", "true"));
        using var client = await app.SignInAsync("analyst");
        await EnrolAsync(client, password: null);
        using var wrong = await RunningApp.PostFormAsync(client, "/me", "authenticator", ("Input.Password", "wrong password"), ("Input.Do", "codes"));
        Assert.Contains("The password is wrong", await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var last = await RunningApp.PostFormAsync(client, "/me", "authenticator", ("Input.Password", Password), ("Input.Do", "off"));
        Assert.Contains("this is the only one", await last.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var renewed = await RunningApp.PostFormAsync(client, "/me", "authenticator", ("Input.Password", Password), ("Input.Do", "codes"));
        Assert.Equal(10, Recovery().Count(await renewed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        using var changed = await RunningApp.PostFormAsync(client, "/me", "password", ("Input.Password", Password), ("Input.Next", "another long password"));
        Assert.Equal("/me?done=password", new Uri(app.Url, changed.Headers.Location!).PathAndQuery);
    }

    [Fact]
    public async Task A_reset_signs_out_and_leads_to_enrolment()
    {
        await using var app = await StartQuickAsync();
        using var client = await app.SignInAsync("analyst");
        await EnrolAsync(client, Password);
        var analyst = await app.StaffAsync("analyst");
        Assert.IsType<StaffOutcome.Done>(await app.Get<ResetSecondFactor>().ExecuteAsync(await app.StaffAsync("admin"), analyst.Id, "phone lost", CancellationToken.None));
        await ExpectSignedOutAsync(client);
        using var again = await app.SignInAsync("analyst");
        using var inside = await again.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, inside.StatusCode);
    }

    [Theory]
    [InlineData("roles")]
    [InlineData("lock")]
    [InlineData("remove")]
    public async Task A_cookie_ends_when_roles_lock_or_existence_change(string what)
    {
        await using var app = await StartQuickAsync();
        using var client = await app.SignInAsync("analyst");
        using var inside = await client.GetAsync(new Uri("/domains", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, inside.StatusCode);
        await ChangeAsync(app, what);
        await ExpectSignedOutAsync(client);
        using var next = app.Client();
        using var answer = await RunningApp.PostFormAsync(next, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", Password));
        Assert.Equal(what == "roles" ? HttpStatusCode.Redirect : HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("roles")]
    [InlineData("lock")]
    [InlineData("remove")]
    public async Task An_open_circuit_ends_when_roles_lock_or_existence_change(string what)
    {
        await using var app = await StartQuickAsync();
        await using var scope = app.App.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        var principal = await scope.ServiceProvider.GetRequiredService<IUserClaimsPrincipalFactory<GuardUser>>().CreateAsync((await users.FindByNameAsync("analyst"))!);
        Assert.True(principal.IsInRole(Roles.Analyst));
        var circuit = scope.ServiceProvider.GetRequiredService<AuthenticationStateProvider>();
        ((IHostEnvironmentAuthenticationStateProvider)circuit).SetAuthenticationState(Task.FromResult(new AuthenticationState(principal)));
        await Task.Delay(600, TestContext.Current.CancellationToken);
        Assert.True((await circuit.GetAuthenticationStateAsync()).User.Identity!.IsAuthenticated);

        await ChangeAsync(app, what);
        for (var i = 0; i < 100 && (await circuit.GetAuthenticationStateAsync()).User.Identity?.IsAuthenticated == true; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        var now = (await circuit.GetAuthenticationStateAsync()).User;
        Assert.False(now.Identity?.IsAuthenticated == true);
        Assert.False(now.IsInRole(Roles.Analyst));
        Assert.Throws<InvalidOperationException>(() => StaffMember.Of(now, null));
        (circuit as IDisposable)?.Dispose();
    }

    [Fact]
    public async Task Circuits_and_cookies_are_looked_at_each_minute()
    {
        await using var app = await RunningApp.StartAsync();
        Assert.Equal(TimeSpan.FromMinutes(1), app.Get<StaffRecheck>().Every);
        Assert.Equal(TimeSpan.FromMinutes(1), app.Get<Microsoft.Extensions.Options.IOptions<SecurityStampValidatorOptions>>().Value.ValidationInterval);
    }

    [Fact]
    public async Task Too_many_posts_from_one_address_are_refused_and_pages_still_open()
    {
        await using var app = await RunningApp.StartAsync("Development", ("DomainGuard:SignIn:PostsPerMinute", "3"));
        using var client = app.Client();
        for (var i = 0; i < 4; i++)
        {
            using var answer = await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "name" + i), ("Input.Password", "wrong password"));
            Assert.Equal(i < 3 ? HttpStatusCode.OK : HttpStatusCode.TooManyRequests, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "20010DB800010002")]
    [InlineData("2001:db8:1:2:ffff::1", "20010DB800010002")]
    public void Neighbours_of_one_subscriber_count_together(string address, string expected) => Assert.Equal(expected, SignInServices.Neighbourhood(IPAddress.Parse(address)));

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_RFC_6238(long seconds, string expected) =>
        Assert.Equal(expected, StaffAuthenticator.Code(StaffAuthenticator.FromBase32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), seconds / 30));

    private static Task<RunningApp> StartQuickAsync() => RunningApp.StartAsync(services => services.AddSingleton(new StaffRecheck(TimeSpan.FromMilliseconds(200))));

    private static async Task ChangeAsync(RunningApp app, string what)
    {
        var (admin, analyst) = (await app.StaffAsync("admin"), await app.StaffAsync("analyst"));
        Assert.IsType<StaffOutcome.Done>(what switch
        {
            "roles" => await app.Get<ChangeStaffRoles>().ExecuteAsync(admin, analyst.Id, [Roles.Auditor], CancellationToken.None),
            "lock" => await app.Get<LockStaff>().ExecuteAsync(admin, analyst.Id, null, CancellationToken.None),
            _ => await app.Get<RemoveStaff>().ExecuteAsync(admin, analyst.Id, null, CancellationToken.None),
        });
    }

    private static async Task ExpectSignedOutAsync(HttpClient client)
    {
        await Task.Delay(300, TestContext.Current.CancellationToken);
        using var outside = await client.GetAsync(new Uri("/domains", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Redirect, outside.StatusCode);
        Assert.Equal("/signin", outside.Headers.Location!.AbsolutePath);
    }

    private static Task<HttpResponseMessage> CodeAsync(HttpClient client, string code) => RunningApp.PostFormAsync(client, "/signin/code", "code", ("Input.Code", code));

    /// <summary>Turns the authenticator on as the page asks it: key, code, recovery codes.</summary>
    private static async Task<(byte[] Secret, IReadOnlyList<string> Codes, string Code)> EnrolAsync(HttpClient client, string? password)
    {
        var page = await client.GetStringAsync(new Uri("/enrol", UriKind.Relative));
        var secret = StaffAuthenticator.FromBase32(Key().Match(page).Groups[1].Value.Replace(" ", "", StringComparison.Ordinal));
        var code = StaffAuthenticator.Code(secret, (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30));
        using var answer = await RunningApp.PostFormAsync(client, "/enrol", "authenticator", ("Input.Code", code), ("Input.Password", password ?? ""));
        var text = await answer.Content.ReadAsStringAsync();
        return (secret, [.. Recovery().Matches(text).Select(m => m.Groups[1].Value)], code);
    }

    private static long Step(string code, byte[] secret)
    {
        var now = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30);
        return Enumerable.Range(-2, 4).Select(i => now + i).First(s => StaffAuthenticator.Code(secret, s) == code);
    }

    [GeneratedRegex("""<code class="mono key">([A-Z2-7 ]+)</code>""")]
    private static partial Regex Key();

    [GeneratedRegex("""<li>([A-Z0-9]{5}-[A-Z0-9]{5})</li>""")]
    private static partial Regex Recovery();

    [GeneratedRegex("""role="alert">.*?<div>(.*?)</div>""", RegexOptions.Singleline)]
    private static partial Regex Alert();

    [GeneratedRegex("[0-9]{2}:[0-9]{2}")]
    private static partial Regex Until();
}
