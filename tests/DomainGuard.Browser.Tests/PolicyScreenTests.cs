using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace DomainGuard.Browser.Tests;

/// <summary>The policy as administrators, analysts and auditors meet it.</summary>
[Collection(ConsoleFixture.OneAfterTheOther)]
public sealed class PolicyScreenTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    public static TheoryData<string, ColorScheme> Pages
    {
        get
        {
            var data = new TheoryData<string, ColorScheme>();
            foreach (var path in (string[])["/policy", "/policy?draft=1~OnHold.action:Unverify;brake.perDay:40", "/policy/1", "/settings"])
            {
                data.Add(path, ColorScheme.Light);
                data.Add(path, ColorScheme.Dark);
            }

            return data;
        }
    }

    [Fact]
    public async Task Administrator_changes_a_row_sees_whom_it_touches_and_saves_the_next_version()
    {
        var (page, strangers) = await console.OpenAsync();
        await console.SignInAsync(page);
        await ScanAsync(page);
        await OpenAsync(page, "/policy");
        Assert.True(await page.Locator("button:has-text('Save as v2')").IsDisabledAsync());

        await page.GetByLabel("Parked: policy wants").SelectOptionAsync("Watch");
        await page.WaitForSelectorAsync("text=Draft of v2, 1 change");
        Assert.Contains("Parked.action", Uri.UnescapeDataString(page.Url), StringComparison.Ordinal);
        await page.WaitForSelectorAsync(".pn .n3");
        var released = await page.Locator(".pn .n3 b").InnerTextAsync();
        Assert.NotEqual("0", released);
        await page.WaitForSelectorAsync("table.pvt tbody tr");

        // A lost circuit loses nothing: the address holds the draft, and the reason once it is typed.
        await page.Locator("button:has-text('Save as v2')").ClickAsync();
        // A busy machine may show the field before it listens: then a person goes on typing.
        for (var attempt = 0; attempt < 10 && !page.Url.Contains("why=", StringComparison.Ordinal); attempt++)
        {
            await page.FillAsync("#why", "");
            await page.FillAsync("#why", "Parked domains are common here");
            await page.WaitForTimeoutAsync(1_000 * attempt);
        }

        Assert.Contains("why=", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();
        await page.WaitForSelectorAsync("text=Draft of v2, 1 change");
        await page.Locator("button:has-text('Save as v2'):enabled").ClickAsync();
        Assert.Equal("Parked domains are common here", await page.InputValueAsync("#why"));
        await page.Locator(".mud-dialog button.btn.p:enabled").ClickAsync();

        await page.WaitForSelectorAsync("text=v2 in force since");
        Assert.Equal("Watch", await page.GetByLabel("Parked: policy wants").InputValueAsync());
        await OpenAsync(page, "/policy/2");
        await page.WaitForSelectorAsync("text=Ada Administrator: Parked domains are common here");
        await page.WaitForSelectorAsync("ul.changes >> text=Parked: policy wants");

        // And back: an old version is saved anew.
        await OpenAsync(page, "/policy/1");
        await page.Locator("a:has-text('Make it v3')").ClickAsync();
        await page.WaitForSelectorAsync("text=Draft of v3, 1 change");
        Assert.Empty(strangers);
    }

    [Theory]
    [InlineData("auditor")]
    [InlineData("analyst")]
    public async Task Others_read_it_and_are_told_who_may_change_it(string user)
    {
        var (page, _) = await console.OpenAsync();
        await console.SignInAsync(page, user);
        await OpenAsync(page, "/policy");
        Assert.True(await page.Locator("button:has-text('needs Administrator')").First.IsDisabledAsync());
        Assert.True(await page.GetByLabel("On hold: policy wants").IsDisabledAsync());
        await page.GotoAsync(console.Url + "/settings");
        await page.WaitForSelectorAsync("text=This needs another role");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_has_no_serious_accessibility_finding(string path, ColorScheme theme)
    {
        var (page, strangers) = await console.OpenAsync(theme);
        await console.SignInAsync(page);
        await OpenAsync(page, path);
        if (path.Contains("draft", StringComparison.Ordinal))
        {
            await page.WaitForSelectorAsync(".pn");
        }

        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}"));
        Assert.Empty(strangers);
    }

    [Fact]
    public async Task Nothing_scrolls_sideways_on_a_phone_and_it_says_that_a_wider_screen_is_better()
    {
        var (page, _) = await console.OpenAsync(width: 390);
        await console.SignInAsync(page);
        foreach (var path in (string[])["/policy", "/policy/1", "/settings"])
        {
            await OpenAsync(page, path);
            Assert.True(await page.EvaluateAsync<int>("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth") <= 0, path);
        }

        await OpenAsync(page, "/policy");
        Assert.True(await page.Locator("text=Better on a wider screen").IsVisibleAsync());
    }

    private async Task ScanAsync(IPage page)
    {
        await page.GotoAsync(console.Url + "/scans?dialog=start");
        await page.WaitForSelectorAsync(".mud-dialog");
        await page.GetByLabel("Every watched domain").CheckAsync();
        await page.Locator(".mud-dialog button.btn.p:enabled:has-text(' domains')").ClickAsync();
        await page.WaitForSelectorAsync("table.grid tr:has-text('All domains') >> text=Complete", new() { Timeout = 90_000 });
    }

    private async Task OpenAsync(IPage page, string path)
    {
        await page.GotoAsync(console.Url + path);
        await page.WaitForSelectorAsync("h1");
        await page.WaitForSelectorAsync("html[data-keys=on]", new() { State = WaitForSelectorState.Attached });
        await page.WaitForFunctionAsync("document.querySelectorAll('.loading').length === 0");
    }
}
