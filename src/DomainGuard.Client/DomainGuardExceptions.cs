using System.Net;

namespace DomainGuard.Client;

/// <summary>A call to DomainGuard did not succeed.</summary>
public abstract class DomainGuardException : Exception
{
    private protected DomainGuardException(string message, Exception? inner)
        : base(message, inner)
    {
    }

    /// <summary>What happened, for logs: nothing of what was asked is in it.</summary>
    internal abstract string Word { get; }
}

/// <summary>There was no answer that could be read: the network failed, the deadline passed, or what came was not DomainGuard's. Whether the call had an effect is not known; every call may be repeated.</summary>
public sealed class DomainGuardNoAnswerException : DomainGuardException
{
    internal DomainGuardNoAnswerException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <inheritdoc/>
    internal override string Word => InnerException is { } inner ? $"no answer ({inner.GetType().Name})" : "no answer";
}

/// <summary>DomainGuard answered with a problem (RFC 9457), or something before it with a bare status.</summary>
public sealed class DomainGuardProblemException : DomainGuardException
{
    internal DomainGuardProblemException(HttpStatusCode status, ProblemBody? body, TimeSpan? retryAfter)
        : base($"DomainGuard answered {(int)status}{(body?.Code is { } code ? $" ({code})" : "")}.", null)
    {
        Status = status;
        Type = body?.Type;
        Title = body?.Title;
        Code = body?.Code;
        Detail = body?.Detail;
        TraceId = body?.TraceId;
        Errors = body?.Errors ?? new Dictionary<string, IReadOnlyList<string>>();
        RetryAfter = retryAfter;
    }

    /// <summary>What is wrong with one question of a batch.</summary>
    internal static DomainGuardProblemException OfQuestion(string problem) => new(HttpStatusCode.BadRequest, new ProblemBody(Code: "invalid_request", Detail: problem), null);

    /// <summary>HTTP status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>Address at which the code is explained.</summary>
    public string? Type { get; }

    /// <summary>The code in words.</summary>
    public string? Title { get; }

    /// <summary>Stable code, such as <c>key_expired</c>; null when something else than DomainGuard answered.</summary>
    public string? Code { get; }

    /// <summary>What was wrong this time. May repeat what was asked, addresses included: not for logs.</summary>
    public string? Detail { get; }

    /// <summary>By which DomainGuard's log finds the request.</summary>
    public string? TraceId { get; }

    /// <summary>Field, and what is wrong with it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; }

    /// <summary>How long it asked to be left alone.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The same may succeed later: 408, 429 and 5xx.</summary>
    public bool IsTransient => Status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)Status >= 500;

    /// <inheritdoc/>
    internal override string Word => $"{(int)Status} {Code ?? "from something that is not DomainGuard"} {string.Join(' ', Errors.Keys)}".TrimEnd();
}
