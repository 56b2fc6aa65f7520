using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using DomainGuard.Core.Events;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using DomainGuard.Tests.Findings;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.Webhooks;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Webhooks;

/// <summary>What a receiver was sent.</summary>
internal sealed record Received(string Path, string Id, long Timestamp, string Signature, string ContentType, string? Authorization, string Body)
{
    public string Type => JsonDocument.Parse(Body).RootElement.GetProperty("type").GetString()!;

    public JsonElement Data => JsonDocument.Parse(Body).RootElement.GetProperty("data");
}

/// <summary>A receiver on loopback whose answers a test decides.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private LoopbackServer _server = null!;

    public ConcurrentQueue<Received> Got { get; } = new();

    /// <summary>What it does with what it gets; by default 204.</summary>
    public Func<Received, HttpContext, Task> Answer { get; set; } = (_, context) =>
    {
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    };

    public string HostAndPort => _server.HostAndPort;

    public string Url(string path = "hook") => $"http://{HostAndPort}/{path}";

    public static async Task<Receiver> StartAsync()
    {
        var receiver = new Receiver();
        receiver._server = await LoopbackServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var headers = context.Request.Headers;
            var got = new Received(
                context.Request.Path, headers["webhook-id"].ToString(), long.TryParse(headers["webhook-timestamp"], out var at) ? at : 0, headers["webhook-signature"].ToString(),
                context.Request.ContentType ?? "", headers.Authorization.ToString() is { Length: > 0 } text ? text : null, await reader.ReadToEndAsync());
            receiver.Got.Enqueue(got);
            await receiver.Answer(got, context);
        });
        return receiver;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

/// <summary>Findings that become events, on SQLite or PostgreSQL, with time that a test moves.</summary>
internal sealed class WebhookWorld : IAsyncDisposable
{
    private readonly AuditKeys _keys;

    private WebhookWorld(FindingsWorld findings, Receiver receiver, string? issuer, IReadOnlyList<string> allowed)
    {
        (Findings, Receiver) = (findings, receiver);
        var installation = Options.Create(new DomainGuardOptions { PublicUrl = issuer ?? "", World = WorldKind.Simulated, DataDirectory = Path.Combine(Path.GetTempPath(), $"dg-hooks-{Guid.CreateVersion7():N}") });
        var options = new WebhookOptions();
        foreach (var host in allowed)
        {
            options.AllowedPrivateHosts.Add(host);
        }

        _keys = new AuditKeys(Options.Create(new AuditOptions()), installation, new Env());
        var (dbs, ids, clock) = (findings.Get<IDbContextFactory<GuardDb>>(), findings.Get<IdAllocator>(), findings.Get<Core.Scheduling.GuardClock>());
        Transport = new WebhookTransport(Options.Create(options));
        var secrets = new WebhookSecrets(Protection);
        Seal = new SealEntries(dbs, findings.Get<ScanNode>());
        FanOut = new FanOutEvents(dbs, ids, new ReadEvents(installation), Time);
        Send = new SendDeliveries(dbs, Transport, secrets, _keys, installation, clock, Time, NullLogger<SendDeliveries>.Instance);
        Change = new ChangeWebhooks(dbs, Transport, secrets, _keys, installation, clock, Time);
        Replay = new ReplayDeliveries(dbs, ids, clock, Time);
        Queries = new WebhookQueries(dbs);
        Drop = new DropOldEvents(dbs, Time);
    }

    public EphemeralDataProtectionProvider Protection { get; } = new();

    public FindingsWorld Findings { get; }

    public Receiver Receiver { get; }

    public ManualTime Time { get; } = new();

    public WebhookTransport Transport { get; }

    public SealEntries Seal { get; }

    public FanOutEvents FanOut { get; }

    public SendDeliveries Send { get; }

    public ChangeWebhooks Change { get; }

    public ReplayDeliveries Replay { get; }

    public WebhookQueries Queries { get; }

    public DropOldEvents Drop { get; }

    public static StaffMember Admin => FindingsWorld.Administrator;

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<WebhookWorld> CreateAsync(DatabaseProvider provider, string? issuer = null, bool isAllowed = true)
    {
        var receiver = await Receiver.StartAsync();
        return new WebhookWorld(await FindingsWorld.CreateAsync(provider), receiver, issuer, isAllowed ? [receiver.HostAndPort] : []);
    }

    /// <summary>Adds a receiver; its secret.</summary>
    public async Task<(Guid Id, string? Secret)> AddAsync(WebhookFormat format = WebhookFormat.StandardWebhooks, string path = "hook", string? token = null, params EventType[] types)
    {
        var made = Assert.IsType<WebhookOutcome.Made>(await Change.CreateAsync(Admin, new WebhookWish(path, Receiver.Url(path), types.Length == 0 ? EventTypes.Choosable : types, format, null, token), Cancel));
        return (made.Id, made.Secret);
    }

    /// <summary>Seals, and makes events of everything.</summary>
    public async Task<int> FanAsync()
    {
        await Seal.ExecuteAsync(Cancel);
        return await FanOut.ExecuteAsync(Cancel);
    }

    /// <summary>Sends what is due now; how many were taken.</summary>
    public async Task<int> SendAsync()
    {
        var taken = 0;
        foreach (var endpoint in await Send.DueAsync(Cancel))
        {
            taken += await Send.ExecuteAsync(endpoint, Cancel);
        }

        return taken;
    }

    /// <summary>Both.</summary>
    public async Task TellAsync()
    {
        await FanAsync();
        await SendAsync();
    }

    public Task<GuardDb> OpenAsync() => Findings.OpenAsync();

    public async Task<WebhookEndpoint> EndpointAsync(Guid id)
    {
        await using var db = await OpenAsync();
        return await db.WebhookEndpoints.AsNoTracking().SingleAsync(e => e.Id == id);
    }

    public async Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(Guid id)
    {
        await using var db = await OpenAsync();
        return await db.WebhookDeliveries.AsNoTracking().Where(d => d.EndpointId == id).OrderBy(d => d.Id).ToListAsync();
    }

    /// <summary>Puts a number of test events before a receiver.</summary>
    public async Task TestAsync(Guid id, int count = 1)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.IsType<WebhookOutcome.Done>(await Replay.TestAsync(Admin, id, Cancel));
        }
    }

    public async ValueTask DisposeAsync()
    {
        Transport.Dispose();
        Seal.Dispose();
        _keys.Dispose();
        await Receiver.DisposeAsync();
        await Findings.DisposeAsync();
    }

    private sealed class Env : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = Environments.Development;

        public string ApplicationName { get; set; } = "test";

        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } = new Microsoft.Extensions.FileProviders.NullFileProvider();
    }
}
