using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.Sync;
using DomainGuard.Web.Features.Triage;
using Hangfire;
using Hangfire.AspNetCore;
using Hangfire.InMemory;
using Hangfire.Logging;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.SqlServer;

namespace DomainGuard.Web.Hosting;

/// <summary>
/// Hangfire wakes work up and spreads it over nodes; the truth of what is due is in our tables. Beside SQLite its storage is in memory (one process), else in the database
/// that also holds the data, with an invisibility that slides along while a job lives: without it a job that outlasts the time would be run again and again.
/// </summary>
internal static class Jobs
{
    private static readonly TimeSpan Invisibility = TimeSpan.FromSeconds(60);

    /// <summary>Registers storage, server and what the jobs need.</summary>
    public static IServiceCollection AddJobs(this IServiceCollection services, DatabaseOptions database)
    {
        // This application's own: what Hangfire keeps in a static is that of the application of the process that was built last, whether or not it still lives.
        services.AddSingleton<JobStorage>(_ => Storage(database));
        services.AddSingleton<JobActivator>(provider => new AspNetCoreJobActivator(provider.GetRequiredService<IServiceScopeFactory>()));
        services.AddHangfire((provider, hangfire) => hangfire.UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings().UseLogProvider(new JobLogs(provider.GetRequiredService<ILoggerFactory>())));
        services.AddHangfireServer(o =>
        {
            o.WorkerCount = 8;
            o.ShutdownTimeout = TimeSpan.FromSeconds(10);
            o.StopTimeout = TimeSpan.FromSeconds(5);
        });
        services.AddTransient<ScanJobs>();
        services.AddSingleton<ScanLauncher>();
        services.AddTransient<SyncJobs>();
        services.AddSingleton<SyncLauncher>();
        return services;
    }

    private static JobStorage Storage(DatabaseOptions database)
    {
        switch (database.Provider)
        {
            case DatabaseProvider.PostgreSql:
                var options = new PostgreSqlStorageOptions { UseSlidingInvisibilityTimeout = true, InvisibilityTimeout = Invisibility, QueuePollInterval = TimeSpan.FromSeconds(2) };
                return new PostgreSqlStorage(new NpgsqlConnectionFactory(database.ConnectionString, options), options);
            case DatabaseProvider.SqlServer:
                return new SqlServerStorage(
                    database.ConnectionString,
                    new SqlServerStorageOptions { SlidingInvisibilityTimeout = Invisibility, QueuePollInterval = TimeSpan.Zero, UseRecommendedIsolationLevel = true, DisableGlobalLocks = true });
            default:
                return new InMemoryStorage(new InMemoryStorageOptions { MaxExpirationTime = TimeSpan.FromHours(6) });
        }
    }

    /// <summary>Names what recurs (memory storage forgets it), takes up what a restart interrupted or let become due, and shows Hangfire's own pages to administrators, read-only.</summary>
    public static void UseJobs(this WebApplication app)
    {
        app.MapHangfireDashboardWithAuthorizationPolicy(
            Policies.Operate, "/jobs", new DashboardOptions { IsReadOnlyFunc = _ => true, AppPath = "/", DashboardTitle = "DomainGuard jobs", DisplayStorageConnectionString = false });
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var recurring = app.Services.GetRequiredService<IRecurringJobManager>();
            recurring.AddOrUpdate<ScanJobs>("scan-due", j => j.ScanDueAsync(CancellationToken.None), "*/10 * * * *");
            recurring.AddOrUpdate<ScanJobs>("scan-take-up", j => j.TakeUpAsync(CancellationToken.None), "* * * * *");
            recurring.AddOrUpdate<FindingsJobs>("findings-take-up", j => j.TakeUpAsync(CancellationToken.None), "* * * * *");
            recurring.AddOrUpdate<ScanJobs>("dns-sweep", j => j.SweepAsync(CancellationToken.None), "7 * * * *");
            recurring.AddOrUpdate<ScanJobs>("rdap-bootstrap", j => j.RefreshBootstrapAsync(CancellationToken.None), "23 3 * * *");
            recurring.AddOrUpdate<SyncJobs>("sync-sql", j => j.TakeUpAsync(CancellationToken.None), "* * * * *");
            recurring.AddOrUpdate<BulkJob>("bulk", j => j.ExecuteAsync(CancellationToken.None), "* * * * *");
            recurring.AddOrUpdate<ScanJobs>("retention", j => j.KeepRetentionAsync(CancellationToken.None), "41 2 * * *");
            recurring.AddOrUpdate<AuditJobs>("audit-checkpoint", j => j.CheckpointAsync(CancellationToken.None), "*/5 * * * *");
            recurring.AddOrUpdate<AuditJobs>("audit-verify", j => j.VerifyAsync(CancellationToken.None), "13 1 * * *");
            var now = app.Services.GetRequiredService<IBackgroundJobClient>();
            now.Enqueue<AuditJobs>(j => j.CheckpointAsync(CancellationToken.None));
            now.Enqueue<ScanJobs>(j => j.TakeUpAsync(CancellationToken.None));
            now.Enqueue<FindingsJobs>(j => j.TakeUpAsync(CancellationToken.None));
            now.Enqueue<BulkJob>(j => j.ExecuteAsync(CancellationToken.None));
            now.Enqueue<ScanJobs>(j => j.ScanDueAsync(CancellationToken.None));
        });
    }
}

/// <summary>
/// Hangfire's log lines in the application's log. Hangfire has one log for a process: when the application that it belongs to ends before another, the other's lines are lost, and its
/// jobs are not.
/// </summary>
internal sealed class JobLogs(ILoggerFactory logs) : ILogProvider
{
    private readonly AspNetCoreLogProvider _provider = new(logs);

    /// <inheritdoc/>
    public ILog GetLogger(string name)
    {
        try
        {
            return _provider.GetLogger(name);
        }
        catch (ObjectDisposedException)
        {
            return new Silence();
        }
    }

    private sealed class Silence : ILog
    {
        public bool Log(Hangfire.Logging.LogLevel logLevel, Func<string> messageFunc, Exception? exception) => false;
    }
}
