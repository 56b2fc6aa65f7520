using System.Net;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Auth;

public sealed class SignInTests
{
    [Fact]
    public async Task Five_wrong_passwords_lock_the_account_and_the_right_one_then_fails_too()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        for (var i = 0; i < 5; i++)
        {
            await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", "wrong password " + i));
        }

        using var answer = await RunningApp.PostFormAsync(client, "/signin", "signin", ("Input.UserName", "analyst"), ("Input.Password", "demonstration"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("Too many attempts. Locked until", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/domains", "/domains")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example/", "/")]
    public async Task After_signing_in_one_stays_on_this_site(string to, string expected)
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        using var answer = await RunningApp.PostFormAsync(client, "/signin?to=" + Uri.EscapeDataString(to), "signin", ("Input.UserName", "admin"), ("Input.Password", "demonstration"));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal(expected, new Uri(app.Url, answer.Headers.Location!).AbsolutePath);
        Assert.Equal(app.Url.Host, new Uri(app.Url, answer.Headers.Location!).Host);
    }

    [Fact]
    public async Task Set_up_token_makes_one_administrator_and_then_the_page_is_gone()
    {
        await using var app = await RunningApp.StartAsync("Staging", ("DomainGuard:World", "Live"), ("DomainGuard:Lookups:Dns:Enabled", "false"));
        var token = (await File.ReadAllTextAsync(Path.Combine(app.Folder, "setup-token"), TestContext.Current.CancellationToken)).Trim();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(app.Folder, "setup-token")));
        }

        using var client = app.Client();
        using var wrong = await PostAsync(client, "not the token", "a long enough password");
        Assert.Contains("not the set-up token", await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var weak = await PostAsync(client, token, "short");
        Assert.Contains("at least 12", await weak.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var done = await PostAsync(client, token, "a long enough password");
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.False(File.Exists(Path.Combine(app.Folder, "setup-token")));

        using var gone = await client.GetAsync(new Uri("/setup", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        // Outside the demonstration a password alone opens nothing: the way leads to the second factor, and back to what was wanted.
        using var first = await app.SignInAsync("first", "a long enough password");
        using var import = await first.GetAsync(new Uri("/import", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("/enrol?to=%2Fimport", import.Headers.Location!.OriginalString);
        using var enrol = await first.GetAsync(import.Headers.Location, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, enrol.StatusCode);

        static Task<HttpResponseMessage> PostAsync(HttpClient client, string token, string password) => RunningApp.PostFormAsync(
            client, "/setup", "setup", ("Input.Token", token), ("Input.UserName", "first"), ("Input.DisplayName", "First"), ("Input.Password", password));
    }

    [Fact]
    public async Task Ready_made_staff_exist_in_a_demonstration_only()
    {
        await using var app = await RunningApp.StartAsync("Staging", ("DomainGuard:World", "Live"), ("DomainGuard:Lookups:Dns:Enabled", "false"));
        Assert.False(app.App.Services.GetRequiredService<StaffSetup>().IsDemonstration);
        Assert.True(await app.App.Services.GetRequiredService<StaffSetup>().IsOpenAsync(CancellationToken.None));
    }
}
