using System.Text.Json.Nodes;

namespace DomainGuard.Web.Features.Audit;

internal static class AuditEndpoints
{
    internal const string Jwks = "/.well-known/domainguard-audit.jwks";

    /// <summary>Maps <c>/.well-known/domainguard-audit.jwks</c>: the public keys of the checkpoints (RFC 7517), for everybody who was given one.</summary>
    public static void MapAuditKeys(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Jwks, (AuditKeys keys) => TypedResults.Text(KeySet(keys), "application/jwk-set+json")).AllowAnonymous();

    /// <summary>The public keys as a set.</summary>
    internal static string KeySet(AuditKeys keys) => new JsonObject
    {
        ["keys"] = new JsonArray([.. keys.All.Select(k => new JsonObject
        {
            ["kty"] = "EC", ["crv"] = "P-256", ["x"] = k.X, ["y"] = k.Y, ["kid"] = k.Id, ["alg"] = "ES256", ["use"] = "sig",
        })]),
    }.ToJsonString();
}
