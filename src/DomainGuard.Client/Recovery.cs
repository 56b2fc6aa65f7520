using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Client;

/// <summary>What may be done with a recovery mail. A word that this client does not know is <see cref="Review"/>.</summary>
[JsonConverter(typeof(RecoveryDecisionConverter))]
public enum RecoveryDecision
{
    /// <summary>Do not send it on your own: let a second factor or a person decide.</summary>
    Review,

    /// <summary>Send it.</summary>
    Allow,

    /// <summary>Do not send it.</summary>
    Deny,
}

/// <summary>What a recovery check says when DomainGuard did not answer: the network failed, the deadline passed, or it answered 408, 429 or 5xx.</summary>
public enum RecoveryFailMode
{
    /// <summary>Hold the mail and let a second factor or a person decide.</summary>
    Review,

    /// <summary>Send it: nobody is held up, and whoever can keep DomainGuard from answering gets his mail.</summary>
    Allow,

    /// <summary>Do not send it.</summary>
    Deny,
}

/// <summary>What was done with an answer.</summary>
public enum RecoveryAction
{
    /// <summary>The mail was sent.</summary>
    Sent,

    /// <summary>It was not.</summary>
    Withheld,

    /// <summary>Another factor was asked for instead.</summary>
    SteppedUp,

    /// <summary>A person took over.</summary>
    Manual,
}

/// <summary>May a recovery mail be sent to this address, now?</summary>
/// <param name="Email">The address.</param>
/// <param name="AccountId">Your id of the account; without it, an address that several accounts have is answered by the strictest.</param>
public sealed record RecoveryQuestion(string Email, string? AccountId = null);

/// <summary>DomainGuard's answer. Words are as it sent them: newer versions may send more.</summary>
public sealed record RecoveryAnswer
{
    /// <summary>By which it is confirmed and explained later.</summary>
    public required string Id { get; init; }

    /// <summary>What may be done.</summary>
    public required RecoveryDecision Decision { get; init; }

    /// <summary>Why: a stable code, such as <c>in_order</c> or <c>address_unverified</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>Where the domain stands in its life, such as <c>Active</c> or <c>Redemption</c>.</summary>
    public string Phase { get; init; } = "Unknown";

    /// <summary>Whether the domain changed hands since the address was verified: <c>None</c>, <c>Suspected</c> or <c>Reregistered</c>.</summary>
    public string HandChange { get; init; } = "None";

    /// <summary>When the domain was last answered for.</summary>
    public DateTimeOffset? EvidenceAt { get; init; }

    /// <summary>The evidence is as young as the policy asks for.</summary>
    public bool Fresh { get; init; }

    /// <summary>It is older, and no newer came in time.</summary>
    public bool Stale { get; init; }

    /// <summary>The domain was looked up for this answer.</summary>
    public bool LookedUp { get; init; }

    /// <summary>The case that bears on it.</summary>
    public long? CaseId { get; init; }

    /// <summary>The version of the policy that was in force.</summary>
    public int PolicyVersion { get; init; }

    /// <summary>While the installation only observes: what it would have said.</summary>
    public RecoveryDecision? WouldAnswer { get; init; }

    /// <summary>What can be done instead: <c>verified_address</c>, <c>second_factor</c>, <c>manual_recovery</c>. Empty in an explanation, which does not know them any more.</summary>
    [AllowNull]
    public IReadOnlyList<string> Alternatives { get; init => field = value ?? []; } = [];

    /// <summary>When it was answered.</summary>
    public DateTimeOffset CheckedAt { get; init; }
}

/// <summary>What a recovery check comes to: DomainGuard's answer, or what takes its place.</summary>
public sealed record RecoveryResult
{
    /// <summary>The reason when DomainGuard did not answer; the fail mode decided.</summary>
    public const string NoAnswer = "no_answer";

    /// <summary>The reason when DomainGuard refused the question: a wrong key, a missing scope, an address that is none. Never sent, whatever the fail mode.</summary>
    public const string Refused = "refused";

    private static readonly IReadOnlyList<string> OpenDoor = ["manual_recovery"];

    private RecoveryResult(RecoveryDecision decision, string reason) => (Decision, Reason) = (decision, reason);

    /// <summary>What may be done.</summary>
    public RecoveryDecision Decision { get; }

    /// <summary>Why: DomainGuard's code, <see cref="NoAnswer"/> or <see cref="Refused"/>.</summary>
    public string Reason { get; }

    /// <summary>The mail may be sent.</summary>
    public bool MaySend => Decision == RecoveryDecision.Allow;

    /// <summary>DomainGuard's answer; null when there was none.</summary>
    public RecoveryAnswer? Answer { get; private init; }

    /// <summary>Why there was none.</summary>
    public DomainGuardException? Failure { get; private init; }

    /// <summary>What can be done instead of sending it.</summary>
    public IReadOnlyList<string> Alternatives => Answer?.Alternatives ?? (MaySend ? [] : OpenDoor);

    internal static RecoveryResult Of(RecoveryAnswer answer) => new(answer.Decision, answer.Reason) { Answer = answer };

    internal static RecoveryResult Of(DomainGuardException failure, RecoveryFailMode mode)
    {
        if (failure is DomainGuardProblemException { IsTransient: false })
        {
            return new(RecoveryDecision.Deny, Refused) { Failure = failure };
        }

        var decision = mode switch
        {
            RecoveryFailMode.Allow => RecoveryDecision.Allow,
            RecoveryFailMode.Deny => RecoveryDecision.Deny,
            _ => RecoveryDecision.Review,
        };
        return new(decision, NoAnswer) { Failure = failure };
    }
}

/// <summary>An answer that was given, explained.</summary>
public sealed record RecoveryExplanation
{
    /// <summary>As it was given.</summary>
    public required RecoveryAnswer Answer { get; init; }

    /// <summary>The reason in words.</summary>
    public required string Sentence { get; init; }

    /// <summary>Your id of the account; null when the address was not monitored.</summary>
    public string? AccountId { get; init; }

    /// <summary>The address; null when it was not monitored, or is kept no longer.</summary>
    public string? Email { get; init; }

    /// <summary>Its domain.</summary>
    public string? Domain { get; init; }

    /// <summary>Who asked.</summary>
    public string? AskedBy { get; init; }

    /// <summary>Asked in the console: no recovery hung on it.</summary>
    public bool IsPreview { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public int DurationMs { get; init; }

    /// <summary>What was done: <c>sent</c>, <c>withheld</c>, <c>stepped_up</c> or <c>manual</c>; null when nobody said.</summary>
    public string? Action { get; init; }

    /// <summary>When that was said.</summary>
    public DateTimeOffset? ActionAt { get; init; }
}

internal sealed class RecoveryDecisionConverter : JsonConverter<RecoveryDecision>
{
    public override bool HandleNull => true;

    public override RecoveryDecision Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return RecoveryDecision.Review;
        }

        return reader.GetString() switch
        {
            "allow" => RecoveryDecision.Allow,
            "deny" => RecoveryDecision.Deny,
            _ => RecoveryDecision.Review,
        };
    }

    public override void Write(Utf8JsonWriter writer, RecoveryDecision value, JsonSerializerOptions options) => writer.WriteStringValue(value switch
    {
        RecoveryDecision.Allow => "allow",
        RecoveryDecision.Deny => "deny",
        _ => "review",
    });
}
