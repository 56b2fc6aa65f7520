namespace DomainGuard.Lookups;

/// <summary>
/// How many questions may be in flight. Those that somebody waits for enter before any that a scan has queued: with one queue for both, a reset at the gate would stand
/// behind hundreds of questions to the resolvers.
/// </summary>
internal sealed class InFlightGate(int permits)
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _first = new();
    private readonly Queue<TaskCompletionSource> _others = new();
    private int _free = permits;

    /// <summary>Enters when there is room; <see cref="Leave"/> must follow.</summary>
    internal Task EnterAsync(LaneUse use, CancellationToken cancel)
    {
        TaskCompletionSource waiter;
        lock (_lock)
        {
            // There is room only when nobody waits, so this overtakes no one.
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (use == LaneUse.Interactive ? _first : _others).Enqueue(waiter);
        }

        return WaitAsync(waiter, cancel);
    }

    /// <summary>Hands the place to the next one who waits.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            while (_first.TryDequeue(out var next) || _others.TryDequeue(out next))
            {
                // One that was cancelled meanwhile takes no place.
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    private static async Task WaitAsync(TaskCompletionSource waiter, CancellationToken cancel)
    {
        await using var registration = cancel.UnsafeRegister(static (w, token) => ((TaskCompletionSource)w!).TrySetCanceled(token), waiter);
        await waiter.Task;
    }
}
