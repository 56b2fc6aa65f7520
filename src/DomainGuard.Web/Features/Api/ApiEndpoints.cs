using DomainGuard.Web.Features.Accounts;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Domains;
using DomainGuard.Web.Features.Gate;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Features.Sync;
using DomainGuard.Web.Features.Triage;
using DomainGuard.Web.Features.Webhooks;

namespace DomainGuard.Web.Features.Api;

/// <summary>The API's paths: one group, to which each feature adds its own.</summary>
internal static class ApiEndpoints
{
    /// <summary>Maps <c>/api/v1</c>.</summary>
    public static void MapApi(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(ApiPipeline.Root + "/v1").DisableAntiforgery().WithMetadata(new ApiEndpointMark(), ApiBodyLimit.Usual);
        group.MapRecoveryChecks();
        group.MapAccounts();
        group.MapSync();
        group.MapDomains();
        group.MapScans();
        group.MapCases();
        group.MapAuditTrail();
        group.MapWebhooks();
        ApiDescription.Map(routes);
    }
}
