using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DomainGuard.Client;

/// <summary>
/// Calls DomainGuard's API. Registered by <see cref="ClientServices.AddDomainGuardClient"/>; one instance serves all threads. Calls are repeated within their deadline where that may help.
/// Only a recovery check always comes to a result; every other call that fails throws a <see cref="DomainGuardException"/>.
/// </summary>
public sealed partial class DomainGuardClient
{
    /// <summary>Questions that one batch holds at most.</summary>
    public const int MostOfBatch = 100;

    /// <summary>Name of its client at <see cref="IHttpClientFactory"/>.</summary>
    public const string HttpClientName = "DomainGuard";

    private readonly ApiCalls _calls;
    private readonly DomainGuardClientOptions _options;
    private readonly ILogger<DomainGuardClient> _log;

    /// <summary>For the container.</summary>
    public DomainGuardClient(IHttpClientFactory clients, IOptions<DomainGuardClientOptions> options, TimeProvider time, ILogger<DomainGuardClient> log) =>
        (_calls, _options, _log) = (new ApiCalls(clients, options, time, log), options.Value, log);

    /// <summary>May a recovery mail be sent to this address, now? Never throws for what DomainGuard or the network does: see <see cref="RecoveryResult"/>.</summary>
    /// <param name="question">The address, and whose it is.</param>
    /// <param name="failMode">What is said without an answer; null for the option's.</param>
    /// <param name="deadline">For all attempts together; null for the option's.</param>
    /// <param name="cancel">Cancels: then, and only then, it throws <see cref="OperationCanceledException"/>.</param>
    public async Task<RecoveryResult> CheckRecoveryAsync(RecoveryQuestion question, RecoveryFailMode? failMode = null, TimeSpan? deadline = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        try
        {
            return RecoveryResult.Of(await _calls.PostAsync(Deadline(deadline), "recovery-checks", left => Body(question, left), ClientJson.Default.CheckBody, ClientJson.Default.RecoveryAnswer, cancel));
        }
        catch (DomainGuardException e)
        {
            return Failed(e, failMode);
        }
    }

    /// <summary>The same for up to <see cref="MostOfBatch"/> addresses at once; the results are in the order of the questions. A question that is none does not spoil the others.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="failMode">What is said without an answer; null for the option's.</param>
    /// <param name="deadline">For all attempts together; null for the option's.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<IReadOnlyList<RecoveryResult>> CheckRecoveriesAsync(
        IReadOnlyList<RecoveryQuestion> questions, RecoveryFailMode? failMode = null, TimeSpan? deadline = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(questions.Count, MostOfBatch);
        if (questions.Count == 0)
        {
            return [];
        }

        try
        {
            var results = (await _calls.PostAsync(
                Deadline(deadline), "recovery-checks/batch", left => new BatchBody([.. questions.Select(q => Body(q, left))]), ClientJson.Default.BatchBody, ClientJson.Default.BatchAnswer, cancel)).Results;
            if (results.Count != questions.Count)
            {
                throw new DomainGuardNoAnswerException("The answers are not as many as the questions: none can be told to be whose.");
            }

            return [.. results.Select(r => r switch
            {
                { Answer: { } answer } => RecoveryResult.Of(answer),
                { Problem: { } problem } => Failed(DomainGuardProblemException.OfQuestion(problem), failMode),
                _ => Failed(new DomainGuardNoAnswerException("This one of the questions got no answer."), failMode),
            })];
        }
        catch (DomainGuardException e)
        {
            var result = Failed(e, failMode);
            return [.. questions.Select(_ => result)];
        }
    }

    /// <summary>Says what was done with an answer. Said twice it is said once; something else than the first time is a problem with the code <c>conflict</c>.</summary>
    /// <param name="id">The answer's id.</param>
    /// <param name="action">What was done.</param>
    /// <param name="cancel">Cancels.</param>
    public Task ConfirmRecoveryAsync(string id, RecoveryAction action, CancellationToken cancel = default) =>
        _calls.PostAsync($"recovery-checks/{Segment(id)}/confirmation", new ConfirmationBody(Word(action.ToString())), ClientJson.Default.ConfirmationBody, cancel);

    /// <summary>Why was it answered so? Null when there is no such answer, or it is kept no longer.</summary>
    public Task<RecoveryExplanation?> ExplainRecoveryAsync(string id, CancellationToken cancel = default) => _calls.GetAsync($"recovery-checks/{Segment(id)}", ClientJson.Default.RecoveryExplanation, cancel);

    /// <summary>An account as DomainGuard has it; null when it has none of this id.</summary>
    public Task<Account?> GetAccountAsync(string accountId, CancellationToken cancel = default) => _calls.GetAsync($"accounts/{Segment(accountId)}", ClientJson.Default.Account, cancel);

    /// <summary>Tells that an address was verified. May be told again: what is not newer than what is known changes nothing.</summary>
    /// <param name="accountId">Your id of the account, which DomainGuard knows already.</param>
    /// <param name="email">The address.</param>
    /// <param name="verifiedAt">When.</param>
    /// <param name="proof">What that proved beside that somebody reads the mail.</param>
    /// <param name="cancel">Cancels.</param>
    public Task<VerificationResult> ReportVerificationAsync(string accountId, string email, DateTimeOffset verifiedAt, VerificationProof proof = VerificationProof.None, CancellationToken cancel = default)
    {
        var body = new VerificationBody(email, verifiedAt, Word(proof.ToString()));
        return _calls.PostAsync(_options.Deadline, $"accounts/{Segment(accountId)}/verifications", _ => body, ClientJson.Default.VerificationBody, ClientJson.Default.VerificationResult, cancel);
    }

    /// <summary>
    /// Tells a list of accounts, as it comes from its source. Told again it changes nothing, so it is told again by you when it failed: the client cannot, once it began to read. When the
    /// source throws, nothing is taken, and the exception comes back.
    /// </summary>
    /// <param name="accounts">The accounts.</param>
    /// <param name="options">How it is taken in; null for a partial list.</param>
    /// <param name="cancel">Cancels: then nothing is taken, unless the list was already on DomainGuard's side.</param>
    public Task<SyncReport> SyncAsync(IAsyncEnumerable<SyncAccount> accounts, SyncOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        options ??= new SyncOptions();
        var mode = options.Mode == SyncMode.Full ? "full" : "partial";
        return _calls.SyncAsync(
            $"sync?mode={mode}{(options.DryRun ? "&dryRun=true" : "")}{(options.KeepGood ? "&keepGood=true" : "")}{(options.AllowRemovals ? "&allowRemovals=true" : "")}", accounts, options.Compress, cancel);
    }

    // DomainGuard gives up looking a domain up early enough for its answer, by what it knew before, to arrive in time.
    private static CheckBody Body(RecoveryQuestion question, TimeSpan left) => new(question.Email, question.AccountId, (int)Math.Clamp(left.TotalMilliseconds * 0.75, 100, 10_000));

    private static string Word(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    // Dots alone would be another path.
    private static string Segment(string id) => id is null or "" or "." or ".." ? throw new ArgumentException("That is no id.", nameof(id)) : Uri.EscapeDataString(id);

    private TimeSpan Deadline(TimeSpan? deadline)
    {
        var chosen = deadline ?? _options.RecoveryDeadline;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(chosen, TimeSpan.Zero, nameof(deadline));
        return chosen;
    }

    private RecoveryResult Failed(DomainGuardException failure, RecoveryFailMode? failMode)
    {
        var result = RecoveryResult.Of(failure, failMode ?? _options.RecoveryFailMode);
        if (result.Reason == RecoveryResult.Refused)
        {
            Log.Refused(_log, failure.Word);
        }
        else
        {
            Log.NoAnswer(_log, failure.Word, result.Decision);
        }

        return result;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "DomainGuard refused a recovery check ({Failure}): the mail is withheld. Somebody has to look at how it is asked")]
        public static partial void Refused(ILogger logger, string failure);

        [LoggerMessage(Level = LogLevel.Warning, Message = "DomainGuard did not answer a recovery check ({Failure}): the fail mode says {Decision}")]
        public static partial void NoAnswer(ILogger logger, string failure, RecoveryDecision decision);
    }
}
