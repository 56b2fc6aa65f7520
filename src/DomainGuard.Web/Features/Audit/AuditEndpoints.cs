using System.Text.Json;
using System.Text.Json.Nodes;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Exports;

namespace DomainGuard.Web.Features.Audit;

/// <summary>What an entry of the audit trail records, in its canonical form: the SHA-256 of these bytes is its content hash. Fields without value are left out.</summary>
internal sealed record AuditContentAnswer
{
    /// <summary>Our number of the account.</summary>
    public long? Account { get; init; }

    /// <summary>What was done.</summary>
    public required AuditAction Action { get; init; }

    /// <summary>Which one of the kind of actor.</summary>
    public required string Actor { get; init; }

    /// <summary>Kind of who did it.</summary>
    public required AuditActorKind ActorKind { get; init; }

    /// <summary>Our number of the address.</summary>
    public long? Address { get; init; }

    /// <summary>Changed fields after, as JSON.</summary>
    public string? After { get; init; }

    /// <summary>When, to the microsecond.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Shared by the entries of one step.</summary>
    public Guid? Batch { get; init; }

    /// <summary>Changed fields before, as JSON.</summary>
    public string? Before { get; init; }

    /// <summary>The case.</summary>
    public long? Case { get; init; }

    /// <summary>SHA-256 of the comment, in hex.</summary>
    public string? CommentHash { get; init; }

    /// <summary>The domain.</summary>
    public string? Domain { get; init; }

    /// <summary>From where.</summary>
    public string? From { get; init; }

    /// <summary>Key of the entry.</summary>
    public required Guid Id { get; init; }

    /// <summary>Version of the policy.</summary>
    public int? PolicyVersion { get; init; }

    /// <summary>Reason code.</summary>
    public string? Reason { get; init; }

    /// <summary>The scan.</summary>
    public long? Scan { get; init; }

    /// <summary>Anything else that it was done to.</summary>
    public string? Subject { get; init; }
}

/// <summary>A sealed entry, as a line of an export in JSON Lines.</summary>
/// <param name="ContentHash">SHA-256 of the entry's canonical form, in hex.</param>
/// <param name="Entry">What it records.</param>
/// <param name="Hash">Its hash in the chain, in hex.</param>
/// <param name="Previous">Hash of the entry before.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="Comment">Free text; left out when there is none, or it was erased.</param>
internal sealed record AuditEntryAnswer(string ContentHash, AuditContentAnswer Entry, string Hash, string Previous, long Sequence, string? Comment = null);

internal static class AuditEndpoints
{
    internal const string Jwks = "/.well-known/domainguard-audit.jwks";

    /// <summary>Maps <c>/audit</c> of the API.</summary>
    public static void MapAuditTrail(this IEndpointRouteBuilder api) => api.MapList(
        "/audit",
        ListAsync,
        ApiParameter.Instant("from", "Entries from this moment."),
        ApiParameter.Instant("to", "Entries before this moment."),
        ApiParameter.Word<AuditActorKind>("actorKind", "Entries of this kind of actor."),
        ApiParameter.Text("actor", "Entries of this actor: the id of a member of staff or a key, a version of the policy.", 100),
        ApiParameter.Word<AuditAction>("action", "Entries of this action."),
        ApiParameter.Text("domain", "Entries about this domain, by its exact name.", 255),
        ApiParameter.Text("account", "Entries about this account, by the platform's id.", 200),
        ApiParameter.Number("case", "Entries about this case.", 1, long.MaxValue),
        ApiParameter.Text("reason", "Entries with this reason code.", 100))
        .RequireAuthorization(ApiScope.AuditRead).WithTags("Audit trail").WithName("listAuditEntries").WithSummary("Sealed entries of the audit trail, newest first, as in an export.")
        .Produces<ApiList<AuditEntryAnswer>>();

    private static async Task<IResult> ListAsync(ApiQuery query, AuditQueries audit, HttpContext http)
    {
        var filter = new AuditFilter
        {
            From = query.Instant("from"),
            To = query.Instant("to"),
            Kind = query.Word<AuditActorKind>("actorKind"),
            ActorId = query.Text("actor"),
            Action = query.Word<AuditAction>("action"),
            Domain = query.Text("domain") is { } domain ? DomainName.TryNormalise(domain, out var name, out _) ? name : domain.ToLowerInvariant() : null,
            Account = query.Text("account"),
            Case = query.Number("case"),
            Reason = query.Text("reason"),
        };
        var line = new CanonicalJsonWriter();
        return TypedResults.Ok(query.Answer(await audit.EntriesAsync(filter, query.Position, query.Limit, http.RequestAborted), Of));

        // The very bytes that are hashed, so that who keeps an answer can check it.
        JsonElement Of(SealedEntry entry)
        {
            line.Clear();
            WriteExport.WriteLine(line, entry.Entry, entry.Previous);
            var reader = new Utf8JsonReader(line.Written);
            return JsonElement.ParseValue(ref reader);
        }
    }

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
