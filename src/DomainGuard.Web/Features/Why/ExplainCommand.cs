using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DomainGuard.Web.Features.Check;
using DomainGuard.Web.Hosting;

namespace DomainGuard.Web.Features.Why;

/// <summary><c>domainguard explain</c>: state, evidence, rule, decision and person behind an address, at any moment. Asks nobody and changes nothing.</summary>
internal static class ExplainCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var address = new Argument<string>("ADDRESS") { Description = "The address, written in full." };
        var account = new Option<string?>("--account") { Description = "The platform's id of its account, where several accounts have the address.", HelpName = "ID" };
        var at = new Option<string?>("--at") { Description = "The moment (RFC 3339, UTC); now by default.", HelpName = "UTC" };
        var json = new Option<bool>("--json") { Description = "Print a JSON array, nothing else." };
        var command = new Command(
            "explain",
            "Says why an address is, or was, verified or un-verified: state, evidence, rule, decision and person. Asks nobody and changes nothing.\n\nExit code: 0 explained, 1 no such address, 2 wrong use.\n\n"
            + "Examples:\n  domainguard explain ann@example.com\n  domainguard explain ann@example.com --at 2026-03-01T12:00:00Z --json")
        {
            address, account, at, json,
        };
        command.SetAction((parsed, cancel) => CommandLine.GuardAsync(async () =>
        {
            DateTimeOffset? moment = null;
            if (parsed.GetValue(at) is { } text)
            {
                if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var read))
                {
                    await Console.Error.WriteLineAsync($"--at: '{text}' is no instant, such as 2026-03-01T12:00:00Z.");
                    return ExitCode.WrongUse;
                }

                moment = read;
            }

            await using var app = DomainGuardApp.BuildHeadless();
            await DomainGuardApp.PrepareHeadlessAsync(app, cancel);
            var explain = app.Services.GetRequiredService<ExplainAddress>();
            var matches = await explain.FindAsync(parsed.GetValue(address)!, cancel);
            var explanations = new List<Explanation>();
            foreach (var match in matches.Where(m => parsed.GetValue(account) is not { } id || m.ExternalId == id))
            {
                if (await explain.ExecuteAsync(match.Id, moment, cancel) is { } explanation)
                {
                    explanations.Add(explanation);
                }
            }

            if (parsed.GetValue(json))
            {
                await Console.Out.WriteLineAsync(JsonSerializer.Serialize(explanations.ConvertAll(Shape), ExplainJson.Default.ListExplainShape));
            }
            else
            {
                await PrintAsync(explanations);
            }

            return explanations.Count > 0 ? ExitCode.Done : ExitCode.Report;
        }));
        return command;
    }

    private static async Task PrintAsync(List<Explanation> explanations)
    {
        if (explanations.Count == 0)
        {
            await Console.Out.WriteLineAsync("No account has, or had, exactly this address.");
        }

        foreach (var why in explanations)
        {
            var shape = Shape(why);
            await Console.Out.WriteLineAsync($"Account {shape.Account}\n{why.Sentence}");
            if (why.Rule is { } rule)
            {
                var recorded = rule.IsRecorded ? "as recorded" : "in force then";
                await Console.Out.WriteLineAsync($"Rule: {rule.Situation} wants {rule.Wanted} (policy v{Number(rule.PolicyVersion)}, {recorded})");
            }

            foreach (var reason in shape.Reasons)
            {
                await Console.Out.WriteLineAsync($"  - {reason}");
            }

            foreach (var evidence in shape.Evidence)
            {
                await Console.Out.WriteLineAsync($"  {evidence.Source} {evidence.Host}: {evidence.Outcome}, {Instant(evidence.FirstAt)} to {Instant(evidence.LastAt)}");
            }

            foreach (var step in shape.Decisions)
            {
                await Console.Out.WriteLineAsync($"  {Instant(step.At)} {step.By}: {step.What}, now {step.State}{(step.Reason is null ? "" : $" ({step.Reason})")}");
            }
        }
    }

    private static ExplainShape Shape(Explanation why) => new(
        why.Address.ExternalId,
        why.Domain,
        why.At,
        why.Standing,
        why.Since,
        why.Sentence,
        why.Verdict is { } v ? new(v.Phase.ToString(), v.Flags == 0 ? [] : v.Flags.ToString().Split(", "), v.Confidence.ToString(), v.Since, v.ScanId) : null,
        why.HandChange.ToString(),
        [.. why.HandReasons.Concat(why.Verdict?.Reasons ?? []).Select(r => r.Sentence())],
        why.Rule is { } r ? new(r.PolicyVersion, r.Situation.ToString(), r.Wanted.ToString(), r.Guard?.ToString(), r.IsRecorded) : null,
        [.. why.Evidence.Select(e => new ExplainShape.EvidenceShape(e.Observation.Source.ToString(), e.Observation.Host, e.Observation.Outcome.ToString(), e.FirstAt, e.LastAt, e.RawHash))],
        [.. why.Steps.Select(s => new ExplainShape.StepShape(s.At, s.Actor, s.IsUndo ? "Undo" : s.Event.ToString(), s.To.ToString(), s.Reason?.ToString(), s.Comment, s.Until, s.PolicyVersion, s.ScanId))]);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>The shape of <c>explain --json</c>. It names the account by the platform's id and the domain, never the address.</summary>
internal sealed record ExplainShape(
    string Account,
    string Domain,
    DateTimeOffset At,
    Standing State,
    DateTimeOffset? Since,
    string Sentence,
    ExplainShape.VerdictShape? Verdict,
    string HandChange,
    IReadOnlyList<string> Reasons,
    ExplainShape.RuleShape? Rule,
    IReadOnlyList<ExplainShape.EvidenceShape> Evidence,
    IReadOnlyList<ExplainShape.StepShape> Decisions)
{
    internal sealed record VerdictShape(string Phase, IReadOnlyList<string> Flags, string Confidence, DateTimeOffset Since, long? Scan);

    internal sealed record RuleShape(int PolicyVersion, string Situation, string Wanted, string? Guard, bool Recorded);

    internal sealed record EvidenceShape(string Source, string Host, string Outcome, DateTimeOffset FirstAt, DateTimeOffset LastAt, string? RawSha256);

    internal sealed record StepShape(DateTimeOffset At, string By, string What, string State, string? Reason, string? Comment, DateTimeOffset? Until, int PolicyVersion, long? Scan);
}

/// <summary>Source-generated JSON of <see cref="ExplainShape"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true, Converters = [typeof(UtcConverter)])]
[JsonSerializable(typeof(List<ExplainShape>))]
internal sealed partial class ExplainJson : JsonSerializerContext;
