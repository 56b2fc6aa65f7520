using DomainGuard.Data;
using Microsoft.AspNetCore.Components;

namespace DomainGuard.Web.Shared;

/// <summary>Base of every page and of parts that load by themselves: a token that ends with it, and one place where failures of a query become words.</summary>
public abstract class GuardPage : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private CancellationTokenSource? _loading;

    /// <summary>Keeps the token: work that goes on a moment after the page was left may still ask for it.</summary>
    protected GuardPage() => Closing = _closing.Token;

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Closing { get; }

    /// <summary>What went wrong with the last load, in words; null when nothing did.</summary>
    protected string? Problem { get; private set; }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _closing.Dispose();
        _loading?.Dispose();
        await DisposePageAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>For pages that hold more.</summary>
    protected virtual ValueTask DisposePageAsync() => ValueTask.CompletedTask;

    /// <summary>Loads; a load that is still running is cancelled first. Failures of the database are told in <see cref="Problem"/>.</summary>
    protected async Task LoadAsync(Func<CancellationToken, Task> load)
    {
        ArgumentNullException.ThrowIfNull(load);
        if (_loading is not null)
        {
            await _loading.CancelAsync();
            _loading.Dispose();
        }

        var mine = _loading = CancellationTokenSource.CreateLinkedTokenSource(Closing);
        try
        {
            await load(mine.Token);
            Problem = null;
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            // A newer load took over, or the page was left.
        }
        catch (Exception e) when (GuardDatabase.Explain(e) is { } words)
        {
            Problem = words;
        }
    }
}
