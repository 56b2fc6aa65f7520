using System.Text.Json.Nodes;

namespace DomainGuard.Web.Features.Api;

/// <summary>A header that an endpoint reads, for the document.</summary>
/// <param name="Name">Name.</param>
/// <param name="IsRequired">Without it the request is refused.</param>
/// <param name="Description">What it means.</param>
internal sealed record ApiHeader(string Name, bool IsRequired, string Description);

/// <summary>A header that an endpoint's success carries, for the document.</summary>
/// <param name="Name">Name.</param>
/// <param name="Description">What it means.</param>
internal sealed record ApiAnswerHeader(string Name, string Description);

/// <summary>Problems that an endpoint knows besides those of all, for the document.</summary>
/// <param name="Problems">They.</param>
internal sealed record ApiKnownProblems(IReadOnlyList<ApiProblem> Problems);

/// <summary>A body as it may be sent, for the document.</summary>
/// <param name="Json">It.</param>
internal sealed record ApiExample(string Json)
{
    /// <summary>It as a node.</summary>
    public JsonNode Node => JsonNode.Parse(Json)!;
}

/// <summary>What endpoints say of themselves for the OpenAPI document.</summary>
internal static class ApiDescribing
{
    /// <summary>Names problems that it knows besides those of all.</summary>
    public static RouteHandlerBuilder WithProblems(this RouteHandlerBuilder endpoint, params IReadOnlyList<ApiProblem> problems) => endpoint.WithMetadata(new ApiKnownProblems(problems));

    /// <summary>Shows a body.</summary>
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder endpoint, string json) => endpoint.WithMetadata(new ApiExample(json));
}
