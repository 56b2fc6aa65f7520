using System.Runtime.CompilerServices;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Reads and compares pages side by side, each on a connection of its own: no two pages share an account, and every database has as many readers as connections.</summary>
internal sealed class PageReaders : IAsyncDisposable
{
    private const int AtOnce = 2;

    // Pages of SQLite's file that a reader keeps: it goes straight on and comes back to few.
    private const int PagesInMemory = 1_000;
    private readonly List<StatementSession> _sessions = [];

    private PageReaders()
    {
    }

    /// <summary>For what is asked in between: another connection than the readers'.</summary>
    public StatementSession Between => _sessions[AtOnce];

    /// <summary>Opens the connections.</summary>
    public static async Task<PageReaders> OpenAsync(IDbContextFactory<GuardDb> dbs, CancellationToken cancel)
    {
        var readers = new PageReaders();
        try
        {
            while (readers._sessions.Count <= AtOnce)
            {
                readers._sessions.Add(await StatementSession.OpenAsync(dbs, cancel, PagesInMemory));
            }
        }
        catch
        {
            await readers.DisposeAsync();
            throw;
        }

        return readers;
    }

    /// <summary>What comes of each item, in their order. The items may be asked for on <see cref="Between"/>, and so may whoever takes the results.</summary>
    public async IAsyncEnumerable<TResult> InOrderAsync<TItem, TResult>(IAsyncEnumerable<TItem> items, Func<StatementSession, TItem, Task<TResult>> read, [EnumeratorCancellation] CancellationToken cancel)
    {
        var running = new Queue<Task<TResult>>();
        var count = 0;
        try
        {
            await foreach (var item in items.WithCancellation(cancel))
            {
                if (running.Count == AtOnce)
                {
                    yield return await running.Dequeue();
                }

                // Whoever had this connection before is done. SQLite does not wait, it works: on a thread of its own.
                var session = _sessions[count++ % AtOnce];
                running.Enqueue(Task.Run(() => read(session, item), CancellationToken.None));
            }

            while (running.TryDequeue(out var next))
            {
                yield return await next;
            }
        }
        finally
        {
            // Broken off: their connections are about to be closed.
            foreach (var task in running)
            {
                await task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions)
        {
            await session.DisposeAsync();
        }
    }
}
