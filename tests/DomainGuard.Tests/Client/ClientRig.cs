using System.Collections.Concurrent;
using DomainGuard.Client;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Client;

/// <summary>The real application, which carries out what it finds, as it does once an administrator ended that it only observes.</summary>
public sealed class ClientApp : IAsyncLifetime
{
    internal RunningApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        App = await RunningApp.StartAsync();
        await using var db = await App.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        await InstallationSettings.SetAsync(db, InstallationSettings.ObserveOnly, false, CancellationToken.None);
        await db.SaveChangesAsync();
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();

    internal async Task UnverifyAsync(string email)
    {
        await using var db = await App.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        Assert.Equal(1, await db.Addresses.Where(a => a.Email == email).ExecuteUpdateAsync(s => s.SetProperty(a => a.State, AddressState.Unverified)));
    }
}

/// <summary>A client as a platform has it, out of a container, with what it logs.</summary>
internal sealed class ClientRig : IDisposable
{
    private readonly ServiceProvider _services;

    public ClientRig(Uri url, string key = "dg_demo", TimeProvider? time = null, Action<DomainGuardClientOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(l => l.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        services.AddDomainGuardClient(o =>
        {
            (o.BaseAddress, o.ApiKey) = (url, key);
            configure?.Invoke(o);
        });
        _services = services.BuildServiceProvider(validateScopes: true);
    }

    public DomainGuardClient Client => _services.GetRequiredService<DomainGuardClient>();

    public KeptLog Log { get; } = new();

    public void Dispose() => _services.Dispose();
}

/// <summary>Keeps what is logged: level and text, the exception's included.</summary>
internal sealed class KeptLog : ILoggerProvider
{
    public ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Writer(Lines);

    public void Dispose()
    {
    }

    private sealed class Writer(ConcurrentQueue<(LogLevel Level, string Text)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));
    }
}
