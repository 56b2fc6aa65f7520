using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using DomainGuard.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Client;

/// <summary>A small platform with ASP.NET Core Identity, wired as docs/client.md says: what that page shows stands here.</summary>
internal sealed class ExamplePlatform : IAsyncDisposable
{
    private readonly SqliteConnection _database = new("Data Source=:memory:");
    private readonly WebApplication _app;

    private ExamplePlatform(Uri domainGuard, TimeProvider? time, Action<IServiceCollection>? adjust)
    {
        _database.Open();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        builder.Configuration.AddInMemoryCollection([new("DomainGuard:BaseAddress", domainGuard.AbsoluteUri), new("DomainGuard:ApiKey", "dg_demo"), new("DomainGuard:WebhookSecret", WebhookVerifierTests.Secret)]);
        builder.Logging.ClearProviders().AddProvider(Log);
        builder.Services.AddDbContext<PlatformDb>(o => o.UseSqlite(_database));
        builder.Services.AddSingleton(Outbox);
        builder.Services.AddScoped<PlatformSupport>();
        builder.Services.AddAuthorization();
        if (time is not null)
        {
            builder.Services.AddSingleton(time);
        }

        builder.Services.AddDomainGuardClient(builder.Configuration.GetSection("DomainGuard").Bind);

        builder.Services.AddIdentityApiEndpoints<IdentityUser>().AddEntityFrameworkStores<PlatformDb>();
        builder.Services.AddSingleton<IEmailSender<IdentityUser>, PlatformMail>();
        builder.Services.AddDomainGuardRecovery();
        builder.Services.AddScoped<IRecoveryWithheldHandler<IdentityUser>, OfferAnotherDoor>();

        builder.Services.AddDomainGuardWebhooks(builder.Configuration["DomainGuard:WebhookSecret"]!);

        adjust?.Invoke(builder.Services);
        _app = builder.Build();
        var app = _app;
        app.MapIdentityApi<IdentityUser>();

        app.MapPost("/webhooks/domainguard", async (HttpRequest request, WebhookVerifier webhooks, PlatformDb db, CancellationToken cancel) =>
        {
            var webhook = await webhooks.VerifyAsync(request, cancel);
            if (!webhook.IsVerified)
            {
                return Results.Unauthorized();
            }

            if (webhook.Event.Type == "address.unverified" && !await db.Seen.AnyAsync(s => s.Id == webhook.Event.Id, cancel))
            {
                db.Seen.Add(new SeenWebhook { Id = webhook.Event.Id });
                var account = webhook.Event.Data.GetProperty("account").GetProperty("id").GetString();
                var address = webhook.Event.Data.GetProperty("address").GetProperty("email").GetString();
                var user = await db.Users.SingleOrDefaultAsync(u => u.Id == account, cancel);
                if (string.Equals(user?.Email, address, StringComparison.OrdinalIgnoreCase))
                {
                    user?.EmailConfirmed = false;
                }

                await db.SaveChangesAsync(cancel);
            }

            return Results.NoContent();
        });
    }

    /// <summary>What was sent: kind, address, link or code.</summary>
    public ConcurrentQueue<(string Kind, string Email, string Text)> Outbox { get; } = new();

    public KeptLog Log { get; } = new();

    public IServiceProvider Services => _app.Services;

    public static async Task<ExamplePlatform> StartAsync(Uri domainGuard, TimeProvider? time = null, Action<IServiceCollection>? adjust = null)
    {
        var platform = new ExamplePlatform(domainGuard, time, adjust);
        await using (var scope = platform.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<PlatformDb>().Database.EnsureCreatedAsync();
        }

        await platform._app.StartAsync();
        return platform;
    }

    public HttpClient Http() => new() { BaseAddress = new Uri(_app.Urls.First()) };

    public async Task<IdentityUser> AddUserAsync(string email)
    {
        await using var scope = Services.CreateAsyncScope();
        var user = new IdentityUser(email) { Email = email, EmailConfirmed = true };
        Assert.True((await scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>().CreateAsync(user, "Passw0rd!")).Succeeded);
        return user;
    }

    public async Task StopAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        await _app.StopAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _database.DisposeAsync();
    }
}

/// <summary>What the page shows beside the wiring.</summary>
internal static class PlatformSync
{
    public static async Task<SyncReport> TellAllAsync(PlatformDb db, DomainGuardClient domainGuard, CancellationToken cancel)
    {
        var accounts = db.Users.AsNoTracking().AsAsyncEnumerable().Select(user => new SyncAccount(user.Id)
        {
            UserName = user.UserName,
            TwoFactor = user.TwoFactorEnabled,
            Addresses = [new SyncAddress(user.Email!, Primary: true)],
        });
        return await domainGuard.SyncAsync(accounts, new SyncOptions { Mode = SyncMode.Full, KeepGood = true }, cancel);
    }

    public static async Task TellVerificationAsync(IdentityUser user, ClaimsPrincipal signedIn, DomainGuardClient domainGuard, TimeProvider time, CancellationToken cancel)
    {
        var proof = signedIn.HasClaim("amr", "mfa") ? VerificationProof.SecondFactor
            : signedIn.Identity?.IsAuthenticated == true ? VerificationProof.Session
            : VerificationProof.None;
        await domainGuard.ReportVerificationAsync(user.Id, user.Email!, time.GetUtcNow(), proof, cancel);
    }

    public static async Task<string> AskItselfAsync(DomainGuardClient domainGuard, string email, string accountId, Func<Task> sendAsync, CancellationToken cancel)
    {
        var result = await domainGuard.CheckRecoveryAsync(new RecoveryQuestion(email, accountId), RecoveryFailMode.Review, cancel: cancel);
        if (result.MaySend)
        {
            await sendAsync();
        }

        if (result.Answer is { } answer)
        {
            await domainGuard.ConfirmRecoveryAsync(answer.Id, result.MaySend ? RecoveryAction.Sent : RecoveryAction.Withheld, cancel);
        }

        return result.Alternatives.Contains("second_factor") ? "Use your second factor." : "Write to us.";
    }
}

/// <summary>The platform's database.</summary>
internal sealed class PlatformDb(DbContextOptions<PlatformDb> options) : IdentityDbContext<IdentityUser>(options)
{
    public DbSet<SeenWebhook> Seen => Set<SeenWebhook>();
}

/// <summary>A webhook that was worked through.</summary>
internal sealed class SeenWebhook
{
    public required string Id { get; set; }
}

/// <summary>The platform's sender.</summary>
internal sealed class PlatformMail(ConcurrentQueue<(string Kind, string Email, string Text)> outbox) : IEmailSender<IdentityUser>
{
    public Task SendConfirmationLinkAsync(IdentityUser user, string email, string confirmationLink) => SendAsync("confirmation", email, confirmationLink);

    public Task SendPasswordResetLinkAsync(IdentityUser user, string email, string resetLink) => SendAsync("link", email, resetLink);

    public Task SendPasswordResetCodeAsync(IdentityUser user, string email, string resetCode) => SendAsync("code", email, resetCode);

    private Task SendAsync(string kind, string email, string text)
    {
        outbox.Enqueue((kind, email, text));
        return Task.CompletedTask;
    }
}

/// <summary>The platform's people, who are written to by hand.</summary>
internal sealed class PlatformSupport(PlatformDb db, ConcurrentQueue<(string Kind, string Email, string Text)> outbox)
{
    public async Task OpenAsync(string userId, string reason, IReadOnlyList<string> alternatives, CancellationToken cancel)
    {
        Assert.True(await db.Users.AnyAsync(u => u.Id == userId, cancel)); // in a scope that works
        outbox.Enqueue(("withheld", userId, $"{reason}: {string.Join(' ', alternatives)}"));
    }
}

/// <summary>The other door.</summary>
internal sealed class OfferAnotherDoor(PlatformSupport support) : IRecoveryWithheldHandler<IdentityUser>
{
    public async Task WithheldAsync(WithheldRecovery<IdentityUser> withheld, CancellationToken cancel)
    {
        await support.OpenAsync(withheld.User.Id, withheld.Result.Reason, withheld.Result.Alternatives, cancel);
    }
}
