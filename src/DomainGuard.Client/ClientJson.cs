using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Client;

/// <summary>Problem details as DomainGuard sends them.</summary>
internal sealed record ProblemBody(string? Type, string? Title, string? Code, string? Detail, string? TraceId, Dictionary<string, IReadOnlyList<string>>? Errors);

internal sealed record CheckBody(string Email, string? AccountId, int DeadlineMs);

internal sealed record BatchBody(IReadOnlyList<CheckBody> Checks);

internal sealed record BatchAnswer(IReadOnlyList<BatchResult?> Results);

internal sealed record BatchResult(RecoveryAnswer? Answer, string? Problem);

internal sealed record ConfirmationBody(string Action);

internal sealed record VerificationBody(string Email, DateTimeOffset VerifiedAt, string Proof);

/// <summary>A line of the answer to a list: a rejection, or at the end the summary.</summary>
internal sealed record SyncLine(long Line, string? Field, string? Reason, SyncReport? Summary);

/// <summary>The body of a webhook.</summary>
internal sealed record WebhookBody
{
    public required string Type { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public JsonElement Data { get; init; }
}

/// <summary>How the client reads and writes JSON: unknown members are passed over, so that an old client reads what a newer DomainGuard says.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = false)]
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
