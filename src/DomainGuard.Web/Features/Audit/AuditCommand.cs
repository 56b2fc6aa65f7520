using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Exports;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Exports;
using DomainGuard.Web.Hosting;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Audit;

/// <summary><c>domainguard audit verify|checkpoint|export</c>.</summary>
internal static class AuditCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create() => new("audit", "Verifies the audit trail, makes a checkpoint of it, exports it.") { Verify(), Checkpoint(), Export() };

    private static Command Verify()
    {
        var file = new Option<string?>("--file") { Description = "An exported zip, or the JSON Lines out of it; without it the database is verified.", HelpName = "F" };
        var key = new Option<string?>("--key") { Description = "With --file: the public key that must have signed it: a file in PEM, JWK or JWKS form.", HelpName = "K" };
        var checkpoint = new Option<string[]>("--checkpoint") { Description = "A checkpoint that was kept elsewhere: the text, or a file with it. Several times.", HelpName = "C", DefaultValueFactory = _ => [] };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, nothing else." };
        var command = new Command(
            "verify",
            "Follows the chain from entry to entry and names the first bad one. Needs no database with --file.\n\nExit code: 0 whole, 1 broken, 2 wrong use, 3 failed.\n\nExamples:\n"
            + "  domainguard audit verify                                     the database\n"
            + "  domainguard audit verify --file audit.zip --key audit.jwks   an export, offline\n"
            + "  domainguard audit verify --checkpoint kept.jws               the database against a checkpoint that was kept")
        {
            file, key, checkpoint, json,
        };
        command.SetAction((parsed, cancel) => CommandLine.GuardAsync(
            () => VerifyAsync(parsed.GetValue(file), parsed.GetValue(key), parsed.GetValue(checkpoint) ?? [], parsed.GetValue(json), cancel)));
        return command;
    }

    private static Command Checkpoint()
    {
        var command = new Command("checkpoint", "Makes a checkpoint and prints it: one line to keep elsewhere, for audit verify --checkpoint.\n\nExample:\n  domainguard audit checkpoint >> checkpoints.txt");
        command.SetAction((_, cancel) => CommandLine.GuardAsync(async () =>
        {
            await using var app = DomainGuardApp.BuildHeadless();
            await DomainGuardApp.PrepareHeadlessAsync(app, cancel);
            var made = (await app.Services.GetRequiredService<MakeCheckpoint>().ExecuteAsync(Requester.CommandLine, cancel))!;
            await app.Services.GetRequiredService<SealEntries>().ExecuteAsync(cancel);
            await Console.Out.WriteLineAsync(made.Token);
            if (made.KeyId is null)
            {
                await Console.Error.WriteLineAsync("It is unsigned: DomainGuard:Audit:SigningKey is not set.");
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Command Export()
    {
        var output = new Argument<string>("ZIP") { Description = "The file to write; it must not exist." };
        var format = new Option<string>("--format") { Description = "jsonl (can be verified line by line) or csv.", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl", "csv");
        var from = new Option<string?>("--from") { Description = "From this day or moment (UTC, ISO 8601).", HelpName = "T" };
        var to = new Option<string?>("--to") { Description = "Before this day or moment (UTC, ISO 8601).", HelpName = "T" };
        var command = new Command(
            "export",
            "Writes the audit trail into one zip with its manifest.\n\nExit code: 0 done, 2 wrong use, 3 failed.\n\nExamples:\n  domainguard audit export audit.zip\n"
            + "  domainguard audit export q4.zip --from 2026-10-01 --to 2027-01-01")
        {
            output, format, from, to,
        };
        command.SetAction((parsed, cancel) => CommandLine.GuardAsync(
            () => ExportAsync(parsed.GetRequiredValue(output), parsed.GetValue(format) == "csv" ? ExportFormat.Csv : ExportFormat.JsonLines, parsed.GetValue(from), parsed.GetValue(to), cancel)));
        return command;
    }

    private static async Task<int> VerifyAsync(string? file, string? keyFile, string[] checkpoints, bool json, CancellationToken cancel)
    {
        List<string> tokens = [];
        foreach (var given in checkpoints)
        {
            tokens.AddRange(File.Exists(given) ? (await File.ReadAllLinesAsync(given, cancel)).Where(l => l.Trim().Length > 0) : [given]);
        }

        if (file is null)
        {
            if (keyFile is not null)
            {
                return await WrongAsync("--key is for --file: in the database the configured keys are used (DomainGuard:Audit:SigningKey, RetiredKeys).");
            }

            await using var app = DomainGuardApp.BuildHeadless();
            await DomainGuardApp.PrepareHeadlessAsync(app, cancel);
            await app.Services.GetRequiredService<SealEntries>().ExecuteAsync(cancel);
            var report = (await app.Services.GetRequiredService<VerifyChain>().ExecuteAsync(Requester.CommandLine, tokens, null, cancel))!;
            await app.Services.GetRequiredService<SealEntries>().ExecuteAsync(cancel);
            return await PrintAsync(report, json);
        }

        if (!File.Exists(file))
        {
            return await WrongAsync($"There is no file {file}.");
        }

        IReadOnlyList<AuditKey> keys = [];
        if (keyFile is not null)
        {
            if (!File.Exists(keyFile))
            {
                return await WrongAsync($"There is no file {keyFile}.");
            }

            keys = AuditKey.ReadPublic(await File.ReadAllTextAsync(keyFile, cancel), out var problem);
            if (keys.Count == 0)
            {
                return await WrongAsync($"{keyFile} is no key: {problem}.");
            }
        }

        try
        {
            return await PrintAsync(await VerifyFile.ExecuteAsync(file, keys, tokens, cancel), json);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"{file} cannot be read: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private static async Task<int> PrintAsync(VerifyReport report, bool json)
    {
        if (json)
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(
                new
                {
                    result = report.Fault is null ? "whole" : "broken",
                    entries = report.Entries,
                    first = report.First,
                    last = report.Last,
                    lastHash = report.LastHash,
                    erasedComments = report.Erased,
                    unsealed = report.Unsealed,
                    checkpoints = report.Checkpoints,
                    firstBad = report.Fault is { } fault ? new { sequence = fault.Sequence, kind = fault.Kind.ToString(), problem = fault.Words } : null,
                    notes = report.Notes,
                    seconds = Math.Round(report.Took.TotalSeconds, 3),
                },
                Json));
        }
        else
        {
            await Console.Out.WriteLineAsync(Sentence(report));
            foreach (var note in report.Notes)
            {
                await Console.Out.WriteLineAsync("Note: " + note);
            }
        }

        return report.Fault is null ? ExitCode.Done : ExitCode.Report;
    }

    /// <summary>The result in words.</summary>
    internal static string Sentence(VerifyReport report)
    {
        if (report.Fault is { } fault)
        {
            return $"BROKEN at #{Number(fault.Sequence)} ({fault.Kind}). {fault.Words}";
        }

        var erased = report.Erased == 0 ? "" : $" Erased comments: {Number(report.Erased)}.";
        var unsealed = report.Unsealed == 0 ? "" : $" Not sealed yet: {Number(report.Unsealed)}.";
        return report.Entries == 0
            ? $"Whole: no entries to prove one by one.{unsealed}"
            : $"Whole: {Number(report.Entries)} entries, #{Number(report.First)} to #{Number(report.Last)}, last hash {report.LastHash}. Checkpoints that agree: {Number(report.Checkpoints)}.{erased}{unsealed}"
                + $" Took {Shared.Words.Length(report.Took)}.";
    }

    private static async Task<int> ExportAsync(string path, ExportFormat format, string? from, string? to, CancellationToken cancel)
    {
        if (!Moment(from, out var start) || !Moment(to, out var end))
        {
            return await WrongAsync("--from and --to take a day or a moment, such as 2026-10-01 or 2026-10-01T12:00:00Z.");
        }

        if (File.Exists(path))
        {
            return await WrongAsync($"{path} exists already. Name another file.");
        }

        await using var app = DomainGuardApp.BuildHeadless();
        await DomainGuardApp.PrepareHeadlessAsync(app, cancel);
        var order = new ExportOrder(ExportKind.Audit, format, new AuditFilter { From = start, To = end }, AuditActor.CommandLine);
        try
        {
            var written = await app.Services.GetRequiredService<WriteExport>().ExecuteAsync(order, path, null, cancel);
            await using var db = await app.Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync(cancel);
            AuditTrail.Add(db, ExportFacts.Made(order, null, written, app.Services.GetRequiredService<Core.Scheduling.GuardClock>().Now));
            await db.SaveChangesAsync(cancel);
            await app.Services.GetRequiredService<SealEntries>().ExecuteAsync(cancel);
            await Console.Out.WriteLineAsync($"{Number(written.Rows)} entries, #{Number(written.Manifest.First)} to #{Number(written.Manifest.Last)}. SHA-256 of the file: {written.FileHash}");
            return ExitCode.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"{path} cannot be written: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private static bool Moment(string? text, out DateTimeOffset? moment)
    {
        moment = null;
        if (text is null)
        {
            return true;
        }

        var isGood = DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var read);
        moment = isGood ? read : null;
        return isGood;
    }

    private static async Task<int> WrongAsync(string problem)
    {
        await Console.Error.WriteLineAsync(problem);
        return ExitCode.WrongUse;
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
