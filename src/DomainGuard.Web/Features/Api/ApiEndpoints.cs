using DomainGuard.Web.Features.Accounts;
using DomainGuard.Web.Features.Gate;
using DomainGuard.Web.Features.Sync;

namespace DomainGuard.Web.Features.Api;

/// <summary>The API's paths: one group, to which each feature adds its own.</summary>
internal static class ApiEndpoints
{
    private static readonly int[] AlwaysPossible = [400, 401, 403, 413, 415, 429, 500];

    /// <summary>Maps <c>/api/v1</c>.</summary>
    public static void MapApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(ApiPipeline.Root + "/v1").DisableAntiforgery().WithMetadata(new ApiEndpointMark(), ApiBodyLimit.Usual);
        foreach (var status in AlwaysPossible)
        {
            group.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ApiProblemBody), ["application/problem+json"]));
        }

        group.MapRecoveryChecks();
        group.MapAccounts();
        group.MapSync();
    }
}
