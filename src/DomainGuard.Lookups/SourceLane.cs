using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups;

/// <summary>
/// The way to one upstream host: its rate (shared through <see cref="ILaneStore"/>), how many questions are in flight here, its rests. A host that asks for patience gets
/// it; one that fails five times in a row is rested, ever longer up to a quarter of an hour, and the first failure after a rest sends it back at once.
/// </summary>
internal sealed class SourceLane(string host, SourceKind source, LaneLimit limit, ILaneStore store, BudgetPurse purse, TimeProvider time)
{
    private const int FailuresToRest = 5;
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan RestIsKnownFor = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _inFlight = new(limit.InFlight, limit.InFlight);
    private readonly SemaphoreSlim _slotGate = new(1, 1);
    private readonly TimeSpan _spacing = TimeSpan.FromSeconds(1 / limit.PerSecond);
    private readonly int _blockSize = Math.Max(1, (int)Math.Min(int.MaxValue / 2, limit.PerSecond * 3 / 4));
    private readonly Lock _restGate = new();

    private LaneSlots _block;
    private int _taken;
    private LaneRest? _rest;
    private long _restAskedAt;
    private bool _restAsked;
    private int _failures;
    private int _rests;

    /// <summary>Asks when it is this question's turn. A host at rest or a spent budget is answered for with a failure, at once.</summary>
    internal async Task<Observation> AskAsync(LookupQuestion question, LaneUse use, Func<LookupQuestion, CancellationToken, Task<Observation>> ask, CancellationToken cancel)
    {
        if (await RestAsync(cancel) is { } rest)
        {
            return Rested(question, rest);
        }

        await _inFlight.WaitAsync(cancel);
        try
        {
            if (!await purse.SpendAsync(DateOnly.FromDateTime(question.Now.UtcDateTime), use, cancel))
            {
                return Unasked(question, FailureKind.BudgetSpent, $"the day's budget of {source} is spent");
            }

            await WaitForSlotAsync(use, cancel);

            // The host may have asked for patience while this question waited.
            if (await RestAsync(cancel) is { } late)
            {
                return Rested(question, late);
            }

            var observation = await ask(question, cancel);
            await LearnAsync(observation, cancel);
            return observation;
        }
        finally
        {
            _inFlight.Release();
        }
    }

    private async Task WaitForSlotAsync(LaneUse use, CancellationToken cancel)
    {
        DateTimeOffset slot;
        if (use == LaneUse.Interactive)
        {
            slot = (await store.ReserveAsync(host, source, use, 1, _spacing, cancel)).First;
        }
        else
        {
            await _slotGate.WaitAsync(cancel);
            try
            {
                var now = time.GetUtcNow();
                if (_taken >= _block.Count || _block.First + (_block.Spacing * _block.Count) < now)
                {
                    _block = await store.ReserveAsync(host, source, use, _blockSize, _spacing, cancel);
                    _taken = 0;
                }

                slot = _block.First + (_block.Spacing * _taken++);
            }
            finally
            {
                _slotGate.Release();
            }
        }

        // A timer cannot wait for less than a millisecond, and fast lanes need not.
        var wait = slot - time.GetUtcNow();
        if (wait >= TimeSpan.FromMilliseconds(1))
        {
            await Task.Delay(wait, time, cancel);
        }
    }

    private async ValueTask<LaneRest?> RestAsync(CancellationToken cancel)
    {
        lock (_restGate)
        {
            if (_rest is not null && _rest.Until > time.GetUtcNow())
            {
                return _rest;
            }

            if (_restAsked && time.GetElapsedTime(_restAskedAt) < RestIsKnownFor)
            {
                return null;
            }

            (_restAsked, _restAskedAt) = (true, time.GetTimestamp());
        }

        var rest = await store.RestOfAsync(host, cancel);
        lock (_restGate)
        {
            _rest = rest;
        }

        return rest;
    }

    private async Task LearnAsync(Observation observation, CancellationToken cancel)
    {
        LaneRest? rest = null;
        lock (_restGate)
        {
            if (observation.Outcome != Outcome.Failure)
            {
                (_failures, _rests) = (0, 0);
            }
            else if (observation.Failure == FailureKind.RateLimited)
            {
                rest = new LaneRest(time.GetUtcNow() + Patience(observation.RetryAfter), observation.Error ?? "asked for patience");
            }
            else if (IsHostsFault(observation) && ++_failures >= FailuresToRest)
            {
                var length = TimeSpan.FromTicks(Math.Min(LongestRest.Ticks, FirstRest.Ticks << Math.Min(_rests++, 10)));
                // Jitter, so that the nodes of an installation do not come back in one wave.
                rest = new LaneRest(time.GetUtcNow() + (length * (0.9 + (Random.Shared.NextDouble() * 0.2))), Cut($"{_failures} failures in a row; the last: {observation.Error}"));
            }

            _rest = rest ?? _rest;
        }

        if (rest is not null)
        {
            await store.RestAsync(host, source, rest, cancel);
        }
    }

    /// <summary>What came of one name says nothing of its host: an answer about another name, or a zone that the resolver cannot reach.</summary>
    private static bool IsHostsFault(Observation observation) => observation.Failure switch
    {
        FailureKind.WrongName or FailureKind.TooLarge or FailureKind.Refused => false,
        FailureKind.ServerError or FailureKind.Timeout => observation.Source != SourceKind.Dns,
        _ => true,
    };

    private static TimeSpan Patience(TimeSpan? asked) => asked is { } a && a > TimeSpan.Zero ? a : DefaultPatience;

    private Observation Rested(LookupQuestion question, LaneRest rest) =>
        Unasked(question, FailureKind.LaneRested, $"{host} rests until {rest.Until.UtcDateTime:HH:mm:ss} UTC: {rest.Reason}") with { RetryAfter = rest.Until - time.GetUtcNow() };

    private Observation Unasked(LookupQuestion question, FailureKind kind, string error) =>
        new Observation(source, host, Outcome.Failure, question.Now, TimeSpan.Zero).Fails(kind, error);

    private static string Cut(string text) => text.Length > 300 ? text[..300] : text;
}
