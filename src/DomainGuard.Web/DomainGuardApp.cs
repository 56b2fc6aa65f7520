using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Rdap;
using DomainGuard.Simulator;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Check;
using DomainGuard.Web.Features.Demo;
using DomainGuard.Web.Features.Exports;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Gate;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Notifications;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.SignIn;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Features.Sync;
using DomainGuard.Web.Features.Triage;
using DomainGuard.Web.Features.Webhooks;
using DomainGuard.Web.Hosting;
using DomainGuard.Web.Shell;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Options;
using MudBlazor.Services;

namespace DomainGuard.Web;

/// <summary>The whole application: what is registered, and in which order a request passes through it.</summary>
internal static class DomainGuardApp
{
    /// <summary>Serves the console until it is told to stop.</summary>
    internal static async Task<int> ServeAsync(string[] args, CancellationToken cancel)
    {
        await using var app = Build(args);
        await PrepareAsync(app, cancel);
        await WarmUpAsync(app, cancel);
        await app.RunAsync(cancel);
        return ExitCode.Done;
    }

    /// <summary>The application, not started. Content lies beside the executable, so that its place does not depend on where it is started from.</summary>
    internal static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(DomainGuardApp).Assembly.GetName().Name, Args = CommandLine.SettingsOf(args), ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseStaticWebAssets();
        adjust?.Invoke(builder);
        Add(builder);
        var app = builder.Build();
        Use(app);
        return app;
    }

    /// <summary>The same services without a web server, for commands: warnings and worse go to standard error, so that standard output stays theirs.</summary>
    internal static WebApplication BuildHeadless() => Build(Environment.GetCommandLineArgs(), builder =>
    {
        builder.Logging.ClearProviders().AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning).AddFilter(null, LogLevel.Warning);
    });

    /// <summary>Only what looks domains up, from the same configuration, without a database: lanes live in memory.</summary>
    internal static ServiceProvider BuildLookupsOnly()
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { ApplicationName = typeof(DomainGuardApp).Assembly.GetName().Name, Args = CommandLine.SettingsOf(Environment.GetCommandLineArgs()), ContentRootPath = AppContext.BaseDirectory });
        var services = new ServiceCollection();
        services.AddLogging(l => l.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<GuardClock, SystemGuardClock>();
        var options = builder.Configuration.GetSection(DomainGuardOptions.Section).Get<DomainGuardOptions>() ?? new DomainGuardOptions();
        DomainGuardDefaults.Fill(options, builder.Environment);
        if (options.IsSimulated)
        {
            services.AddSimulatedWorld(p => Demonstration.StartOf(options, p.GetRequiredService<TimeProvider>()));
        }

        services.AddDomainLookups(builder.Configuration);
        services.AddSingleton<CheckDomains>();
        var problems = new DomainGuardOptionsValidator(builder.Environment).Validate(null, options);
        return problems.Failed ? throw new OptionsValidationException("", typeof(DomainGuardOptions), problems.Failures) : services.BuildServiceProvider();
    }

    /// <summary>What must be true before a command works: valid options, ICU, an up-to-date database, the clock, the newest bootstrap file that is known.</summary>
    internal static async Task PrepareHeadlessAsync(WebApplication app, CancellationToken cancel)
    {
        Validate(app);
        await app.Services.GetRequiredService<GuardDatabase>().MigrateAsync(cancel);
        if (app.Services.GetService<MovableGuardClock>() is { } clock)
        {
            await clock.StartAsync(cancel);
        }

        await app.Services.GetRequiredService<RdapBootstrap>().LoadAsync(app.Services.GetRequiredService<IBootstrapStore>(), cancel);
    }

    /// <summary>What must be true before the first request: valid options (all problems at once), ICU, an up-to-date database, somebody who can sign in.</summary>
    internal static async Task PrepareAsync(WebApplication app, CancellationToken cancel)
    {
        await PrepareHeadlessAsync(app, cancel);
        await app.Services.GetRequiredService<StaffSetup>().PrepareAsync(cancel);
    }

    /// <summary>Before looking up in the live world: an IANA bootstrap file that is at most a day old, where it can be had.</summary>
    internal static async Task KeepBootstrapFreshAsync(IServiceProvider services, IBootstrapStore store, CancellationToken cancel)
    {
        if (services.GetService<World>() is null && await services.GetRequiredService<RdapBootstrap>().KeepFreshAsync(store, services.GetRequiredService<GuardClock>().Now, cancel) is { } problem)
        {
            BootstrapLog.NotFresh(services.GetRequiredService<ILoggerFactory>().CreateLogger<RdapBootstrap>(), problem);
        }
    }

    /// <summary>What the server does before it serves, besides <see cref="PrepareAsync"/>: a fresh bootstrap file, a filled demonstration.</summary>
    internal static async Task WarmUpAsync(WebApplication app, CancellationToken cancel)
    {
        await KeepBootstrapFreshAsync(app.Services, app.Services.GetRequiredService<IBootstrapStore>(), cancel);
        if (app.Services.GetService<Demonstration>() is { } demonstration)
        {
            await demonstration.PrepareAsync(app.Services.GetRequiredService<IOptions<DomainGuardOptions>>().Value, cancel);
        }
    }

    /// <summary>Checks options and ICU.</summary>
    /// <exception cref="OptionsValidationException">What is wrong.</exception>
    internal static void Validate(WebApplication app)
    {
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        if (DomainName.VerifyIcu() is { } problem)
        {
            throw new OptionsValidationException("Globalization", typeof(DomainGuardOptions), [problem]);
        }
    }

    private static void Add(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var options = AddOptions(builder);

        services.AddSingleton(TimeProvider.System);
        if (options.HasMovableClock)
        {
            services.AddSingleton<MovableGuardClock>();
            services.AddSingleton<GuardClock>(p => p.GetRequiredService<MovableGuardClock>());
            services.AddSingleton<AdvanceClock>();
        }
        else
        {
            services.AddSingleton<GuardClock, SystemGuardClock>();
        }

        services.AddGuardData(options.Database, options.DataDirectory);
        services.AddAudit();
        services.AddExports();
        services.AddImports();
        services.AddSync();
        services.AddConsolePages();
        services.AddTriage();

        services.AddScanEngine();
        services.AddFindings();
        services.AddGate();
        services.AddApi();
        services.AddWebhooks();
        services.AddStaffMail();
        if (options.IsSimulated)
        {
            services.AddSingleton<Demonstration>();
            services.AddSimulatedWorld(p => Demonstration.StartOf(p.GetRequiredService<IOptions<DomainGuardOptions>>().Value, p.GetRequiredService<TimeProvider>()));
        }

        services.AddDomainLookups(builder.Configuration);
        services.AddJobs(options.Database);
        services.AddStaffSignIn(options);
        services.AddStaffChanges();

        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, StaffAuthenticationState>();
        services.AddScoped<CircuitOrigin>();
        services.AddScoped<CurrentStaff>();
        services.AddScoped<PageKeys>();
        services.AddMudServices(o => o.SnackbarConfiguration.PositionClass = MudBlazor.Defaults.Classes.Position.BottomLeft);
        services.AddHealthChecks();
        services.AddHsts(o => o.MaxAge = TimeSpan.FromDays(365));
    }

    private static DomainGuardOptions AddOptions(WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(DomainGuardOptions.Section);
        builder.Services.AddOptions<DomainGuardOptions>().Bind(section).ValidateOnStart();
        builder.Services.AddSingleton<IPostConfigureOptions<DomainGuardOptions>, DomainGuardDefaults>();
        builder.Services.AddSingleton<IValidateOptions<DomainGuardOptions>, DomainGuardOptionsValidator>();

        // What is registered depends on these before the container exists.
        var options = section.Get<DomainGuardOptions>() ?? new DomainGuardOptions();
        DomainGuardDefaults.Fill(options, builder.Environment);
        return options;
    }

    private static void Use(WebApplication app)
    {
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        if (!app.Environment.IsDevelopment())
        {
            app.UseHsts();
            app.UseHttpsRedirection();
        }

        app.UseMiddleware<SecurityHeaders>();
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.UseMiddleware<ApiPipeline>();
        app.UseRateLimiter();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();

        app.MapStaticAssets().AllowAnonymous();
        app.MapHealthChecks("/health").AllowAnonymous();
        app.MapSignIn();
        app.MapDemo();
        app.MapAuditKeys();
        app.MapExports();
        app.MapApi();
        app.UseJobs();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(o => o.ContentSecurityFrameAncestorsPolicy = null);
    }
}
