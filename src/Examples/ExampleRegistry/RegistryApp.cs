using DomainGuard.Client;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace ExampleRegistry;

/// <summary>A small package registry, as the platforms are that DomainGuard stands beside. Everything that it has to do with DomainGuard is marked below.</summary>
public static class RegistryApp
{
    /// <summary>Builds it.</summary>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(args);

        // Read first, so that environment variables and the command line win; wherever it is started from.
        builder.Configuration.Sources.Insert(0, new JsonConfigurationSource { Path = "registry.json", FileProvider = new PhysicalFileProvider(AppContext.BaseDirectory) });
        adjust?.Invoke(builder);
        var services = builder.Services;
        var database = builder.Configuration["Database"] ?? Path.Combine(Path.GetTempPath(), "example-registry.db");
        services.AddDbContext<RegistryDb>(o => o.UseSqlite($"Data Source={database}"));
        services.AddAuthentication(IdentityConstants.ApplicationScheme).AddIdentityCookies();
        services.AddIdentityCore<Maintainer>(o => o.Password = new PasswordOptions { RequireDigit = false, RequireNonAlphanumeric = false, RequireUppercase = false, RequireLowercase = false })
            .AddEntityFrameworkStores<RegistryDb>().AddSignInManager().AddDefaultTokenProviders();
        services.ConfigureApplicationCookie(o => o.LoginPath = "/SignIn");
        services.AddAuthorization();
        services.AddRazorPages(o => o.Conventions.AuthorizePage("/Publish"));
        services.AddScoped<IEmailSender<Maintainer>, Mailbox>();

        // DomainGuard: the client, the accounts, the gate before the reset, the webhooks.
        services.AddDomainGuardClient(builder.Configuration.GetSection("DomainGuard").Bind);
        services.AddHostedService<TellAccounts>();
        if (builder.Configuration.GetValue("Gate:Enabled", true))
        {
            services.AddDomainGuardRecovery<Maintainer>();
            services.AddScoped<IRecoveryWithheldHandler<Maintainer>, NoteWithheld>();
        }

        services.AddDomainGuardWebhooks(builder.Configuration["Webhooks:Secret"] ?? "");

        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapRazorPages();
        app.MapPost("/signout", async (SignInManager<Maintainer> signIn) =>
        {
            await signIn.SignOutAsync();
            return Results.Redirect("/");
        });
        app.MapPost("/webhooks/domainguard", TakeWebhookAsync);
        return app;
    }

    /// <summary>Makes the database anew: each start tells the same story.</summary>
    public static async Task PrepareAsync(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistryDb>();
        await db.Database.EnsureDeletedAsync();
        await db.Database.EnsureCreatedAsync();
        await Story.TellAsync(db, scope.ServiceProvider.GetRequiredService<UserManager<Maintainer>>(), app.Services.GetRequiredService<TimeProvider>());
    }

    private static async Task<IResult> TakeWebhookAsync(HttpRequest request, WebhookVerifier webhooks, RegistryDb db, TimeProvider time, CancellationToken cancel)
    {
        var webhook = await webhooks.VerifyAsync(request, cancel);
        if (!webhook.IsVerified)
        {
            return Results.Problem(webhook.Outcome.ToString(), statusCode: StatusCodes.Status401Unauthorized);
        }

        // The same event may come again, under the same id.
        if (!await db.Notices.AnyAsync(n => n.Id == webhook.Event.Id, cancel))
        {
            db.Notices.Add(new Notice { Id = webhook.Event.Id, At = webhook.Event.Timestamp.UtcDateTime, NotedAt = time.GetUtcNow().UtcDateTime, Kind = webhook.Event.Type, Text = webhook.Event.Data.ToString() });
            await db.SaveChangesAsync(cancel);
        }

        return Results.NoContent();
    }
}
