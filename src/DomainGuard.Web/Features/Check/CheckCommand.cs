using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Rdap;
using DomainGuard.Web.Hosting;
using Spectre.Console;

namespace DomainGuard.Web.Features.Check;

/// <summary><c>domainguard check</c>: looks one or many domains up now and explains what it finds. Needs no database and writes nothing.</summary>
internal static class CheckCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var domains = new Argument<string[]>("DOMAIN") { Description = "Domains, as people write them.", Arity = ArgumentArity.OneOrMore };
        var sources = new Option<string?>("--sources") { Description = "Whom to ask: rdap, fastly, domainr, dns, separated by commas. All that are switched on by default.", HelpName = "LIST" };
        var asOf = new Option<string?>("--as-of") { Description = "The judge's now (RFC 3339, UTC). The look-up is made now in any case.", HelpName = "UTC" };
        var verifiedAt = new Option<string?>("--verified-at") { Description = "When an address was verified (RFC 3339, UTC): judges whether the domain changed hands since.", HelpName = "UTC" };
        var json = new Option<bool>("--json") { Description = "Print a JSON array, nothing else." };
        var command = new Command(
            "check",
            "Looks domains up now and explains what it finds. Needs no database and writes nothing.\n\nExit code: 0 all answered, 1 some without an answer, 2 wrong use.\n\nExamples:\n"
            + "  domainguard check example.com\n  domainguard check example.com bücher.example --json\n  domainguard check example.com --sources rdap,dns\n"
            + "  domainguard check example.com --verified-at 2023-05-01T00:00:00Z")
        {
            domains, sources, asOf, verifiedAt, json,
        };
        command.SetAction((parsed, cancel) => CommandLine.GuardAsync(async () =>
        {
            List<string> problems = [];
            var targets = ReadTargets(parsed.GetValue(domains)!, problems);
            var only = ReadSources(parsed.GetValue(sources), problems);
            var now = ReadInstant("--as-of", parsed.GetValue(asOf), problems);
            var verified = ReadInstant("--verified-at", parsed.GetValue(verifiedAt), problems);
            if (problems.Count > 0)
            {
                problems.ForEach(Console.Error.WriteLine);
                return ExitCode.WrongUse;
            }

            await using var services = DomainGuardApp.BuildLookupsOnly();
            if (only?.Contains(SourceKind.Rdap) != false)
            {
                await DomainGuardApp.KeepBootstrapFreshAsync(services, new MemoryBootstrapStore(), cancel);
            }

            var reports = await services.GetRequiredService<CheckDomains>().ExecuteAsync(targets, only, now, verified, cancel);
            if (parsed.GetValue(json))
            {
                await Console.Out.WriteLineAsync(JsonSerializer.Serialize(reports, CheckReportJson.Default.IReadOnlyListCheckReport));
            }
            else
            {
                Print(reports);
            }

            return reports.All(IsAnswered) ? ExitCode.Done : ExitCode.Report;
        }));
        return command;
    }

    private static bool IsAnswered(CheckReport report) =>
        report.Phase == Phase.NotApplicable || report.Observations.Any(o => o.Outcome is Outcome.Answered or Outcome.NotFound or Outcome.Reserved);

    private static List<CheckTarget> ReadTargets(string[] names, List<string> problems)
    {
        var targets = new List<CheckTarget>();
        foreach (var name in names)
        {
            if (CheckTarget.TryRead(name, out var target, out var problem))
            {
                targets.Add(target!);
            }
            else
            {
                problems.Add(problem);
            }
        }

        return targets;
    }

    private static HashSet<SourceKind>? ReadSources(string? list, List<string> problems)
    {
        if (list is null)
        {
            return null;
        }

        var kinds = new HashSet<SourceKind>();
        foreach (var word in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (word.Length > 0 && word.All(char.IsAsciiLetter) && Enum.TryParse<SourceKind>(word, ignoreCase: true, out var kind))
            {
                kinds.Add(kind);
            }
            else
            {
                problems.Add($"--sources: '{word}' is none of rdap, fastly, domainr, dns.");
            }
        }

        return kinds;
    }

    private static DateTimeOffset? ReadInstant(string option, string? text, List<string> problems)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length >= 10 && char.IsAsciiDigit(text[0])
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant))
        {
            return instant;
        }

        problems.Add($"{option}: '{text}' is no instant, such as 2026-03-01T12:00:00Z.");
        return null;
    }

    private static void Print(IReadOnlyList<CheckReport> reports)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        foreach (var report in reports)
        {
            var unicode = DomainName.ToUnicode(report.Domain);
            console.Write(new Rule(Markup.Escape(unicode == report.Domain ? report.Domain : $"{unicode} ({report.Domain})")).LeftJustified());
            var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
            Row(grid, "Phase", $"{report.Phase} ({report.Confidence})");
            Row(grid, "Flags", string.Join(", ", report.Flags));
            Row(grid, "Change of hands", report.HandChange == HandChange.None ? null : report.HandChange.ToString());
            Row(grid, "Registered", Day(report.RegisteredAt));
            Row(grid, "Expires", Day(report.ExpiresAt));
            Row(grid, "Last transfer", Day(report.LastTransferAt));
            Row(grid, "Registrar", report.Registrar.Name is { } name ? $"{name}{(report.Registrar.IanaId is { } id ? $" (IANA {id})" : "")}" : report.Registrar.IanaId);
            Row(grid, "Handle", report.Handle);
            Row(grid, "Estimated drop", report.EstimatedDrop.From is null ? null : $"{Day(report.EstimatedDrop.From)} to {Day(report.EstimatedDrop.To)}");
            Row(grid, "Next check", report.NextCheckAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
            console.Write(grid);
            // One fact, one line, whatever the width.
            Console.WriteLine("Why:");
            foreach (var reason in report.Reasons)
            {
                Console.WriteLine($"  - {reason}");
            }

            if (report.Observations.Count > 0)
            {
                Console.WriteLine("Asked:");
            }

            foreach (var o in report.Observations)
            {
                var said = o.Error ?? string.Join(", ", o.Status);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  - {o.Source} {o.Host}: {o.Outcome}{(said.Length > 0 ? $": {said}" : "")} ({o.DurationMs} ms)"));
            }

            Console.WriteLine();
        }
    }

    private static void Row(Grid grid, string label, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            grid.AddRow(Markup.Escape(label), Markup.Escape(value));
        }
    }

    private static string? Day(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Source-generated JSON of <see cref="CheckReport"/>: dates in UTC with Z, or null; names of phases and flags as in the product.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true, Converters = [typeof(UtcConverter)])]
[JsonSerializable(typeof(IReadOnlyList<CheckReport>))]
internal sealed partial class CheckReportJson : JsonSerializerContext;

/// <summary>RFC 3339 with Z: <c>2026-03-01T12:00:00Z</c>, with fractions only where there are some.</summary>
internal sealed class UtcConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
}
