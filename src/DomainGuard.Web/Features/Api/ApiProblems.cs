using System.Reflection;

namespace DomainGuard.Web.Features.Api;

/// <summary>Every problem that the API knows. Codes are stable: only add. They are explained at <c>/docs/problems</c>.</summary>
internal static class ApiProblems
{
    /// <summary>The body is no JSON.</summary>
    public static ApiProblem MalformedJson { get; } = new(400, "malformed_json", "The body is not well-formed JSON.");

    /// <summary>A field that is none.</summary>
    public static ApiProblem UnknownField { get; } = new(400, "unknown_field", "The body has a field that is not known here.");

    /// <summary>Nested too deeply.</summary>
    public static ApiProblem TooDeep { get; } = new(400, "too_deep", "The body is nested more than 16 levels deep.");

    /// <summary>A field or parameter is wrong.</summary>
    public static ApiProblem InvalidRequest { get; } = new(400, "invalid_request", "A field or parameter is missing or wrong.");

    /// <summary>No key.</summary>
    public static ApiProblem KeyMissing { get; } = new(401, "key_missing", "Send a key: Authorization: Bearer dgk_...");

    /// <summary>No such key.</summary>
    public static ApiProblem KeyInvalid { get; } = new(401, "key_invalid", "There is no such key.");

    /// <summary>Its time is over.</summary>
    public static ApiProblem KeyExpired { get; } = new(401, "key_expired", "The key has expired.");

    /// <summary>It was taken back.</summary>
    public static ApiProblem KeyRevoked { get; } = new(401, "key_revoked", "The key was revoked.");

    /// <summary>It may not.</summary>
    public static ApiProblem ScopeMissing { get; } = new(403, "scope_missing", "The key lacks the scope that this needs.");

    /// <summary>Nothing is there.</summary>
    public static ApiProblem NotFound { get; } = new(404, "not_found", "There is no such thing.");

    /// <summary>Not that way.</summary>
    public static ApiProblem MethodNotAllowed { get; } = new(405, "method_not_allowed", "This is not done with that method.");

    /// <summary>It is already otherwise.</summary>
    public static ApiProblem Conflict { get; } = new(409, "conflict", "The state of the thing does not allow it.");

    /// <summary>One after the other.</summary>
    public static ApiProblem ImportRunning { get; } = new(409, "import_running", "Another list of accounts is being taken in. Send this one again when Retry-After is over.");

    /// <summary>Too large.</summary>
    public static ApiProblem BodyTooLarge { get; } = new(413, "body_too_large", "The body is larger than this takes.");

    /// <summary>Another kind of body is wanted.</summary>
    public static ApiProblem UnsupportedMediaType { get; } = new(415, "unsupported_media_type", "The body has the wrong content type.");

    /// <summary>Too often.</summary>
    public static ApiProblem RateLimited { get; } = new(429, "rate_limited", "The key has used up its share. Wait as long as Retry-After says.");

    /// <summary>Wrong keys too often.</summary>
    public static ApiProblem TooManyFailures { get; } = new(429, "too_many_failures", "Too many wrong keys came from this address. Wait as long as Retry-After says.");

    /// <summary>Our fault.</summary>
    public static ApiProblem InternalError { get; } = new(500, "internal_error", "Something went wrong here. The installation's log knows it by the trace id.");

    /// <summary>All of them, by status and code.</summary>
    public static IReadOnlyList<ApiProblem> All { get; } =
    [
        .. typeof(ApiProblems).GetProperties(BindingFlags.Public | BindingFlags.Static).Where(p => p.PropertyType == typeof(ApiProblem)).Select(p => (ApiProblem)p.GetValue(null)!)
            .OrderBy(p => p.Status).ThenBy(p => p.Code, StringComparer.Ordinal),
    ];

    /// <summary>The problem of a status that nobody explained.</summary>
    public static ApiProblem OfStatus(int status) => status switch
    {
        401 => KeyInvalid,
        403 => ScopeMissing,
        404 => NotFound,
        405 => MethodNotAllowed,
        409 => Conflict,
        413 => BodyTooLarge,
        415 => UnsupportedMediaType,
        429 => RateLimited,
        < 500 => InvalidRequest with { Status = status, Detail = "A parameter of the path or the query, or the request itself, cannot be read." },
        _ => InternalError with { Status = status },
    };
}
