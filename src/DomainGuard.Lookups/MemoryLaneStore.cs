using System.Collections.Concurrent;
using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups;

/// <summary>Lanes of one process only, forgotten when it ends. Budgets are not counted.</summary>
public sealed class MemoryLaneStore(TimeProvider time) : ILaneStore
{
    private readonly ConcurrentDictionary<string, State> _lanes = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public Task<LaneSlots> ReserveAsync(string host, SourceKind source, LaneUse use, int wanted, TimeSpan spacing, CancellationToken cancel)
    {
        var state = Of(host);
        lock (state)
        {
            (var slots, state.Pointers) = state.Pointers.Reserve(use, time.GetUtcNow(), wanted, spacing);
            return Task.FromResult(slots);
        }
    }

    /// <inheritdoc />
    public Task<LaneRest?> RestOfAsync(string host, CancellationToken cancel)
    {
        var rest = Of(host).Rest;
        return Task.FromResult(rest is not null && rest.Until > time.GetUtcNow() ? rest : null);
    }

    /// <inheritdoc />
    public Task RestAsync(string host, SourceKind source, LaneRest rest, CancellationToken cancel)
    {
        Of(host).Rest = rest;
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task<bool> SpendAsync(SourceKind source, DateOnly day, int count, CancellationToken cancel) => Task.FromResult(true);

    private State Of(string host) => _lanes.GetOrAdd(host, _ => new State());

    private sealed class State
    {
        internal LanePointers Pointers { get; set; }

        internal LaneRest? Rest { get; set; }
    }
}
