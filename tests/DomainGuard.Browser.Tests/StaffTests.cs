using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace DomainGuard.Browser.Tests;

/// <summary>Staff and sign-in as people meet them: invitation, passkey, their own page. Passkeys need a host name, so these go by localhost.</summary>
[Collection(ConsoleFixture.OneAfterTheOther)]
public sealed class StaffTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const string Password = "a long enough password";

    private string Url => console.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    [Fact]
    public async Task Invited_person_joins_makes_a_passkey_and_signs_in_with_it()
    {
        var (admin, _) = await console.OpenAsync();
        var link = await InviteAsync(admin, "Mara Ov", "Analyst");

        var (page, strangers) = await console.OpenAsync();
        var (session, authenticator) = await AddAuthenticatorAsync(page);
        await JoinAsync(page, link, "mara.ov");

        await page.GotoAsync(Url + "/me");
        await page.ClickAsync("text=Add a passkey");
        await page.FillAsync("#passkey-name", "Laptop");
        await page.FillAsync("#passkey-password", Password);
        await page.ClickAsync("button:has-text('Make a passkey')");
        await page.WaitForURLAsync("**/me");
        Assert.Equal("Laptop", await page.InputValueAsync("#pk-0"));

        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(Url + "/signin?to=%2Fdomains");
        await page.ClickAsync("button:has-text('Sign in with a passkey')");
        await page.WaitForURLAsync("**/domains");
        await page.WaitForSelectorAsync("h1:has-text('Domains')");

        // The password alone no longer opens anything; the passkey is the second step, too.
        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(Url + "/signin");
        await page.FillAsync("#name", "mara.ov");
        await page.FillAsync("#password", Password);
        await page.ClickAsync("button:has-text('Continue')");
        await page.WaitForURLAsync("**/signin/code");
        await page.ClickAsync("button:has-text('Use a passkey')");
        await page.WaitForSelectorAsync("nav.nav");

        // Somebody else's authenticator is not known here.
        await session.SendAsync("WebAuthn.clearCredentials", new() { ["authenticatorId"] = authenticator });
        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(Url + "/signin");
        await page.ClickAsync("button:has-text('Sign in with a passkey')");
        await page.WaitForSelectorAsync("text=The passkey was not used");
        Assert.Empty(strangers);

        // The administrator sees it, and takes the last way in away.
        await admin.ReloadAsync();
        await admin.WaitForSelectorAsync("tr:has-text('mara.ov') >> text=1 passkey");
        await admin.ClickAsync("tr:has-text('mara.ov') >> button:has-text('Remove')");
        await admin.FillAsync("#reason", "left");
        await admin.ClickAsync(".mud-dialog button.d:has-text('Remove')");
        await admin.WaitForSelectorAsync("tr:has-text('mara.ov')", new() { State = WaitForSelectorState.Detached });
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 1440)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task Pages_of_staff_and_sign_in_have_no_serious_accessibility_finding_and_fit(ColorScheme theme, int width)
    {
        var (page, strangers) = await console.OpenAsync(theme, width);
        var link = await InviteAsync(page, "Nobody yet", "Auditor");
        await CheckAsync(page, "/staff");
        foreach (var path in (string[])["/me", "/enrol"])
        {
            await page.GotoAsync(Url + path);
            await CheckAsync(page, path);
        }

        await page.Context.ClearCookiesAsync();
        foreach (var path in (string[])["/signin", "/signin?sso=role", new Uri(link).AbsolutePath, "/invitation/unknown"])
        {
            await page.GotoAsync(Url + path);
            await CheckAsync(page, path);
        }

        Assert.Empty(strangers);

        async Task CheckAsync(IPage opened, string path)
        {
            var result = await opened.RunAxe();
            Assert.Empty(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{path}: {v.Id}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}"));
            Assert.True(await opened.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, path);
        }
    }

    [Theory]
    [InlineData("/scans/999999", "no such scan")]
    [InlineData("/accounts/nobody-has-this", "no such account")]
    public async Task Unknown_identifiers_say_that_there_is_no_such_thing(string path, string words)
    {
        var (page, _) = await console.OpenAsync();
        await console.SignInAsync(page, "auditor");
        await page.GotoAsync(console.Url + path);
        await page.WaitForFunctionAsync("words => document.body.innerText.toLowerCase().includes(words)", words);
    }

    private async Task<string> InviteAsync(IPage page, string name, string role)
    {
        await page.GotoAsync(Url + "/signin");
        await page.FillAsync("#name", "admin");
        await page.FillAsync("#password", "demonstration");
        await page.ClickAsync("button:has-text('Continue')");
        await page.WaitForSelectorAsync("nav.nav");
        await page.GotoAsync(Url + "/staff");
        await page.ClickAsync("button:has-text('Invite')");
        await page.FillAsync(".mud-dialog #name", name);
        await page.CheckAsync($".mud-dialog input[value={role}]");
        await page.ClickAsync("button:has-text('Make the link')");
        var link = await page.Locator("#link").InputValueAsync();
        await page.ClickAsync(".mud-dialog button:has-text('Done')");
        await page.WaitForSelectorAsync($"section[aria-label='Open invitations'] >> text={name}");
        return link;
    }

    private static async Task JoinAsync(IPage page, string link, string userName)
    {
        await page.GotoAsync(link);
        await page.FillAsync("#user", userName);
        await page.FillAsync("#password", Password);
        await page.ClickAsync("button:has-text('Join')");
        await page.WaitForSelectorAsync("nav.nav");
    }

    private static async Task<(ICDPSession Session, string Id)> AddAuthenticatorAsync(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("WebAuthn.enable");
        var added = await session.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = "internal",
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = true,
                ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });
        return (session, added!.Value.GetProperty("authenticatorId").GetString()!);
    }
}
