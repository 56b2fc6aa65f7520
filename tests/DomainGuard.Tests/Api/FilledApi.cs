using System.Net;
using System.Text.Json;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Demo;
using DomainGuard.Web.Features.Scans;
using Hangfire;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace DomainGuard.Tests.Api;

/// <summary>Classes that share <see cref="FilledApi"/>: filling it takes longer than they do.</summary>
[CollectionDefinition(nameof(FilledApi))]
public sealed class FilledApiCollection : ICollectionFixture<FilledApi>;

/// <summary>The real application with the demonstration's accounts, two days of scans and the cases that they opened: on SQLite, and on PostgreSQL where there is one.</summary>
public sealed class FilledApi : IAsyncLifetime
{
    private readonly Dictionary<DatabaseProvider, RunningApp> _apps = [];
    private readonly SemaphoreSlim _one = new(1, 1);

    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var (provider, app) in _apps)
        {
            if (provider == DatabaseProvider.PostgreSql)
            {
                await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
                await app.App.StopAsync();
                NpgsqlConnection.ClearAllPools();
                await db.Database.EnsureDeletedAsync();
            }

            await app.DisposeAsync();
        }
    }

    /// <summary>The application on a database product; filled when it is first asked for.</summary>
    internal async Task<RunningApp> AppAsync(DatabaseProvider provider)
    {
        await _one.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!_apps.TryGetValue(provider, out var app))
            {
                _apps.Add(provider, app = await FillAsync(provider));
            }

            return app;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A client with a key of these scopes.</summary>
    internal async Task<HttpClient> ClientAsync(DatabaseProvider provider, ApiScopes scopes)
    {
        var app = await AppAsync(provider);
        return ApiApp.Client(app, (await ApiApp.KeyAsync(app, scopes)).Secret);
    }

    /// <summary>What an address gives, which must be there.</summary>
    internal static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        var (answer, body) = await ApiApp.SendAsync(client, "GET", path);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode} {body}");
        return body;
    }

    /// <summary>All rows of a list, page by page.</summary>
    internal static async Task<List<JsonElement>> WalkAsync(HttpClient client, string path, int limit)
    {
        List<JsonElement> rows = [];
        for (string? next = ""; next is not null;)
        {
            var page = await GetAsync(client, $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{(next.Length == 0 ? "" : "&cursor=" + next)}");
            rows.AddRange(page.GetProperty("items").EnumerateArray());
            next = page.GetProperty("next").GetString();
        }

        return rows;
    }

    private static async Task<RunningApp> FillAsync(DatabaseProvider provider)
    {
        List<(string, string)> settings = [];
        if (provider == DatabaseProvider.PostgreSql)
        {
            var server = Environment.GetEnvironmentVariable("DOMAINGUARD_TEST_POSTGRES");
            Assert.SkipWhen(string.IsNullOrEmpty(server), "DOMAINGUARD_TEST_POSTGRES names no server");
            settings.Add(("DomainGuard:Database:Provider", "PostgreSql"));
            settings.Add(("DomainGuard:Database:ConnectionString", new NpgsqlConnectionStringBuilder(server) { Database = $"dg_api_{Guid.CreateVersion7():N}" }.ConnectionString));
        }

        var app = await RunningApp.StartAsync("Development", [.. settings]);
        await DomainGuardApp.WarmUpAsync(app.App, CancellationToken.None);
        Assert.IsType<AdvanceOutcome.Advanced>(await app.Get<AdvanceClock>().ExecuteAsync(Requester.Demonstration, TimeSpan.FromDays(2), null, CancellationToken.None));
        await app.Get<SealEntries>().ExecuteAsync(CancellationToken.None);

        // What is read stands still.
        foreach (var recurring in (string[])["scan-due", "dns-sweep"])
        {
            app.Get<IRecurringJobManager>().RemoveIfExists(recurring);
        }

        while ((await app.Get<ScanQueries>().UnfinishedAsync(CancellationToken.None)).Count > 0)
        {
            await Task.Delay(50);
        }

        return app;
    }
}
