using System.Diagnostics;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Api;

/// <summary>A failure as the API tells it. Returned by an endpoint, it is the answer.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable word in snake case; one of <see cref="ApiProblems.All"/>.</param>
/// <param name="Title">The same in words: always the same for a code.</param>
internal sealed record ApiProblem(int Status, string Code, string Title) : IResult
{
    /// <summary>What was wrong this time, and what can be done.</summary>
    public string? Detail { get; init; }

    /// <summary>Field, and what is wrong with it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }

    /// <summary>Makes it the answer of a request; it is written when the request leaves the API's part of the pipeline.</summary>
    public void SetOn(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Features.Set(this);
    }

    /// <inheritdoc/>
    Task IResult.ExecuteAsync(HttpContext httpContext)
    {
        SetOn(httpContext);
        return Task.CompletedTask;
    }

    /// <summary>Writes it.</summary>
    internal Task WriteAsync(HttpContext context)
    {
        var request = context.Request;
        var body = new ApiProblemBody
        {
            Type = $"{request.Scheme}://{request.Host}{request.PathBase}/docs/problems#{Code}",
            Title = Title,
            Status = Status,
            Detail = Detail,
            Instance = request.Path,
            Code = Code,
            TraceId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
            Errors = Errors,
        };
        context.Response.StatusCode = Status;
        return context.Response.WriteAsJsonAsync(
            body, context.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions, "application/problem+json", context.RequestAborted);
    }
}

/// <summary>Problem details (RFC 9457), as sent.</summary>
internal sealed record ApiProblemBody
{
    /// <summary>Where the code is explained.</summary>
    public required string Type { get; init; }

    /// <summary>The code in words.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What was wrong this time, and what can be done.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }

    /// <summary>The path that was asked.</summary>
    public required string Instance { get; init; }

    /// <summary>Stable word.</summary>
    public required string Code { get; init; }

    /// <summary>By which the installation's log finds the request.</summary>
    public required string TraceId { get; init; }

    /// <summary>Field, and what is wrong with it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }
}

/// <summary>Ends a request with a problem from where nothing can be returned.</summary>
internal sealed class ApiProblemException(ApiProblem problem) : Exception(problem.Title)
{
    /// <summary>The problem.</summary>
    public ApiProblem Problem => problem;
}

/// <summary>Gathers what is wrong with the fields of a request.</summary>
internal sealed class ApiErrors
{
    private readonly SortedDictionary<string, IReadOnlyList<string>> _errors = new(StringComparer.Ordinal);

    /// <summary>Nothing is.</summary>
    public bool IsEmpty => _errors.Count == 0;

    /// <summary>Adds one.</summary>
    public void Add(string field, string problem) => _errors[field] = _errors.TryGetValue(field, out var before) ? [.. before, problem] : [problem];

    /// <summary>Adds one unless it is so.</summary>
    public void Require(bool isSo, string field, string problem)
    {
        if (!isSo)
        {
            Add(field, problem);
        }
    }

    /// <summary>All of them as a problem.</summary>
    public ApiProblem ToProblem() => ApiProblems.InvalidRequest with { Errors = _errors, Detail = string.Join(" ", _errors.Select(e => $"{e.Key}: {string.Join(" ", e.Value)}")) };
}
