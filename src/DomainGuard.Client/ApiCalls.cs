using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DomainGuard.Client;

/// <summary>
/// Sends calls, and sends them again where that may help: no answer, 408, 429, 5xx. <c>Retry-After</c> is obeyed; between attempts lies a pause that doubles, with a random part so that
/// many who failed together do not come back together. What cannot begin before the deadline is not begun.
/// </summary>
internal sealed partial class ApiCalls(IHttpClientFactory clients, IOptions<DomainGuardClientOptions> options, TimeProvider time, ILogger<DomainGuardClient> log)
{
    private const int MostOfAnswer = 4 * 1024 * 1024;
    private const int MostOfProblem = 64 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Asks for JSON; null where DomainGuard itself says that there is no such thing.</summary>
    public Task<T?> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => SendAsync(
            options.Value.Deadline, _ => Request(HttpMethod.Get, path),
            async (answer, token) => answer.StatusCode != HttpStatusCode.NotFound ? await ReadAsync(answer, type, token)
                : await ProblemAsync(answer, token) is { Code: not "not_found" } problem ? throw problem // another server, or another path than the API's
                : null,
            cancel);

    /// <summary>Sends JSON and reads JSON.</summary>
    /// <param name="deadline">For all attempts.</param>
    /// <param name="path">Below <c>/api/v1/</c>.</param>
    /// <param name="body">By the time that is left at an attempt.</param>
    /// <param name="bodyType">It as JSON.</param>
    /// <param name="type">The answer as JSON.</param>
    /// <param name="cancel">Cancels.</param>
    public Task<T> PostAsync<TBody, T>(TimeSpan deadline, string path, Func<TimeSpan, TBody> body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => SendAsync(deadline, left => Request(HttpMethod.Post, path, JsonContent.Create(body(left), bodyType)), (answer, token) => ReadAsync(answer, type, token), cancel);

    /// <summary>Sends JSON; there is nothing to read.</summary>
    public Task PostAsync<TBody>(string path, TBody body, JsonTypeInfo<TBody> bodyType, CancellationToken cancel) => SendAsync(
        options.Value.Deadline, _ => Request(HttpMethod.Post, path, JsonContent.Create(body, bodyType)),
        async (answer, token) =>
        {
            await EnsureAsync(answer, token);
            return true;
        },
        cancel);

    /// <summary>Sends a list. It is sent again only as long as nobody began to read it: what can be read once would come as the rest of a list the second time.</summary>
    public async Task<SyncReport> SyncAsync(string path, IAsyncEnumerable<SyncAccount> accounts, bool compress, CancellationToken cancel)
    {
        var content = new SyncContent(accounts, compress);
        try
        {
            return await SendAsync(
                options.Value.Deadline,
                _ =>
                {
                    content = content.IsBegun ? content : new SyncContent(accounts, compress);
                    var request = Request(HttpMethod.Post, path, content);
                    request.Headers.ExpectContinue = true; // a wrong key is told before the list is read
                    return request;
                },
                ReadReportAsync, cancel, () => content.IsBegun);
        }
        catch (DomainGuardNoAnswerException) when (content.SourceFailure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
            throw;
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content = null)
    {
        var root = options.Value.BaseAddress!.AbsoluteUri;
        var request = new HttpRequestMessage(method, new Uri($"{root}{(root.EndsWith('/') ? "" : "/")}api/v1/{path}")) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Value.ApiKey);
        return request;
    }

    /// <summary>Sends, again and again.</summary>
    /// <param name="deadline">For all attempts together; with <paramref name="isSpent"/>, for their beginnings.</param>
    /// <param name="ask">Makes the request, by the time that is left.</param>
    /// <param name="read">Reads the answer, or throws what is wrong with it.</param>
    /// <param name="cancel">Cancels.</param>
    /// <param name="isSpent">Whether what was to be sent cannot be sent again; null where it always can.</param>
    private async Task<T> SendAsync<T>(
        TimeSpan deadline, Func<TimeSpan, HttpRequestMessage> ask, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancel, Func<bool>? isSpent = null)
    {
        var began = time.GetTimestamp();
        using var late = new CancellationTokenSource(isSpent is null ? deadline : Timeout.InfiniteTimeSpan, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        DomainGuardException? failure = null;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var request = ask(deadline - time.GetElapsedTime(began));
                using var answer = await clients.CreateClient(DomainGuardClient.HttpClientName).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
                return await read(answer, both.Token);
            }
            catch (DomainGuardProblemException e) when (e.IsTransient)
            {
                failure = e;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
            {
                failure = new DomainGuardNoAnswerException(e is JsonException ? "What came is not an answer of DomainGuard." : "DomainGuard could not be reached, or the connection broke.", e);
            }
            catch (OperationCanceledException e) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw failure ?? new DomainGuardNoAnswerException($"DomainGuard did not answer within {deadline}.", e);
            }

            var pause = Pause(attempt, (failure as DomainGuardProblemException)?.RetryAfter);
            if (isSpent?.Invoke() == true || pause >= deadline - time.GetElapsedTime(began))
            {
                throw failure;
            }

            Log.Again(log, pause, failure.Word);
            try
            {
                await Task.Delay(pause, time, both.Token);
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw failure;
            }
        }
    }

    private static TimeSpan Pause(int attempt, TimeSpan? asked)
    {
        var grown = FirstPause * Math.Pow(2, Math.Min(attempt, 10));
        var pause = (grown < LongestPause ? grown : LongestPause) * (0.5 + (Random.Shared.NextDouble() / 2));
        return asked is { } least ? least + (pause / 4) : pause;
    }

    private async Task EnsureAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw await ProblemAsync(answer, cancel);
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        await EnsureAsync(answer, cancel);
        await answer.Content.LoadIntoBufferAsync(MostOfAnswer, cancel);
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        return await JsonSerializer.DeserializeAsync(body, type, cancel) ?? throw new JsonException("null");
    }

    private async Task<SyncReport> ReadReportAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var isRefused = answer.StatusCode == HttpStatusCode.UnprocessableEntity && answer.Content.Headers.ContentType?.MediaType == "application/x-ndjson";
        if (!isRefused)
        {
            await EnsureAsync(answer, cancel);
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        var rejections = new List<SyncRejection>();
        await foreach (var line in JsonSerializer.DeserializeAsyncEnumerable(body, ClientJson.Default.SyncLine, topLevelValues: true, cancel))
        {
            if (line?.Summary is { } report)
            {
                return report with { Rejections = rejections, IsRefused = isRefused };
            }

            rejections.Add(new SyncRejection(line?.Line ?? 0, line?.Field ?? "", line?.Reason ?? ""));
        }

        throw new JsonException("The answer ends without its summary.");
    }

    // Whatever it is, it is a problem: what cannot be read of it is left out.
    private async Task<DomainGuardProblemException> ProblemAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        ProblemBody? body = null;
        if (answer.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                await answer.Content.LoadIntoBufferAsync(MostOfProblem, cancel);
                body = await answer.Content.ReadFromJsonAsync(ClientJson.Default.ProblemBody, cancel);
            }
            catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
            {
                // The status says enough.
            }
        }

        var after = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return new DomainGuardProblemException(answer.StatusCode, body, after < TimeSpan.Zero ? TimeSpan.Zero : after);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "DomainGuard is asked again in {Pause}: {Failure}")]
        public static partial void Again(ILogger logger, TimeSpan pause, string failure);
    }
}
