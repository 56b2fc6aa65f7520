using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Client;

/// <summary>Problem details as DomainGuard sends them.</summary>
internal sealed record ProblemBody(
    string? Type = null, string? Title = null, string? Code = null, string? Detail = null, string? TraceId = null, Dictionary<string, IReadOnlyList<string>>? Errors = null);

internal sealed record CheckBody(string Email, string? AccountId, int DeadlineMs);

internal sealed record BatchBody(IReadOnlyList<CheckBody> Checks);

internal sealed record BatchAnswer(IReadOnlyList<BatchResult?> Results);

internal sealed record BatchResult(RecoveryAnswer? Answer = null, string? Problem = null);

internal sealed record ConfirmationBody(string Action);

internal sealed record VerificationBody(string Email, DateTimeOffset VerifiedAt, string Proof);

/// <summary>A line of the answer to a list: a rejection, or at the end the summary.</summary>
internal sealed record SyncLine(long Line = 0, string? Field = null, string? Reason = null, SyncReport? Summary = null);

/// <summary>The body of a webhook.</summary>
internal sealed record WebhookBody
{
    public required string Type { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public JsonElement Data { get; init; }
}

/// <summary>Proofs in the words of the API: <c>second_factor</c>.</summary>
internal sealed class ProofConverter() : JsonStringEnumConverter<VerificationProof>(JsonNamingPolicy.SnakeCaseLower);

/// <summary>How the client reads and writes JSON: unknown members are passed over, so that an old client reads what a newer DomainGuard says; what is missing makes it no answer of DomainGuard.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(CheckBody))]
[JsonSerializable(typeof(BatchBody))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(ConfirmationBody))]
[JsonSerializable(typeof(VerificationBody))]
[JsonSerializable(typeof(VerificationResult))]
[JsonSerializable(typeof(RecoveryAnswer))]
[JsonSerializable(typeof(RecoveryExplanation))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(SyncAccount))]
[JsonSerializable(typeof(SyncLine))]
[JsonSerializable(typeof(WebhookBody))]
internal sealed partial class ClientJson : JsonSerializerContext;
