using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace DomainGuard.Tests.Infrastructure;

/// <summary>Keeps what an application logs: added to its <see cref="ILoggerFactory"/>.</summary>
public sealed class KeptLog : ILoggerProvider
{
    public ConcurrentBag<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Writer(Lines);

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Writer(ConcurrentBag<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Add(formatter(state, exception) + exception);
    }
}
