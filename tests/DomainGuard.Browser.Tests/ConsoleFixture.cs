using DomainGuard.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;

namespace DomainGuard.Browser.Tests;

/// <summary>The real application on a loopback port in demonstration mode, and a real browser. Needs Chromium: <c>DOMAINGUARD_TEST_CHROMIUM</c> names its executable.</summary>
public sealed class ConsoleFixture : IAsyncLifetime
{
    /// <summary>Classes of one collection run one after the other: each starts the application and a browser of its own, and side by side they take more than a small machine has.</summary>
    public const string OneAfterTheOther = "Browser";

    private readonly string _data = Path.Combine(Path.GetTempPath(), "domainguard-" + Guid.CreateVersion7());
    private WebApplication? _app;
    private IPlaywright? _playwright;

    /// <summary>Where the console answers.</summary>
    public string Url { get; private set; } = "";

    /// <summary>The browser; null where there is none.</summary>
    public IBrowser? Browser { get; private set; }

    /// <summary>Services of the application, to prepare what a test is about.</summary>
    public IServiceProvider Services => _app!.Services;

    private static string? Chromium => Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_CHROMIUM");

    public async ValueTask InitializeAsync()
    {
        if (string.IsNullOrEmpty(Chromium))
        {
            return;
        }

        _app = DomainGuardApp.Build(["--environment=Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["DomainGuard:DataDirectory"] = _data,
                ["DomainGuard:World"] = "Simulated",
                ["DomainGuard:SignIn:PostsPerMinute"] = "100000",
            });
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
        });
        await DomainGuardApp.PrepareAsync(_app, CancellationToken.None);
        await DomainGuardApp.WarmUpAsync(_app, CancellationToken.None);
        await _app.StartAsync();
        Url = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Headless = true,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    /// <summary>A fresh page; every request to a host other than this machine is cut and remembered.</summary>
    public async Task<(IPage Page, List<string> Strangers)> OpenAsync(ColorScheme theme = ColorScheme.Light, int width = 1440)
    {
        Assert.SkipUnless(Browser is not null, "DOMAINGUARD_TEST_CHROMIUM does not name a Chromium");
        var context = await Browser!.NewContextAsync(new() { ColorScheme = theme, ReducedMotion = ReducedMotion.Reduce, ViewportSize = new() { Width = width, Height = 900 } });
        context.SetDefaultTimeout(60_000);
        List<string> strangers = [];
        await context.RouteAsync("**/*", async route =>
        {
            if (new Uri(route.Request.Url).IsLoopback)
            {
                await route.ContinueAsync();
            }
            else
            {
                strangers.Add(route.Request.Url);
                await route.AbortAsync();
            }
        });
        return (await context.NewPageAsync(), strangers);
    }

    /// <summary>Signs a member of the demonstration staff in.</summary>
    public async Task SignInAsync(IPage page, string user = "admin")
    {
        await page.GotoAsync(Url + "/signin");
        await page.FillAsync("#name", user);
        await page.FillAsync("#password", "demonstration");
        await page.ClickAsync("button:has-text('Continue')");
        await page.WaitForSelectorAsync("nav.nav");
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        if (Directory.Exists(_data))
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(_data, recursive: true);
        }
    }
}
