using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups;

/// <summary>
/// The way to one upstream host: its rate (shared through <see cref="ILaneStore"/>), how many questions are in flight here, its rests. A host that asks for patience gets
/// it; one that keeps failing is rested, ever longer up to a quarter of an hour. After a rest one question goes first and the others wait for what becomes of it.
/// </summary>
internal sealed class SourceLane(string host, SourceKind source, LaneLimit limit, ILaneStore store, BudgetPurse purse, TimeProvider time)
{
    /// <summary>Failures in a row until a host is rested.</summary>
    internal const int FailuresToRest = 5;

    /// <summary>The same for resolvers: zones that do not answer in time come in runs.</summary>
    internal const int SilencesToRest = 20;

    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan RestIsKnownFor = TimeSpan.FromSeconds(1);

    /// <summary>A slot that was waited out this long ago is as good as now; an older one was spent in the queue for a place.</summary>
    private static readonly TimeSpan SlotHoldsFor = TimeSpan.FromSeconds(1);

    private readonly InFlightGate _inFlight = new(limit.InFlight);
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
    private bool _mustProve;
    private TaskCompletionSource? _trial;

    /// <summary>Asks when it is this question's turn. A host at rest or a spent budget is answered for with a failure, at once.</summary>
    internal async Task<Observation> AskAsync(LookupQuestion question, LaneUse use, Func<LookupQuestion, CancellationToken, Task<Observation>> ask, CancellationToken cancel)
    {
        TaskCompletionSource? trial;
        while (true)
        {
            if (await RestAsync(cancel) is { } rest)
            {
                return Rested(question, rest);
            }

            if (!IsTrialNeeded(out trial, out var other))
            {
                break;
            }

            await other.WaitAsync(cancel);
        }

        try
        {
            return await AskInTurnAsync(question, use, ask, cancel);
        }
        finally
        {
            if (trial is not null)
            {
                lock (_restGate)
                {
                    _trial = null;
                }

                trial.SetResult();
            }
        }
    }

    private async Task<Observation> AskInTurnAsync(LookupQuestion question, LaneUse use, Func<LookupQuestion, CancellationToken, Task<Observation>> ask, CancellationToken cancel)
    {
        if (!await purse.SpendAsync(DateOnly.FromDateTime(question.Now.UtcDateTime), use, cancel))
        {
            return Unasked(question, FailureKind.BudgetSpent, $"the day's budget of {source} is spent");
        }

        // The slot comes before the place: a scan's question that waits for its second must not keep a place from somebody at the gate.
        var slot = await WaitForSlotAsync(use, cancel);
        await _inFlight.EnterAsync(use, cancel);
        try
        {
            if (time.GetUtcNow() - slot > SlotHoldsFor)
            {
                await WaitForSlotAsync(use, cancel);
            }

            // The host may have asked for patience while this question waited.
            if (await RestAsync(cancel) is { } rest)
            {
                return Rested(question, rest);
            }

            var observation = await ask(question, cancel);
            await LearnAsync(observation, cancel);
            return observation;
        }
        finally
        {
            _inFlight.Leave();
        }
    }

    /// <summary>Waits for the next slot and gives its time.</summary>
    private async Task<DateTimeOffset> WaitForSlotAsync(LaneUse use, CancellationToken cancel)
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
                if (_taken >= _block.Count || _block.First + (_block.Spacing * _block.Count) < now || LanePointers.IsBeyondQueue(_block.First.UtcTicks, now, _spacing))
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

        return slot;
    }

    private async ValueTask<LaneRest?> RestAsync(CancellationToken cancel)
    {
        lock (_restGate)
        {
            if (IsAtRest(_rest))
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
            // Learned here while the store was asked, it is the newer one.
            if (IsAtRest(_rest))
            {
                return _rest;
            }

            if (!IsAtRest(rest))
            {
                return null;
            }

            (_rest, _mustProve) = (rest, true);
        }

        return rest;
    }

    /// <summary>A rest that ends later than any can was set by a clock that has been set back since: it does not hold.</summary>
    private bool IsAtRest(LaneRest? rest) => rest is not null && time.GetUtcNow() is var now && rest.Until > now && rest.Until - now < LongestRest * 2;

    /// <summary>
    /// True when another question is just trying whether the host is back: <paramref name="other"/> ends when it knows. False when this one may go,
    /// with <paramref name="mine"/> to end when it is the one that tries.
    /// </summary>
    private bool IsTrialNeeded(out TaskCompletionSource? mine, out Task other)
    {
        lock (_restGate)
        {
            (mine, other) = (null, Task.CompletedTask);
            if (!_mustProve)
            {
                return false;
            }

            if (_trial is not null)
            {
                other = _trial.Task;
                return true;
            }

            _trial = mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return false;
        }
    }

    private async Task LearnAsync(Observation observation, CancellationToken cancel)
    {
        LaneRest? rest;
        lock (_restGate)
        {
            rest = Learn(observation);
            if (rest is not null)
            {
                (_rest, _mustProve) = (rest, true);
            }
        }

        if (rest is not null)
        {
            await store.RestAsync(host, source, rest, cancel);
        }
    }

    private LaneRest? Learn(Observation observation)
    {
        if (observation.Outcome != Outcome.Failure)
        {
            (_failures, _rests, _mustProve) = (0, 0, false);
            return null;
        }

        // RFC 9110 10.2.3: a 503 may ask for patience too.
        if (observation.Failure == FailureKind.RateLimited || (observation.Failure == FailureKind.ServerError && observation.RetryAfter > TimeSpan.Zero))
        {
            return new LaneRest(time.GetUtcNow() + Patience(observation.RetryAfter), Cut(observation.Error ?? "asked for patience"));
        }

        if (!IsHostsFault(observation))
        {
            // It says nothing good of the host, but the host is there.
            _mustProve = false;
            return null;
        }

        if (++_failures < (source == SourceKind.Dns ? SilencesToRest : FailuresToRest))
        {
            return null;
        }

        var length = TimeSpan.FromTicks(Math.Min(LongestRest.Ticks, FirstRest.Ticks << Math.Min(_rests++, 10)));
        // Jitter, so that the nodes of an installation do not come back in one wave.
        return new LaneRest(time.GetUtcNow() + (length * (0.9 + (Random.Shared.NextDouble() * 0.1))), Cut($"{_failures} failures in a row; the last: {observation.Error}"));
    }

    /// <summary>What came of one name says nothing of its host: an answer about another name, or a zone that the resolver cannot reach.</summary>
    private static bool IsHostsFault(Observation observation) => observation.Failure switch
    {
        FailureKind.WrongName or FailureKind.TooLarge or FailureKind.Refused => false,
        FailureKind.ServerError => observation.Source != SourceKind.Dns,
        _ => true,
    };

    private static TimeSpan Patience(TimeSpan? asked) => asked is { } a && a > TimeSpan.Zero ? a : DefaultPatience;

    private Observation Rested(LookupQuestion question, LaneRest rest) =>
        Unasked(question, FailureKind.LaneRested, $"{host} rests until {rest.Until.UtcDateTime:HH:mm:ss} UTC: {rest.Reason}") with { RetryAfter = rest.Until - time.GetUtcNow() };

    private Observation Unasked(LookupQuestion question, FailureKind kind, string error) =>
        new Observation(source, host, Outcome.Failure, question.Now, TimeSpan.Zero).Fails(kind, error);

    private static string Cut(string text) => text.Length > 300 ? text[..300] : text;
}
