using System.Data.Common;

namespace DomainGuard.Web.Features.Scans;

/// <summary>Waits for a database that is locked or away for a while, instead of giving up the work of hours.</summary>
internal static partial class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Does it again, ever more slowly, for two minutes; then lets the error out. What is done must be safe to repeat.</summary>
    public static async Task<T> TryAsync<T>(Func<Task<T>> action, TimeProvider time, ILogger log, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await action();
            }
            catch (Exception e) when (IsTransient(e) && time.GetElapsedTime(start) < Limit)
            {
                Log.Waits(log, e.Message, attempt);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5_000, 100 << Math.Min(attempt, 6))), cancel);
            }
        }
    }

    /// <summary>An error of the database or of the way to it: a lock, a lost connection, a deadlock, a full disk that somebody may clear.</summary>
    public static bool IsTransient(Exception e) =>
        e is DbException or TimeoutException || e is Microsoft.EntityFrameworkCore.DbUpdateException { InnerException: DbException };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The database does not answer ({Error}); attempt {Attempt}, trying again")]
        public static partial void Waits(ILogger logger, string error, int attempt);
    }
}
