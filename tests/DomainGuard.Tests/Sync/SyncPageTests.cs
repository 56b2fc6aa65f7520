using System.Security.Claims;
using Bunit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Sync;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Sync;

/// <summary>The page of syncs, on a real database of a platform.</summary>
public sealed class SyncPageTests : BunitContext
{
    private const string Query = "SELECT id AS account_id, mail AS email, made AS created_at FROM users";
    private static readonly string[] Platform = ["CREATE TABLE users (id INTEGER, mail TEXT, made TEXT)", "INSERT INTO users VALUES (1, 'A@Example.com', '2024-01-01 10:00:00'), (2, 'nobody', NULL), (3, 'c@example.com', NULL)"];

    private static CancellationToken Cancel => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task Previews_runs_and_lets_a_run_pass_that_waits()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Platform);
        var page = Page(world);
        Assert.Contains("within a minute", page.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("platform.db", page.Markup, StringComparison.Ordinal); // neither connection string
        Assert.DoesNotContain("FROM users", page.Markup, StringComparison.Ordinal); // nor query

        await Button(page, "Preview").ClickAsync(new());
        page.WaitForAssertion(() => Assert.Equal(3, page.FindAll("[aria-label=Preview] tbody tr").Count), TimeSpan.FromSeconds(10));
        var rows = page.FindAll("[aria-label=Preview] tbody tr");
        Assert.Contains("A@example.com", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("read as A@Example.com", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("2024-01-01T10:00:00Z", rows[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("email", rows[1].TextContent, StringComparison.Ordinal);

        await Button(page, "Sync now").ClickAsync(new());
        page.WaitForAssertion(() => Assert.True(Button(page, "Running").HasAttribute("disabled")), TimeSpan.FromSeconds(10));
        var first = await world.Guard.Get<RunSqlSync>().ExecuteAsync(Cancel); // as the job server would
        page.WaitForAssertion(() => Assert.Contains("Written", page.Find("[aria-label=Runs] tbody tr").TextContent, StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        Assert.Contains("Ada", page.Find("[aria-label=Runs] tbody tr").TextContent, StringComparison.Ordinal);

        await world.RunAsync("DELETE FROM users WHERE id = 3");
        var second = await world.SyncAsync();
        page = Page(world, first!.Id);
        Assert.Contains("1 account that we hold is not among the rows", page.Find("[aria-label='Waits for you']").TextContent, StringComparison.Ordinal);
        Assert.Equal("2email", string.Concat(page.FindAll("[aria-label^='Run '] tbody tr")[0].Children.Take(2).Select(c => c.TextContent))); // row and column of what the first run rejected
        var allow = Button(page, "Import 0 accounts, retire 1");
        Assert.True(allow.HasAttribute("disabled"));
        await page.Find("[aria-label='Waits for you'] input").ChangeAsync(new() { Value = true });
        await Button(page, "Import 0 accounts, retire 1").ClickAsync(new());
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[aria-label='Waits for you']")), TimeSpan.FromSeconds(10));
        Assert.True((await world.Guard.Get<ImportQueries>().FindAsync(second.Id, Cancel))!.AllowRemovals);
    }

    [Fact]
    public async Task Says_what_to_set_while_it_is_off()
    {
        await using var world = await SqlSourceWorld.CreateAsync(DatabaseProvider.Sqlite, Query, Platform);
        world.Options.ConnectionString = null;
        var page = Page(world);
        Assert.Contains("DomainGuard:Sync:Sql:ConnectionString", page.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain(page.FindAll("button"), b => b.TextContent is "Preview" or "Sync now");
    }

    private static AngleSharp.Dom.IElement Button(IRenderedComponent<SyncPage> page, string text) => page.FindAll("button").Single(b => b.TextContent == text);

    private IRenderedComponent<SyncPage> Page(SqlSourceWorld world, long? run = null)
    {
        if (!Services.Any(s => s.ServiceType == typeof(SyncQueries)))
        {
            this.AddAuthorization().SetAuthorized("ada").SetClaims(
                new Claim(ClaimTypes.NameIdentifier, Guid.CreateVersion7().ToString()), new Claim(ClaimTypes.Role, Roles.Administrator), new Claim(StaffClaims.DisplayName, "Ada"));
            Services.AddSingleton(world.Guard.Get<SyncQueries>()).AddSingleton(world.Guard.Get<ImportQueries>()).AddSingleton(world.Guard.Get<StartSqlSync>()).AddSingleton(world.Guard.Get<PreviewSqlSource>())
                .AddSingleton(world.Guard.Get<ConfirmImport>()).AddSingleton(world.Guard.Get<ImportWorker>()).AddSingleton<GuardClock>(world.Guard.Clock)
                .AddSingleton<IBackgroundJobClient, NoJobServer>().AddSingleton<SyncLauncher>().AddScoped<CircuitOrigin>().AddScoped<CurrentStaff>();
        }

        Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().NavigateTo(run is { } id ? $"/sync?run={id}" : "/sync");
        var page = Render<SyncPage>();
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("dl")), TimeSpan.FromSeconds(10));
        return page;
    }

    /// <summary>The test itself does what the job server would: Hangfire's own storage takes the log of whichever application of the process was started last.</summary>
    private sealed class NoJobServer : IBackgroundJobClient
    {
        public string Create(Job job, IState state) => "1";

        public bool ChangeState(string jobId, IState state, string expectedState) => true;
    }
}
