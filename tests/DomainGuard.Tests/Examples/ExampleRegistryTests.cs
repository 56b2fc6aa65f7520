using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using DomainGuard.Client;
using DomainGuard.Data;
using DomainGuard.Simulator.Scenarios;
using DomainGuard.Tests.Client;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Policy;
using ExampleRegistry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Examples;

/// <summary>The example tells the story that its page promises, against the real application.</summary>
public sealed partial class ExampleRegistryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_gate_the_stranger_who_bought_the_domain_publishes_in_her_name()
    {
        await using var domainGuard = new ClientApp();
        await domainGuard.InitializeAsync();
        await using var registry = await Registry.StartAsync(domainGuard.App, isGated: false);
        await registry.PostAsync("/Forgot", ("email", "mara@quietforge.io"));
        var mail = await registry.ReadAsync("/Mailbox");
        Assert.Contains("What the holder of quietforge.io reads", mail, StringComparison.Ordinal);
        var link = new Uri(WebUtility.HtmlDecode(Link().Match(mail).Groups[1].Value));
        Assert.Equal(HttpStatusCode.Redirect, await registry.PostAsync(link.PathAndQuery, ("id", Query(link, "id")), ("token", Query(link, "token")), ("password", "mine now")));
        Assert.Equal(HttpStatusCode.Redirect, await registry.PostAsync("/SignIn", ("user", "mara"), ("password", "mine now")));
        Assert.Equal(HttpStatusCode.Redirect, await registry.PostAsync("/Publish", ("package", "quiet-template"), ("version", "1.0.1-evil")));
        Assert.Contains("1.0.1-evil", await registry.ReadAsync("/"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await registry.PostAsync("/Publish", ("package", "left-bad"), ("version", "2.0.0"))); // still not everybody's
    }

    [Fact]
    public async Task With_the_gate_nothing_reaches_him_and_everybody_else_gets_his_mail()
    {
        await using var domainGuard = new ClientApp();
        await domainGuard.InitializeAsync();
        using (var rig = new ClientRig(domainGuard.App.Url))
        {
            // Somebody else at her domain was asked for a moment ago: what is known of it is fresh, and nobody has judged her address yet.
            var neighbour = new SyncAccount("neighbour") { Addresses = [new SyncAddress("new@quietforge.io", true, TimeProvider.System.GetUtcNow().AddDays(-2))] };
            await rig.Client.SyncAsync(DomainGuardClientTests.Of(neighbour), cancel: Cancel);
            await UntilAsync(async () => (await rig.Client.CheckRecoveryAsync(new RecoveryQuestion("new@quietforge.io"), cancel: Cancel)) is { MaySend: true, Answer.Fresh: true });
        }

        await using var registry = await Registry.StartAsync(domainGuard.App, isGated: true);
        Assert.Equal(HttpStatusCode.OK, await registry.PostAsync("/Forgot", ("email", "mara@quietforge.io")));
        await UntilAsync(async () => (await registry.ReadAsync("/Notices")).Contains("reset withheld", StringComparison.Ordinal));
        Assert.Contains("mara: ", await registry.ReadAsync("/Notices"), StringComparison.Ordinal);
        await UntilAsync(async () =>
        {
            await registry.PostAsync("/Forgot", ("email", "zoe@gmail.com"));
            return (await registry.ReadAsync("/Mailbox")).Contains("zoe@gmail.com", StringComparison.Ordinal);
        });
        Assert.DoesNotContain("quietforge.io", await registry.ReadAsync("/Mailbox"), StringComparison.Ordinal);

        using var http = registry.Http();
        var body = """{"type":"address.unverified","timestamp":"2026-03-01T00:00:00Z","data":{"accountId":"registry-mara"}}""";
        var (right, wrong) = ("whsec_ZXhhbXBsZS1yZWdpc3RyeS13ZWJob29rLXNlY3JldA==", WebhookVerifierTests.Secret);
        Assert.Equal(HttpStatusCode.Unauthorized, await WebhookVerifierTests.SendAsync(http, wrong, "msg_1", TimeProvider.System.GetUtcNow(), body, path: "/webhooks/domainguard"));
        Assert.Equal(HttpStatusCode.NoContent, await WebhookVerifierTests.SendAsync(http, right, "msg_2", TimeProvider.System.GetUtcNow(), body, path: "/webhooks/domainguard"));
        Assert.Equal(HttpStatusCode.NoContent, await WebhookVerifierTests.SendAsync(http, right, "msg_2", TimeProvider.System.GetUtcNow(), body, path: "/webhooks/domainguard"));
        Assert.Single(Regex.Matches(await registry.ReadAsync("/Notices"), "address.unverified"));
    }

    [Fact]
    public async Task Twelve_minutes_after_the_domain_was_taken_no_scan_has_seen_it_and_the_gate_stops_the_reset_all_the_same()
    {
        var port = FreePort();
        await using var domainGuard = await RunningApp.StartAsync("Development", ("DomainGuard:Webhooks:AllowedPrivateHosts:0", $"127.0.0.1:{port}"));
        await using (var db = await domainGuard.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel))
        {
            await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, false, Cancel);
            await db.SaveChangesAsync(Cancel);
        }

        using var rig = new ClientRig(domainGuard.Url);
        using var api = domainGuard.Client();
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "dg_demo");
        var receiver = await PostAsync(api, "/api/v1/webhooks", $$"""{"name":"registry","url":"http://127.0.0.1:{{port}}/webhooks/domainguard"}""");
        await using var gated = await Registry.StartAsync(domainGuard, isGated: true, port, receiver.GetProperty("secret").GetString());
        await using var open = await Registry.StartAsync(domainGuard, isGated: false);

        // Seen once while it was hers: what it looked like then is what it is held against.
        await PostAsync(api, "/api/v1/scans", $$"""{"scope":"Domain","target":"{{NamedDomains.Taken}}"}""");
        await UntilAsync(async () => await AddressAsync() is { Phase: "ExpiringSoon", HandChange: "None", State: "Verified" });

        var life = await api.GetFromJsonAsync<JsonElement>(new Uri($"/demo/domains/{NamedDomains.Taken}", UriKind.Relative), Cancel);
        var steps = life.GetProperty("steps").EnumerateArray().Select(s => (At: s.GetProperty("from").GetDateTimeOffset(), Stage: s.GetProperty("stage").GetString())).ToList();
        Assert.Equal(["Live", "Gone", "Live"], steps.Select(s => s.Stage));
        await MoveAsync(api, steps[1].At.AddMinutes(-5));
        var seen = await LastSeenAsync();
        await MoveAsync(api, steps[2].At.AddMinutes(12));
        Assert.Equal(seen, await LastSeenAsync());
        Assert.True(await AddressAsync() is { Phase: "ExpiringSoon", State: "Verified", CaseId: null });

        Assert.Equal(HttpStatusCode.OK, await gated.PostAsync("/Forgot", ("email", "noor@noorcraft.to")));
        await UntilAsync(async () => (await gated.ReadAsync("/Notices")).Contains("noor: Deny", StringComparison.Ordinal));
        Assert.True(await AddressAsync() is { Phase: "Active", HandChange: "Reregistered", State: "Unverified", CaseId: not null });
        await UntilAsync(async () => await gated.ReadAsync("/Notices") is var notices && new[] { "domain.expiring", "case.opened", "address.unverified" }.All(e => notices.Contains(e, StringComparison.Ordinal)));

        var verified = await rig.Client.ReportVerificationAsync("registry-noor", "noor@noorcraft.to", steps[2].At.AddMinutes(12), VerificationProof.None, Cancel);
        Assert.Equal(new VerificationResult("contested", "Unverified"), verified);
        await gated.PostAsync("/Forgot", ("email", "noor@noorcraft.to"));
        await UntilAsync(async () => Regex.Count(await gated.ReadAsync("/Notices"), "noor: Deny") == 2);
        Assert.DoesNotContain("noorcraft.to", await gated.ReadAsync("/Mailbox"), StringComparison.Ordinal);

        await open.PostAsync("/Forgot", ("email", "noor@noorcraft.to"));
        Assert.Contains("What the holder of noorcraft.to reads", await open.ReadAsync("/Mailbox"), StringComparison.Ordinal);

        async Task<AccountAddress?> AddressAsync() => (await rig.Client.GetAccountAsync("registry-noor", Cancel))!.Addresses.Single();
        async Task<string> LastSeenAsync() =>
            (await api.GetFromJsonAsync<JsonElement>(new Uri($"/api/v1/domains/{NamedDomains.Taken}", UriKind.Relative), Cancel)).GetProperty("domain").GetProperty("lastAnsweredAt").GetString()!;
    }

    private static async Task MoveAsync(HttpClient api, DateTimeOffset to)
    {
        var now = (await api.GetFromJsonAsync<JsonElement>(new Uri($"/demo/domains/{NamedDomains.Taken}", UriKind.Relative), Cancel)).GetProperty("now").GetDateTimeOffset();
        await PostAsync(api, "/demo/clock", $$"""{"advance":"{{XmlConvert.ToString(to - now)}}"}""");
    }

    private static async Task<JsonElement> PostAsync(HttpClient api, string path, string body)
    {
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var answer = await api.PostAsync(new Uri(path, UriKind.Relative), content, Cancel);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Query(Uri link, string name) => Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(link.Query)[name].ToString();

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            await Task.Delay(100, patience.Token);
        }
    }

    [GeneratedRegex("""<a href="([^"]*/Reset[^"]*)">Reset your password""")]
    private static partial Regex Link();

    /// <summary>The registry on a loopback port, and a browser before it.</summary>
    private sealed partial class Registry : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly string _database;
        private readonly HttpClient _browser;

        private Registry(WebApplication app, string database) =>
            (_app, _database, _browser) = (app, database, new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = new Uri(app.Urls.First()) });

        public static async Task<Registry> StartAsync(RunningApp domainGuard, bool isGated, int port = 0, string? secret = null)
        {
            var database = Path.Combine(Path.GetTempPath(), $"dg-registry-{Guid.CreateVersion7():N}.db");
            var app = RegistryApp.Build([], builder =>
            {
                builder.Configuration.AddInMemoryCollection(
                    [new("urls", $"http://127.0.0.1:{port}"), new("Database", database), new("DomainGuard:BaseAddress", domainGuard.Url.AbsoluteUri), new("Gate:Enabled", isGated.ToString())]);
                if (secret is not null)
                {
                    builder.Configuration.AddInMemoryCollection([new("Webhooks:Secret", secret)]);
                }

                builder.Logging.ClearProviders();
            });
            await RegistryApp.PrepareAsync(app);
            await app.StartAsync();
            var client = app.Services.GetRequiredService<DomainGuardClient>();
            await UntilAsync(async () => await client.GetAccountAsync("registry-mara", Cancel) is { Projects: 1, Addresses: [{ Email: "mara@quietforge.io" }] });
            return new Registry(app, database);
        }

        public HttpClient Http() => new() { BaseAddress = _browser.BaseAddress };

        public Task<string> ReadAsync(string path) => _browser.GetStringAsync(new Uri(path, UriKind.Relative), Cancel);

        public async Task<HttpStatusCode> PostAsync(string path, params (string Name, string Value)[] fields)
        {
            var token = Token().Match(await ReadAsync(path)).Groups[1].Value;
            using var form = new FormUrlEncodedContent(fields.Append(("__RequestVerificationToken", token)).Select(f => KeyValuePair.Create(f.Item1, f.Item2)));
            using var answer = await _browser.PostAsync(new Uri(path, UriKind.Relative), form, Cancel);
            return answer.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            _browser.Dispose();
            await _app.StopAsync();
            await _app.DisposeAsync();
            SqliteConnection.ClearAllPools();
            File.Delete(_database);
        }

        [GeneratedRegex("""name="__RequestVerificationToken"[^>]*value="([^"]+)""")]
        private static partial Regex Token();
    }
}
