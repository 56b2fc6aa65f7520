using System.Text;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace DomainGuard.Browser.Tests;

/// <summary>The console as its users meet it: the real application, a real browser.</summary>
[Collection(ConsoleFixture.OneAfterTheOther)]
public sealed class ConsoleTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    public static TheoryData<string, ColorScheme> Pages
    {
        get
        {
            var data = new TheoryData<string, ColorScheme>();
            foreach (var path in (string[])["/", "/domains", "/domains/harbor-tools.dev", "/domains/quietforge.io", "/accounts", "/accounts/u-00001", "/scans", "/scans?dialog=start", "/sources", "/import"])
            {
                data.Add(path, ColorScheme.Light);
                data.Add(path, ColorScheme.Dark);
            }

            return data;
        }
    }

    [Fact]
    public async Task Administrator_imports_a_file_scans_it_and_opens_a_domain()
    {
        var (page, strangers) = await console.OpenAsync();
        await console.SignInAsync(page);

        await page.GotoAsync(console.Url + "/import");
        var csv = "account_id,user_name,email,primary,verified_at\n"
            + "x-1,newcomer,someone@harbor-tools.dev,true,2024-05-01T10:00:00Z\n"
            + "x-2,second,who@quietforge.io,true,2024-05-01T10:00:00Z\n";
        await page.Locator("label:has-text('It is a part of the list') input").CheckAsync();
        await page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "more.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(csv) });
        await page.Locator("button:has-text('Import 2 accounts')").ClickAsync();
        await page.WaitForSelectorAsync("text=Written.");

        await page.GotoAsync(console.Url + "/scans");
        await page.Locator("button:has-text('Start scan')").ClickAsync();
        await page.GetByLabel("Every watched domain").CheckAsync();
        await page.Locator(".mud-dialog button.btn.p:enabled:has-text(' domains')").ClickAsync();
        await page.WaitForSelectorAsync("section[aria-label^='Scan '] [role=progressbar]");
        await page.WaitForSelectorAsync("table.grid tr:has-text('All domains') >> text=Complete", new() { Timeout = 180_000 });

        await page.FillAsync("#search", "harbor-tools.dev");
        await page.PressAsync("#search", "Enter");
        await page.WaitForURLAsync("**/domains/harbor-tools.dev");
        await page.WaitForSelectorAsync("h1:has-text('harbor-tools.dev')");
        Assert.True(await page.Locator("text=Redemption").First.IsVisibleAsync());
        await page.WaitForSelectorAsync("th:has-text('someone@harbor-tools.dev')");
        Assert.Empty(strangers);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_has_no_serious_accessibility_finding_and_asks_nobody_else(string path, ColorScheme theme)
    {
        var (page, strangers) = await console.OpenAsync(theme);
        await console.SignInAsync(page);
        await OpenAsync(page, path);
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}"));
        Assert.Empty(strangers);
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Sign_in_page_has_no_serious_accessibility_finding(ColorScheme theme)
    {
        var (page, _) = await console.OpenAsync(theme);
        await page.GotoAsync(console.Url + "/signin");
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => v.Id));
    }

    [Fact]
    public async Task No_page_scrolls_sideways_on_a_phone()
    {
        var (page, _) = await console.OpenAsync(width: 390);
        await console.SignInAsync(page);
        foreach (var path in (string[])["/", "/domains", "/domains/harbor-tools.dev", "/accounts", "/accounts/u-00001", "/scans", "/sources", "/import"])
        {
            await OpenAsync(page, path);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 390, path);
            Assert.True(await page.EvaluateAsync<int>("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth") <= 0, path);
        }
    }

    [Fact]
    public async Task Keys_lead_through_the_console()
    {
        var (page, _) = await console.OpenAsync();
        await console.SignInAsync(page);
        await OpenAsync(page, "/");
        // The two keys belong together within a second, which a busy machine may miss: then a person presses them again, too.
        for (var attempt = 0; attempt < 6 && !page.Url.EndsWith("/domains", StringComparison.Ordinal); attempt++)
        {
            await page.Keyboard.PressAsync("g");
            await page.Keyboard.PressAsync("d");
            await page.WaitForTimeoutAsync(1_500);
        }

        await page.WaitForURLAsync("**/domains");
        await page.WaitForSelectorAsync("h1:has-text('Domains')");
        await page.Keyboard.PressAsync("/");
        Assert.Equal("search", await page.EvaluateAsync<string>("document.activeElement.id"));
        await page.Keyboard.PressAsync("Escape");
        await page.EvaluateAsync("document.activeElement.blur()");
        await page.Keyboard.PressAsync("?");
        await page.WaitForSelectorAsync(".mud-dialog:has-text('Start scan')");
    }

    [Fact]
    public async Task Auditor_sees_what_he_may_not_do_as_such()
    {
        var (page, _) = await console.OpenAsync();
        await console.SignInAsync(page, "auditor");
        await OpenAsync(page, "/scans");
        Assert.True(await page.Locator("button:has-text('needs Administrator')").IsDisabledAsync());
        Assert.Equal(0, await page.Locator("nav.nav >> text=Import").CountAsync());
        await OpenAsync(page, "/domains/harbor-tools.dev");
        Assert.True(await page.Locator("button:has-text('needs Analyst')").IsDisabledAsync());
        await page.GotoAsync(console.Url + "/import");
        await page.WaitForSelectorAsync("text=This needs another role");
    }

    [Fact]
    public async Task Wrong_password_says_neither_which_half_was_wrong_nor_lets_in()
    {
        var (page, _) = await console.OpenAsync();
        await page.GotoAsync(console.Url + "/signin?to=https://elsewhere.example/");
        await page.FillAsync("#name", "nobody-here");
        await page.FillAsync("#password", "not the password");
        await page.ClickAsync("button:has-text('Continue')");
        await page.WaitForSelectorAsync("text=User name or password is wrong");
        await page.FillAsync("#name", "analyst");
        await page.FillAsync("#password", "demonstration");
        await page.ClickAsync("button:has-text('Continue')");
        await page.WaitForSelectorAsync("nav.nav");
        Assert.StartsWith(console.Url, page.Url, StringComparison.Ordinal);
    }

    private async Task OpenAsync(IPage page, string path)
    {
        await page.GotoAsync(console.Url + path);
        await page.WaitForSelectorAsync("h1");
        // The circuit has listened: what is shown answers.
        await page.WaitForSelectorAsync("html[data-keys=on]", new() { State = WaitForSelectorState.Attached });
        await page.WaitForFunctionAsync("document.querySelectorAll('.loading').length === 0");
        if (path.Contains("dialog", StringComparison.Ordinal))
        {
            await page.WaitForSelectorAsync(".mud-dialog");
        }
    }
}
