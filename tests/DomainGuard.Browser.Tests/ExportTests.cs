using System.Diagnostics;
using System.IO.Compression;
using Deque.AxeCore.Playwright;
using DomainGuard.Web;
using Microsoft.Playwright;

namespace DomainGuard.Browser.Tests;

/// <summary>The way of an auditor: ask for an export in the console, take the file home, and prove it there without the database.</summary>
[Collection(ConsoleFixture.OneAfterTheOther)]
public sealed class ExportTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    public static TheoryData<ColorScheme, int> Screens => new() { { ColorScheme.Light, 1440 }, { ColorScheme.Dark, 1440 }, { ColorScheme.Light, 390 }, { ColorScheme.Dark, 390 } };

    [Theory]
    [InlineData("/exports", 1440)]
    [InlineData("/audit", 1440)]
    [InlineData("/exports", 390)]
    public async Task An_auditor_exports_the_trail_downloads_it_and_verifies_it_offline(string path, int width)
    {
        var home = Directory.CreateTempSubdirectory("dg-auditor-").FullName;
        try
        {
            var (page, strangers) = await console.OpenAsync(width: width);
            await console.SignInAsync(page, "auditor");
            await OpenAsync(page, path);
            await page.Locator(".head button:has-text('Export'), .main button.btn:has-text('Export')").First.ClickAsync();
            await page.WaitForSelectorAsync(".mud-dialog:has-text('without gaps')");
            await AssertAccessibleAsync(page);
            var dialog = (await page.Locator(".mud-dialog").BoundingBoxAsync())!;
            foreach (var field in await page.Locator(".mud-dialog .in, .mud-dialog .btn").AllAsync())
            {
                var box = (await field.BoundingBoxAsync())!;
                Assert.True(box.X >= dialog.X && box.X + box.Width <= dialog.X + dialog.Width, $"{box.X} + {box.Width} in {dialog.X} + {dialog.Width}");
            }

            await page.Locator(".mud-dialog button.btn.p:enabled:has-text('Export ')").ClickAsync();
            await page.WaitForSelectorAsync(".mud-dialog", new() { State = WaitForSelectorState.Detached });
            if (path != "/exports")
            {
                await OpenAsync(page, "/exports");
            }

            var row = page.Locator("table.grid tbody tr").First;
            await row.Locator("text=Complete").WaitForAsync();
            var place = (await row.Locator("a[download]").BoundingBoxAsync())!;
            Assert.True(place.X + place.Width <= width, "The file is fetched without scrolling sideways.");
            var download = await page.RunAndWaitForDownloadAsync(() => row.Locator("a[download]").ClickAsync());
            Assert.Matches("^domainguard-audit-.*[.]zip$", download.SuggestedFilename);
            var file = Path.Combine(home, download.SuggestedFilename);
            await download.SaveAsAsync(file);
            Assert.Null(await download.FailureAsync());

            // The page goes on: a download is no navigation.
            Assert.EndsWith("/exports", page.Url, StringComparison.Ordinal);
            Assert.Equal(0, await page.Locator("#components-reconnect-modal[open], #blazor-error-ui:visible").CountAsync());

            // The key that everybody can fetch, kept beside the file.
            var key = Path.Combine(home, "audit.jwks");
            await File.WriteAllTextAsync(key, await (await page.APIRequest.GetAsync(console.Url + "/.well-known/domainguard-audit.jwks")).TextAsync(), TestContext.Current.CancellationToken);
            var (code, said) = await VerifyAsync(home, file, key);
            Assert.True(code == 0, said);
            Assert.Contains("whole", said, StringComparison.OrdinalIgnoreCase);

            var (spoilt, entry) = Spoil(file, Path.Combine(home, "spoilt.zip"));
            (code, said) = await VerifyAsync(home, spoilt, key);
            Assert.True(code == 1, said);
            Assert.Contains($"#{entry}", said.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.Empty(strangers);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task The_page_of_exports_is_accessible_and_fits(ColorScheme theme, int width)
    {
        var (page, _) = await console.OpenAsync(theme, width);
        await console.SignInAsync(page, "auditor");
        await OpenAsync(page, "/exports");
        await AssertAccessibleAsync(page);
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width);
    }

    // Another process in an empty folder: nothing of the application's data is there.
    private static async Task<(int Code, string Said)> VerifyAsync(string folder, string file, string key)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(DomainGuardApp).Assembly.Location, "audit", "verify", "--file", file, "--key", key])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }

    // One letter of one entry in the middle of the file.
    private static (string File, long Entry) Spoil(string file, string target)
    {
        File.Copy(file, target);
        using var zip = ZipFile.Open(target, ZipArchiveMode.Update);
        var data = zip.Entries.Single(e => e.Name.EndsWith(".jsonl", StringComparison.Ordinal));
        List<string> lines = [];
        using (var reader = new StreamReader(data.Open()))
        {
            while (reader.ReadLine() is { } line)
            {
                lines.Add(line);
            }
        }

        var at = lines.Count / 2;
        var before = lines[at];
        lines[at] = before.Replace("\"at\":\"20", "\"at\":\"19", StringComparison.Ordinal);
        Assert.NotEqual(before, lines[at]);
        var name = data.FullName;
        data.Delete();
        using var writer = new StreamWriter(zip.CreateEntry(name).Open()) { NewLine = "\n" };
        lines.ForEach(writer.WriteLine);
        return (target, at + 1);
    }

    private static async Task AssertAccessibleAsync(IPage page)
    {
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}"));
    }

    private static async Task OpenAsync(IPage page, string path)
    {
        await page.GotoAsync(new Uri(new Uri(page.Url), path).ToString());
        await page.WaitForSelectorAsync("h1");
        await page.WaitForSelectorAsync("html[data-keys=on]", new() { State = WaitForSelectorState.Attached });
    }
}
