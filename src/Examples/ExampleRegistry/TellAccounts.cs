using DomainGuard.Client;
using Microsoft.EntityFrameworkCore;

namespace ExampleRegistry;

/// <summary>Tells DomainGuard the accounts at start, as soon as it answers. A real platform does so daily, and when an account changes.</summary>
public sealed partial class TellAccounts(DomainGuardClient domainGuard, IServiceScopeFactory scopes, TimeProvider time, ILogger<TellAccounts> log) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<RegistryDb>();
                var projects = await db.Releases.GroupBy(r => r.UserName).ToDictionaryAsync(g => g.Key, g => g.Select(r => r.Package).Distinct().Count(), stoppingToken);
                var accounts = db.Users.AsNoTracking().AsAsyncEnumerable().Select(user => new SyncAccount(user.Id)
                {
                    UserName = user.UserName,
                    TwoFactor = user.TwoFactorEnabled,
                    Projects = projects.GetValueOrDefault(user.UserName!),
                    Addresses = [new SyncAddress(user.Email!, Primary: true, user.EmailVerifiedAt is { } at ? new DateTimeOffset(at, TimeSpan.Zero) : null)],
                });
                var report = await domainGuard.SyncAsync(accounts, new SyncOptions { KeepGood = true }, stoppingToken);
                Log.Told(log, report.New, report.Unchanged, report.Status);
                return;
            }
            catch (DomainGuardException e)
            {
                Log.NotTold(log, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(5), time, stoppingToken);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "DomainGuard was told the accounts: {New} new, {Unchanged} as before ({Status})")]
        public static partial void Told(ILogger logger, int @new, int unchanged, string status);

        [LoggerMessage(Level = LogLevel.Warning, Message = "DomainGuard was not told the accounts yet: {Problem}")]
        public static partial void NotTold(ILogger logger, string problem);
    }
}
