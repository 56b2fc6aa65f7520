using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Hosting;
using Spectre.Console;

namespace DomainGuard.Web.Features.Imports;

/// <summary><c>domainguard import FILE</c>.</summary>
internal static class ImportCommand
{
    private const int ShownRejections = 20;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Make()
    {
        var file = new Argument<string>("FILE") { Description = "The file; \"-\" reads standard input (then --format is needed)." };
        var format = new Option<string?>("--format") { Description = "csv or ndjson; by the file's name when left out." };
        format.AcceptOnlyFromAmong(ImportFormat.Csv, ImportFormat.Ndjson);
        var dryRun = new Option<bool>("--dry-run") { Description = "Compare only, write nothing." };
        var keepGood = new Option<bool>("--keep-good") { Description = "Take what is valid although rows are rejected." };
        var partial = new Option<bool>("--partial") { Description = "The file is a part of the list: add and change only, retire nobody." };
        var removals = new Option<bool>("--allow-removals") { Description = "More than 10 % of the accounts may be gone." };
        var json = new Option<bool>("--json") { Description = "Write the report as JSON to standard output." };
        var command = new Command(
            "import",
            "Takes accounts in from CSV (one row per address) or NDJSON (one account per line). The file is a full list: accounts that are not in it are retired, never deleted.\n\n"
            + "Examples:\n  domainguard import accounts.csv --dry-run\n  domainguard import accounts.ndjson\n  domainguard import changes.csv --partial --keep-good\n"
            + "  zcat accounts.ndjson.gz | domainguard import - --format ndjson --json\n\n"
            + "Exit codes: 0 done, 1 rejected rows or too many accounts gone, 2 wrong use, 3 failed.")
        {
            file, format, dryRun, keepGood, partial, removals, json,
        };
        command.SetAction((parsed, cancel) => CommandLine.GuardAsync(() => RunAsync(
            parsed.GetRequiredValue(file),
            parsed.GetValue(format),
            new ImportRequest("", "", Requester.CommandLine)
            {
                IsDryRun = parsed.GetValue(dryRun),
                KeepGood = parsed.GetValue(keepGood),
                IsPartial = parsed.GetValue(partial),
                AllowRemovals = parsed.GetValue(removals),
            },
            parsed.GetValue(json),
            cancel)));
        return command;
    }

    private static async Task<int> RunAsync(string path, string? format, ImportRequest request, bool asJson, CancellationToken cancel)
    {
        format ??= ImportFormat.OfFile(path);
        if (format is null)
        {
            await Console.Error.WriteLineAsync("The name of the file does not tell its format. Add --format csv or --format ndjson.");
            return ExitCode.WrongUse;
        }

        if (path != "-" && !File.Exists(path))
        {
            await Console.Error.WriteLineAsync($"There is no file {path}.");
            return ExitCode.WrongUse;
        }

        await using var app = DomainGuardApp.BuildHeadless();
        await DomainGuardApp.PrepareAsync(app, cancel);
        var services = app.Services;
        List<string> notes = [];
        var import = new Import { FileName = "", Format = format, RequestedBy = "" };
        await ShowProgressAsync(async progress =>
        {
            // What a killed import left half done is ended first: this file may be about the same accounts.
            await services.GetRequiredService<ResumeImports>().ExecuteAsync(progress, cancel);
            await using Stream file = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            import = await services.GetRequiredService<StageImport>().ExecuteAsync(
                file, request with { FileName = path == "-" ? "standard input" : Path.GetFileName(path), Format = format }, progress, notes.Add, cancel);
            if (import is { Status: ImportStatus.Compared, IsDryRun: false })
            {
                await services.GetRequiredService<MergeImport>().ExecuteAsync(import.Id, progress, cancel);
            }
        });

        // Without a server beside it nobody else would.
        await services.GetRequiredService<SealEntries>().ExecuteAsync(cancel);
        var queries = services.GetRequiredService<ImportQueries>();
        import = await queries.FindAsync(import.Id, cancel) ?? import;
        var rejections = await queries.RejectionsAsync(import.Id, asJson ? StageImport.MaxKeptRejections : ShownRejections, cancel);
        if (asJson)
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(Report(import, rejections, notes), Json));
        }
        else
        {
            Print(import, rejections, notes);
        }

        return import.Status == ImportStatus.Refused || import.Rejected > 0 || import.Problem is not null ? ExitCode.Report : ExitCode.Done;
    }

    private static object Report(Import import, IReadOnlyList<ImportRejection> rejections, List<string> notes) => new
    {
        import = import.Id,
        status = import.IsDryRun ? "DryRun" : import.Status.ToString(),
        rows = import.Rows,
        @new = import.NewAccounts,
        changed = import.ChangedAccounts,
        unchanged = import.UnchangedAccounts,
        gone = import.GoneAccounts,
        rejected = import.Rejected,
        problem = import.Problem,
        notes,
        rejections = rejections.Select(r => new { line = r.Line, field = r.Field, reason = r.Reason }),
    };

    private static void Print(Import import, IReadOnlyList<ImportRejection> rejections, List<string> notes)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("").AddColumn(new TableColumn("accounts").RightAligned());
        foreach (var (word, count) in (ReadOnlySpan<(string, int)>)
            [("new", import.NewAccounts), ("changed", import.ChangedAccounts), ("unchanged", import.UnchangedAccounts), ("gone", import.GoneAccounts), ("rejected rows", import.Rejected)])
        {
            table.AddRow(word, count.ToString("N0", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
        foreach (var rejection in rejections)
        {
            Line($"line {rejection.Line}: {rejection.Field} {rejection.Reason}");
        }

        if (import.Rejected > rejections.Count)
        {
            Line($"and {import.Rejected - rejections.Count} more");
        }

        notes.ForEach(n => Line($"note: {n}"));
        Line($"{Conclusion(import)}");
    }

    // One fact, one line: whoever reads the output by grep has no use for lines cut at the width of a terminal that is not there.
    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static string Conclusion(Import import) =>
        (import.Problem is { } problem ? $"{problem} (--keep-good takes the rest; --allow-removals, --partial)" : null) ?? (import.IsDryRun ? "Dry run: nothing was written." : import.Status == ImportStatus.Completed ? "Done. What is new is due: domainguard scan" : "Another process is merging this import.");

    private static Task ShowProgressAsync(Func<Action<ImportProgress>, Task> work)
    {
        if (Console.IsErrorRedirected)
        {
            return work(_ => { });
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn()).StartAsync(async context =>
        {
            var task = context.AddTask("Reading");
            task.IsIndeterminate = true;
            await work(p =>
            {
                task.Description = $"{p.Step} {p.Done.ToString("N0", CultureInfo.InvariantCulture)}";
                task.IsIndeterminate = p.Total is null;
                task.MaxValue = p.Total ?? 1;
                task.Value = p.Total is null ? 0 : p.Done;
            });
        });
    }
}
