using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Sockets;
using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups.Http;

/// <summary>What a guarded GET came to.</summary>
internal sealed record HttpAnswer
{
    internal int? Status { get; init; }

    internal byte[] Body { get; init; } = [];

    internal string? ETag { get; init; }

    /// <summary>Where the answer came from after redirects; null when none came.</summary>
    internal Uri? From { get; init; }

    internal TimeSpan? RetryAfter { get; init; }

    internal FailureKind Failure { get; init; }

    internal string? Error { get; init; }

    internal TimeSpan Duration { get; init; }
}

/// <summary>
/// GET with every guard of the product: at most five redirects, each https and checked anew (RFC 7480 5.2), body at most 1 MiB after decompression, the whole call at
/// most ten seconds. Never throws for what the other side does. A key goes to the server that it is meant for, never along with a redirect to another.
/// </summary>
internal sealed class GuardedClient(HttpMessageInvoker http, LookupTransport transport, TimeProvider time)
{
    internal const int MaxBodyBytes = 1024 * 1024;
    internal const int MaxRedirects = 5;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(120);
    private static readonly ProductInfoHeaderValue Agent =
        new("DomainGuard", typeof(GuardedClient).Assembly.GetName().Version?.ToString(2) ?? "1.0");

    /// <summary>Asks.</summary>
    /// <param name="url">What is asked.</param>
    /// <param name="accept">Media types, sent to every server on the way.</param>
    /// <param name="forThisServer">Adds headers that only the server of <paramref name="url"/> may see.</param>
    /// <param name="cancel">Cancels; the only thing that throws.</param>
    internal async Task<HttpAnswer> GetAsync(Uri url, string accept, Action<HttpRequestHeaders>? forThisServer, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(CallTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        HttpAnswer answer;
        try
        {
            answer = await FollowAsync(url, accept, forThisServer, both.Token);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            answer = Failed(FailureKind.Timeout, timeout.IsCancellationRequested
                ? $"{url.Host} did not answer within {CallTimeout.TotalSeconds:0} s"
                : $"{url.Host} could not be connected to in time");
        }
        catch (Exception problem)
        {
            // Whatever a stranger's bytes can raise in the layers below: none of it may stop a scan.
            answer = Explain(url, problem);
        }

        return answer with { Duration = time.GetElapsedTime(started) };
    }

    private async Task<HttpAnswer> FollowAsync(Uri asked, string accept, Action<HttpRequestHeaders>? forThisServer, CancellationToken cancel)
    {
        HashSet<Uri> visited = [];
        var url = asked;
        for (var hop = 0; ; hop++)
        {
            if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && transport.IsAllowedPrivate(url)))
            {
                return Failed(FailureKind.RedirectRefused, $"the way leads to {url.Scheme}://{url.Host}, which is not https");
            }

            if (!visited.Add(url))
            {
                return Failed(FailureKind.RedirectRefused, $"{url.Host} redirects in a circle");
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.ParseAdd(accept);
            request.Headers.UserAgent.Add(Agent);
            request.Headers.AcceptEncoding.ParseAdd("gzip, deflate, br");
            if (Uri.Compare(url, asked, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0)
            {
                forThisServer?.Invoke(request.Headers);
            }

            using var response = await SendAsync(request, isRedirect: hop > 0, cancel);
            var status = (int)response.StatusCode;
            if (status is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
            {
                if (hop == MaxRedirects)
                {
                    return Failed(FailureKind.RedirectRefused, $"more than {MaxRedirects} redirects");
                }

                if (!Uri.TryCreate(url, location, out var next))
                {
                    return Failed(FailureKind.RedirectRefused, $"{url.Host} redirects to something that is no URL");
                }

                url = next;
                continue;
            }

            var body = await ReadAsync(response.Content, cancel);
            return body is null
                ? Failed(FailureKind.TooLarge, $"the answer of {url.Host} is larger than 1 MiB") with { Status = status }
                : new HttpAnswer
                {
                    Status = status,
                    Body = body,
                    ETag = response.Headers.ETag?.ToString(),
                    From = url,
                    RetryAfter = RetryAfter(response.Headers.RetryAfter),
                };
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool isRedirect, CancellationToken cancel)
    {
        try
        {
            return await http.SendAsync(request, cancel);
        }
        catch (HttpRequestException refused) when (isRedirect && refused.InnerException is AddressRefusedException)
        {
            throw new RedirectRefusedException($"redirected to {request.RequestUri!.Host}, which has only private addresses; nothing was sent there");
        }
    }

    /// <summary>The body after decompression; null when it is larger than allowed. Decompressed as a stream, so that a bomb is cut at the limit.</summary>
    private static async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        await using var raw = await content.ReadAsStreamAsync(cancel);
        await using var body = content.Headers.ContentEncoding.LastOrDefault()?.ToUpperInvariant() switch
        {
            null or "" or "IDENTITY" => raw,
            "GZIP" or "X-GZIP" => new GZipStream(raw, CompressionMode.Decompress),
            "DEFLATE" => new ZLibStream(raw, CompressionMode.Decompress),
            "BR" => new BrotliStream(raw, CompressionMode.Decompress),
            var other => throw new InvalidDataException($"the answer is encoded as '{other.ToLower(CultureInfo.InvariantCulture)}', which was not asked for"),
        };

        var expected = (int)Math.Min(content.Headers.ContentLength ?? 4096, MaxBodyBytes);
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(expected + 1, 4096));
        try
        {
            var length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var read = await body.ReadAsync(buffer.AsMemory(length), cancel);
                if (read == 0)
                {
                    return buffer.AsSpan(0, length).ToArray();
                }

                length += read;
                if (length > MaxBodyBytes)
                {
                    return null;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header)
    {
        var wait = header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > MaxRetryAfter ? MaxRetryAfter : wait;
    }

    private static HttpAnswer Explain(Uri url, Exception problem)
    {
        for (var e = problem; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AddressRefusedException:
                    return Failed(FailureKind.AddressRefused, e.Message);
                case RedirectRefusedException:
                    return Failed(FailureKind.RedirectRefused, e.Message);
                case SocketException socket:
                    return Failed(FailureKind.Network, $"no connection to {url.Host} ({socket.SocketErrorCode})");
                case System.Security.Authentication.AuthenticationException:
                    return Failed(FailureKind.Network, $"no secure connection to {url.Host}: {e.Message}");
                case InvalidDataException or InvalidOperationException:
                    return Failed(FailureKind.BadAnswer, $"the answer of {url.Host} cannot be decompressed or read: {e.Message}");
            }
        }

        return Failed(FailureKind.Network, $"{url.Host} broke off: {problem.Message}");
    }

    private static HttpAnswer Failed(FailureKind kind, string error) => new() { Failure = kind, Error = error.Length > 500 ? error[..500] : error };

    private sealed class RedirectRefusedException(string message) : Exception(message);
}
